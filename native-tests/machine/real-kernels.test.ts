/** Stub and launcher on kernels of other machines, each booted under qemu-system; on demand: SECCOMPC_QEMU=1. */
import * as assert from 'uvu/assert';
import { LAUNCHER_STATUS, launcherElf, REFUSED_STATUS } from '../../src/machine/index.ts';
import { suite } from '../../test/suite.ts';
import { MACHINES, machineAbsent } from '../kernel/qemu/machines.ts';
import { type Ended, runAll, unasked } from './booted.ts';
import { denying, entryProgram, eperm, resultsOf, sameRegisters, TAKEN, wordsOf } from './entry-programs.ts';
import { stubbed } from './stubbed.ts';
import { withoutToolchain } from './toolchain.ts';
import { ALLOW, records } from './tools.ts';

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
