/**
 * Programs that others made of a profile, held against it for all inputs.
 *
 * One that a runtime made of JSON with libseccomp is equal to our reading of the JSON but for what is known of libseccomp,
 * and that is said exactly:
 * - calls that it does not know are left out of the filter;
 * - on x86_64 it takes every number from 0x40000000 on for one of x32, the kernel those with bit 30: no kernel serves the
 *   numbers on which they differ.
 *
 * Of those that a client made of names alone, it is said what they do besides.
 */
import { readFileSync } from 'node:fs';
import { arch, describeWord } from '../../src/arch/index.ts';
import { describeCall } from '../../src/build/index.ts';
import { type CheckedProgram, check } from '../../src/kernel/index.ts';
import type { Policy, ResolveOptions } from '../../src/policy/index.ts';
import { type ArchChange, byArch, difference, type FilterStack, prove } from '../../src/prove/index.ts';
import { reduced } from './libseccomp.ts';
import { policyOf } from './material.ts';
import type { TestedProfile } from './profiles.ts';

export interface Compared {
  /** Equal for all inputs. */
  readonly equal: boolean;
  /** What the two differ in that is known of libseccomp. */
  readonly but: readonly string[];
  /** What else they differ in. */
  readonly others: readonly ArchChange[];
}

/** What the kernel holds. */
export function checked(bytes: Uint8Array): CheckedProgram {
  const verdict = check(bytes);
  if (!verdict.ok) throw new Error(`the kernel holds what we refuse: ${verdict.message}`);
  return verdict.program;
}

/** What differs and can reach the kernel. Throws when the answer cannot be had. */
function changes(held: CheckedProgram | FilterStack, policy: Policy): readonly ArchChange[] {
  const found = difference(policy, held);
  if (found.undecided) throw new Error(`undecided: ${found.why}`);
  return byArch(found).filter(({ outside }) => !outside);
}

const X32_BIT = 0x4000_0000n;
const BETWEEN = { first: 0x8000_0000n, last: 0xbfff_ffffn } as const;

/** Exactly the numbers without bit 30 above 0x40000000. A row that begins there can have no others on x86_64. */
function isX32Gap({ arch: abi, call, numbers, nr }: ArchChange, policy: Policy): boolean {
  if (abi !== arch('x86_64') || call !== undefined || policy.arches.some((a) => a.arch.name === 'x32')) return false;
  const covers = nr.kind === 'range' && nr.first >= X32_BIT && nr.first <= BETWEEN.first && nr.last >= BETWEEN.last;
  return covers && numbers === BETWEEN.last - BETWEEN.first + 1n;
}

/** An example of each. */
export function changesText(changed: readonly ArchChange[]): string {
  return changed.map(changeText).join('\n');
}

const changeText = ({ example: { data, words } }: ArchChange): string =>
  `${describeCall(data)}: ${describeWord(words[0])} as we read it, but ${describeWord(words[1])}`;

/** The JSON that a client is given means what the profile means, for all inputs. Throws with an example where it does not. */
export function requireSame(json: string, profile: TestedProfile, reading: ResolveOptions): void {
  const given = policyOf({ ...profile, text: readFileSync(json, 'utf8') }, reading);
  const found = difference(policyOf(profile, reading), given);
  if (found.undecided) throw new Error(`undecided: ${found.why}`);
  const [change] = byArch(found);
  if (change !== undefined) throw new Error(`the JSON does not mean what the profile means: ${changeText(change)}`);
}

export function compareTheirs(bytes: Uint8Array, json: string, like: TestedProfile, reading: ResolveOptions): Compared {
  const program = checked(bytes);
  const text = readFileSync(json, 'utf8');
  const policy = policyOf({ ...like, text }, reading);
  if (prove(program, policy).proved) return { equal: true, but: [], others: [] };

  const known = reduced(text, like.arches);
  const rest = changes(program, policyOf({ ...like, text: known.text }, reading));
  const gaps = rest.filter((change) => isX32Gap(change, policy));
  const differing = new Set(changes(program, policy).map(({ call }) => call));
  const unknown = known.unknown.filter((name) => differing.has(name.replace(/ .*/, '')));
  return {
    equal: false,
    others: rest.filter((change) => !gaps.includes(change)),
    but: [
      ...(gaps.length > 0 ? ['numbers 0x80000000 to 0xbfffffff, which libseccomp takes for x32'] : []),
      ...(unknown.length > 0 ? [`what libseccomp ${known.version} does not know (${unknown.join(', ')})`] : []),
    ],
  };
}

/**
 * What a client's own programs, all together, do beside what the profile says: 'tightened on x86_64: 40 calls'. Throws
 * when one of the calls that the profile denies on its ABIs gets through.
 */
export function besides(stack: FilterStack, policy: Policy): readonly string[] {
  const all = changes(stack, policy);
  const holes = all.filter(
    ({ kind, arch: abi }) => kind === 'LOOSENED' && policy.arches.some((own) => own.arch === abi),
  );
  if (holes.length > 0) throw new Error(`what the profile denies gets through:\n${changesText(holes)}`);
  const calls = new Map<string, number>();
  for (const { kind, arch: abi, call, words } of all) {
    const to = words === undefined ? '' : ` (${describeWord(words[1])})`;
    const key = `${kind.toLowerCase()} on ${abi?.name ?? 'other architectures'}${to}`;
    calls.set(key, (calls.get(key) ?? 0) + Number(call !== undefined));
  }
  return [...calls].map(([key, count]) => (count > 0 ? `${key}: ${count} calls` : key));
}
