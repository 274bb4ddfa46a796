/** Which launcher: its ABI, and the filter flags that mean something to it. */
import { type Arch, type ArchName, FILTER_FLAGS, findArch } from '../arch/index.ts';
import { fail, quoted } from '../diag/index.ts';
import { CPU_NAMES, type CpuName, isCpuName, LAUNCHER_FLAGS } from '../machine/index.ts';

/** The ABIs that launchers exist for. */
export type LauncherArch = CpuName;

export const LAUNCHER_ARCHES: readonly LauncherArch[] = CPU_NAMES;

export interface LauncherOptions {
  /** The launcher's own ABI, by any of its names; what the program is for where that is one. */
  readonly arch?: string | undefined;
  /** 'SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW'; TSYNC means nothing to a single thread. */
  readonly flags?: readonly string[] | undefined;
  /** `launcher PATH NAME [ARGUMENT...]`: what the program gets as argv[0] is given apart from its path. */
  readonly named?: boolean | undefined;
}

/** What one thread does not need to be told. */
const IDLE = 'SECCOMP_FILTER_FLAG_TSYNC';

/** The flags as seccomp(2) takes them. Throws FLAG_UNKNOWN, LAUNCHER_NONE. */
export function flagBits(flags: readonly string[]): number {
  return flags.reduce((bits, name) => {
    const bit = FILTER_FLAGS.get(name) ?? fail({ code: 'FLAG_UNKNOWN', message: `${quoted(name)} is no filter flag` });
    if (name === IDLE) return bits;
    if ((bit & ~LAUNCHER_FLAGS) !== 0) {
      const message = `${name} is for a filter with a listener, which a launcher could hand to nobody`;
      return fail({ code: 'LAUNCHER_NONE', message, help: 'leave the flag out' });
    }
    return bits | bit;
  }, 0);
}

/** An ABI by any of its names. Throws ARCH_UNKNOWN, LAUNCHER_NONE. */
export function namedArch(name: string): LauncherArch {
  const found = findArch(name) ?? fail({ code: 'ARCH_UNKNOWN', message: `${quoted(name)} is no architecture` });
  if (isCpuName(found.name)) return found.name;
  const message = `there is no launcher for ${found.name}`;
  return fail({ code: 'LAUNCHER_NONE', message, help: `there is one for ${LAUNCHER_ARCHES.join(', ')}` });
}

/** A 64-bit kernel that runs both runs the 64-bit launcher. */
const BESIDE: ReadonlyMap<ArchName, ArchName> = new Map([['i386', 'x86_64']]);

/**
 * The one ABI to make a launcher for, of those that a filter is for.
 * @param arches as `policy.arches` names them
 * @returns the ABI whose kernel runs all of them
 * @throws SeccompcError ARCH_MISSING, LAUNCHER_NONE
 */
export function chooseArch(arches: readonly Arch[]): LauncherArch {
  const names = arches.map(({ name }) => name);
  const possible = LAUNCHER_ARCHES.filter((name) => names.includes(name));
  const [found, another] = possible.filter((name) => !possible.some((other) => BESIDE.get(name) === other));
  if (found !== undefined && another === undefined) return found;
  if (found === undefined && names.length > 0) {
    const message = `there is no launcher for ${names.join(', ')}`;
    return fail({ code: 'LAUNCHER_NONE', message, help: `there is one for ${LAUNCHER_ARCHES.join(', ')}` });
  }
  const message = `name the launcher's architecture: the filter is for ${names.length === 0 ? 'none' : names.join(', ')}`;
  return fail({ code: 'ARCH_MISSING', message, help: `one of ${LAUNCHER_ARCHES.join(', ')}` });
}
