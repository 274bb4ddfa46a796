/** What build says of its result: what was compiled, what was written, and what still has to be done. */
import { describeWord } from '../arch/index.ts';
import { type Compiled, isDynamic, originText } from '../build/index.ts';
import { forTerminal } from '../diag/index.ts';
import { type ElfFile, undoOf } from '../elf/index.ts';
import type { CheckedProgram } from '../kernel/index.ts';
import type { Policy } from '../policy/index.ts';
import type { Start } from './build-start.ts';
import type { Terminal } from './terminal.ts';

export function summary(policy: Policy, { program, proof }: Compiled, terminal: Terminal, toStdout: boolean): void {
  const say = toStdout ? (text: string) => terminal.line(text) : (text: string) => terminal.aside(text);
  const names = policy.arches.map((a) => a.arch.name).join(', ');
  say(
    `${forTerminal(policy.source.name)}: ${program.length} instructions (${program.length * 8} bytes, ${program.endian}-endian) for ${names}`,
  );
  for (const a of policy.arches) {
    const conditional = [...a.calls.values()].filter((c) => c.rules.some((r) => r.conditions.length > 0)).length;
    say(
      `  ${a.arch.name}: ${a.calls.size} calls with rules, ${conditional} of them on arguments; all others ${describeWord(a.defaultAction, a.arch)}`,
    );
  }
  say(`  other architectures: ${describeWord(policy.unknownArch)}`);
  say(
    policy.kernel === undefined
      ? '  kernel: none given, every minKernel counts as satisfied'
      : `  kernel: ${forTerminal(policy.kernel)}`,
  );
  if (proof === undefined) say('  not proved equal to the profile (--no-prove)');
  else
    say(
      '  proved equal to the profile for every architecture, number and argument (x86_64 calls 335 and 336 excepted)',
    );
  if (policy.flags.length > 0) say(`  filter flags for whoever installs it: ${policy.flags.join(', ')}`);
}

export function summaryData(policy: Policy, program: CheckedProgram): Record<string, unknown> {
  return {
    profile: policy.source.name,
    architectures: policy.arches.map((a) => a.arch.name),
    calls: policy.arches.map((a) => ({
      arch: a.arch.name,
      withRules: a.calls.size,
      onArguments: [...a.calls.values()].filter((c) => c.rules.some((r) => r.conditions.length > 0)).length,
      default: describeWord(a.defaultAction, a.arch),
    })),
    endian: program.endian,
    instructions: program.length,
    bytes: program.length * 8,
    kernel: policy.kernel ?? null,
    unknownArch: describeWord(policy.unknownArch),
    flags: policy.flags,
  };
}

const DATA =
  '  the section is data: whoever starts or is the program reads it and calls seccomp(2) with it (or --enforce)';

function enforcedLines(elf: ElfFile, start: Start): readonly string[] {
  const lines = ['  the program installs it before its first instruction; if it cannot, it ends with status 159'];
  if (isDynamic(elf))
    lines.push('  its loader, LD_PRELOAD and the constructors of its libraries run before that, unfiltered');
  const known =
    start.diagnostics.length === 0 ? 'it may make the calls with which such programs start and end' : 'see above';
  return [...lines, `  the program is ${originText(start.origin)}: ${known}`];
}

/** A file that grew by more than this is worth a word. */
const MUCH = 1 << 20;

export interface Result {
  readonly policy: Policy;
  /** What was written, if anything. */
  readonly output: { readonly path: string; readonly size: number; readonly what: string } | undefined;
  readonly isStdout: boolean;
  /** The file that it went into, and its size before. */
  readonly elf: { readonly file: ElfFile; readonly size: number } | undefined;
  /** Of a program that enforces its filter. */
  readonly start: Start | undefined;
  /** Architectures were named on the command line. */
  readonly arches: boolean;
}

/** What was written, what was left out, and what still has to be done. */
export function closing({ policy, output, isStdout, elf, start, arches }: Result): readonly string[] {
  if (isStdout) return [];
  if (output === undefined) return ['  nothing written: -o takes the program, --into puts it into an ELF file'];
  const lines: string[] = [];
  const named = policy.arches.map((a) => a.arch.name);
  const left = [...new Set(policy.profileArches.map((a) => a.name))].filter((name) => !named.includes(name));
  if (elf !== undefined && !arches && left.length > 0) {
    lines.push(`  only the file's own ABI is built for; the profile also names ${left.join(', ')} (--arch adds them)`);
  }
  lines.push(`  written: ${forTerminal(output.path)} (${forTerminal(output.what)}, ${output.size} bytes)`);
  if (elf !== undefined) {
    const grown = output.size - elf.size;
    if (grown > MUCH) {
      const zeros = 'its program headers had to move behind .bss; without --load it would not';
      lines.push(`  the file grew by ${Math.round(grown / 1024)} KB, most of it zeros: ${zeros}`);
    }
    if (undoOf(elf.file).state === 'stale') {
      lines.push('  an earlier injection was rewritten by another tool (strip): elf remove will give back that file');
    }
    lines.push(...(start ? enforcedLines(elf.file, start) : [DATA]));
  }
  return lines;
}
