/** What went wrong, where, and what to do next: data only. `render.ts` turns it into text. */
import type { Code } from './codes.ts';

export type Severity = 'error' | 'warning' | 'note';

/** A range of UTF-16 offsets into a source's text; `end` is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A profile's text and the name it is shown under. Line and column are computed from it only when rendering. */
export interface Source {
  readonly name: string;
  readonly text: string;
}

/** Exactly one of: a span of source text, an instruction of a program, a byte of a file, or nothing (command line). */
export interface Place {
  readonly source?: Source | undefined;
  readonly span?: Span | undefined;
  /** Instruction index, from 0. */
  readonly pc?: number | undefined;
  /** Offset in the file, from 0. */
  readonly byteOffset?: number | undefined;
}

/** A second place that explains the first: the other of two conflicting rules, say. */
export interface Related extends Place {
  readonly message: string;
}

export interface Diagnostic extends Place {
  readonly code: Code;
  readonly severity: Severity;
  readonly message: string;
  readonly help?: string | undefined;
  /** The file's name where there is no source text (an ELF, a program). */
  readonly file?: string | undefined;
  readonly related?: readonly Related[] | undefined;
}
