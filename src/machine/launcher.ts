/**
 * The launcher: a static program of 1 KB at most and the filter that installs it and becomes another program, on any
 * machine without a compiler.
 *
 *     launcher PATH [ARGUMENT...]         with the filter from its own section .seccomp_rules
 *     launcher FD PATH [ARGUMENT...]      with the filter read from the descriptor FD (3 or above), which is then closed
 *
 * `named`: between PATH and the arguments stands what the program gets as argv[0], which otherwise is PATH.
 *
 * PATH is taken as it is: no search in $PATH. Environment, descriptors, process id and signal dispositions pass through,
 * and since it becomes the program, so do that program's status and its signals. no_new_privs is set.
 *
 * execve comes after the filter, so the filter must allow it; an enforce stub in the program itself is for filters that do
 * not. Own failures end with 125 (the filter was not installed, nothing ran), a program that is not there with 127, and
 * one that cannot be run with 126, with a message on fd 2 that holds the errno (a filter may keep that message back). The
 * message does not repeat PATH: it may come from anywhere, and fd 2 may be a terminal.
 * @see POSIX "Command Search and Execution" and env(1) for 125 to 127; execve(2)
 */
import { arch as archNamed, BPF_MAXINSNS } from '../arch/index.ts';
import { alignUp } from '../num/index.ts';
import type { MachineCode } from './code.ts';
import type { Cpu } from './cpu.ts';
import { endWith, FPROG_SIZE, installFilter, putNumber, SOCK_FILTER_SIZE, STDERR } from './parts.ts';
import { SECTION_ALIGN, staticElf } from './static-elf.ts';
import { supervise } from './supervise.ts';
import { type CpuName, cpuFor } from './targets.ts';

/** What the launcher ends with when there is no program whose status it could be. */
export const LAUNCHER_STATUS = { own: 125, cannotRun: 126, notFound: 127 } as const;

/** LOG and SPEC_ALLOW: it has no other threads to synchronise, and could not pass a listener on. */
export const LAUNCHER_FLAGS = 0b110;

export const LAUNCHER_SECTION = '.seccomp_rules';

export interface Launcher {
  readonly arch: CpuName;
  /** Bytes from the code's first byte to the filter's, and its instructions; or that a descriptor has it. */
  readonly filter: { readonly address: number; readonly length: number } | 'descriptor';
  /** SECCOMP_FILTER_FLAG_*, of LAUNCHER_FLAGS; 0 unless given. */
  readonly flags?: number | undefined;
  /** argv[0] of the program is given apart, behind PATH. */
  readonly named?: boolean | undefined;
  /** A parent stays and tells on this descriptor (3 or above) how the program ends: see supervise.ts. */
  readonly supervise?: number | undefined;
  /** Supervised: the descriptors from 3 on that the program gets, all below that one; the others are closed. */
  readonly keep?: readonly number[] | undefined;
}

export interface LauncherFile {
  readonly arch: CpuName;
  /** sock_filter records in the target's byte order; or 'descriptor': each run is told where to read them. */
  readonly program: Uint8Array | 'descriptor';
  readonly flags?: number | undefined;
  readonly named?: boolean | undefined;
  readonly supervise?: number | undefined;
  /** Supervised: the descriptors from 3 on that the program gets, all below that one; the others are closed. */
  readonly keep?: readonly number[] | undefined;
}

const MOST_FILTER_BYTES = BPF_MAXINSNS * SOCK_FILTER_SIZE;

/** Byte offsets in the frame. `digits` holds 20 digits and a line break; what is read may be a byte too long. */
const FRAME = { fprog: 0, digitsEnd: FPROG_SIZE + 32, filter: FPROG_SIZE + 32, small: 48, large: 0x9000 } as const;

const ENOENT = 2;

const TEXTS = {
  usage: 'usage: launcher PATH [ARGUMENT...]\n',
  usage_fd: 'usage: launcher FD PATH [ARGUMENT...]\n',
  usage_name: 'usage: launcher PATH NAME [ARGUMENT...]\n',
  usage_fd_name: 'usage: launcher FD PATH NAME [ARGUMENT...]\n',
  not_read: 'seccompc: cannot read the filter; errno ',
  bad_size: 'seccompc: the filter is empty, longer than 4096 instructions, or cut short\n',
  no_privs: 'seccompc: PR_SET_NO_NEW_PRIVS failed; errno ',
  not_installed: 'seccompc: the kernel refused the filter; errno ',
  cannot_run: 'seccompc: cannot run the command; errno ',
} as const;
type Text = keyof typeof TEXTS;

export function launcherCode({
  arch,
  filter,
  flags = 0,
  named = false,
  supervise: tell,
  keep = [],
}: Launcher): MachineCode {
  if (!Number.isInteger(flags) || (flags & ~LAUNCHER_FLAGS) !== 0)
    throw new RangeError(`no launcher for flags ${flags}`);
  const cpu = cpuFor(arch);
  const read = filter === 'descriptor';
  const usage: Text = read ? (named ? 'usage_fd_name' : 'usage_fd') : named ? 'usage_name' : 'usage';
  const frame = read ? FRAME.large : FRAME.small;
  const path = read ? 2 : 1;
  const argv = named ? path + 1 : path;
  cpu.frame(frame);
  if (tell !== undefined) supervise(cpu, tell, keep);
  cpu.set('v5', LAUNCHER_STATUS.own);
  findArguments(cpu, frame);
  cpu.branch(ARGUMENTS.argc, 'below', argv + 1, usage);

  const common = {
    fprog: FRAME.fprog,
    flags,
    result: 'v0',
    failed: { prctl: 'no_privs', seccomp: 'not_installed' },
  } as const;
  if (read) {
    parseDescriptor(cpu, usage);
    readFilter(cpu);
    installFilter(cpu, { ...common, filter: { frame: FRAME.filter }, length: 'v4' });
    findArguments(cpu, frame);
  } else {
    cpu.external('filter', filter.address);
    installFilter(cpu, { ...common, filter: { label: 'filter' }, length: filter.length });
  }
  becomeProgram(cpu, path, argv);
  failures(cpu, read ? [usage, 'not_read', 'bad_size'] : [usage]);
  return cpu.finish();
}

/** The whole file. Throws RangeError for a program that is no whole number of instructions, or of none, or of too many. */
export function launcherElf({ arch, program, ...options }: LauncherFile): Uint8Array {
  if (program === 'descriptor') {
    const code = launcherCode({ arch, filter: program, ...options });
    return staticElf(archNamed(arch), [{ name: '.text', data: code.bytes, executable: true }]);
  }
  const size = program.length;
  if (size === 0 || size > MOST_FILTER_BYTES || size % SOCK_FILTER_SIZE !== 0)
    throw new RangeError(`a program of ${size} bytes`);
  // The filter comes first: its distance from the code is known before the code is.
  const filter = { address: -alignUp(size, SECTION_ALIGN), length: size / SOCK_FILTER_SIZE };
  return staticElf(archNamed(arch), [
    { name: LAUNCHER_SECTION, data: program, executable: false },
    { name: '.text', data: launcherCode({ arch, filter, ...options }).bytes, executable: true },
  ]);
}

/** Where `findArguments` leaves the address of what execve left on the stack (argc, argv, NULL, envp), and argc. */
const ARGUMENTS = { start: 'v2', argc: 'v1' } as const;

/** `frame`: the bytes that the program took of the stack. */
export function findArguments(cpu: Cpu, frame: number): void {
  cpu.address(ARGUMENTS.start, { frame });
  cpu.load(ARGUMENTS.argc, cpu.arch.wordBits, { at: ARGUMENTS.start, offset: 0 });
}

/** argv[1] in decimal to v2: digits alone, 3 to 2^20. */
function parseDescriptor(cpu: Cpu, usage: Text): void {
  const [text, fd, digit, times] = ['v1', 'v2', 'v3', 'v4'] as const;
  const { wordBits } = cpu.arch;
  cpu.load(text, wordBits, { at: ARGUMENTS.start, offset: (2 * wordBits) / 8 });
  cpu.set(fd, 0);
  cpu.load(digit, 8, { at: text, offset: 0 });
  cpu.label('each_character');
  cpu.subtract(digit, '0'.charCodeAt(0));
  cpu.branch(digit, 'above', 9, usage);
  cpu.copy(times, fd);
  cpu.shiftLeft(fd, 3);
  cpu.add(fd, times);
  cpu.add(fd, times);
  cpu.add(fd, digit);
  cpu.branch(fd, 'above', 2 ** 20, usage);
  cpu.add(text, 1);
  cpu.load(digit, 8, { at: text, offset: 0 });
  cpu.branch(digit, '!=', 0, 'each_character');
  // A program without standard input, output or error would open its first file in that place.
  cpu.branch(fd, 'below', 3, usage);
}

/** Reads the descriptor in v2 to its end and closes it; leaves the number of instructions in v4. */
function readFilter(cpu: Cpu): void {
  const [got, fd, to, left] = ['v0', 'v2', 'v3', 'v4'] as const;
  cpu.address(to, { frame: FRAME.filter });
  cpu.set(left, MOST_FILTER_BYTES + 1);
  cpu.label('read_more');
  cpu.syscall(got, 'read', [fd, to, left]);
  cpu.branch(got, 'less', 0, 'not_read');
  cpu.branch(got, '==', 0, 'read_all');
  cpu.add(to, got);
  cpu.subtract(left, got);
  cpu.branch(left, '==', 0, 'bad_size');
  cpu.jump('read_more');

  cpu.label('read_all');
  const [start, size, length] = ['v0', 'v3', 'v4'] as const;
  cpu.address(start, { frame: FRAME.filter });
  cpu.subtract(size, start);
  cpu.branch(size, '==', 0, 'bad_size');
  cpu.copy(length, size);
  cpu.shiftRight(length, Math.log2(SOCK_FILTER_SIZE));
  cpu.copy(start, length);
  cpu.shiftLeft(start, Math.log2(SOCK_FILTER_SIZE));
  cpu.branch(start, '!=', size, 'bad_size');
  cpu.syscall(undefined, 'close', [fd]);
}

/** execve(argv[path], argv + first, envp), from what `findArguments` left. Behind it a negative errno is left in v0. */
export function execute(cpu: Cpu, path: number, first: number): void {
  const word = cpu.arch.wordBits / 8;
  const { start: argv, argc: environment } = ARGUMENTS;
  cpu.load('v0', cpu.arch.wordBits, { at: argv, offset: (1 + path) * word });
  cpu.shiftLeft(environment, Math.log2(word));
  cpu.add(environment, argv);
  cpu.add(environment, 2 * word);
  cpu.add(argv, (1 + first) * word);
  cpu.syscall('v0', 'execve', ['v0', argv, environment]);
}

/** `execute`; behind it the status is in v5. */
function becomeProgram(cpu: Cpu, path: number, first: number): void {
  execute(cpu, path, first);
  cpu.set('v5', LAUNCHER_STATUS.cannotRun);
  cpu.branch('v0', '!=', -ENOENT, 'cannot_run');
  cpu.set('v5', LAUNCHER_STATUS.notFound);
}

/**
 * One landing place for each text, the first right behind execve. A text that ends in 'errno ' is followed by -v0: the one
 * write comes round a second time, with the number, which `putNumber` has made 0.
 */
function failures(cpu: Cpu, more: readonly Text[]): void {
  const [errno, text, length] = ['v0', 'v1', 'v2'] as const;
  const used: readonly Text[] = ['cannot_run', 'no_privs', 'not_installed', ...more];
  for (const [i, name] of used.entries()) {
    cpu.label(name);
    if (TEXTS[name].endsWith('\n')) cpu.set(errno, 0);
    cpu.address(text, { label: `text_${name}` });
    cpu.set(length, TEXTS[name].length);
    if (i < used.length - 1) cpu.jump('say');
  }
  cpu.label('say');
  cpu.syscall(undefined, 'write', [STDERR, text, length]);
  cpu.branch(errno, '==', 0, 'ended');
  cpu.negate(errno);
  putNumber(cpu, { value: errno, cursor: text, digit: length, ten: 'v3' }, FRAME.digitsEnd);
  cpu.address(length, { frame: FRAME.digitsEnd });
  cpu.subtract(length, text);
  cpu.jump('say');
  cpu.label('ended');
  endWith(cpu, 'v5');
  for (const name of used) cpu.ascii(`text_${name}`, TEXTS[name]);
}
