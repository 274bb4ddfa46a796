/** The programs of entry/, which write what they find in their registers, and what those words mean. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { arch, syscallNumber } from '../../src/arch/index.ts';
import type { CpuName } from '../../src/machine/index.ts';
import { ByteView } from '../../src/num/index.ts';
import { linked } from './toolchain.ts';
import { errnoWord, filterOf } from './tools.ts';

/** What they end with. */
const STATUS = 7;

/** Answers of the calls that they make: PR_GET_NO_NEW_PRIVS, PR_GET_SECCOMP (0, or 2 with a filter), getppid. */
const RESULTS = ['no_new_privs', 'seccomp', 'getppid'];

const range = (name: string, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `${name}${from + i}`);

/** The words in the order of writing; behind the results each register, the stack pointer last. */
const WORDS: Readonly<Record<CpuName, readonly string[]>> = {
  x86_64: [
    ...RESULTS,
    ...['rax', 'rcx', 'rdx', 'rbx', 'rbp', 'rsi', 'rdi', 'r8', 'r9', ...range('r', 10, 15), 'rflags', 'rsp'],
  ],
  i386: [...RESULTS, 'eax', 'ecx', 'edx', 'ebx', 'ebp', 'esi', 'edi', 'eflags', 'esp'],
  aarch64: [...RESULTS, ...range('x', 0, 30), 'nzcv', 'sp'],
  riscv64: [...RESULTS, 'x1', ...range('x', 3, 31), 'sp'],
  s390x: [...RESULTS, ...range('r', 0, 14), 'cc', 'r15'],
};

/** Where the loader's exit function is at entry. */
export const EXIT_FUNCTION = { x86_64: 'rdx', i386: 'edx', aarch64: 'x0', riscv64: 'x10', s390x: 'r14' } as const;

/** What a stub takes on its way to the entry, and may: it means nothing there. */
export const TAKEN: Readonly<Record<CpuName, readonly string[]>> = {
  x86_64: [],
  i386: [],
  aarch64: [],
  riscv64: ['x7'],
  s390x: ['cc'],
};

/** What aarch64's takes besides, when the entry is more than 128 MiB away. */
export const TAKEN_FAR: readonly string[] = ['x16', 'x17'];

export function entrySource(name: string): string {
  return readFileSync(join(process.cwd(), 'native-tests', 'machine', 'entry', name), 'utf8');
}

export function entryProgram(cpu: CpuName, options: readonly string[] = [], more = ''): Uint8Array {
  return Uint8Array.from(readFileSync(linked(cpu, entrySource(`${cpu.replace('_', '-')}.s`) + more, options)));
}

const bytesText = (bytes: Uint8Array) => (bytes.length === 0 ? '' : `.byte ${bytes.join(', ')}\n`);

/**
 * A program that fills its registers, then runs `stub` (or nothing), then, right behind it, writes what it finds. The
 * filter ends where the stub starts.
 */
export function filledProgram(cpu: CpuName, filter: Uint8Array, stub: Uint8Array): Uint8Array {
  const file = `${cpu.replace('_', '-')}.s`;
  const source = `${entrySource(`fill-${file}`)}${bytesText(filter)}1:\n${bytesText(stub)}${entrySource(file)}`;
  return Uint8Array.from(readFileSync(linked(cpu, source, ['-e', 'fill'])));
}

/** EPERM for these calls; every other is allowed. */
export function denying(cpu: CpuName, ...calls: readonly string[]): Uint8Array {
  const numbers = calls.map((name) => syscallNumber(arch(cpu), name) as number);
  return filterOf(new Map(numbers.map((nr) => [nr, errnoWord(1)])), undefined, arch(cpu).endian);
}

/** `stdout` with one character a byte (latin1). */
interface Written {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type Words = ReadonlyMap<string, bigint>;

export function wordsOf(cpu: CpuName, ran: Written): Words {
  assert.is(ran.status, STATUS, ran.stderr);
  const { endian, wordBits } = arch(cpu);
  const view = new ByteView(Uint8Array.from(Buffer.from(ran.stdout, 'latin1')), endian);
  assert.is(view.bytes.length, (WORDS[cpu].length * wordBits) / 8);
  return new Map(WORDS[cpu].map((name, i) => [name, wordBits === 64 ? view.u64(8 * i) : BigInt(view.u32(4 * i))]));
}

/** The three results. */
export function resultsOf(words: Words): readonly (bigint | undefined)[] {
  return RESULTS.map((name) => words.get(name));
}

/** -1, EPERM, as a register of this CPU. */
export function eperm(cpu: CpuName): bigint {
  return BigInt.asUintN(arch(cpu).wordBits, -1n);
}

export interface Expected {
  /** Registers that may differ. */
  readonly taken?: readonly string[];
  /** Bytes from the program's entry to the stub: a loader jumps through a register, which then says where to. */
  readonly moved?: bigint;
}

/** Whatever differs between two plain runs (a loader leaves a process id behind) says nothing. */
export function sameRegisters(
  plain: readonly [Words, Words],
  confined: Words,
  { taken = [], moved = 0n }: Expected = {},
): void {
  const [before, again] = plain;
  for (const [name, value] of before) {
    if (RESULTS.includes(name) || taken.includes(name) || again.get(name) !== value) continue;
    if (confined.get(name) !== value + moved) assert.is(confined.get(name), value, name);
  }
}
