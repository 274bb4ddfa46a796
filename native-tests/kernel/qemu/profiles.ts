/**
 * Compiled profiles in a machine's kernel, by every ABI that it serves: what the kernel says to each call is what the
 * interpreter says of the program and `evaluate` of the policy, for the data that this kernel shows to filters.
 */
import { readFileSync } from 'node:fs';
import { arch } from '../../../src/arch/index.ts';
import { type Policy, parseProfile, type ResolveOptions, resolvePolicy } from '../../../src/policy/index.ts';
import { sharedText, withoutShared } from '../../../test/support/shared.ts';
import { Tally } from '../ask.ts';
import { decodeGroupAnswers, encodeGroups } from './batch.ts';
import { callerProgram } from './boot.ts';
import { session } from './commands.ts';
import type { Abi, Machine, MachineReport } from './machines.ts';
import { foreignPart, leavesPart, type Part, shownPart, wholePart } from './questions.ts';

export interface Profile {
  readonly name: string;
  readonly absent: () => string | undefined;
  readonly text: () => string;
  readonly options?: ResolveOptions;
}

const docker = { absent: withoutShared, text: () => sharedText('profiles/docker-default.json') };

const own = (name: string, path: string): Profile => {
  return { name, absent: () => undefined, text: () => readFileSync(path, 'utf8') };
};

/** Under these a program runs as without. */
export const CONTAINER_PROFILES: readonly Profile[] = [
  { name: 'docker-default', ...docker },
  { name: 'docker-default, all capabilities', ...docker, options: { caps: 'all' } },
  own('container-default', 'profiles/container-default.jsonc'),
];
export const PROFILES: readonly Profile[] = [
  ...CONTAINER_PROFILES,
  own('denylist', 'native-tests/kernel/qemu/denylist.jsonc'),
];

/** The policy of a profile for these ABIs, all of them in one program. */
function policyFor(profile: Profile, abis: readonly Abi[]): Policy {
  const arches = [...new Set(abis.map((abi) => abi.name))];
  return resolvePolicy(parseProfile(profile.text(), { file: profile.name }), { ...profile.options, arches });
}

/** What one ABI of a kernel is asked. */
export interface Asked {
  readonly abi: Abi;
  readonly caller: Uint8Array;
  readonly batch: Uint8Array;
  /** Judges what the caller wrote; `how` the kernel ran the filters, for the report. */
  judge(answers: Uint8Array, how: string): void;
}

function partsFor(abis: readonly Abi[], abi: Abi, profiles: readonly Profile[], tally: Tally): readonly Part[] {
  const policies = profiles.map((profile) => [`${abi.name}, ${profile.name}`, policyFor(profile, abis)] as const);
  const others = abis.filter((other) => other.name !== abi.name);
  const foreign = others.length === 0 ? [] : [foreignPart(abi, policyFor(profiles[0]!, others), tally)];
  return [
    shownPart(abi, tally),
    ...policies.map(([name, policy]) => leavesPart(abi, policy, name, tally)),
    ...policies.map(([name, policy]) => wholePart(abi, policy, name, tally)),
    ...foreign,
  ];
}

/** For each ABI of a kernel a program that makes the calls, and what it is to do. All ABIs go into each filter. */
export function askedOf(abis: readonly Abi[], profiles: readonly Profile[], tally: Tally): readonly Asked[] {
  return abis.map((abi) => {
    const { endian } = arch(abi.name);
    const parts = partsFor(abis, abi, profiles, tally);
    const groups = parts.flatMap((part) => part.groups);
    return {
      abi,
      caller: callerProgram(abi),
      batch: encodeGroups(groups, endian),
      judge(bytes, how) {
        const answers = decodeGroupAnswers(groups, bytes, endian);
        for (const part of parts) part.judge(answers.splice(0, part.groups.length), how);
      },
    };
  });
}

const JIT = '/proc/sys/net/core/bpf_jit_enable';
const HOW = ['interpreted', 'compiled'] as const;

/** Boots the machine and compares; `machineAbsent` says beforehand whether that can be done here. */
export function compareProfiles(machine: Machine): MachineReport {
  const tally = new Tally();
  const present = PROFILES.filter(({ absent }) => absent() === undefined);
  const asked = askedOf(machine.abis, present, tally);
  const files = new Map<string, Uint8Array>();
  asked.forEach(({ caller, batch }, i) => {
    files.set(`caller${i}`, caller);
    files.set(`batch${i}`, batch);
  });
  const callers = asked.map((_, i) => `/caller${i} </batch${i}`);
  const commands = HOW.flatMap((_, mode) => [`= ${JIT} ${mode}`, ...callers]);
  const { kernel, seconds, ended, answers } = session(machine, files, commands);

  // Without the file this kernel interprets, always: the second round was the same as the first.
  const modes = HOW.filter((_, mode) => mode === 0 || answers[mode] === '0');
  modes.forEach((how, mode) => {
    asked.forEach(({ abi, judge }, i) => {
      const { status, signal, stdout } = ended[mode * asked.length + i]!;
      if (status !== 0) throw new Error(`${abi.name} caller: status ${status}, signal ${signal}`);
      judge(stdout, how);
    });
  });
  const names = machine.abis.map(({ name, int80 }) => (int80 ? `${name} (int 0x80 from 64-bit code)` : name));
  const note = `${names.join(', ')}; filters ${modes.join(' and ')}`;
  const skipped = PROFILES.filter((profile) => !present.includes(profile)).map(
    ({ name, absent }) => `${name}: ${absent()}`,
  );
  return { ...tally.report([note, ...skipped].join('; not compared: ')), kernel, seconds };
}
