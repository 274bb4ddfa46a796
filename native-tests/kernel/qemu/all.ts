/** Everything that is asked of other machines' kernels, one boot each. */
import { isCpuName } from '../../../src/machine/index.ts';
import { stubAndLauncher } from '../../machine/real-kernels.ts';
import { withoutToolchain } from '../../machine/toolchain.ts';
import type { Oracle } from '../../wasi/oracle.ts';
import { Tally } from '../ask.ts';
import { machineAbsent } from './boot.ts';
import { compareCorpora } from './corpora.ts';
import { canEnforce, compareEnforced } from './enforced.ts';
import { MACHINES, type Machine, type MachineReport } from './machines.ts';
import { compareProfiles } from './profiles.ts';

export interface Question {
  /** 's390x: profiles' */
  readonly name: string;
  readonly absent: () => string | undefined;
  readonly ask: (oracle: Oracle) => MachineReport | Promise<MachineReport>;
}

function questionsFor(machine: Machine): readonly Question[] {
  const { name: cpu } = machine;
  const question = (what: string, ask: Question['ask'], absent = () => machineAbsent(machine)): Question => {
    return { name: `${cpu}: ${what}`, ask, absent };
  };
  return [
    question('profiles', () => compareProfiles(machine)),
    ...(canEnforce(machine) ? [question('enforced programs', () => compareEnforced(machine))] : []),
    ...(isCpuName(cpu)
      ? [
          question(
            'stub and launcher',
            () => stubReport(machine),
            () => machineAbsent(machine) ?? withoutToolchain(cpu),
          ),
        ]
      : []),
    question('corpora', (oracle) => compareCorpora(oracle, machine)),
  ];
}

function stubReport(machine: Machine): MachineReport {
  const tally = new Tally();
  if (!isCpuName(machine.name)) throw new Error(`${machine.name} has no stub`);
  const { kernel, seconds, ran } = stubAndLauncher(machine, machine.name);
  for (let i = 0; i < ran; i++) tally.compare(true, () => '');
  return { ...tally.report('registers, statuses and filters of programs with a stub or a launcher'), kernel, seconds };
}

export const QUESTIONS: readonly Question[] = MACHINES.flatMap(questionsFor);
