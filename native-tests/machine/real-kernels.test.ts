/** Stub and launcher on kernels of other machines, each booted under qemu-system; on demand: SECCOMPC_QEMU=1. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { LAUNCHER_STATUS, launcherElf, REFUSED_STATUS } from '../../src/machine/index.ts';
import { suite } from '../../test/suite.ts';
import { kernelImage } from '../kernel/qemu/images.ts';
import { cpio, type InitFile, MACHINES, type Machine, machineAbsent } from '../kernel/qemu/machines.ts';
import { denying, entryProgram, eperm, resultsOf, sameRegisters, TAKEN, wordsOf } from './entry-programs.ts';
import { stubbed } from './stubbed.ts';
import { withoutToolchain } from './toolchain.ts';
import { ALLOW, freshPath, records } from './tools.ts';

interface Ended {
  readonly status: number;
  readonly signal: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Boots the machine with these files and runs the commands in turn. */
function runAll(machine: Machine, files: Readonly<Record<string, Uint8Array>>, commands: readonly string[]): Ended[] {
  const kernel = kernelImage(machine.image);
  if ('why' in kernel) throw new Error(kernel.why);
  const [init, initrd] = [freshPath(), freshPath()];
  const source = join(process.cwd(), 'native-tests', 'machine', 'init.c');
  const compiled = spawnSync(machine.compiler, [
    '-std=gnu11',
    '-O2',
    '-static',
    '-Wall',
    '-Wextra',
    '-Werror',
    source,
    '-o',
    init,
  ]);
  assert.is(compiled.status, 0, String(compiled.stderr));
  // riscv64 leaves registers of the old program to the new one; with lines of equal length init leaves the same.
  const lines = commands.map((text) => `${text.padEnd(63)}\n`).join('');
  const inside: readonly InitFile[] = [
    { name: 'dev', mode: 0o040755 },
    { name: 'dev/console', mode: 0o020600, device: [5, 1] },
    { name: 'init', mode: 0o100755, data: readFileSync(init) },
    { name: 'commands', mode: 0o100644, data: Buffer.from(lines) },
    ...Object.entries(files).map(([name, data]) => ({ name, mode: 0o100755, data })),
  ];
  writeFileSync(initrd, cpio(inside));
  const [command, ...model] = machine.qemu as readonly [string, ...string[]];
  const append = `console=${machine.console} panic=-1 quiet loglevel=0 rdinit=/init norandmaps`;
  const hardware = ['-m', '512', '-smp', '1', '-nographic', '-no-reboot', '-net', 'none'];
  const booted = spawnSync(
    command,
    [...model, ...hardware, '-kernel', kernel.path, '-initrd', initrd, '-append', append],
    { encoding: 'latin1', stdio: ['ignore', 'pipe', 'pipe'], timeout: 300_000, killSignal: 'SIGKILL' },
  );
  const said = booted.stdout.split(/\r?\n/).flatMap((line) => (line.startsWith('@ ') ? [line.slice(2)] : []));
  assert.is(said.pop(), 'end', booted.stdout.slice(-1000) + booted.stderr);
  const bytes = (hex: string | undefined) => Buffer.from(hex ?? '', 'hex').toString('latin1');
  return said.map((line) => {
    const [status, signal, stdout, stderr] = line.split(' ');
    return { status: Number(status), signal: Number(signal), stdout: bytes(stdout), stderr: bytes(stderr) };
  });
}

const unasked = process.env.SECCOMPC_QEMU ? undefined : 'takes a minute: SECCOMPC_QEMU=1';
const SIGILL_OR_SIGTRAP = [4, 5];

suite('native/machine/real-kernels', (test) => {
  for (const machine of MACHINES) {
    const missing = () => unasked ?? machineAbsent(machine) ?? withoutToolchain(machine.name);
    test.needs(missing, `${machine.name}: stub and launcher install their filters`, () => {
      const { name: cpu, endian } = machine;
      const program = entryProgram(cpu);
      const filter = denying(cpu, 'getppid');
      const bad = records(
        [
          [0x94, 0, 0, 1],
          [0x06, 0, 0, ALLOW],
        ],
        endian,
      );
      const launcher = (...calls: readonly string[]) => launcherElf({ arch: cpu, program: denying(cpu, ...calls) });
      const files = {
        plain: stubbed(cpu, program, filter, { unused: true }),
        stub0: stubbed(cpu, program, filter),
        sync0: stubbed(cpu, program, filter, { flags: 1 }),
        bad: stubbed(cpu, program, bad),
        launch: launcher('getppid'),
        bad_launch: launcherElf({ arch: cpu, program: bad }),
        no_execve: launcher('execve'),
        no_seccomp: launcher('seccomp'),
        no_exit: launcher('seccomp', 'exit_group'),
      };
      // Names are of equal length where registers are compared.
      const commands = [
        ...['/plain', '/plain', '/stub0', '/sync0', '/bad'],
        ...['/launch /plain', '/launch /nowhere', '/launch /dev', '/launch', '/bad_launch /plain'],
        ...['/no_execve /plain', '/no_seccomp /stub0', '/no_exit /stub0'],
      ];
      const ended = runAll(machine, files, commands);
      const [plain, again, stub, sync, refused, ...launched] = ended as [Ended, Ended, Ended, Ended, Ended, ...Ended[]];
      const plainWords = [plain, again].map((ran) => wordsOf(cpu, ran));
      assert.equal(resultsOf(plainWords[0]!).slice(0, 2), [0n, 0n]);
      for (const ran of [stub, sync]) {
        sameRegisters([plainWords[0]!, plainWords[1]!], wordsOf(cpu, ran), { taken: TAKEN[cpu] });
        assert.equal(resultsOf(wordsOf(cpu, ran)), [1n, 2n, eperm(cpu)]);
      }
      assert.equal([refused.status, refused.stdout], [REFUSED_STATUS, '']);
      assert.match(refused.stderr, /could not be installed; not started\n$/);

      const [started, missingOne, folder, usage, badOne, noExecve, noSeccomp, noExit] = launched;
      assert.equal(resultsOf(wordsOf(cpu, started!)), [1n, 2n, eperm(cpu)]);
      const { own, cannotRun, notFound } = LAUNCHER_STATUS;
      for (const [ran, status, why] of [
        [missingOne, notFound, /errno 2\n$/],
        [folder, cannotRun, /errno 13\n$/],
        [usage, own, /^usage/],
        [badOne, own, /refused the filter; errno 22\n$/],
        [noExecve, cannotRun, /errno 1\n$/],
        [noSeccomp, REFUSED_STATUS, /could not be installed/],
      ] as const) {
        assert.match(ran!.stderr, why);
        assert.equal([ran!.status, ran!.stdout], [status, '']);
      }
      assert.ok(SIGILL_OR_SIGTRAP.includes(noExit!.signal), JSON.stringify(noExit));
    });
  }
});
