/** What a client is to these tests: how it is found, started, and told to run a program under a profile. */
import type { Material } from './material.ts';
import type { Place, PlaceOptions } from './place.ts';

/**
 * What reaches the kernel. 'program': ours. 'two programs': ours and the second one. 'json': one that the client made of
 * the JSON with libseccomp. 'names': whatever the client makes of names of calls.
 */
export type Makes = 'program' | 'two programs' | 'json' | 'names';

export interface Start {
  readonly command: readonly string[];
  /** Files that it has open as descriptors 10 and up. */
  readonly open?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Where a client works. */
export interface Box {
  readonly place: Place;
  /** The container's root folder, which holds the witness as /witness. */
  readonly root: string;
}

export interface Run {
  readonly box: Box;
  /** No other run has it: for names of containers. */
  readonly id: string;
  /** What the witness is told. */
  readonly words: readonly string[];
}

export interface Form {
  /** How the filter is handed over, as the table says it. */
  readonly name: string;
  readonly makes: Makes;
  /** Which JSON it is, where it is JSON. */
  readonly json?: 'oci' | 'docker';
  readonly start: (run: Run, material: Material) => Start;
}

export interface Client {
  readonly name: string;
  /** What must be on the PATH. */
  readonly programs: readonly string[];
  /** Where Debian 12 has it; none: it does not. */
  readonly packages: readonly string[];
  /** Prints the version. */
  readonly version: readonly string[];
  readonly place?: PlaceOptions;
  /** Starts what has to run beside it. */
  readonly prepare?: (box: Box) => Promise<void>;
  /** Without any filter of ours. */
  readonly free: (run: Run) => Start;
  readonly forms: readonly Form[];
  /** runc: a stub in front of the filter, see enosys_stub in docs/runtime-cases.md. */
  readonly runtime?: 'runc';
}
