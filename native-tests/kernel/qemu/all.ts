/** Everything that is asked of other machines' kernels, one boot each. */
import { type CpuName, isCpuName } from '../../../src/machine/index.ts';
import { startsAndTracer } from '../../enforce/real-kernels.ts';
import { stubAndLauncher } from '../../machine/real-kernels.ts';
import { withoutToolchain } from '../../machine/toolchain.ts';
import { filtersRead } from '../../processes/real-kernels.ts';
import type { Oracle } from '../../wasi/oracle.ts';
import { machineAbsent } from './boot.ts';
import type { Ran } from './commands.ts';
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
  const { name } = machine;
  const absent = () => machineAbsent(machine);
  const question = (what: string, ask: Question['ask'], why = absent): Question => ({
    name: `${name}: ${what}`,
    ask,
    absent: why,
  });
  /** Sessions that throw at the first difference. */
  const all = (what: string, ran: (cpu: CpuName) => Ran | Promise<Ran>, why = absent) =>
    isCpuName(name) ? [question(what, async () => reportOf(what, await ran(name)), why)] : [];
  const withTools = () => absent() ?? (isCpuName(name) ? withoutToolchain(name) : undefined);
  return [
    question('profiles', () => compareProfiles(machine)),
    ...(canEnforce(machine) ? [question('enforced programs', () => compareEnforced(machine))] : []),
    ...all('stub and launcher', (cpu) => stubAndLauncher(machine, cpu), withTools),
    ...all('filter reader', (cpu) => filtersRead(machine, cpu)),
    ...all('starts and tracer', (cpu) => startsAndTracer(machine, cpu), withTools),
    question('corpora', (oracle) => compareCorpora(oracle, machine)),
  ];
}

function reportOf(note: string, { kernel, seconds, ran }: Ran): MachineReport {
  return { compared: ran, disagreed: 0, disagreements: [], note, kernel, seconds };
}

export const QUESTIONS: readonly Question[] = MACHINES.flatMap(questionsFor);
