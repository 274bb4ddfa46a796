/** What goes into a writer: everything is checked before; `about` are the lines of the comment at the top. */
import type { Arch } from '../arch/index.ts';
import type { CheckedProgram } from '../kernel/index.ts';

export interface ProgramText {
  readonly program: CheckedProgram;
  /** The ABIs that the program is for, where that is known: source for another one does not compile. */
  readonly arches: readonly Arch[];
  /** SECCOMP_FILTER_FLAG_* bits that the profile asks for. */
  readonly flags: number;
  /** A name of the language, checked. */
  readonly name: string;
  readonly about: readonly string[];
}

export interface LoaderText {
  readonly name: string;
  /** The section with the filter, a name that source can carry. */
  readonly section: string;
  /** SHA-256 of the one filter to accept; any that its note vouches for when absent. */
  readonly digest?: Uint8Array | undefined;
  readonly about: readonly string[];
}
