/**
 * What may stand in seccompc.config.jsonc, as one table: the reader (read.ts), the JSON schema (schema.ts) and the page of
 * keys (page.ts) are made of it, so that none of them can say what the others do not.
 */
import { ARCHES } from '../arch/index.ts';
import { LINTS } from '../lint/index.ts';
import { TRACE_FORMATS } from '../trace/index.ts';
import { PROGRAM_FORMATS } from '../view/index.ts';

/** What a word must be besides a string; read.ts has a judge for each. */
export type Word = 'path' | 'arch' | 'capability' | 'kernel' | 'call' | 'statement';

export type Shape =
  | { readonly kind: 'string'; readonly choices?: readonly string[]; readonly word?: Word }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'number' }
  | { readonly kind: 'list'; readonly of: Shape; readonly filled?: boolean }
  | { readonly kind: 'object'; readonly keys: Readonly<Record<string, Key>> }
  /** Told apart by their JSON types, of which each has another one. */
  | { readonly kind: 'either'; readonly of: readonly Shape[] };

export interface Key {
  readonly shape: Shape;
  /** What it does, as a sentence without its full stop; shown by editors. */
  readonly about: string;
  readonly required?: boolean;
}

const text: Shape = { kind: 'string' };
const flag: Shape = { kind: 'boolean' };
const path: Shape = { kind: 'string', word: 'path' };
const choice = (...choices: readonly string[]): Shape => ({ kind: 'string', choices });
const word = (name: Word): Shape => ({ kind: 'string', word: name });
const list = (of: Shape, filled = false): Shape => ({ kind: 'list', of, filled });
const either = (...of: readonly Shape[]): Shape => ({ kind: 'either', of });
const object = (keys: Readonly<Record<string, Key>>): Shape & { readonly kind: 'object' } => ({ kind: 'object', keys });
const key = (shape: Shape, about: string): Key => ({ shape, about });
const required = (shape: Shape, about: string): Key => ({ shape, about, required: true });

const DIFF_CLASSES = ['loosened', 'tightened', 'changed', 'any', 'none'];

export const FAIL: Shape & { readonly kind: 'object' } = object({
  lint: key(
    choice('error', 'warning', 'note', 'none'),
    "The least severity of a finding that fails; default 'warning'",
  ),
  diff: key(
    either(choice(...DIFF_CLASSES), list(choice(...DIFF_CLASSES))),
    "Which differences from the base fail; default 'loosened'",
  ),
  traces: key(
    choice('denied', 'open'),
    "'open': a trace that is incomplete or leaves calls open is missing evidence (status 3); default 'denied': only denied calls count",
  ),
});

export const TARGET: Shape & { readonly kind: 'object' } = object({
  name: key(text, 'Its name in reports; default its architectures'),
  arches: key(
    list({ kind: 'string', word: 'arch', choices: [...ARCHES.keys()] }, true),
    'ABIs that one program is made for, all of one byte order; default those that the profile names',
  ),
  caps: key(
    either(choice('none', 'all', 'docker'), list(word('capability'))),
    "Capabilities held: 'none', 'all', Docker's default set (the default), or a list, in which 'docker' stands for that set",
  ),
  kernel: key(
    word('kernel'),
    'Kernel that minKernel is compared with, such as 6.1; default: every minKernel counts as satisfied',
  ),
  runtime: key(choice('none', 'runc'), "Whose reading of doubtful profiles to follow; default 'none'"),
  unknownArch: key(
    choice('kill-process', 'kill', 'errno'),
    "What calls of an architecture that is not named get; default 'kill-process'",
  ),
  onConflict: key(
    choice('error', 'first', 'strictest'),
    "When rules with different actions match one call; default 'error'",
  ),
  multiplexed: key(
    choice('allow', 'deny', 'written'),
    "What socketcall and ipc get for calls whose rules look at arguments; default 'allow', as libseccomp",
  ),
  ruleOrder: key(
    choice('oci', 'first-match'),
    'Which of several rules decides: as runc has it (the default), or the first',
  ),
  argWidth: key(choice('oci', 'kernel'), 'Compare 64 bits as the dialect says (the default), or what the kernel uses'),
  enosysAbove: key(flag, 'Numbers above the largest one that the profile lists return ENOSYS; implied by runtime runc'),
  strict: key(flag, 'Unknown system call names are errors in every rule'),
});

const target = key(text, 'The target that it belongs to, by its name; needed where there are several');

const TRACE = object({
  file: key(path, 'The recording (gzip too)'),
  files: key(list(path, true), 'Several recordings, or the files of strace -ff, in place of `file`'),
  format: key(choice(...TRACE_FORMATS), 'Its format, instead of recognising it'),
  arch: key(
    { kind: 'string', word: 'arch', choices: [...ARCHES.keys()] },
    'The ABI of calls where the trace does not tell',
  ),
  denied: key(
    list(word('call')),
    'Calls that must be denied, each at least once, while nothing else is; default: none is',
  ),
  maxDenials: key({ kind: 'number' }, 'Denied calls, by number, that are no failure; default 0'),
  baseline: key(path, 'Denials that are accepted, as `seccompc replay --write-baseline` writes them'),
  target: key(text, 'The one target that it is replayed against, by its name; default: every target'),
});

const PROGRAM = object({
  file: required(path, 'A raw program, or an ELF file that carries one'),
  section: key(text, 'The section of the ELF file; default .seccomp_rules'),
  target,
});

const OUTPUT = object({
  file: required(path, 'The file that must hold what the profile gives; `seccompc ci --write` writes it'),
  format: key(choice(...PROGRAM_FORMATS), "The program itself: 'raw' (the default), as text, or as JSON"),
  into: key(path, 'An ELF file that the program is put into; the result is `file`, which may be the same one'),
  section: key(text, 'With into: the name of the section; default .seccomp_rules'),
  load: key(flag, 'With into: map the section when the program runs'),
  enforce: key(flag, 'With into: make the program install the filter by itself'),
  embedProfile: key(flag, 'With into: put the normalized profile in, too'),
  target,
});

const PROFILE = object({
  profile: required(path, 'The profile'),
  name: key(text, "Its name in reports; default the profile's path"),
  was: key(path, 'Where the profile lies at the base, if it has moved since'),
  targets: key(
    list(TARGET, true),
    "What it is resolved for; one program is made for each; default: the profile's own architectures",
  ),
  optimize: key(choice('size', 'speed', 'balanced'), "What the compiler spends on; default 'balanced'"),
  search: key(choice('full', 'fast'), "'fast' leaves out the search for masks; default 'full'"),
  weights: key(list(path), 'How often each call is made: recorded traces, or counts as JSON'),
  assert: key(
    list(either(word('statement'), object({ file: required(path, 'A file of statements') }))),
    'Statements that are proved for every value, such as "execve is denied", or files of them; x-assert in the profile counts besides',
  ),
  traces: key(
    list(either(path, TRACE)),
    'Recorded traces, and what must hold of them; a path alone: nothing is denied',
  ),
  programs: key(list(either(path, PROGRAM)), 'Programs made elsewhere that are proved equal to the profile'),
  outputs: key(list(OUTPUT), 'Files that are made from the profile, and must be current'),
  lint: key(
    object({
      ignore: key(
        list(
          object({
            code: required(choice(...Object.keys(LINTS)), 'Findings of this code, none of which is an error'),
            reason: required(text, 'Why they are wanted'),
          }),
        ),
        'Findings that are known and wanted',
      ),
    }),
    'What lint leaves out',
  ),
  diff: key(
    object({ ignore: key(list(path), 'Files of known differences, as `seccompc diff --ignore` takes them') }),
    'What the comparison with the base leaves out',
  ),
  fail: key(FAIL, 'What makes the steps of this profile fail; the keys that are absent are those of the whole'),
});

export const ROOT: Shape & { readonly kind: 'object' } = object({
  $schema: key(text, 'Where editors find the schema of this file'),
  base: key(
    text,
    'The branch or commit that profiles are compared with where neither --base nor the CI service names one, such as "origin/main"',
  ),
  fail: key(FAIL, 'What makes a step fail'),
  profiles: required(list(PROFILE, true), 'The profiles, each with everything that is known of it'),
});
