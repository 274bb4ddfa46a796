/** seccompc build --into: the program goes into a section of an ELF file, in place or to a copy of it. */
import { basename } from 'node:path';
import type { Arch } from '../arch/index.ts';
import { type EmbedOptions, elfArch, isDynamic, originText, planEmbed, requireOwnAbi } from '../build/index.ts';
import type { Diagnostic } from '../diag/index.ts';
import { type Edit, readElfFrom, undoOf } from '../elf/index.ts';
import { openElf, rewrite } from '../host/elf-file.ts';
import type { CheckedProgram } from '../kernel/index.ts';
import type { Policy } from '../policy/index.ts';
import type { BuildFlags } from './build.ts';
import { type Output, writtenLine } from './build-report.ts';
import { lookAtStart, type Start } from './build-start.ts';
import { injectOptions } from './rewriting.ts';
import type { Terminal } from './terminal.ts';
import { VERSION } from './version.ts';

const DATA =
  '  the section is data: whoever starts or is the program reads it and calls seccomp(2) with it (or --enforce)';
/** A file that grew by more than this is worth a word. */
const MUCH = 1 << 20;

/** An ELF file that a program goes into. */
export interface Into {
  /** The file's own ABI. */
  readonly own: Arch;
  /** Throws ARCH_ELF_MISMATCH for a policy that leaves the file's own ABI out. */
  readonly requireOwnAbi: (policy: Policy) => void;
  readonly plan: (program: CheckedProgram, policy: Policy) => Output;
  /** Of a program that will confine itself. */
  readonly start: (program: CheckedProgram) => Start | undefined;
  readonly dryRun: (trial: Trial, terminal: Terminal) => Promise<void>;
  /** What was written, what was left out, and what still has to be done. */
  readonly lines: (output: Output, policy: Policy, start: Start | undefined) => readonly string[];
  readonly close: () => void;
}

interface Trial {
  readonly program: CheckedProgram;
  readonly policy: Policy;
  /** Arguments of the program. */
  readonly words: readonly string[];
  /** What else there is to say. */
  readonly diagnostics: readonly Diagnostic[];
}

export function openInto(path: string, flags: BuildFlags): Into {
  const opened = openElf(path);
  try {
    const file = readElfFrom(opened.source, { file: opened.name });
    const own = elfArch(file, opened.name);
    const embedOptions = (policy: Policy): EmbedOptions => ({
      ...injectOptions(flags),
      section: flags.section,
      profileName: basename(policy.source.name),
      version: VERSION,
      load: flags.load,
      enforce: flags.enforce,
      embedProfile: flags.loadProfile ? 'loaded' : flags.embedProfile,
    });
    const destination = flags.output ?? opened.path;
    return {
      own,
      requireOwnAbi: (policy) => requireOwnAbi(policy, own, opened.name),
      plan: (program, policy) => {
        const edit: Edit = planEmbed(file, program, policy, embedOptions(policy));
        const how = flags.enforce ? ', installed when the program starts' : flags.load ? ', loaded at run time' : '';
        const what = `section ${flags.section}${how}`;
        return { path: destination, size: edit.size, what, write: () => rewrite(opened, edit, flags.output, flags) };
      },
      start: (program) => (flags.enforce ? lookAtStart(program, file, own) : undefined),
      dryRun: async ({ program, policy, words, diagnostics }, terminal) => {
        const { dryRun } = await import('./dry-run.ts');
        const plan = (other: CheckedProgram) =>
          planEmbed(file, other, policy, { ...embedOptions(policy), enforce: 'telling' });
        const every = flags.everyCall === true;
        const argv: readonly [string, ...string[]] = [path, ...words];
        const trial = { opened, own, policy, program, plan, path: destination, words: argv, every, diagnostics };
        await dryRun(trial, terminal);
      },
      lines: (output, policy, start) => [
        ...(flags.arch === undefined ? leftOut(policy) : []),
        writtenLine(output),
        ...grownLines(output.size - opened.size),
        ...(undoOf(file).state === 'stale'
          ? ['  an earlier injection was rewritten by another tool (strip): elf remove will give back that file']
          : []),
        ...(start ? enforcedLines(isDynamic(file), start) : [DATA]),
      ],
      close: () => opened.close(),
    };
  } catch (error) {
    opened.close();
    throw error;
  }
}

function leftOut(policy: Policy): readonly string[] {
  const named = policy.arches.map((a) => a.arch.name);
  const left = [...new Set(policy.profileArches.map((a) => a.name))].filter((name) => !named.includes(name));
  if (left.length === 0) return [];
  return [`  only the file's own ABI is built for; the profile also names ${left.join(', ')} (--arch adds them)`];
}

function grownLines(bytes: number): readonly string[] {
  if (bytes <= MUCH) return [];
  const zeros = 'its program headers had to move behind .bss; without --load it would not';
  return [`  the file grew by ${Math.round(bytes / 1024)} KB, most of it zeros: ${zeros}`];
}

function enforcedLines(dynamic: boolean, start: Start): readonly string[] {
  const lines = ['  the program installs it before its first instruction; if it cannot, it ends with status 159'];
  if (dynamic) lines.push('  its loader, LD_PRELOAD and the constructors of its libraries run before that, unfiltered');
  const known =
    start.diagnostics.length === 0
      ? 'it may make the calls with which such programs start and end'
      : 'it may NOT make some calls with which such programs start and end: the warnings name them, --dry-run tries it';
  return [...lines, `  the program is ${originText(start.origin)}: ${known}`];
}
