import { CODES, type Code } from './codes.ts';
import type { Diagnostic, Severity } from './diagnostic.ts';
import { SeccompcError } from './error.ts';

/** A diagnostic to add; its severity is the code's own unless stated. */
export type NewDiagnostic = Omit<Diagnostic, 'severity' | 'code'> & {
  readonly code: Code;
  readonly severity?: Severity | undefined;
};

/** Collects all that is wrong, so that one run shows every mistake. */
export class Diagnostics {
  readonly #list: Diagnostic[] = [];

  add(d: NewDiagnostic): void {
    this.#list.push({ ...d, severity: d.severity ?? CODES[d.code].severity });
  }

  addAll(list: readonly Diagnostic[]): void {
    for (const d of list) this.#list.push(d);
  }

  get hasErrors(): boolean {
    return this.#list.some((d) => d.severity === 'error');
  }

  /** In the order of their places in the text; what has no place comes first. Stable. */
  get sorted(): readonly Diagnostic[] {
    return this.#list.toSorted((a, b) => (a.span?.start ?? -1) - (b.span?.start ?? -1));
  }

  /** Throws everything collected when any of it is an error. */
  throwIfErrors(): void {
    if (this.hasErrors) throw new SeccompcError(this.sorted);
  }
}

/** Throws one diagnostic: for layers that stop at the first fault (ELF, assembler). */
export function fail(d: NewDiagnostic): never {
  throw new SeccompcError([{ ...d, severity: d.severity ?? 'error' }]);
}
