/** seccompc.config.jsonc as data. Every word keeps its place in the text, and paths are as they are written. */

import type { Optimize } from '../compile/index.ts';
import type { Code, Severity, Source, Span } from '../diag/index.ts';
import type { Located, ResolveOptions } from '../policy/types.ts';
import type { TraceFormat } from '../trace/index.ts';
import type { ProgramFormat } from '../view/index.ts';

/** A path relative to the configuration's folder. */
export type Path = Located<string>;

export type DiffClass = 'loosened' | 'tightened' | 'changed' | 'any' | 'none';

/** What makes each step fail. */
export interface FailLevels {
  /** The least severity; 'none': no finding fails. */
  readonly lint: Severity | 'none';
  readonly diff: readonly DiffClass[];
  /** 'open': a trace that is incomplete or leaves calls open is missing evidence, too. */
  readonly traces: 'denied' | 'open';
}

/** For what a profile is resolved: everything that changes its meaning. */
export interface Target {
  /** Its own name, else its ABIs. */
  readonly name: string;
  readonly span: Span;
  readonly options: ResolveOptions;
}

export interface TraceEntry {
  /** One recording; several are the files of `strace -ff`, or runs whose calls count together. */
  readonly files: readonly Path[];
  readonly format?: TraceFormat | undefined;
  /** The ABI of calls where the trace does not tell. */
  readonly arch?: string | undefined;
  /** Calls that must be denied, each at least once; nothing else may. */
  readonly denied: readonly Located<string>[];
  readonly maxDenials: number;
  readonly baseline?: Path | undefined;
  readonly target?: Located<string> | undefined;
}

/** A raw program or an ELF file, made elsewhere, that must be equal to the profile. */
export interface ProgramEntry {
  readonly file: Path;
  readonly section?: string | undefined;
  readonly target?: Located<string> | undefined;
}

/** A file that `seccompc ci` holds against what it would write, and that `seccompc ci --write` writes. */
export interface OutputEntry {
  readonly file: Path;
  /** The program itself. */
  readonly format?: ProgramFormat | undefined;
  /** The program as a section of this ELF file (`file` itself where it is absent and no format is given). */
  readonly into?: Path | undefined;
  readonly section?: string | undefined;
  readonly load: boolean;
  readonly enforce: boolean;
  readonly embedProfile: boolean;
  readonly target?: Located<string> | undefined;
}

export interface LintIgnore {
  readonly code: Located<Code>;
  readonly reason: string;
}

export interface ProfileEntry {
  readonly name: string;
  readonly profile: Path;
  /** Where the profile lies at the base, if it has moved since. */
  readonly was?: Path | undefined;
  readonly targets: readonly Target[];
  readonly optimize?: Optimize | undefined;
  readonly search?: 'full' | 'fast' | undefined;
  readonly weights: readonly Path[];
  /** Statements, and files of them. */
  readonly statements: readonly Located<string>[];
  readonly assertFiles: readonly Path[];
  readonly traces: readonly TraceEntry[];
  readonly programs: readonly ProgramEntry[];
  readonly outputs: readonly OutputEntry[];
  readonly lintIgnore: readonly LintIgnore[];
  readonly diffIgnore: readonly Path[];
  readonly fail: FailLevels;
}

export interface Config {
  readonly source: Source;
  readonly base?: Located<string> | undefined;
  readonly profiles: readonly ProfileEntry[];
}
