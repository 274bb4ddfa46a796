/** Recorded calls that a kernel of some version, or an ABI that the filter is for, does not have. */
import { type Arch, isSyscallName, syscallName, syscallNumber, syscallRemoved, syscallSince } from '../arch/index.ts';
import { fail, quoted } from '../diag/index.ts';
import { compareVersions, parseKernelVersion } from '../policy/index.ts';
import type { LackingCall, TracedCall } from './types.ts';

type Version = readonly [number, number];

/** @throws SeccompcError KERNEL_VERSION */
export function kernelVersion(text: string): Version {
  const message = `a kernel version is MAJOR.MINOR, not ${quoted(text)}`;
  return parseKernelVersion(text) ?? fail({ code: 'KERNEL_VERSION', message });
}

/** Why the call is not there; undefined where it is, as far as the tables tell. */
export function lacks(
  { arch, nr, name }: TracedCall,
  kernel: Version,
  arches: readonly Arch[],
): Omit<LackingCall, 'call' | 'count' | 'first'> | undefined {
  if (arch !== undefined && nr !== undefined && syscallName(arch, nr) === undefined) {
    return { why: `${arch.name} has no call of this number` };
  }
  if (!isSyscallName(name)) return name === '' ? undefined : { why: 'no ABI has a call of this name' };
  const since = syscallSince(name);
  const from = since === undefined ? undefined : parseKernelVersion(since);
  if (from !== undefined && compareVersions(kernel, from) < 0) return { why: `there since Linux ${since}`, since };
  const removed = syscallRemoved(name);
  const until = removed === undefined ? undefined : parseKernelVersion(removed);
  if (until !== undefined && compareVersions(kernel, until) >= 0)
    return { why: `removed in Linux ${removed}`, removed };
  // One that was made on an ABI of the filter is there.
  if (arches.length === 0 || (arch !== undefined && arches.includes(arch))) return undefined;
  const without = arches.filter((abi) => syscallNumber(abi, name) === undefined);
  if (without.length < arches.length) return undefined;
  return { why: `no call of ${without.map((abi) => abi.name).join(', ')}` };
}
