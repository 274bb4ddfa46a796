/**
 * Stub and launcher on a machine's kernel: programs of entry/ find the registers that they find without them, and whatever
 * cannot be confined does not start.
 */
import * as assert from 'uvu/assert';
import { arch } from '../../src/arch/index.ts';
import { type CpuName, LAUNCHER_STATUS, launcherElf, REFUSED_STATUS } from '../../src/machine/index.ts';
import { type Ended, type Ran, session } from '../kernel/qemu/commands.ts';
import type { Machine } from '../kernel/qemu/machines.ts';
import { denying, entryProgram, eperm, resultsOf, sameRegisters, TAKEN, wordsOf } from './entry-programs.ts';
import { stubbed } from './stubbed.ts';
import { ALLOW, records } from './tools.ts';

const SIGILL_OR_SIGTRAP = [4, 5];

/** Boots the machine; throws at the first difference. */
export function stubAndLauncher(machine: Machine, cpu: CpuName): Ran {
  const { endian } = arch(cpu);
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
  const files: Readonly<Record<string, Uint8Array>> = {
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
  // Without address randomization the stacks of two runs are the same.
  const { kernel, seconds, ended } = session(machine, new Map(Object.entries(files)), commands, ['norandmaps']);
  const [plain, again, stub, sync, refused, ...launched] = ended as [Ended, Ended, Ended, Ended, Ended, ...Ended[]];
  const plainWords = [plain, again].map((ran) => wordsOf(cpu, written(ran)));
  assert.equal(resultsOf(plainWords[0]!).slice(0, 2), [0n, 0n]);
  for (const ran of [stub, sync]) {
    sameRegisters([plainWords[0]!, plainWords[1]!], wordsOf(cpu, written(ran)), { taken: TAKEN[cpu] });
    assert.equal(resultsOf(wordsOf(cpu, written(ran))), [1n, 2n, eperm(cpu)]);
    assert.equal(ran.filters, [filter]);
  }
  assert.equal([refused.status, refused.stdout.length, refused.filters], [REFUSED_STATUS, 0, []]);
  assert.match(refused.stderr, /could not be installed; not started\n$/);

  const [started, missingOne, folder, usage, badOne, noExecve, noSeccomp, noExit] = launched;
  assert.equal(resultsOf(wordsOf(cpu, written(started!))), [1n, 2n, eperm(cpu)]);
  assert.equal(started!.filters, [filter]);
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
    assert.equal([ran!.status, ran!.stdout.length], [status, 0]);
  }
  assert.ok(SIGILL_OR_SIGTRAP.includes(noExit!.signal), JSON.stringify(noExit));
  return { kernel, seconds, ran: ended.length };
}

/** As entry-programs.ts reads it. */
function written({ status, stdout, stderr }: Ended) {
  return { status, stdout: Buffer.from(stdout).toString('latin1'), stderr };
}
