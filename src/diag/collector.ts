import { CODES, type Code } from './codes.ts';
import type { Diagnostic, Severity } from './diagnostic.ts';
import { SeccompcError } from './error.ts';

/** A diagnostic to add; its severity is the code's own unless stated. */
export type NewDiagnostic = Omit<Diagnostic, 'severity' | 'code'> & {
  readonly code: Code;
  readonly severity?: Severity | undefined;
};

/** As many errors, and as many warnings, are kept; nobody reads more, and a hostile file has millions. */
const MOST = 1000;

/** Collects all that is wrong, so that one run shows every mistake. */
export class Diagnostics {
  readonly #errors: Diagnostic[] = [];
  readonly #others: Diagnostic[] = [];
  #dropped = 0;

  add(d: NewDiagnostic): void {
    this.addAll([{ ...d, severity: d.severity ?? CODES[d.code].severity }]);
  }

  addAll(list: readonly Diagnostic[]): void {
    for (const d of list) {
      const kept = d.severity === 'error' ? this.#errors : this.#others;
      if (kept.length < MOST) kept.push(d);
      else this.#dropped += 1;
    }
  }

  get hasErrors(): boolean {
    return this.#errors.length > 0;
  }

  /** In the order of their places in the text; what has no place comes first. Stable. */
  get sorted(): readonly Diagnostic[] {
    const list = [...this.#errors, ...this.#others].sort((a, b) => rank(a) - rank(b));
    if (this.#dropped === 0) return list;
    return [...list, { code: 'MORE', severity: 'note', message: `${this.#dropped} more like these are not shown` }];
  }

  /** Throws everything collected when any of it is an error. */
  throwIfErrors(): void {
    if (this.hasErrors) throw new SeccompcError(this.sorted);
  }
}

function rank(d: Diagnostic): number {
  return d.code === 'MORE' ? Number.MAX_VALUE : (d.span?.start ?? -1);
}

/** Throws one diagnostic: for layers that stop at the first fault (ELF, assembler). */
export function fail(d: NewDiagnostic): never {
  throw new SeccompcError([{ ...d, severity: d.severity ?? 'error' }]);
}
