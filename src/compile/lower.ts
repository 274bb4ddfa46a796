/**
 * A policy as one function of the number for each audit token: ranges that cover 0 to 2^32-1 without gaps, each with the
 * node that decides it.
 *
 * AUDIT_ARCH_X86_64 is shared by two ABIs, told apart by bit 30; every other token has one.
 *
 *   0 ................. 3fffffff  x86_64          80000000 ... bfffffff  x86_64 (no such call)
 *   40000000 .......... 7fffffff  x32             c0000000 ... fffffffe  x32 (no such call)
 *                                                 ffffffff               neither: the default action
 */
import { X32_SYSCALL_BIT } from '../arch/index.ts';
import type { U32 } from '../num/index.ts';
import type { ArchPolicy, Policy } from '../policy/index.ts';
import { ArgumentTests } from './arguments.ts';
import type { Graph, Node } from './graph.ts';

/** Numbers `from` to the next range's `from` - 1 (the last one to 2^32-1) are decided by `leaf`. */
export interface Range {
  readonly from: number;
  readonly leaf: Node;
}

export interface TokenRanges {
  /** AUDIT_ARCH_*. */
  readonly audit: U32;
  readonly ranges: readonly Range[];
}

const X86_64_TOKEN = 0xc000_003e;
const SKIPPED = 0xffff_ffff;

class RangeList {
  readonly ranges: Range[] = [];

  /** Numbers from `from` on are decided by `leaf`, until the next call. Equal neighbours merge. */
  start(from: number, leaf: Node): void {
    if (this.ranges.at(-1)?.from === from) this.ranges.pop();
    if (this.ranges.at(-1)?.leaf !== leaf) this.ranges.push({ from, leaf });
  }
}

/** The leaves of one ABI's calls between two numbers. */
function addSpan(
  list: RangeList,
  from: number,
  end: number,
  policy: ArchPolicy | undefined,
  other: Node,
  leaves: Leaves,
): void {
  const otherwise = policy ? leaves.defaultOf(policy) : other;
  list.start(from, otherwise);
  for (const call of policy?.calls.values() ?? []) {
    if (call.nr < from || call.nr > end) continue;
    list.start(call.nr, leaves.of(policy as ArchPolicy, call.nr));
    if (call.nr < 0xffff_ffff) list.start(call.nr + 1, otherwise);
  }
}

/** The leaf node of every call; built once, since x86_64's numbers stand in two spans. */
class Leaves {
  readonly #graph: Graph;
  readonly #tests: ArgumentTests;

  constructor(graph: Graph, policy: Policy) {
    this.#graph = graph;
    this.#tests = new ArgumentTests(graph, policy.endian);
  }

  defaultOf(policy: ArchPolicy): Node {
    return this.#graph.ret(policy.defaultAction);
  }

  of(policy: ArchPolicy, nr: number): Node {
    const call = policy.calls.get(nr);
    const otherwise = this.defaultOf(policy);
    return call === undefined ? otherwise : this.#tests.leaf(call, otherwise);
  }
}

/** The ranges of every token in the policy, in the order of its architectures. */
export function lower(policy: Policy, graph: Graph): readonly TokenRanges[] {
  const leaves = new Leaves(graph, policy);
  const unknown = graph.ret(policy.unknownArch);
  const tokens = [...new Set(policy.arches.map((a) => a.arch.audit))];
  return tokens.map((audit) => {
    const sharing = policy.arches.filter((a) => a.arch.audit === audit);
    const list = new RangeList();
    if (audit !== X86_64_TOKEN) {
      addSpan(list, 0, SKIPPED, sharing[0], unknown, leaves);
      return { audit, ranges: list.ranges };
    }
    const native = sharing.find((a) => a.arch.name !== 'x32');
    const x32 = sharing.find((a) => a.arch.name === 'x32');
    for (const base of [0, 0x8000_0000]) {
      addSpan(list, base, base + X32_SYSCALL_BIT - 1, native, unknown, leaves);
      addSpan(list, base + X32_SYSCALL_BIT, base + 2 * X32_SYSCALL_BIT - 1, x32, unknown, leaves);
    }
    list.start(SKIPPED, leaves.defaultOf((native ?? x32) as ArchPolicy));
    return { audit, ranges: list.ranges };
  });
}
