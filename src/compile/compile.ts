/** A policy to instructions: lower, arguments, dispatch, emit. */
import { BPF_MAXINSNS } from '../arch/index.ts';
import type { RawInsn } from '../bpf/index.ts';
import { fail } from '../diag/index.ts';
import type { Endian } from '../num/index.ts';
import type { Policy } from '../policy/index.ts';
import { ArgumentTests } from './arguments.ts';
import { Dispatch } from './dispatch.ts';
import { emit } from './emit.ts';
import { Graph, type Node, reachable } from './graph.ts';
import { lower } from './lower.ts';
import { type CompileOptions, INSN_COST } from './options.ts';
import { weightsOf } from './weights.ts';

/** A program that no one has judged yet. */
export interface UncheckedProgram {
  readonly insns: readonly RawInsn[];
  readonly endian: Endian;
}

/** The calls whose rules need the most nodes, for the message that a policy does not fit. */
function costliest(policy: Policy): string {
  const graph = new Graph();
  const tests = new ArgumentTests(graph, policy.endian, 'fast');
  const costs = policy.arches.flatMap((a) =>
    [...a.calls.values()].map((call) => ({
      name: `${call.name} on ${a.arch.name}`,
      rules: call.rules.length,
      size: reachable(tests.leaf(call, a.defaultAction)).size,
    })),
  );
  costs.sort((a, b) => b.size - a.size);
  return costs
    .slice(0, 3)
    .map((c) => `${c.name} (${c.rules} rules, about ${c.size} instructions)`)
    .join(', ');
}

function tooLong(policy: Policy, length: number): never {
  return fail({
    code: 'COMPILE_TOO_LONG',
    source: policy.source,
    message: `the policy needs ${length} instructions or more; the kernel takes ${BPF_MAXINSNS}`,
    help: `most go to ${costliest(policy)}; merge values into masks or ranges, or split the policy over two filters`,
  });
}

/** What is done to make a program short and quick. */
interface Passes {
  readonly arguments: 'rules' | 'fast' | 'full';
  /** Try JSET. */
  readonly masks: boolean;
  /** Let architectures go to each other's tests. */
  readonly share: boolean;
}

const PASSES: Readonly<Record<NonNullable<CompileOptions['search']>, Passes>> = {
  full: { arguments: 'full', masks: true, share: true },
  fast: { arguments: 'fast', masks: false, share: true },
};

function rootOf(policy: Policy, options: CompileOptions, passes: Passes): Node {
  const graph = new Graph();
  const insn = INSN_COST[options.optimize ?? 'balanced'];
  const tests = new ArgumentTests(graph, policy.endian, passes.arguments);
  const tokens = lower(policy, graph, tests, weightsOf(policy, options));
  return new Dispatch(graph, graph.ret(policy.unknownArch), { insn, ...passes }).root(tokens);
}

/** The program, or the number of instructions that are too many. */
function made(policy: Policy, options: CompileOptions, passes: Passes): readonly RawInsn[] | number {
  const root = rootOf(policy, options, passes);
  // Every node is at least one instruction; counting first keeps the emitter's recursion within bounds.
  const size = reachable(root, BPF_MAXINSNS).size;
  if (size > BPF_MAXINSNS) return size;
  const insns = emit(root);
  return insns.length > BPF_MAXINSNS ? insns.length : insns;
}

/** Tells `trace` what each pass gains, by doing without it and those behind it. */
function traced(policy: Policy, options: CompileOptions, passes: Passes, length: number): void {
  if (options.trace === undefined) return;
  const steps: readonly (readonly [string, Passes])[] = [
    ['rules', { arguments: 'rules', masks: false, share: false }],
    ['arguments', { arguments: passes.arguments, masks: false, share: false }],
    ['masks', { ...passes, share: false }],
  ];
  const lengths = steps.map(([, without]) => {
    const insns = made(policy, options, without);
    return typeof insns === 'number' ? insns : insns.length;
  });
  const after = [...lengths.slice(1), length];
  const names = [...steps.slice(1).map(([name]) => name), 'share'];
  names.forEach((name, i) => {
    options.trace?.(name, lengths[i] as number, after[i] as number);
  });
}

/** The instructions that decide every call as the policy does. Throws COMPILE_TOO_LONG. */
export function compilePolicy(policy: Policy, options: CompileOptions = {}): UncheckedProgram {
  const passes = PASSES[options.search ?? 'full'];
  let insns = made(policy, options, passes);
  // The shortest program may fit where the balanced one does not.
  if (typeof insns === 'number' && options.optimize !== 'size')
    insns = made(policy, { ...options, optimize: 'size' }, passes);
  if (typeof insns === 'number') return tooLong(policy, insns);
  traced(policy, options, passes, insns.length);
  return { insns, endian: policy.endian };
}
