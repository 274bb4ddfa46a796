/** Every check of a configuration, whatever became of those before it. */
import type { Assertion } from '../../assert/index.ts';
import type { Config, ProfileEntry } from '../../config/index.ts';
import { SeccompcError, type Source } from '../../diag/index.ts';
import type { Check } from '../../report/checks.ts';
import { type Counted, readWeights } from '../weights.ts';
import { assertStep, statementsOf } from './assert.ts';
import { type Before, dropped } from './base.ts';
import { compileSteps, type Made } from './compile.ts';
import { diffStep } from './diff.ts';
import type { Guard } from './guard.ts';
import { lintStep } from './lint.ts';
import { outputStep, writeOutput } from './outputs.ts';
import type { Places } from './places.ts';
import { programStep } from './programs.ts';
import { belongsTo, replayStep } from './replay.ts';
import { attempt, attemptAsync, failed, type Outcome, skipped } from './step.ts';

/** What the profiles are compared with: a commit, an error that says why there is none, or why nobody asked for one. */
export type Compared = { readonly before: Before } | { readonly error: SeccompcError } | { readonly none: string };

export interface Run {
  readonly config: Config;
  readonly places: Places;
  readonly guard: Guard;
  readonly compared: Compared;
  readonly write: boolean;
}

const NO_PROGRAM = 'there is no program';
const NO_POLICY = 'the profile cannot be resolved';

class Profile {
  readonly #run: Run;
  readonly #entry: ProfileEntry;
  readonly #checks: Check[] = [];

  constructor(run: Run, entry: ProfileEntry) {
    this.#run = run;
    this.#entry = entry;
  }

  #add(step: string, outcome: Outcome, target?: string): void {
    const shown = this.#entry.targets.length > 1 ? target : undefined;
    this.#checks.push({ profile: this.#entry.name, ...(shown !== undefined && { target: shown }), step, ...outcome });
  }

  async checks(): Promise<readonly Check[]> {
    const { places, config } = this.#run;
    const source = this.#source();
    if (source === undefined) return this.#checks;
    this.#add(
      'lint',
      attempt(() => lintStep(this.#entry, source, config.source)),
    );
    const weights = await this.#weights();
    const statements = this.#read(() => statementsOf(this.#entry, config, source, places));
    const all: Made[] = [];
    for (const target of this.#entry.targets) {
      const { made, compile, check, prove } = compileSteps(this.#entry, target, source, weights);
      for (const [step, outcome] of Object.entries({ compile, check, prove })) this.#add(step, outcome, target.name);
      if (made !== undefined) all.push(made);
      await this.#meaning(made, target.name, statements);
    }
    this.#programs(all);
    this.#outputs(all);
    return this.#checks;
  }

  #source(): Source | undefined {
    try {
      return this.#run.places.text(this.#entry.profile);
    } catch (error) {
      if (!(error instanceof SeccompcError)) throw error;
      this.#add('read', failed(error.diagnostics));
      return undefined;
    }
  }

  async #weights(): Promise<Counted | undefined> {
    const { weights } = this.#entry;
    if (weights.length === 0) return undefined;
    try {
      return (await readWeights(weights.map((path) => this.#run.places.input(path)))).weights;
    } catch (error) {
      if (!(error instanceof SeccompcError)) throw error;
      this.#add('weights', failed(error.diagnostics));
      return undefined;
    }
  }

  #read<T>(body: () => T): T | SeccompcError {
    try {
      return body();
    } catch (error) {
      if (error instanceof SeccompcError) return error;
      throw error;
    }
  }

  /** What is said of the policy, with or without a program. */
  async #meaning(
    made: Made | undefined,
    target: string,
    statements: readonly Assertion[] | SeccompcError,
  ): Promise<void> {
    const { places, config } = this.#run;
    if (statements instanceof SeccompcError) this.#add('assert', failed(statements.diagnostics), target);
    else
      this.#add(
        'assert',
        made === undefined ? skipped(NO_POLICY) : attempt(() => assertStep(statements, made)),
        target,
      );
    for (const trace of this.#entry.traces) {
      if (made === undefined) this.#add('replay', skipped(NO_POLICY), target);
      else if (belongsTo(trace, made))
        this.#add(
          'replay',
          await attemptAsync(() => replayStep(this.#entry, trace, made, places, config.source)),
          target,
        );
    }
    this.#add('diff', made === undefined ? skipped(NO_POLICY) : this.#diff(made), target);
  }

  #diff(made: Made): Outcome {
    const { compared, places } = this.#run;
    if ('none' in compared) return skipped(compared.none);
    if ('error' in compared) return failed(compared.error.diagnostics);
    return attempt(() => diffStep(this.#entry, made, compared.before, places));
  }

  #programs(all: readonly Made[]): void {
    for (const program of this.#entry.programs) {
      if (all.length === 0) {
        this.#add('programs', skipped(NO_POLICY));
        continue;
      }
      const { target, outcome } = programStep(program, all, this.#run.places);
      this.#add('programs', outcome, target);
    }
  }

  /** Written only where nothing else is wrong with the profile. */
  #outputs(all: readonly Made[]): void {
    const { write, places, guard } = this.#run;
    const isWell = this.#checks.every(({ standing }) => standing === 'passed' || standing === 'skipped');
    for (const output of this.#entry.outputs) {
      const made = all.find((one) => belongsTo(output, one));
      if (made?.program === undefined) this.#add('outputs', skipped(NO_PROGRAM), output.target?.value);
      else if (write && !isWell)
        this.#add('outputs', skipped('nothing is written while other checks fail'), made.target.name);
      else
        this.#add(
          'outputs',
          attempt(() => (write ? writeOutput : outputStep)(output, made, places, guard)),
          made.target.name,
        );
    }
  }
}

export async function runChecks(run: Run): Promise<readonly Check[]> {
  const all: Check[] = [];
  for (const entry of run.config.profiles) all.push(...(await new Profile(run, entry).checks()));
  const { config, compared, places } = run;
  return 'before' in compared ? [...all, ...dropped(config, compared.before, places)] : all;
}
