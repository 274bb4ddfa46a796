/**
 * The demo: a program that confines itself with whatever filter its own file carries, then shows what that means.
 *
 * It opens /proc/self/exe, walks the section headers to `.seccomp_rules`, copies the filter onto its stack and installs
 * it. Then it makes the calls of DEMO_CALLS and prints what the kernel answered, one line each, on fd 1:
 *
 *     getpid() -> 1234
 *     socket(AF_INET, SOCK_STREAM, 0) -> -1 EPERM (1)
 *
 * and ends with status 0 whatever was denied. Without the section, or when anything on the way fails, it makes none of
 * the calls: it says why on fd 2 and ends with status 159 (128 + SIGSYS, as a shell shows a seccomp kill). When even
 * exit_group is denied, it traps, so it never runs on.
 *
 * Reads 64-bit little-endian ELF only, which is what `executable.ts` writes for the two ABIs below.
 * @see System V gABI, "Object Files"; Linux include/uapi/linux/seccomp.h, include/uapi/linux/filter.h struct sock_fprog
 */
import type { MachineCode } from './code.ts';
import type { Cpu, Operand, Var } from './cpu.ts';
import {
  endWith,
  FPROG_SIZE,
  installFilter,
  putNumber,
  REFUSED_STATUS,
  SOCK_FILTER_SIZE,
  STDERR,
  STDOUT,
  writeText,
} from './parts.ts';
import { cpuFor, type MachineTarget } from './targets.ts';

export { REFUSED_STATUS };

/**
 * The calls that the demo makes once it is confined. Each does no harm to anyone when it is allowed, and answers other
 * than EPERM then, for root too: a process id, a fresh descriptor (or EAFNOSUPPORT), and 0 (nothing to unshare).
 */
export const DEMO_CALLS: readonly {
  readonly name: string;
  readonly shown: string;
  readonly args: readonly number[];
}[] = [
  { name: 'getpid', shown: 'getpid()', args: [] },
  { name: 'socket', shown: 'socket(AF_INET, SOCK_STREAM, 0)', args: [2, 1, 0] },
  { name: 'unshare', shown: 'unshare(0)', args: [0] },
];

const SECTION = '.seccomp_rules';

/** Elf64_Ehdr and Elf64_Shdr: both 64 bytes. */
const EHDR = { size: 64, e_shoff: 40, e_shentsize: 58, e_shnum: 60, e_shstrndx: 62 } as const;
const SHDR = { size: 64, sh_name: 0, sh_offset: 24, sh_size: 32 } as const;

const MOST_FILTER_BYTES = 4096 * SOCK_FILTER_SIZE;

/** Byte offsets in the frame. `name` is longer than the name and its NUL; `digits` holds 20 digits and a line break. */
const FRAME = {
  ehdr: 0,
  shdr: 64,
  names: 128,
  name: 192,
  fprog: 208,
  digits: 208 + FPROG_SIZE,
  filter: 256,
  size: 0x9000,
} as const;
const DIGITS_END = FRAME.filter;

const AT_FDCWD = -100;
const O_CLOEXEC = 0x80000;

const TEXTS = {
  cannot_read: 'demo: cannot read the section headers of this file; not starting\n',
  no_section: `demo: this file has no ${SECTION} section, so nothing would confine it; not starting\n`,
  bad_size: `demo: ${SECTION} is empty, longer than 4096 instructions, or cut short; not starting\n`,
  not_installed: 'demo: the kernel did not install the filter; not starting; errno ',
  minus_one: '-1 errno ',
  eperm: '-1 EPERM (1)\n',
  enosys: '-1 ENOSYS (38)\n',
} as const;

export function demoProgram(target: MachineTarget): MachineCode {
  const cpu = cpuFor(target);
  cpu.frame(FRAME.size);
  findSection(cpu);
  install(cpu);
  makeCalls(cpu);
  endWith(cpu, 0);
  refusals(cpu);
  printAnswer(cpu);
  texts(cpu);
  return cpu.finish();
}

/** Leaves the descriptor in v0, the filter's size in v1 and its file offset in v2. */
function findSection(cpu: Cpu): void {
  const [fd, header, namesAt, left, size, scratch] = ['v0', 'v1', 'v2', 'v3', 'v4', 'v5'] as const;

  cpu.syscall(fd, 'openat', [AT_FDCWD, { label: 'own_file' }, O_CLOEXEC, 0]);
  cpu.branch(fd, 'less', 0, 'cannot_read');
  readExactly(cpu, fd, FRAME.ehdr, EHDR.size, 0);
  cpu.load(size, 16, { at: 'frame', offset: FRAME.ehdr + EHDR.e_shentsize });
  cpu.branch(size, '!=', SHDR.size, 'cannot_read');

  // Where the names are: sh_offset of section e_shstrndx.
  cpu.load(header, 16, { at: 'frame', offset: FRAME.ehdr + EHDR.e_shstrndx });
  cpu.shiftLeft(header, Math.log2(SHDR.size));
  cpu.load(scratch, 64, { at: 'frame', offset: FRAME.ehdr + EHDR.e_shoff });
  cpu.add(header, scratch);
  readExactly(cpu, fd, FRAME.names, SHDR.size, header);
  cpu.load(namesAt, 64, { at: 'frame', offset: FRAME.names + SHDR.sh_offset });

  cpu.copy(header, scratch);
  cpu.load(left, 16, { at: 'frame', offset: FRAME.ehdr + EHDR.e_shnum });
  cpu.label('each_section');
  cpu.branch(left, '==', 0, 'no_section');
  cpu.subtract(left, 1);
  readExactly(cpu, fd, FRAME.shdr, SHDR.size, header);
  cpu.add(header, SHDR.size);
  cpu.load(scratch, 32, { at: 'frame', offset: FRAME.shdr + SHDR.sh_name });
  cpu.add(scratch, namesAt);
  // A name near the end of the file is shorter: then the read is, and it is another name.
  const nameSize = SECTION.length + 1;
  cpu.syscall(size, 'pread64', [fd, { frame: FRAME.name }, nameSize, scratch]);
  cpu.branch(size, '!=', nameSize, 'each_section');
  // The name and its NUL are 15 bytes: two words that overlap by one byte.
  for (const offset of [0, nameSize - 8]) {
    cpu.address(size, { label: 'wanted' });
    cpu.load(size, 64, { at: size, offset });
    cpu.load(scratch, 64, { at: 'frame', offset: FRAME.name + offset });
    cpu.branch(size, '!=', scratch, 'each_section');
  }
  cpu.load('v1', 64, { at: 'frame', offset: FRAME.shdr + SHDR.sh_size });
  cpu.load('v2', 64, { at: 'frame', offset: FRAME.shdr + SHDR.sh_offset });
}

/** pread64 of `size` bytes into the frame; anything else than all of them ends the program. Uses v4. */
function readExactly(cpu: Cpu, fd: Var, to: number, size: number, at: Operand): void {
  cpu.syscall('v4', 'pread64', [fd, { frame: to }, size, at]);
  cpu.branch('v4', '!=', size, 'cannot_read');
}

/** Takes v0 to v2 as `findSection` leaves them. A size that is no multiple of 8 would lose its tail silently: refused. */
function install(cpu: Cpu): void {
  const [fd, size, at, result] = ['v0', 'v1', 'v2', 'v3'] as const;
  cpu.branch(size, '==', 0, 'bad_size');
  cpu.branch(size, 'above', MOST_FILTER_BYTES, 'bad_size');
  cpu.syscall(result, 'pread64', [fd, { frame: FRAME.filter }, size, at]);
  cpu.branch(result, '!=', size, 'bad_size');
  cpu.copy(result, size);
  cpu.shiftRight(size, Math.log2(SOCK_FILTER_SIZE));
  cpu.copy(at, size);
  cpu.shiftLeft(at, Math.log2(SOCK_FILTER_SIZE));
  cpu.branch(result, '!=', at, 'bad_size');
  cpu.syscall(undefined, 'close', [fd]);
  const failed = { prctl: 'not_installed', seccomp: 'not_installed' };
  installFilter(cpu, {
    fprog: FRAME.fprog,
    filter: { frame: FRAME.filter },
    length: size,
    flags: 0,
    result: 'v3',
    failed,
  });
}

function makeCalls(cpu: Cpu): void {
  cpu.set('v0', STDOUT);
  for (const { name, args } of DEMO_CALLS) {
    cpu.syscall('v1', name, args);
    writeText(cpu, 'v0', `call_${name}`, callText(name));
    cpu.call('print_answer');
  }
}

function callText(name: string): string {
  return `${DEMO_CALLS.find((call) => call.name === name)?.shown} -> `;
}

/** One landing place for each message of refusal; `not_installed` also prints the errno, from v3. */
function refusals(cpu: Cpu): void {
  for (const name of ['cannot_read', 'no_section', 'bad_size'] as const) {
    cpu.label(name);
    writeText(cpu, STDERR, `text_${name}`, TEXTS[name]);
    cpu.jump('refuse');
  }
  cpu.label('not_installed');
  writeText(cpu, STDERR, 'text_not_installed', TEXTS.not_installed);
  cpu.set('v0', STDERR);
  cpu.copy('v1', 'v3');
  cpu.negate('v1');
  cpu.call('print_number');
  cpu.label('refuse');
  endWith(cpu, REFUSED_STATUS, 'stuck_refused');
}

/** print_answer: v1 as a system call's result, with a line break, on the descriptor v0. print_number: v1 as it is. */
function printAnswer(cpu: Cpu): void {
  const [fd, value, cursor, digit, ten] = ['v0', 'v1', 'v2', 'v3', 'v4'] as const;
  cpu.subroutine('print_answer', () => {
    // -4095 to -1 are errors; every other result is a number.
    cpu.branch(value, 'less', -4095, 'print_number');
    cpu.branch(value, 'less', 0, 'failed');

    cpu.label('print_number');
    putNumber(cpu, { value, cursor, digit, ten }, DIGITS_END);
    cpu.address(digit, { frame: DIGITS_END });
    cpu.subtract(digit, cursor);
    cpu.syscall(undefined, 'write', [fd, cursor, digit]);
    cpu.leave();

    cpu.label('failed');
    cpu.branch(value, '==', -1, 'eperm');
    cpu.branch(value, '==', -38, 'enosys');
    cpu.negate(value);
    writeText(cpu, fd, 'text_minus_one', TEXTS.minus_one);
    cpu.jump('print_number');
    cpu.label('eperm');
    writeText(cpu, fd, 'text_eperm', TEXTS.eperm);
    cpu.leave();
    cpu.label('enosys');
    writeText(cpu, fd, 'text_enosys', TEXTS.enosys);
  });
}

function texts(cpu: Cpu): void {
  cpu.ascii('own_file', '/proc/self/exe\0');
  cpu.ascii('wanted', `${SECTION}\0`);
  for (const [name, text] of Object.entries(TEXTS)) cpu.ascii(`text_${name}`, text);
  for (const { name } of DEMO_CALLS) cpu.ascii(`call_${name}`, callText(name));
}
