/** What the commands that rewrite an ELF file share: their options, writing, and what could not be kept. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { fail } from '../diag/index.ts';
import type { InjectOptions, Trailing } from '../elf/index.ts';
import type { Written } from '../host/atomic-write.ts';
import { destinationOf } from '../host/destination.ts';
import type { OpenedElf } from '../host/elf-file.ts';

export interface RewriteFlags {
  readonly output?: string;
  readonly trailing?: Trailing;
  readonly maxPadding?: number;
  readonly preserveTimestamps?: boolean;
  readonly json?: boolean;
}

/** '4096', '16M', '1G' in bytes. */
function sizeOf(text: string): number {
  const match = /^(\d{1,12})([KMG]?)$/i.exec(text);
  if (match === null) throw new InvalidArgumentError('a size is a number of bytes, or one with K, M or G');
  return Number(match[1]) * 1024 ** ['', 'K', 'M', 'G'].indexOf(match[2]!.toUpperCase());
}

/** Options for putting sections in; `output` and the times belong to all commands that write. */
export function addInjectOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--trailing <how>',
        'data behind the ELF (self-extracting, AppImage): keep it at the end, or at its offset (default: refuse)',
      ).choices(['keep-end', 'keep-offset']),
    )
    .addOption(
      new Option('--max-padding <size>', 'zeros that loading may add to the file (default: 16M)').argParser(sizeOf),
    );
}

export function addWriteOptions(command: Command): Command {
  return command
    .option('-o, --output <file>', "where the result goes, instead of in place; '-' is standard output")
    .option('--preserve-timestamps', 'keep the times of access and modification');
}

export function injectOptions(flags: RewriteFlags): InjectOptions {
  return { trailing: flags.trailing, maxPadding: flags.maxPadding };
}

/** Refuses what would not be read by anyone, before any work is done. */
export function checkDestination(opened: OpenedElf, flags: RewriteFlags): { readonly isStdout: boolean } {
  if (flags.output === undefined) {
    if (opened.path === '-') {
      fail({ code: 'USAGE', message: 'standard input cannot be changed in place', help: 'name the result with -o' });
    }
    return { isStdout: false };
  }
  const { isStdout, isTerminal } = destinationOf(flags.output);
  if (isTerminal) {
    fail({
      code: 'USAGE',
      message: 'an ELF file is binary; it is not written to a terminal',
      help: 'name a file with -o',
    });
  }
  if (isStdout && flags.json) {
    const help = 'name a file with -o';
    fail({ code: 'USAGE', message: '--json and the ELF file cannot both go to standard output', help });
  }
  return { isStdout };
}

/** What replacing a file could not keep, as lines of warning. */
export function lostLines(written: Written): readonly string[] {
  if (written.how !== 'replaced') return [];
  const lines: string[] = [];
  if (!written.ownerKept)
    lines.push('the owner could not be kept; set-id bits and access control lists, if any, were dropped');
  if (written.lost !== undefined) lines.push(`not kept: ${written.lost}`);
  if (written.otherNames > 0) {
    const names =
      written.otherNames === 1 ? 'another name (hard link)' : `${written.otherNames} other names (hard links)`;
    lines.push(`the file had ${names}, which still lead to the old one`);
  }
  return lines;
}
