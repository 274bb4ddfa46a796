/** The filter reader on kernels of other machines, each booted under qemu-system; on demand: SECCOMPC_QEMU=1. */
import * as assert from 'uvu/assert';
import { arch, syscallNumber } from '../../src/arch/index.ts';
import { type CpuName, decodeReading, filterReaderElf, type Reading } from '../../src/machine/index.ts';
import type { Endian } from '../../src/num/index.ts';
import { suite } from '../../test/suite.ts';
import { MACHINES, type Machine, machineAbsent } from '../kernel/qemu/machines.ts';
import { compile, type Ended, runAll, unasked } from '../machine/booted.ts';
import { filterOf, KILL, records } from '../machine/tools.ts';
import { withoutTool } from '../support.ts';

type Booted = Omit<Machine, 'name'> & { readonly name: CpuName };

/** x86_64 too, for its 32-bit programs: the machine that tests run on need not run any. */
const X86: Booted = {
  name: 'x86_64',
  endian: 'little',
  compiler: 'gcc',
  console: 'ttyS0',
  shiftBits: 5,
  qemu: ['qemu-system-x86_64', '-cpu', 'max'],
  image: { debian: 'amd64', suite: 'bookworm', meta: 'linux-image-cloud-amd64' },
};

const EVERYTHING = (endian: 'little' | 'big') => records([[0x06, 0, 0, 0x7fff_0000]], endian);

/** What a call that slept for its whole time gives, after the reader was there twice. EINTR is mended on x86 alone. */
const RESULTS = { nanosleep: '0 0', ppoll: '0 0', futex: '-1 110', epoll: '0 0', semtimedop: '-1 11' } as const;
const EINTR = '-1 4';

function answersOf({ stdout }: Ended, endian: Endian): readonly (Reading | undefined)[] {
  return [...stdout.matchAll(/^answer ([0-9a-f]*)$/gm)].map(([, hex = '']) =>
    decodeReading(Uint8Array.from(Buffer.from(hex, 'hex')), endian),
  );
}

function check(
  ran: Ended,
  call: keyof typeof RESULTS,
  filters: readonly Uint8Array[],
  machine: Pick<Machine, 'endian'>,
  isX86: boolean,
): void {
  const lines = ran.stdout.trim().split('\n');
  const wanted = { step: 'done', errno: 0, filters: filters.map((program) => ({ program, flags: 0 })) };
  const ends = isX86 || !['epoll', 'semtimedop'].includes(call) ? RESULTS[call] : EINTR;
  // Woken by the first reader, it is gone before the second one.
  const answers = answersOf(ran, machine.endian).slice(0, ends === EINTR ? 1 : 2);
  for (const answer of answers) assert.equal(answer, wanted, `${call}: ${ran.stdout}`);
  assert.equal(
    [answers.length, ...lines.slice(2)],
    [ends === EINTR ? 1 : 2, ends, 'status 0'],
    `${call}: ${ran.stdout}`,
  );
}

suite('native/processes/real-kernels', (test) => {
  for (const machine of [...MACHINES, X86] as readonly Booted[]) {
    const isX86 = machine === X86;
    test.needs(
      () => unasked ?? machineAbsent(machine) ?? (isX86 ? withoutTool('i686-linux-gnu-gcc') : undefined),
      `${machine.name}: filters are read, and whoever carries them goes on`,
      () => {
        const { endian } = machine;
        const own = arch(machine.name);
        const noRestart = filterOf(
          new Map([[syscallNumber(own, 'restart_syscall') as number, KILL]]),
          undefined,
          endian,
        );
        // i386 programs on x86_64: restart_syscall is 0 there, which x86_64 has as read.
        const no32 = filterOf(new Map([[0, KILL]]), undefined, endian);
        const calls = Object.keys(RESULTS) as (keyof typeof RESULTS)[];
        const files = {
          reader: filterReaderElf(machine.name, 5),
          driver: compile(machine, 'processes/driver.c'),
          carrier: compile(machine, 'processes/carrier.c'),
          all: EVERYTHING(endian),
          no: noRestart,
          ...(isX86 && {
            carrier32: compile({ compiler: 'i686-linux-gnu-gcc' }, 'processes/carrier.c'),
            reader32: filterReaderElf('i386', 5),
            no32,
          }),
        };
        const run = (reader: string, carrier: string, filter: string) =>
          calls.map((call) => `/driver ${reader} ${carrier} /all ${filter} ${call} 2500`);
        const commands = [
          ...run('/reader', '/carrier', '/no'),
          ...(isX86 ? [...run('/reader', '/carrier32', '/no32'), ...run('/reader32', '/carrier32', '/no32')] : []),
        ];
        const all = runAll(machine, files, [...commands, '/driver --yama /reader /carrier /all ppoll 1000']);
        const [forbidden, ...ended] = [all.pop()!, ...all];
        assert.equal(
          [answersOf(forbidden, endian)[0], forbidden.status],
          [{ step: 'rehearsal', errno: 1, filters: [] }, 0],
        );
        assert.match(forbidden.stdout, /\n0 0\nstatus 0\n$/);
        ended.forEach((ran, i) => {
          const filter = i < calls.length ? noRestart : no32;
          check(ran, calls[i % calls.length]!, [EVERYTHING(endian), filter], machine, isX86);
        });
        assert.is(ended.length, commands.length);
      },
    );
  }
});
