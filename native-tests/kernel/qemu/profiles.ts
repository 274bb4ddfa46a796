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

interface Profile {
  readonly name: string;
  readonly absent: () => string | undefined;
  readonly text: () => string;
  readonly options?: ResolveOptions;
}

const docker = { absent: withoutShared, text: () => sharedText('profiles/docker-default.json') };

export const PROFILES: readonly Profile[] = [
  { name: 'docker-default', ...docker },
  { name: 'docker-default, all capabilities', ...docker, options: { caps: 'all' } },
  {
    name: 'container-default',
    absent: () => undefined,
    text: () => readFileSync('profiles/container-default.jsonc', 'utf8'),
  },
];

/** The policy of a profile for these ABIs, all of them in one program. */
function policyFor(profile: Profile, abis: readonly Abi[]): Policy {
  const arches = [...new Set(abis.map((abi) => abi.name))];
  return resolvePolicy(parseProfile(profile.text(), { file: profile.name }), { ...profile.options, arches });
}

function partsFor(machine: Machine, abi: Abi, tally: Tally): readonly Part[] {
  const present = PROFILES.filter((profile) => profile.absent() === undefined);
  const policies = present.map((profile) => [profile.name, policyFor(profile, machine.abis)] as const);
  const others = machine.abis.filter((other) => other.name !== abi.name);
  const foreign = others.length === 0 ? [] : [foreignPart(abi, policyFor(present.at(-1)!, others), tally)];
  return [
    shownPart(abi, tally),
    ...policies.map(([name, policy]) => leavesPart(abi, policy, `${abi.name}, ${name}`, tally)),
    ...policies.map(([name, policy]) => wholePart(abi, policy, `${abi.name}, ${name}`, tally)),
    ...foreign,
  ];
}

const JIT = '/proc/sys/net/core/bpf_jit_enable';
const HOW = ['interpreted', 'compiled'] as const;

/** Boots the machine and compares; `machineAbsent` says beforehand whether that can be done here. */
export function compareProfiles(machine: Machine): MachineReport {
  const tally = new Tally();
  const { endian } = arch(machine.name);
  const parts = machine.abis.map((abi) => partsFor(machine, abi, tally));
  const files = new Map<string, Uint8Array>();
  machine.abis.forEach((abi, i) => {
    files.set(`caller${i}`, callerProgram(abi));
    files.set(
      `batch${i}`,
      encodeGroups(
        parts[i]!.flatMap((part) => part.groups),
        endian,
      ),
    );
  });
  const callers = machine.abis.map((_, i) => `/caller${i} </batch${i}`);
  const switched = HOW.flatMap((_, mode) => [`= ${JIT} ${mode}`, ...callers]);
  const { kernel, seconds, ended, answers } = session(machine, files, switched);

  const done: string[] = [];
  HOW.forEach((how, mode) => {
    // Without the file this kernel interprets, always.
    if (answers[mode] !== '0' && mode === 1) return;
    done.push(how);
    machine.abis.forEach((abi, i) => {
      const { status, signal, stdout } = ended[mode * machine.abis.length + i]!;
      if (status !== 0) throw new Error(`${abi.name} caller: status ${status}, signal ${signal}`);
      const groups = parts[i]!.flatMap((part) => part.groups);
      const all = decodeGroupAnswers(groups, stdout, endian);
      for (const part of parts[i]!) part.judge(all.splice(0, part.groups.length), how);
    });
  });
  const skipped = PROFILES.flatMap(({ name, absent }) => {
    const why = absent();
    return why === undefined ? [] : [`${name}: ${why}`];
  });
  const names = machine.abis.map(({ name, int80 }) => (int80 ? `${name} (int 0x80 from 64-bit code)` : name));
  const note = `${names.join(', ')}; filters ${done.join(' and ')}`;
  return { ...tally.report([note, ...skipped].join('; not compared: ')), kernel, seconds };
}
