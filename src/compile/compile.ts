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
  const tests = new ArgumentTests(graph, policy.endian, false);
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

function rootOf(policy: Policy, options: CompileOptions): Node {
  const graph = new Graph();
  const full = options.search !== 'fast';
  const insn = INSN_COST[options.optimize ?? 'balanced'];
  const tests = new ArgumentTests(graph, policy.endian, full);
  const tokens = lower(policy, graph, tests, weightsOf(policy, options));
  return new Dispatch(graph, graph.ret(policy.unknownArch), { insn, masks: full, shareLast: true }).root(tokens);
}

/** The instructions that decide every call as the policy does. Throws COMPILE_TOO_LONG. */
export function compilePolicy(policy: Policy, options: CompileOptions = {}): UncheckedProgram {
  const root = rootOf(policy, options);
  // Every node is at least one instruction; counting first keeps the emitter's recursion within bounds.
  const size = reachable(root, BPF_MAXINSNS).size;
  if (size > BPF_MAXINSNS) return tooLong(policy, size);
  const insns = emit(root);
  return insns.length > BPF_MAXINSNS ? tooLong(policy, insns.length) : { insns, endian: policy.endian };
}
