/**
 * The meaning of a policy, for every possible call: src/policy/evaluate.ts said as a diagram, straight from the Policy.
 * The compiler has no part in it, so a mistake there cannot hide here.
 */
import { type Arch, X32_SYSCALL_BIT } from '../arch/index.ts';
import {
  type Diagrams,
  FALSE,
  LEVEL_ARCH,
  LEVEL_NR,
  levelOfArgument,
  type Node,
  TRUE,
  vectors,
  type Words,
} from '../diagram/index.ts';
import type { ArchPolicy, Condition, Policy, PolicyRule } from '../policy/index.ts';
import type { Meaning } from './meaning.ts';

export function meaningOfPolicy(policy: Policy, words: Words): Meaning {
  const d = words.diagrams;
  const unknown = d.leaf(policy.unknownArch);
  const byToken = new Map<number, Node>();
  for (const token of new Set(policy.arches.map(({ arch }) => arch.audit))) {
    byToken.set(
      token,
      tokenMeaning(
        d,
        policy.arches.filter(({ arch }) => arch.audit === token),
        unknown,
      ),
    );
  }
  return { kind: 'leaves', root: byValue(d, LEVEL_ARCH, byToken, unknown) };
}

const isX32 = (arch: Arch) => arch.name === 'x32';
/** nr -1: what a tracer writes to skip a call. Bit 30 is set, yet it is no x32 number. */
const SKIPPED = 0xffff_ffff;
const LEVEL_X32_BIT = LEVEL_NR + 31 - Math.log2(X32_SYSCALL_BIT);

/** The calls that come with one audit token: of one ABI, or of x86_64 and x32, told apart by bit 30 of the number. */
function tokenMeaning(d: Diagrams, arches: readonly ArchPolicy[], unknown: Node): Node {
  const x32 = arches.find(({ arch }) => isX32(arch));
  const other = arches.find(({ arch }) => !isX32(arch));
  const native = other ? archMeaning(d, other) : unknown;
  // Only x86_64 shares its token; the number's bit 30 means nothing on any other.
  if (x32 === undefined && other?.arch.name !== 'x86_64') return native;
  const numbered = d.ite(d.bit(LEVEL_X32_BIT), x32 ? archMeaning(d, x32) : unknown, native);
  const skipping = (other ?? arches[0]) as ArchPolicy;
  // No rule can be for -1. Bit 30 being set, the stub for x32 numbers answers it, where there is one.
  const skipped = d.leaf(x32?.enosys?.word ?? skipping.defaultAction);
  const isSkipped = byValue(d, LEVEL_NR, new Map([[SKIPPED, TRUE]]), FALSE);
  return d.ite(isSkipped, skipped, numbered);
}

function archMeaning(d: Diagrams, arch: ArchPolicy): Node {
  const byNumber = new Map<number, Node>();
  for (const [nr, call] of arch.calls) byNumber.set(nr >>> 0, callMeaning(d, arch, call.rules));
  const { enosys, others } = arch;
  const number = vectors.fieldBits(d, LEVEL_NR + 31, 32);
  const above = (limit: number) => vectors.greaterThan(d, number, vectors.constantBits(BigInt(limit), 32));
  if (enosys?.zero) byNumber.set(0, d.leaf(enosys.word));
  let meaning = byValue(d, LEVEL_NR, byNumber, d.leaf(arch.defaultAction));
  // No rule names a number of these.
  if (others !== undefined)
    for (const { first, last } of others.ranges)
      meaning = d.ite(d.and(above(first - 1), d.not(above(last))), d.leaf(others.word), meaning);
  return enosys === undefined ? meaning : d.ite(above(enosys.above), d.leaf(enosys.word), meaning);
}

/** The first rule that holds decides: asked from the last one back, each overrides what stands behind it. */
export function callMeaning(d: Diagrams, arch: Pick<ArchPolicy, 'defaultAction'>, rules: readonly PolicyRule[]): Node {
  return rules.reduceRight(
    (rest: Node, rule) => d.ite(conditionsSet(d, rule.conditions), d.leaf(rule.action), rest),
    d.leaf(arch.defaultAction),
  );
}

/** The inputs for which all conditions hold. */
export function conditionsSet(d: Diagrams, conditions: readonly Condition[]): Node {
  return conditions.reduce((all: Node, condition) => d.and(conditionSet(d, condition), all), TRUE);
}

/** 64 bits compared, unsigned; of a narrow condition's argument the upper 32 count as 0. */
function conditionSet(d: Diagrams, { argIndex, op, value, mask, narrow }: Condition): Node {
  const all = vectors.fieldBits(d, levelOfArgument(argIndex) + 63, 64);
  const argument = narrow ? all.map((bit, i) => (i < 32 ? bit : FALSE)) : all;
  const wanted = vectors.constantBits(value, 64);
  switch (op) {
    case 'eq':
      return vectors.equal(d, argument, wanted);
    case 'ne':
      return d.not(vectors.equal(d, argument, wanted));
    case 'lt':
      return vectors.greaterThan(d, wanted, argument);
    case 'le':
      return vectors.atLeast(d, wanted, argument);
    case 'gt':
      return vectors.greaterThan(d, argument, wanted);
    case 'ge':
      return vectors.atLeast(d, argument, wanted);
    case 'masked_eq': {
      const kept = vectors.constantBits(mask, 64);
      const masked = argument.map((bit, i) => d.and(bit, kept[i] as Node));
      return vectors.equal(d, masked, wanted);
    }
    default:
      return op satisfies never;
  }
}

/** The diagram that is `byKey.get(v)` where the 32-bit field at `firstLevel` is v, and `otherwise` elsewhere. */
export function byValue(d: Diagrams, firstLevel: number, byKey: ReadonlyMap<number, Node>, otherwise: Node): Node {
  const keys = [...byKey.keys()].sort((a, b) => a - b);
  /** keys[from..to) agree on all bits above `bit`. */
  const build = (from: number, to: number, bit: number): Node => {
    if (from === to) return otherwise;
    if (bit < 0) return byKey.get(keys[from] as number) as Node;
    let split = from;
    while (split < to && (((keys[split] as number) >>> bit) & 1) === 0) split++;
    return d.node(firstLevel + 31 - bit, build(from, split, bit - 1), build(split, to, bit - 1));
  };
  return build(0, keys.length, 31);
}
