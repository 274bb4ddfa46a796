/**
 * The enforce stub in real programs: on this kernel (x86_64 and i386) the filter is in force and the program finds its
 * registers as without the stub; whatever fails, the program does not start. Under qemu-user, which answers ENOSYS to
 * seccomp(2), the other CPUs refuse; with that one number changed in the bytes, they show the way through.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { readElf } from '../../src/elf/index.ts';
import {
  type CpuName,
  decodeStub,
  enforceStub,
  launcherElf,
  REFUSED_STATUS,
  type Stub,
} from '../../src/machine/index.ts';
import { suite } from '../../test/suite.ts';
import { withoutI386 } from '../support.ts';
import { numberChanged } from './call-number.ts';
import {
  denying,
  EXIT_FUNCTION,
  entryProgram,
  entrySource,
  eperm,
  filledProgram,
  resultsOf,
  sameRegisters,
  TAKEN,
  TAKEN_FAR,
  wordsOf,
} from './entry-programs.ts';
import { type StubbedOptions, stubbed } from './stubbed.ts';
import { withoutToolchain } from './toolchain.ts';
import { ALLOW, absent, cannotRun, fileOf, freshPath, type Ran, records, run } from './tools.ts';

const MESSAGE = 'seccompc: the filter could not be installed; not started\n';

/** Loaders, and where Debian has those of other CPUs. */
const LOADERS: Readonly<Record<CpuName, readonly [root: string, path: string]>> = {
  x86_64: ['', '/lib64/ld-linux-x86-64.so.2'],
  i386: ['', '/usr/i686-linux-gnu/lib/ld-linux.so.2'],
  aarch64: ['/usr/aarch64-linux-gnu', '/lib/ld-linux-aarch64.so.1'],
  riscv64: ['/usr/riscv64-linux-gnu', '/lib/ld-linux-riscv64-lp64d.so.1'],
  s390x: ['/usr/s390x-linux-gnu', '/lib/ld64.so.1'],
};

/** Always the same path, so that the stack is the same: its addresses depend on the length of names. */
const place = freshPath();
function runAt(file: Uint8Array, command: readonly string[]): Ran {
  writeFileSync(place, file, { mode: 0o700 });
  const [first, ...rest] = [...command, place];
  return run(first as string, rest, 'latin1');
}

const entryOf = (file: Uint8Array) => readElf(file).entry;

/** How one program is run, alone and confined. */
interface Way {
  readonly cpu: CpuName;
  readonly file: Uint8Array;
  readonly command: readonly string[];
  readonly isDynamic: boolean;
  readonly options?: StubbedOptions;
  readonly taken?: readonly string[];
}

/** The registers are the same; the results of both are given. */
function compared({ cpu, file, command, isDynamic, options = {}, taken = TAKEN[cpu] }: Way) {
  const filter = denying(cpu, 'getppid');
  const unused = stubbed(cpu, file, filter, { unused: true });
  const [plain, again] = [0, 1].map(() => wordsOf(cpu, runAt(unused, command)));
  const confined = stubbed(cpu, file, filter, options);
  const words = wordsOf(cpu, runAt(confined, command));
  const moved = isDynamic ? entryOf(confined) - entryOf(file) : 0n;
  sameRegisters([plain!, again!], words, { taken, moved });
  if (isDynamic) assert.is.not(words.get(EXIT_FUNCTION[cpu]), 0n);
  return { before: resultsOf(plain!), after: resultsOf(words) };
}

/** Every register holds something of its own when the stub starts: what it forgets to put back shows. */
function comparedFilled(cpu: CpuName, command: readonly string[], change = (stub: Uint8Array) => stub) {
  const filter = denying(cpu, 'getppid');
  const filterAddress = -filter.length;
  // The program follows the stub; 512 bytes hold any.
  const parameters = { arch: cpu, filterAddress, length: filter.length / 8, flags: 0, entry: 512 };
  const stub = new Uint8Array(512);
  stub.set(change(enforceStub(parameters).bytes));
  const plain = wordsOf(cpu, runAt(filledProgram(cpu, filter, new Uint8Array(0)), command));
  const confined = wordsOf(cpu, runAt(filledProgram(cpu, filter, stub), command));
  sameRegisters([plain, plain], confined, { taken: TAKEN[cpu] });
  return resultsOf(confined);
}

function refused(ran: Ran): void {
  assert.is(ran.status, REFUSED_STATUS);
  assert.is(ran.stderr, MESSAGE);
  assert.is(ran.stdout, '');
}

const NO_ASLR = ['setarch', '-R'];
/** Containers may deny personality(2). */
const withAslr = run('setarch', ['-R', 'true']).status === 0 ? undefined : 'setarch -R does not work here';
const allow = [0x06, 0, 0, ALLOW] as const;
const BAD_OPCODE = records([[0x94, 0, 0, 1], allow]);

suite('native/machine/enforce-stub', (test) => {
  for (const cpu of ['x86_64', 'i386'] as const) {
    const missing =
      cannotRun('x64') ?? (cpu === 'i386' ? withoutI386() : undefined) ?? withoutToolchain(cpu) ?? withAslr;
    const confined = (filter: Uint8Array, options?: StubbedOptions) => stubbed(cpu, entryProgram(cpu), filter, options);
    const [, loader] = LOADERS[cpu];

    for (const [kind, options] of [
      ['static', []],
      ['static, elsewhere', ['-Ttext-segment=0x20000000']],
      ['dynamic', ['-pie', '-dynamic-linker', loader]],
    ] as const) {
      const isDynamic = kind === 'dynamic';
      const noLoader = isDynamic && !existsSync(loader) ? `${loader} is not installed` : undefined;
      test.needs(missing ?? noLoader, `${cpu}, ${kind}: the filter is in force, the registers are as without`, () => {
        const { before, after } = compared({ cpu, file: entryProgram(cpu, options), command: NO_ASLR, isDynamic });
        assert.equal(before.slice(0, 2), [0n, 0n]);
        assert.equal(after, [1n, 2n, eperm(cpu)]);
      });
    }
    test.needs(missing, `${cpu}: every register is put back`, () => {
      assert.equal(comparedFilled(cpu, NO_ASLR), [1n, 2n, eperm(cpu)]);
    });
    const inForce = (ran: Ran) => assert.equal(resultsOf(wordsOf(cpu, ran)).slice(0, 2), [1n, 2n]);
    test.needs(missing, `${cpu}: TSYNC, and a filter of 4096 instructions`, () => {
      const longest = records(Array.from({ length: 4096 }, () => allow));
      inForce(runAt(confined(longest, { flags: 1 }), NO_ASLR));
    });
    test.needs(missing, `${cpu}: a filter without execve, which no launcher could install`, () => {
      inForce(runAt(confined(denying(cpu, 'execve')), NO_ASLR));
    });
    test.needs(missing, `${cpu}: a filter that the kernel refuses`, () => {
      refused(runAt(confined(BAD_OPCODE), NO_ASLR));
    });
    test.needs(missing, `${cpu}: a filter that is not mapped`, () => {
      const astray = (stub: Uint8Array) => {
        const ours = decodeStub(cpu, stub) as Stub;
        return enforceStub({ ...ours, filterAddress: ours.filterAddress + 0x4_0000 }).bytes;
      };
      refused(runAt(confined(denying(cpu, 'getppid'), { change: astray }), NO_ASLR));
    });

    /** The launcher brings the outer filter: the same numbers in this ABI. */
    const under = (outer: Uint8Array) =>
      runAt(confined(denying(cpu, 'getppid')), [fileOf(launcherElf({ arch: 'x86_64', program: outer }))]);
    for (const name of ['prctl', 'seccomp'])
      test.needs(missing, `${cpu}: an outer filter without ${name}`, () => refused(under(denying(cpu, name))));
    test.needs(missing, `${cpu}: an outer filter without seccomp and write: silent, and the same status`, () => {
      const ran = under(denying(cpu, 'seccomp', 'write'));
      assert.equal([ran.status, ran.stdout, ran.stderr], [REFUSED_STATUS, '', '']);
    });
    test.needs(missing, `${cpu}: an outer filter without seccomp and exit_group: a trap, not the program`, () => {
      const ran = under(denying(cpu, 'seccomp', 'exit_group'));
      assert.equal([ran.signal, ran.stdout, ran.stderr], ['SIGILL', '', MESSAGE]);
    });
    test.needs(
      missing ?? absent('strace'),
      `${cpu}: prctl and seccomp alone lie between execve and the program`,
      () => {
        const log = freshPath();
        runAt(confined(denying(cpu, 'getppid')), ['strace', '-o', log]);
        const calls = [...readFileSync(log, 'utf8').matchAll(/^(\w+)\(/gm)].map((m) => m[1]);
        assert.equal(calls.slice(0, 5), ['execve', 'prctl', 'seccomp', 'getppid', 'prctl']);
      },
    );
  }

  for (const cpu of ['aarch64', 'riscv64', 's390x'] as const) {
    const [root, loader] = LOADERS[cpu];
    const command = [...NO_ASLR, `qemu-${cpu}-static`, '-L', root];
    const emulated = process.platform !== 'linux' ? 'this is not Linux' : absent(`qemu-${cpu}-static`);
    const missing = emulated ?? withoutToolchain(cpu) ?? withAslr;
    const options: StubbedOptions = { change: (stub) => numberChanged(cpu, stub, 'seccomp', 'sched_yield') };

    test.needs(missing, `${cpu} under qemu-user, which has no seccomp: does not start`, () => {
      refused(runAt(stubbed(cpu, entryProgram(cpu), denying(cpu, 'getppid')), command));
    });
    test.needs(missing, `${cpu} under qemu-user, static: the registers are as without`, () => {
      const { after } = compared({ cpu, file: entryProgram(cpu), command, isDynamic: false, options });
      assert.is(after[0], 1n);
    });
    test.needs(missing, `${cpu} under qemu-user: every register is put back`, () => {
      assert.is(comparedFilled(cpu, command, options.change)[0], 1n);
    });
    const noLoader = existsSync(root + loader) ? undefined : `${root}${loader} is not installed`;
    test.needs(missing ?? noLoader, `${cpu} under qemu-user, dynamic: the registers are as without`, () => {
      const file = entryProgram(cpu, ['-pie', '-dynamic-linker', loader]);
      const { after } = compared({ cpu, file, command, isDynamic: true, options });
      assert.is(after[0], 1n);
    });
    if (cpu === 'aarch64')
      test.needs(
        missing,
        'aarch64 under qemu-user, far away and in guarded pages: the registers are as without',
        () => {
          const file = entryProgram(cpu, ['--section-start=.far=0x20000000'], entrySource('far-aarch64.s'));
          const { after } = compared({ cpu, file, command, isDynamic: false, options, taken: TAKEN_FAR });
          assert.is(after[0], 1n);
        },
      );
  }
});
