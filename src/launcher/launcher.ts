/**
 * A checked program as a launcher: an executable that installs it, sets no_new_privs, and becomes another program.
 *
 * The launcher starts that program with execve, under the filter, so a filter that denies execve is refused here.
 */
import { actionOf, arch as archNamed, SECCOMP_RET_USER_NOTIF, syscallNumber } from '../arch/index.ts';
import { fail } from '../diag/index.ts';
import type { CheckedProgram } from '../kernel/index.ts';
import { launcherElf } from '../machine/index.ts';
import { coveredArches, holdsFor, isDenied } from '../prove/index.ts';
import { chooseArch, flagBits, type LauncherArch, type LauncherOptions, namedArch } from './options.ts';

export const LAUNCHER_USAGE = 'PATH [ARGUMENT...]';
export const DESCRIPTOR_USAGE = 'FD PATH [ARGUMENT...]';

/**
 * The bytes of an executable file (mode 0755 is up to whoever writes it): `launcher PATH [ARGUMENT...]` becomes PATH,
 * confined. At most 1 KB longer than the program, which is its section `.seccomp_rules`.
 * @param program the filter; it goes into the file
 * @param options `arch` where the filter is for several
 * @returns a static ELF file
 * @throws SeccompcError ARCH_UNKNOWN, ARCH_MISSING, ARCH_BYTE_ORDER, FLAG_UNKNOWN, LAUNCHER_NONE; LAUNCHER_EXECVE and
 *   NOTIFY_UNUSABLE for filters that no launcher can start a program under
 */
export function launcher(program: CheckedProgram, options: LauncherOptions = {}): Uint8Array {
  return supervisedLauncher(program, options);
}

/** The same with a parent that tells on `supervise` how the program ends, which gets the descriptors `keep`: see machine/supervise.ts. */
export function supervisedLauncher(
  program: CheckedProgram,
  options: LauncherOptions,
  supervise?: number | undefined,
  keep: readonly number[] = [],
): Uint8Array {
  const arch = options.arch === undefined ? chooseArch(coveredArches(program)) : namedArch(options.arch);
  const flags = flagBits(options.flags ?? []);
  const { endian } = archNamed(arch);
  if (endian !== program.endian) {
    const message = `the program is ${program.endian}-endian, and ${arch} is ${endian}-endian`;
    fail({ code: 'ARCH_BYTE_ORDER', message, help: `compile it for ${arch}` });
  }
  requireExecve(program, arch);
  refuseListener(program);
  return launcherElf({ arch, program: program.bytes, flags, named: options.named, supervise, keep });
}

/**
 * The bytes of an executable file without a filter: `launcher FD PATH [ARGUMENT...]` reads it from the descriptor FD (3
 * or above) at each start. What it will read cannot be checked here: the kernel refuses what is no program.
 * @param options `arch` is needed; `flags` for seccomp(2)
 * @returns a static ELF file
 * @throws SeccompcError ARCH_UNKNOWN, ARCH_MISSING, FLAG_UNKNOWN, LAUNCHER_NONE
 */
export function descriptorLauncher({ arch, flags = [], named }: LauncherOptions): Uint8Array {
  const own = arch === undefined ? chooseArch([]) : namedArch(arch);
  return launcherElf({ arch: own, program: 'descriptor', flags: flagBits(flags), named });
}

/** Throws LAUNCHER_EXECVE when every execve of this ABI is denied, whatever its arguments. */
function requireExecve(program: CheckedProgram, name: LauncherArch): void {
  const arch = archNamed(name);
  const calls = [{ arch: arch.audit, nr: syscallNumber(arch, 'execve') as number }];
  const [held] = holdsFor(program, [{ region: { calls }, predicate: isDenied }]);
  if (held?.holds !== true) return;
  fail({
    code: 'LAUNCHER_EXECVE',
    message: `the filter denies execve on ${name}, and under it the command is started`,
    help: 'allow execve; or let the program confine itself: seccompc build PROFILE --into PROGRAM --enforce',
  });
}

const RET_K = 0x06;

/** Throws NOTIFY_UNUSABLE for a program that asks a listener. */
function refuseListener(program: CheckedProgram): void {
  if (!program.insns.some(({ code, k }) => code === RET_K && actionOf(k) === SECCOMP_RET_USER_NOTIF)) return;
  fail({
    code: 'NOTIFY_UNUSABLE',
    message:
      'the filter asks a listener (SCMP_ACT_NOTIFY), which a launcher could hand to nobody: such calls get ENOSYS',
    help: 'let the rule have another action, or install the filter from a program that listens',
  });
}
