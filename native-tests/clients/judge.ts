/**
 * What a run of the witness shows: every call came to what the policy says, and the kernel holds the program that it
 * should. Throws with all that is not so.
 */
import { readFileSync } from 'node:fs';
import { actionOf, compareStrictness, SECCOMP_RET_ALLOW, SECCOMP_RET_LOG } from '../../src/arch/index.ts';
import { runStack } from '../../src/kernel/index.ts';
import { evaluate, type Policy, type ResolveOptions } from '../../src/policy/index.ts';
import { CALLS, type Call, expected, type Kind } from './calls.ts';
import type { Client, Form } from './client.ts';
import { materialOf, policyOf } from './material.ts';
import { SECOND, type TestedProfile } from './profiles.ts';
import type { Observed } from './run.ts';
import { besides, changesText, checked, compareTheirs, requireSame } from './their-program.ts';

export interface Shown {
  /** Calls that were denied, and would not have come to the same without a filter, by what they are there for. */
  readonly denied: Readonly<Record<Kind, number>>;
  /** Calls that came to the same as without a filter, as the policy says. */
  readonly allowed: number;
  readonly held: Held;
}

/** What the kernel holds, in words, and what has to be said of it. */
export interface Held {
  readonly what: string;
  readonly but: readonly string[];
}

const LETS_THROUGH: readonly number[] = [SECCOMP_RET_ALLOW, SECCOMP_RET_LOG];

/** Whether the kernel has int 0x80: without it, it kills whoever tries. */
export const canCompat = (free: Observed): boolean =>
  CALLS.every(({ entry }, i) => entry !== 'compat' || free.outcomes[i] !== 'signal 11');

/** Each call came to what its word says. */
function compareOutcomes(wordFor: (call: Call) => number, free: Observed, seen: Observed): Omit<Shown, 'held'> {
  const compat = canCompat(free);
  const denied = { number: 0, argument: 0, i386: 0, x32: 0 };
  let allowed = 0;
  const wrong: string[] = [];
  for (const [i, call] of CALLS.entries()) {
    if (call.entry === 'compat' && !compat) continue;
    const [without, got] = [free.outcomes[i] ?? 'nothing', seen.outcomes[i] ?? 'nothing'];
    const word = wordFor(call);
    const wanted = expected(word, call, without);
    if (got !== wanted) wrong.push(`${call.title}: ${got}, not ${wanted} (without a filter: ${without})`);
    else if (LETS_THROUGH.includes(actionOf(word))) allowed += 1;
    // What is denied with the kernel's own answer shows nothing.
    else if (got !== without) denied[call.kind] += 1;
  }
  if (wrong.length > 0) throw new Error(`${wrong.length} calls came to something else:\n${wrong.join('\n')}`);
  if (denied.number === 0 || allowed === 0) throw new Error('nothing denied, or nothing allowed: this shows nothing');
  return { denied, allowed };
}

/** The result word of all policies that are in force: the strictest action counts. */
const wordOf =
  (policies: readonly Policy[]) =>
  ({ data }: Call): number =>
    policies.map((policy) => evaluate(policy, data)).reduce((a, b) => (compareStrictness(b, a) < 0 ? b : a));

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** The kernel holds these files, in this order, and nothing else. */
function ourPrograms(paths: readonly string[], { filters, count }: Observed): Held {
  const wanted = paths.map((path) => hexOf(readFileSync(path)));
  const held = filters.map(hexOf);
  if (count !== paths.length || wanted.join() !== held.join()) {
    throw new Error(`the kernel holds ${count} filters:\n${held.join('\n')}\nnot these:\n${wanted.join('\n')}`);
  }
  const which = paths.length === 1 ? 'our program' : `our ${paths.length} programs`;
  return { what: `${which}, byte for byte (${wanted.map((text) => text.length / 2).join(' + ')})`, but: [] };
}

/** The one program that the runtime made of the JSON. */
function theirProgram(json: string, profile: TestedProfile, reading: ResolveOptions, seen: Observed): Held {
  const [bytes] = seen.filters;
  if (seen.count !== 1 || bytes === undefined) throw new Error(`the kernel holds ${seen.count} filters, not one`);
  const { but, others } = compareTheirs(bytes, json, profile, reading);
  if (others.length > 0) throw new Error(`its own program differs from the profile:\n${changesText(others)}`);
  return { what: `its own program (${bytes.length}), proved equal`, but };
}

/** What a client makes of names is its own affair: its programs are taken for what they are. */
function ofNames(profile: TestedProfile, free: Observed, seen: Observed): Shown {
  const programs = seen.filters.map(checked);
  if (programs.length === 0) throw new Error('the kernel holds no filter');
  const outcomes = compareOutcomes(({ data }) => runStack(programs, data), free, seen);
  const sizes = seen.filters.map((f) => f.length).join(' + ');
  const what = `${programs.length} of its own (${sizes})`;
  return { ...outcomes, held: { what, but: besides({ programs }, policyOf(profile)) } };
}

/** libseccomp's answer to other architectures, and what runc puts in front. */
const JSON_READING: ResolveOptions = { unknownArch: 'kill', multiplexed: 'allow' };

export function judge(
  { runtime }: Client,
  { makes, json = 'oci' }: Form,
  profile: TestedProfile,
  free: Observed,
  seen: Observed,
): Shown {
  const material = materialOf(profile);
  const outcomes = (...policies: readonly Policy[]) => compareOutcomes(wordOf(policies), free, seen);
  switch (makes) {
    case 'program':
      return { ...outcomes(policyOf(profile)), held: ourPrograms([material.bpf], seen) };
    case 'two programs': {
      const second = policyOf({ ...profile, text: SECOND });
      const held = ourPrograms([material.bpf, material.second], seen);
      return { ...outcomes(policyOf(profile), second), held };
    }
    case 'json': {
      const reading = { ...JSON_READING, ...(runtime && { runtime }) };
      requireSame(material[json], profile, JSON_READING);
      return { ...outcomes(policyOf(profile, reading)), held: theirProgram(material[json], profile, reading, seen) };
    }
    case 'names':
      return ofNames(profile, free, seen);
    default:
      return makes satisfies never;
  }
}
