/** Which rules of a profile may be the ones that decide a call of which some bits are unknown. */
import type { U32 } from '../num/index.ts';
import { archPolicyFor, type Condition, type Policy } from '../policy/index.ts';
import type { Candidate } from './candidates.ts';
import type { TracedArg } from './types.ts';

type Truth = 'yes' | 'no' | 'maybe';

const WHOLE = 0xffff_ffff_ffff_ffffn;
const LOW = 0xffff_ffffn;

/** Positions in the profile's `syscalls`, in the order in which they are asked; empty where only the default can be. */
export function rulesFor(policy: Policy, candidates: readonly Candidate[], words: ReadonlySet<U32>): readonly number[] {
  const found = new Set<number>();
  for (const { arch, nr, args } of candidates) {
    const rules = archPolicyFor(policy, arch.audit, nr)?.calls.get(nr)?.rules ?? [];
    for (const rule of rules) {
      const held = all(rule.conditions.map((condition) => holds(condition, args[condition.argIndex])));
      if (held !== 'no' && words.has(rule.action)) found.add(rule.origin.ruleIndex);
      if (held === 'yes') break;
    }
  }
  return [...found];
}

function all(truths: readonly Truth[]): Truth {
  if (truths.includes('no')) return 'no';
  return truths.includes('maybe') ? 'maybe' : 'yes';
}

export function holds({ op, value, mask, narrow }: Condition, arg: TracedArg | undefined): Truth {
  const seen = narrow ? LOW : WHOLE;
  const known = (arg?.known ?? 0n) & seen;
  const bits = (arg?.value ?? 0n) & known;
  switch (op) {
    case 'masked_eq':
      return equal(bits, known, value, mask & seen);
    case 'eq':
      return equal(bits, known, value, seen);
    case 'ne':
      return negated(equal(bits, known, value, seen));
    case 'lt':
    case 'ge':
    case 'le':
    case 'gt': {
      const [least, most] = [bits, bits | (seen & ~known)];
      const below = op === 'lt' || op === 'ge' ? (v: bigint) => v < value : (v: bigint) => v <= value;
      const [low, high] = [below(least), below(most)];
      const truth: Truth = low && high ? 'yes' : low ? 'maybe' : 'no';
      return op === 'lt' || op === 'le' ? truth : negated(truth);
    }
    default:
      return op satisfies never;
  }
}

function equal(bits: bigint, known: bigint, value: bigint, mask: bigint): Truth {
  if ((value & ~mask) !== 0n) return 'no';
  if (((bits ^ value) & known & mask) !== 0n) return 'no';
  return (known & mask) === mask ? 'yes' : 'maybe';
}

function negated(truth: Truth): Truth {
  return truth === 'yes' ? 'no' : truth === 'no' ? 'yes' : 'maybe';
}
