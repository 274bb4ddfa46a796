/** seccompc elf: sections of ELF files as such, whatever they hold. What objcopy promises, without touching the rest. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_SECTION, NOTE_SECTION } from '../build/sections.ts';
import { fail, forTerminal, quoted } from '../diag/index.ts';
import {
  type Edit,
  type ElfFile,
  findSection,
  isBeneath,
  type NewSection,
  planInject,
  planRemove,
  planUndo,
  readElfFrom,
  sectionBytes,
  UNDO_SECTION,
  undoOf,
} from '../elf/index.ts';
import { replaceFile } from '../host/atomic-write.ts';
import { destinationOf, leadsTo } from '../host/destination.ts';
import { type OpenedElf, openElf, rewrite } from '../host/elf-file.ts';
import { readInput } from '../host/input.ts';
import type { FileStamp } from '../host/stamp.ts';
import { define, type Example } from './definition.ts';
import {
  addInjectOptions,
  addWriteOptions,
  checkDestination,
  injectOptions,
  lostLines,
  type RewriteFlags,
} from './rewriting.ts';
import { Terminal } from './terminal.ts';

interface SectionFlags extends RewriteFlags {
  readonly section: string;
}

interface PutFlags extends SectionFlags {
  readonly load?: boolean;
  readonly align?: number;
}

/** Opens the file, and closes it whatever happens. */
function withElf<T>(path: string, body: (opened: OpenedElf, elf: ElfFile) => T): T {
  const opened = openElf(path);
  try {
    return body(opened, readElfFrom(opened.source, { file: opened.name }));
  } finally {
    opened.close();
  }
}

/** Writes the result and says what was done. */
function finish(
  opened: OpenedElf,
  edit: Edit,
  flags: RewriteFlags,
  what: string,
  data: Record<string, unknown>,
  notice: readonly string[] = [],
): void {
  const terminal = new Terminal(flags.json === true);
  const { isStdout } = checkDestination(opened, flags);
  const written = rewrite(opened, edit, flags.output, flags);
  const warnings = [...lostLines(written), ...notice];
  const path = flags.output ?? opened.path;
  const say = isStdout ? (text: string) => terminal.aside(text) : (text: string) => terminal.line(text);
  say(`${forTerminal(path)}: ${what}, ${edit.size} bytes`);
  for (const text of warnings) terminal.aside(`  warning: ${text}`);
  terminal.data({ ok: true, file: path, ...data, size: edit.size, warnings });
}

/** The result may not take the place of what it was made from. */
function refuseOver(output: string | undefined, what: string, stamp: FileStamp | undefined): void {
  if (output === undefined || !leadsTo(output, stamp)) return;
  const message = `the result would overwrite ${what}`;
  fail({ code: 'USAGE', file: output, message, help: 'name another file with -o' });
}

function put(path: string, dataPath: string, flags: PutFlags, replace: boolean): void {
  if (path === '-' && dataPath === '-') {
    fail({ code: 'USAGE', message: 'standard input can be the ELF file or the data, not both' });
  }
  const { bytes, stamp } = readInput(dataPath);
  refuseOver(flags.output ?? path, 'the data', stamp);
  withElf(path, (opened, elf) => {
    const name = flags.section;
    const old = elf.sections.length === 0 ? undefined : findSection(elf, name);
    if (replace && old === undefined) {
      const help = 'seccompc elf add adds one';
      fail({ code: 'ELF_SECTION_MISSING', file: opened.name, message: `no section is named ${quoted(name)}`, help });
    }
    // What stays as it was, unless asked otherwise: a section keeps its kind when its data changes.
    const isOurs = replace && isInjected(elf, name);
    const section: NewSection = {
      name,
      data: bytes,
      align: flags.align ?? (old === undefined ? 8 : Math.max(1, Number(old.sh_addralign))),
      entrySize: old === undefined ? (name === DEFAULT_SECTION ? 8 : 0) : Number(old.sh_entsize),
      ...(old !== undefined && { type: old.sh_type }),
      load: flags.load ?? (isOurs && (old!.sh_flags & 2n) !== 0n),
    };
    const edit = planInject(elf, [section], { ...injectOptions(flags), replace });
    const isDescribed = replace && isInjected(elf, NOTE_SECTION);
    const notice = isDescribed
      ? [`${NOTE_SECTION} still describes the old data; seccompc build --into writes both`]
      : [];
    const how = section.load ? 'loaded at run time' : 'not loaded';
    const verb = replace ? 'replaced' : 'added';
    const what = `section ${quoted(name)} ${verb} (${bytes.length} bytes, ${how})`;
    finish(opened, edit, flags, what, { section: name, bytes: bytes.length, loaded: section.load }, notice);
  });
}

function isInjected(elf: ElfFile, name: string): boolean {
  const undo = undoOf(elf);
  return undo.state === 'intact' && undo.injection.sections.some((s) => s.name === name);
}

/** What lies underneath, when the file before an injection had been injected too and another tool rewrote it then. */
function beneath(elf: ElfFile): readonly string[] {
  const undo = undoOf(elf);
  if (undo.state !== 'intact' || findSection(undo.injection.before, UNDO_SECTION) === undefined) return [];
  return ['an earlier injection, rewritten since by another tool (strip), is in the file again: see seccompc inspect'];
}

async function remove(path: string, flags: RewriteFlags & { readonly section?: string }): Promise<void> {
  // Only a file with notes needs to know what a filter is.
  const { planRemoveFilter } = await import('../build/index.ts');
  withElf(path, (opened, elf) => {
    const name = flags.section;
    if (name === undefined) {
      const undo = undoOf(elf);
      const names = undo.state === 'intact' ? undo.injection.sections.map((s) => s.name) : [];
      const what = `as it was before the injection (without ${names.map((n) => quoted(n)).join(', ')})`;
      return finish(opened, planUndo(elf), flags, what, { removed: names }, beneath(elf));
    }
    const back = isBeneath(elf, name) ? '; the section that was there before the injection is back' : '';
    const edit = planRemoveFilter(elf, name);
    if (edit === undefined) {
      return finish(opened, planRemove(elf, name), flags, `section ${quoted(name)} removed${back}`, {
        removed: [name],
      });
    }
    const what = `section ${quoted(name)} removed, with its note and profile${back}`;
    return finish(opened, edit, flags, what, { removed: [name] });
  });
}

function extract(path: string, flags: SectionFlags): void {
  withElf(path, (opened, elf) => {
    const bytes = sectionBytes(elf, flags.section);
    const output = flags.output ?? '-';
    refuseOver(output, 'the ELF file', opened.stamp);
    const { isStdout, isTerminal } = destinationOf(output);
    if (isTerminal) {
      const help = 'name a file with -o';
      fail({ code: 'USAGE', message: 'the section is binary; it is not written to a terminal', help });
    }
    if (isStdout && flags.json) {
      const help = 'name a file with -o';
      fail({ code: 'USAGE', message: '--json and the section cannot both go to standard output', help });
    }
    replaceFile(output === '-' ? '/dev/fd/1' : output, bytes);
    const terminal = new Terminal(flags.json === true);
    if (!isStdout) {
      const from = `section ${quoted(flags.section)} of ${forTerminal(path)}`;
      terminal.line(`${forTerminal(output)}: ${from}, ${bytes.length} bytes`);
    }
    terminal.data({ ok: true, file: path, section: flags.section, bytes: bytes.length, output });
  });
}

const sectionOption = (about: string) => new Option('--section <name>', about).default(DEFAULT_SECTION);
const alignOption = () =>
  new Option('--align <bytes>', 'alignment of the section, a power of two (default: 8)').argParser((text) => {
    if (/^\d{1,6}$/.test(text)) return Number(text);
    throw new InvalidArgumentError('an alignment is a number of bytes');
  });

export function addElf(program: Command): void {
  const elf = program
    .command('elf')
    .summary('sections of an ELF file: add, replace, extract, remove')
    .description(
      'Sections of ELF files, whatever they hold. Nothing else of the file changes, and removing an injected section\n' +
        'gives back the file as it was, byte for byte.',
    );
  const put2 = (name: 'add' | 'replace', about: string, example: Example) => {
    const command = elf
      .command(name)
      .summary(about)
      .description(`${about}. Written in place unless -o names another file.`)
      .argument('<elf>', "the ELF file; '-' is standard input")
      .argument('<data>', "a file with the section's bytes; '-' is standard input")
      .addOption(sectionOption('name of the section'))
      .option('--load', 'map the section, read-only, when the program runs')
      .addOption(alignOption());
    addWriteOptions(addInjectOptions(command)).action((path: string, data: string, flags: PutFlags) =>
      put(path, data, flags, name === 'replace'),
    );
    define(command, { group: 'files', result: 'verdict', examples: [example] });
  };
  put2('add', 'add a section', ['elf add ./operator notes.txt --section .notes', 'a section with the bytes of a file']);
  put2('replace', 'give a section other data', [
    'elf replace ./operator new.bpf --section .seccomp_rules',
    'other bytes for a section that is there',
  ]);
  const removing = addWriteOptions(
    elf
      .command('remove')
      .summary('remove all that was injected, or one section')
      .description(
        'Without --section everything that seccompc put in goes, and the file is as it was, byte for byte.\n' +
          'With it, that section goes, injected or not. Written in place unless -o names another file.',
      )
      .argument('<elf>', "the ELF file; '-' is standard input")
      .option('--section <name>', 'one section only'),
  ).action(remove);
  define(removing, {
    group: 'files',
    result: 'verdict',
    examples: [['elf remove ./operator', 'the file as it was before anything was injected']],
  });
  const extracting = elf
    .command('extract')
    .summary("a section's bytes")
    .description('Writes the bytes of a section as they stand in the file to standard output, or to the file of -o.')
    .argument('<elf>', "the ELF file; '-' is standard input")
    .addOption(sectionOption('the section'))
    .option('-o, --output <file>', "where the bytes go; '-' is standard output")
    .action(extract);
  define(extracting, {
    group: 'files',
    result: 'document',
    json: 'what was written as JSON on standard output',
    examples: [['elf extract ./operator -o filter.bpf', 'the filter that an ELF file carries']],
  });
  define(elf, { group: 'files', result: 'verdict', examples: [] });
}
