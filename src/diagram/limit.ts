/**
 * Diagrams can grow beyond any memory, so every table has a limit. Reaching one is thrown from deep inside an operation
 * and turned into a value by `within`: what was not finished has no result, never a wrong one.
 */

/** `nodes` of the table, `steps` of work, distinct `leaves`, or distinct symbolic `words`. */
export type LimitKind = 'nodes' | 'steps' | 'leaves' | 'words';

export class LimitReached extends Error {
  override readonly name: string = 'LimitReached';
  readonly limit: LimitKind;
  readonly most: number;
  /** The instruction whose meaning was being computed, where there is one. */
  pc: number | undefined;

  constructor(limit: LimitKind, most: number) {
    super(`more than ${most} ${limit}`);
    this.limit = limit;
    this.most = most;
  }
}

export type Within<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly limit: LimitKind; readonly most: number; readonly pc: number | undefined };

/** What `body` returns, or the limit that it reached. */
export function within<T>(body: () => T): Within<T> {
  try {
    return { ok: true, value: body() };
  } catch (error) {
    if (error instanceof LimitReached) return { ok: false, limit: error.limit, most: error.most, pc: error.pc };
    throw error;
  }
}
