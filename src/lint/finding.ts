import type { Diagnostic, Severity } from '../diag/index.ts';
import type { ResolveOptions } from '../policy/index.ts';

/** UTF-16 offsets into the profile's text, as it is before any edit. */
export interface TextEdit {
  readonly offset: number;
  readonly length: number;
  readonly content: string;
}

export interface Fix {
  /** What it does, as an instruction: 'remove the rule'. */
  readonly title: string;
  readonly edits: readonly TextEdit[];
  /** No call gets another word by it. Where false, what changes is what the finding is about. */
  readonly sameMeaning: boolean;
}

/** Something odd in a profile: a diagnostic with its place in the text, and a fix where one is safe. */
export interface Finding extends Diagnostic {
  readonly fix?: Fix | undefined;
}

/** What a profile is judged for; docs/semantics.md says what each does. Without `arches` the profile's own, else x86_64. */
export interface LintOptions extends Omit<ResolveOptions, 'onConflict'> {
  /** The name shown for the text. */
  readonly file?: string | undefined;
  /** Findings below are left out. Default 'note': all. */
  readonly level?: Severity | undefined;
}
