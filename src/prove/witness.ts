/** One call out of a set of calls, as readable as the set has any, and shown to be real by the plain judges. */
import { ARCHES, type SeccompData, syscallsOf } from '../arch/index.ts';
import { unreachable } from '../diag/index.ts';
import { type Diagrams, FALSE, fix, LEVEL_ARCH, LEVEL_NR, least, type Node } from '../diagram/index.ts';
import { hex, type U32 } from '../num/index.ts';
import { toData } from './data.ts';
import { outsideSet } from './outside.ts';
import { answer, type Subject, tokensOf } from './subject.ts';

export interface Witness {
  readonly data: SeccompData;
  /** What the left and the right side answer: the whole result words. */
  readonly words: readonly [U32, U32];
}

/**
 * The call to show: one that the kernel shows to filters, on an architecture that a side names (else any real one), of a
 * number that is a call there, with the smallest arguments; of these wishes as many as the set can grant.
 */
export function choose(d: Diagrams, set: Node, preferred: readonly U32[]): SeccompData {
  const seen = d.ite(outsideSet(d), FALSE, set);
  const from = seen === FALSE ? set : seen;
  for (const token of new Set([...preferred, ...[...ARCHES.values()].map(({ audit }) => audit)])) {
    const here = fix(d, from, LEVEL_ARCH, token);
    if (here === FALSE) continue;
    const nr = firstRealCall(d, here, token);
    const rest = nr === undefined ? here : fix(d, here, LEVEL_NR, nr);
    const data = toData(least(d, rest) ?? unreachable('an empty set has no member'));
    return { ...data, arch: token, ...(nr !== undefined && { nr }) };
  }
  return toData(least(d, from) ?? unreachable('an empty set has no member'));
}

function firstRealCall(d: Diagrams, here: Node, token: U32): number | undefined {
  for (const abi of ARCHES.values()) {
    if (abi.audit !== token) continue;
    for (const nr of [...syscallsOf(abi).values()].sort((a, b) => a - b)) {
      if (fix(d, here, LEVEL_NR, nr) !== FALSE) return nr;
    }
  }
  return undefined;
}

/** A member of a set of calls that the two sides answer differently. Both are run: a witness that is none is our bug. */
export function witness(d: Diagrams, set: Node, left: Subject, right: Subject): Witness {
  const data = choose(d, set, [...tokensOf(left), ...tokensOf(right)]);
  const words = [answer(left, data), answer(right, data)] as const;
  if (words[0] === words[1]) {
    const call = `arch ${hex(data.arch)} nr ${data.nr} args ${data.args.map(hex).join(' ')}`;
    return unreachable(`the proof found a difference that is none: both answer ${hex(words[0])} to ${call}`);
  }
  return { data, words };
}
