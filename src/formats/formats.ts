/** Every format by name: what it is made of, and who takes it. */
import type { CheckedProgram } from '../kernel/index.ts';
import { cArray, cSection } from './c-array.ts';
import { cLoader } from './c-loader.ts';
import { annotationFlag, base64, ociAnnotation } from './encoded.ts';
import { goArray } from './go-array.ts';
import { goLoader } from './go-loader.ts';
import { rustArray } from './rust-array.ts';
import { rustLoader } from './rust-loader.ts';
import type { LoaderText, ProgramText } from './types.ts';

/** 'program': of a program, compiled here or elsewhere. 'loader': of none. 'dialect': of a profile's meaning. */
export type FormatKind = 'program' | 'loader' | 'dialect';

interface Format {
  readonly kind: FormatKind;
  readonly about: string;
}

export type ProgramFormat =
  | 'c-section'
  | 'c-array'
  | 'go'
  | 'rust'
  | 'base64'
  | 'oci-annotation'
  | 'oci-annotation-flag'
  | 'bwrap';
export type LoaderFormat = 'c-loader' | 'go-loader' | 'rust-loader';
export type DialectFormat = 'oci' | 'k8s-localhost' | 'spo' | 'systemd';
export type FormatName = ProgramFormat | LoaderFormat | DialectFormat;

const TABLE: Readonly<Record<FormatName, Format>> = {
  'c-section': { kind: 'program', about: 'C source: the program in a section, and what installs it' },
  'c-array': { kind: 'program', about: 'C header: struct sock_filter[] and struct sock_fprog' },
  go: { kind: 'program', about: 'Go source: [...]syscall.SockFilter' },
  rust: { kind: 'program', about: 'Rust source: an array laid out as libc::sock_filter' },
  base64: { kind: 'program', about: 'the raw program in base64, on one line' },
  'oci-annotation': { kind: 'program', about: "JSON for an OCI bundle's config.json: crun takes the program itself" },
  'oci-annotation-flag': { kind: 'program', about: 'the same for the command line of podman run (with crun)' },
  bwrap: { kind: 'program', about: 'the raw program, with the line that gives it to bubblewrap' },
  'c-loader': { kind: 'loader', about: 'C source that installs what build --into put into its executable' },
  'go-loader': { kind: 'loader', about: 'the same in Go: standard library, no cgo' },
  'rust-loader': { kind: 'loader', about: 'the same in Rust: std, no crates' },
  oci: { kind: 'dialect', about: 'JSON of the OCI runtime-spec: runc, crun, docker, podman, containerd' },
  'k8s-localhost': { kind: 'dialect', about: "JSON for a Kubernetes node: securityContext's localhostProfile" },
  spo: { kind: 'dialect', about: 'YAML for the Security Profiles Operator: SeccompProfile v1beta1' },
  systemd: { kind: 'dialect', about: 'drop-in for a unit; names only, so what looks at arguments is lost' },
};

export const FORMATS: ReadonlyMap<FormatName, Format> = new Map(Object.entries(TABLE) as [FormatName, Format][]);

/** What a format calls its result where the caller does not say, and whether it is called anything. */
export const DEFAULT_NAMES: ReadonlyMap<FormatName, string> = new Map<FormatName, string>([
  ['c-section', 'seccompc'],
  ['c-array', 'seccompc'],
  ['go', 'seccomp'],
  ['rust', 'SECCOMP_FILTER'],
  ['c-loader', 'seccompc'],
  ['go-loader', 'seccomp'],
]);

export function isProgramFormat(format: FormatName): format is ProgramFormat {
  return TABLE[format].kind === 'program';
}

export function isLoaderFormat(format: FormatName): format is LoaderFormat {
  return TABLE[format].kind === 'loader';
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The program in a format; `section` is for c-section alone. */
export function writeProgram(format: ProgramFormat, input: ProgramText & { readonly section: string }): Uint8Array {
  const { bytes }: CheckedProgram = input.program;
  switch (format) {
    case 'c-section':
      return utf8(cSection(input));
    case 'c-array':
      return utf8(cArray(input));
    case 'go':
      return utf8(goArray(input));
    case 'rust':
      return utf8(rustArray(input));
    case 'base64':
      return utf8(`${base64(bytes)}\n`);
    case 'oci-annotation':
      return utf8(ociAnnotation(bytes));
    case 'oci-annotation-flag':
      return utf8(`${annotationFlag(bytes)}\n`);
    case 'bwrap':
      return bytes;
    default:
      return format satisfies never;
  }
}

export function writeLoader(format: LoaderFormat, input: LoaderText): Uint8Array {
  switch (format) {
    case 'c-loader':
      return utf8(cLoader(input));
    case 'go-loader':
      return utf8(goLoader(input));
    case 'rust-loader':
      return utf8(rustLoader(input));
    default:
      return format satisfies never;
  }
}
