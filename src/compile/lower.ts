/**
 * A policy as one function of the number for each audit token: spans of numbers without gaps, each with the node that
 * decides it.
 *
 * AUDIT_ARCH_X86_64 is shared by two ABIs, told apart by bit 30; every other token has one.
 *
 *   0 ................. 3fffffff  x86_64          80000000 ... bfffffff  x86_64 (no such call)
 *   40000000 .......... 7fffffff  x32             c0000000 ... fffffffe  x32 (no such call)
 *                                                 ffffffff               neither
 *
 * Numbers above the last call get the default action, or ENOSYS where the policy asks for that. On MIPS the numbers of the
 * other ABIs may get an action of their own.
 */
import { X32_SYSCALL_BIT } from '../arch/index.ts';
import { unreachable } from '../diag/index.ts';
import type { U32 } from '../num/index.ts';
import { type ArchPolicy, type Policy, wordWithoutRule } from '../policy/index.ts';
import { type ArgumentTests, stepsForZero } from './arguments.ts';
import type { Graph, Node } from './graph.ts';
import type { Weights } from './weights.ts';

/** Numbers `from` to `to` are decided by `node`. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly node: Node;
}

/** One ABI's calls. */
export interface Calls {
  /** From `first` to `last` without gaps, ascending; neighbours differ. */
  readonly spans: readonly Span[];
  /** Decides every number above the last call. */
  readonly otherwise: Node;
  readonly weights: Weights;
}

/** One audit token. */
export interface Token {
  /** AUDIT_ARCH_*. */
  readonly audit: U32;
  /** The calls of 0 to 2^32-1; on x86_64's token those of 0 to 2^30-1. Absent where x32 alone is named. */
  readonly native: Calls | undefined;
  /** x86_64's token: the calls of 2^30 to 2^31-1. */
  readonly x32: Calls | undefined;
  /** Numbers with bit 30 are another ABI's. */
  readonly split: boolean;
  /** Decides 2^32-1 where the token is split. */
  readonly skipped: Node;
}

export const MOST = 0xffff_ffff;
const X86_64_TOKEN = 0xc000_003e;

/** Adds to a list of spans from left to right; equal neighbours merge. */
export class SpanList {
  readonly spans: Span[] = [];

  add(from: number, to: number, node: Node): void {
    if (from > to) return;
    const last = this.spans.at(-1);
    if (last?.node === node) this.spans[this.spans.length - 1] = { ...last, to };
    else this.spans.push({ from, to, node });
  }
}

/** The spans of one ABI's calls from `first` to `last`. */
function callsOf(
  policy: ArchPolicy,
  first: number,
  last: number,
  graph: Graph,
  tests: ArgumentTests,
  weights: Weights,
): Calls {
  const { enosys } = policy;
  const unlisted = graph.ret(policy.defaultAction);
  const otherwise = enosys ? graph.ret(enosys.word) : unlisted;
  const list = new SpanList();
  const { others } = policy;
  const elsewhere = others ? others.ranges.map((range) => ({ ...range, node: graph.ret(others.word) })) : [];
  /** Numbers without a rule. */
  const gap = (from: number, to: number) => {
    let at = from;
    for (const { first, last: end, node } of elsewhere) {
      if (end < at || first > to) continue;
      list.add(at, first - 1, unlisted);
      list.add(Math.max(at, first), Math.min(end, to), node);
      at = Math.min(end, to) + 1;
    }
    list.add(at, to, unlisted);
  };
  const zero = enosys?.zero === true && !policy.calls.has(0);
  if (zero) list.add(0, 0, otherwise);
  // The longer its own tests, the earlier a call is told apart: that keeps the longest way short.
  const weighed = new Map(weights);
  let next = zero ? 1 : first;
  for (const call of [...policy.calls.values()].sort((a, b) => a.nr - b.nr)) {
    if (call.nr < first || call.nr > last)
      return unreachable(`${call.name} has the number ${call.nr} on ${policy.arch.name}`);
    const leaf = tests.leaf(call, policy.defaultAction);
    gap(next, call.nr - 1);
    list.add(call.nr, call.nr, leaf);
    const weight = weighed.get(call.nr) ?? 0;
    weighed.set(call.nr, weight + Math.min(weight, 1) * stepsForZero(leaf));
    next = call.nr + 1;
  }
  gap(next, enosys?.above ?? last);
  list.add(Math.max(next, (enosys?.above ?? last) + 1), last, otherwise);
  return { spans: list.spans, otherwise, weights: weighed };
}

/** The calls of every token in the policy, in the order of its architectures. */
export function lower(
  policy: Policy,
  graph: Graph,
  tests: ArgumentTests,
  weights: readonly Weights[],
): readonly Token[] {
  const tokens = [...new Set(policy.arches.map((a) => a.arch.audit))];
  const calls = (archPolicy: ArchPolicy | undefined, first: number, last: number) => {
    const at = policy.arches.indexOf(archPolicy as ArchPolicy);
    return archPolicy && callsOf(archPolicy, first, last, graph, tests, weights[at] as Weights);
  };
  return tokens.map((audit) => {
    const sharing = policy.arches.filter((a) => a.arch.audit === audit);
    const native = sharing.find((a) => a.arch.name !== 'x32');
    const x32 = sharing.find((a) => a.arch.name === 'x32');
    const split = audit === X86_64_TOKEN;
    const own = (native ?? x32) as ArchPolicy;
    return {
      audit,
      native: calls(native, 0, split ? X32_SYSCALL_BIT - 1 : MOST),
      x32: calls(x32, X32_SYSCALL_BIT, 2 * X32_SYSCALL_BIT - 1),
      split,
      skipped: graph.ret(wordWithoutRule(policy, own, MOST)),
    };
  });
}
