/**
 * What a run of the witness shows: every call came to what the policy says, and the kernel holds the program that it
 * should. Throws with all that is not so.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { compareStrictness } from '../../src/arch/index.ts';
import { evaluate, type Policy, type ResolveOptions } from '../../src/policy/index.ts';
import { seccompc } from '../support.ts';
import { CALLS, type Call, expected, type Kind } from './calls.ts';
import type { Client, Form, Material } from './client.ts';
import { reduced } from './libseccomp.ts';
import { optionsOf, policyOf } from './material.ts';
import { SECOND, type TestedProfile } from './profiles.ts';
import type { Observed } from './run.ts';

export interface Shown {
  /** Calls that came to something else than without a filter, by what they are there for. */
  readonly denied: Readonly<Record<Kind, number>>;
  /** Calls that came to the same as without a filter, as the policy says. */
  readonly allowed: number;
  /** What the kernel holds, in words. */
  readonly kernel: string;
}

/** libseccomp's answer to other architectures, and runc's stub. */
const readingOf = ({ runtime }: Client, { makes }: Form): ResolveOptions =>
  makes !== 'json' ? {} : { unknownArch: 'kill', multiplexed: 'allow', ...(runtime && { runtime }) };

/** The result word of the policies that are in force; the strictest action counts. */
function wordOf(policies: readonly Policy[], { data }: Call): number {
  return policies.map((policy) => evaluate(policy, data)).reduce((a, b) => (compareStrictness(b, a) < 0 ? b : a));
}

/** A kernel without int 0x80 kills whoever tries. */
export const canCompat = (free: Observed): boolean =>
  CALLS.every(({ entry }, i) => entry !== 'compat' || free.outcomes[i] !== 'signal 11');

function compareOutcomes(
  policies: readonly Policy[],
  free: Observed,
  seen: Observed,
  isMeant: (call: Call) => boolean,
): Omit<Shown, 'kernel'> {
  const denied = { number: 0, argument: 0, i386: 0, x32: 0 };
  let allowed = 0;
  const wrong: string[] = [];
  for (const [i, call] of CALLS.entries()) {
    if (!isMeant(call)) continue;
    const [without, got] = [free.outcomes[i] ?? 'nothing', seen.outcomes[i] ?? 'nothing'];
    const wanted = expected(wordOf(policies, call), call, without);
    if (got !== wanted) wrong.push(`${call.title}: ${got}, not ${wanted} (without a filter: ${without})`);
    else if (got === without) allowed += 1;
    else denied[call.kind] += 1;
  }
  if (wrong.length > 0) throw new Error(`${wrong.length} calls came to something else:\n${wrong.join('\n')}`);
  return { denied, allowed };
}

const bytesText = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

function ourPrograms(paths: readonly string[], { filters, count }: Observed): string {
  const wanted = paths.map((path) => bytesText(readFileSync(path)));
  const held = filters.map(bytesText);
  if (count !== paths.length || wanted.join() !== held.join()) {
    throw new Error(`the kernel holds ${count} filters:\n${held.join('\n')}\nnot these:\n${wanted.join('\n')}`);
  }
  const sizes = wanted.map((text) => text.length / 2);
  const which = paths.length === 1 ? 'our program' : `our ${paths.length} programs`;
  return `${which}, byte for byte (${sizes.join(' + ')} bytes)`;
}

/** The one program that the runtime made of `json`, held against `json` for all inputs. */
function theirProgram(json: string, profile: TestedProfile, client: Client, form: Form, seen: Observed): string {
  const { filters, count } = seen;
  const [bytes] = filters;
  if (count !== 1 || bytes === undefined) throw new Error(`the kernel holds ${count} filters, not one`);
  const program = `${json}.${client.name}.bpf`;
  writeFileSync(program, bytes);
  const { runtime, unknownArch = 'kill' } = readingOf(client, form);
  const reading = [...optionsOf(profile), '--unknown-arch', unknownArch, ...(runtime ? ['--runtime', runtime] : [])];
  const proved = (text: string) => {
    const { status, stderr } = seccompc(['prove', text, program, ...reading]);
    if (status !== 0 && status !== 1) throw new Error(`seccompc prove: status ${status}\n${stderr}`);
    return status === 0;
  };
  const size = `${bytes.length} bytes`;
  if (proved(json)) return `its program (${size}) is proved equal`;
  const { text, unknown, version } = reduced(readFileSync(json, 'utf8'), profile.arches);
  const without = `${json}.${client.name}.json`;
  writeFileSync(without, text);
  if (proved(without)) {
    return `its program (${size}) is proved equal, but for what libseccomp ${version} does not know: ${unknown.join(', ')}`;
  }
  const found = seccompc(['diff', without, program, ...reading]).stdout;
  throw new Error(`its program differs from the profile, with what libseccomp knows taken into account:\n${found}`);
}

/** Names alone: the client adds what it likes. */
function addedPrograms(free: Observed, seen: Observed): string {
  if (seen.count <= free.count) throw new Error(`the kernel holds ${seen.count} filters, without names ${free.count}`);
  return `${seen.count} programs of its own (${seen.filters.map((f) => f.length).join(' + ')} bytes)`;
}

export function judge(
  client: Client,
  form: Form,
  profile: TestedProfile,
  material: Material,
  free: Observed,
  seen: Observed,
): Shown {
  const own = policyOf(profile, readingOf(client, form));
  const policies = form.makes === 'two programs' ? [own, policyOf({ ...profile, text: SECOND })] : [own];
  const compat = canCompat(free);
  // Clients that take names mean this machine's own ABI by them.
  const isMeant = ({ kind, entry }: Call) =>
    form.makes === 'names' ? kind === 'number' || kind === 'argument' : entry === 'native' || compat;
  const outcomes = compareOutcomes(policies, free, seen, isMeant);
  switch (form.makes) {
    case 'program':
      return { ...outcomes, kernel: ourPrograms([material.bpf], seen) };
    case 'two programs':
      return { ...outcomes, kernel: ourPrograms([material.bpf, material.second], seen) };
    case 'json':
      return { ...outcomes, kernel: theirProgram(material[form.json ?? 'oci'], profile, client, form, seen) };
    case 'names':
      return { ...outcomes, kernel: addedPrograms(free, seen) };
    default:
      return form.makes satisfies never;
  }
}
