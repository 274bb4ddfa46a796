/** One check being made: whatever it throws becomes what it found, so that the others are made as well. */
import { type Diagnostic, SeccompcError } from '../../diag/index.ts';
import type { Check, Problem, Standing } from '../../report/checks.ts';
import { exitStatus } from '../status.ts';

export type Outcome = Pick<Check, 'standing' | 'said' | 'problems'>;

export const told = (list: readonly Diagnostic[]): readonly Problem[] =>
  list.map((diagnostic) => ({ diagnostic, failing: false }));
export const bad = (list: readonly Diagnostic[]): readonly Problem[] =>
  list.map((diagnostic) => ({ diagnostic, failing: true }));

export const passed = (said: string, problems: readonly Problem[] = []): Outcome => ({
  standing: 'passed',
  said,
  problems,
});
export const skipped = (said: string): Outcome => ({ standing: 'skipped', said, problems: [] });

const STANDINGS: Readonly<Record<number, Standing>> = { 1: 'failed', 2: 'unreadable', 3: 'missing' };

/** What errors come to; `said` where it can be said better than by counting. */
export function failed(diagnostics: readonly Diagnostic[], said?: string): Outcome {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  const more = errors.length > 1 ? ` and ${errors.length - 1} more` : '';
  return {
    standing: STANDINGS[exitStatus(errors)] ?? 'failed',
    said: said ?? `${first?.code}: ${first?.message}${more}`,
    problems: diagnostics.map((diagnostic) => ({ diagnostic, failing: diagnostic.severity === 'error' })),
  };
}

/** The outcome of a body, or of what it throws. Our own bugs are thrown on. */
export function attempt(body: () => Outcome): Outcome {
  try {
    return body();
  } catch (error) {
    if (error instanceof SeccompcError) return failed(error.diagnostics);
    throw error;
  }
}

export async function attemptAsync(body: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof SeccompcError) return failed(error.diagnostics);
    throw error;
  }
}

/** '1 call', '2 calls'. */
export const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
