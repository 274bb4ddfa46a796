/** A policy to instructions: lower, dispatch, emit. */
import { BPF_MAXINSNS, OFFSET_ARCH, OFFSET_NR } from '../arch/index.ts';
import type { RawInsn } from '../bpf/index.ts';
import { fail } from '../diag/index.ts';
import type { Endian } from '../num/index.ts';
import type { Policy } from '../policy/index.ts';
import { ArgumentTests } from './arguments.ts';
import { searchTree } from './dispatch.ts';
import { emit } from './emit.ts';
import { Graph, type Node, reachable } from './graph.ts';
import { lower } from './lower.ts';

/** A program that no one has judged yet. */
export interface UncheckedProgram {
  readonly insns: readonly RawInsn[];
  readonly endian: Endian;
}

/** The calls whose rules need the most nodes, for the message that a policy does not fit. */
function costliest(policy: Policy): string {
  const graph = new Graph();
  const tests = new ArgumentTests(graph, policy.endian);
  const costs = policy.arches.flatMap((a) =>
    [...a.calls.values()].map((call) => ({
      name: `${call.name} on ${a.arch.name}`,
      rules: call.rules.length,
      size: reachable(tests.leaf(call, graph.ret(a.defaultAction))).size,
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

/** The instructions that decide every call as the policy does. Throws COMPILE_TOO_LONG. */
export function compilePolicy(policy: Policy): UncheckedProgram {
  const graph = new Graph();
  const tokens = lower(policy, graph);
  const byArch = tokens.reduceRight<Node>((no, { audit, ranges }) => {
    return graph.jump('jeq', audit, graph.load(OFFSET_NR, searchTree(graph, ranges)), no);
  }, graph.ret(policy.unknownArch));
  const root = graph.load(OFFSET_ARCH, byArch);
  // Every node is at least one instruction; counting first keeps the emitter's recursion within bounds.
  const size = reachable(root, BPF_MAXINSNS).size;
  if (size > BPF_MAXINSNS) return tooLong(policy, size);
  const insns = emit(root);
  return insns.length > BPF_MAXINSNS ? tooLong(policy, insns.length) : { insns, endian: policy.endian };
}
