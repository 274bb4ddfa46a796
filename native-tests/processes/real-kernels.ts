/** The filter reader on kernels of other machines, each booted under qemu-system. */
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { arch, syscallNumber } from '../../src/arch/index.ts';
import { type CpuName, decodeReading, filterReaderElf, type Reading } from '../../src/machine/index.ts';
import type { Endian } from '../../src/num/index.ts';
import { compiled } from '../kernel/qemu/boot.ts';
import { type Ended, type Ran, session } from '../kernel/qemu/commands.ts';
import type { Machine } from '../kernel/qemu/machines.ts';
import { filterOf, KILL, records } from '../machine/tools.ts';

const EVERYTHING = (endian: 'little' | 'big') => records([[0x06, 0, 0, 0x7fff_0000]], endian);

/** What a call that slept for its whole time gives, after the reader was there twice. EINTR is mended on x86 alone. */
const RESULTS = { nanosleep: '0 0', ppoll: '0 0', futex: '-1 110', epoll: '0 0', semtimedop: '-1 11' } as const;
const EINTR = '-1 4';

function answersOf(ran: Ended, endian: Endian): readonly (Reading | undefined)[] {
  return [...textOf(ran).matchAll(/^answer ([0-9a-f]*)$/gm)].map(([, hex = '']) =>
    decodeReading(Uint8Array.from(Buffer.from(hex, 'hex')), endian),
  );
}

function check(
  ran: Ended,
  call: keyof typeof RESULTS,
  filters: readonly Uint8Array[],
  endian: Endian,
  isX86: boolean,
): void {
  const lines = textOf(ran).trim().split('\n');
  const wanted = { step: 'done', errno: 0, filters: filters.map((program) => ({ program, flags: 0 })) };
  const ends = isX86 || !['epoll', 'semtimedop'].includes(call) ? RESULTS[call] : EINTR;
  // Woken by the first reader, it is gone before the second one.
  const answers = answersOf(ran, endian).slice(0, ends === EINTR ? 1 : 2);
  for (const answer of answers) assert.equal(answer, wanted, `${call}: ${textOf(ran)}`);
  assert.equal(
    [answers.length, ...lines.slice(2)],
    [ends === EINTR ? 1 : 2, ends, 'status 0'],
    `${call}: ${textOf(ran)}`,
  );
}

const textOf = ({ stdout }: Ended) => Buffer.from(stdout).toString('latin1');

/** A static program from a source of this folder. */
function built(compiler: string, source: string): Uint8Array {
  const flags = ['-std=gnu11', '-O2', '-static', '-pthread', '-Wall', '-Wextra', '-Werror'];
  return compiled(compiler, [...flags, join(process.cwd(), 'native-tests', 'processes', source)]);
}

/** Boots the machine; throws at the first difference: filters are read, and whoever carries them goes on. */
export function filtersRead(machine: Machine, cpu: CpuName): Ran {
  const own = arch(cpu);
  const { endian } = own;
  const isX86 = cpu === 'x86_64' || cpu === 'i386';
  // 32-bit programs on x86_64 too: the machine that tests run on need not run any.
  const i386 = cpu === 'x86_64' ? machine.abis.find(({ name, int80 }) => name === 'i386' && !int80) : undefined;
  const noRestart = filterOf(new Map([[syscallNumber(own, 'restart_syscall') as number, KILL]]), undefined, endian);
  // i386 programs on x86_64: restart_syscall is 0 there, which x86_64 has as read.
  const no32 = filterOf(new Map([[0, KILL]]), undefined, endian);
  const calls = Object.keys(RESULTS) as (keyof typeof RESULTS)[];
  const files: Readonly<Record<string, Uint8Array>> = {
    reader: filterReaderElf(cpu, 5),
    driver: built(machine.compiler, 'driver.c'),
    carrier: built(machine.compiler, 'carrier.c'),
    all: EVERYTHING(endian),
    no: noRestart,
    ...(i386 && {
      carrier32: built(i386.compiler, 'carrier.c'),
      reader32: filterReaderElf('i386', 5),
      no32,
    }),
  };
  const run = (reader: string, carrier: string, filter: string) =>
    calls.map((call) => `/driver ${reader} ${carrier} /all ${filter} ${call} 2500`);
  const commands = [
    ...run('/reader', '/carrier', '/no'),
    ...(i386 ? [...run('/reader', '/carrier32', '/no32'), ...run('/reader32', '/carrier32', '/no32')] : []),
  ];
  const last = '/driver --yama /reader /carrier /all ppoll 1000';
  const { kernel, seconds, ended: all } = session(machine, new Map(Object.entries(files)), [...commands, last]);
  const forbidden = all.at(-1)!;
  const ended = all.slice(0, -1);
  assert.equal([answersOf(forbidden, endian)[0], forbidden.status], [{ step: 'rehearsal', errno: 1, filters: [] }, 0]);
  assert.match(textOf(forbidden), /\n0 0\nstatus 0\n$/);
  ended.forEach((ran, i) => {
    const filter = i < calls.length ? noRestart : no32;
    check(ran, calls[i % calls.length]!, [EVERYTHING(endian), filter], endian, isX86);
  });
  assert.is(ended.length, commands.length);
  return { kernel, seconds, ran: all.length };
}
