/** outputs: files that are made from the profile. Held against what it gives now, or, with --write, written. */
import { basename } from 'node:path';
import { elfArch, planEmbed, requireOwnAbi } from '../../build/embed.ts';
import { inspectElf } from '../../build/inspect.ts';
import { notesOf } from '../../build/note.ts';
import { DEFAULT_SECTION, NOTE_SECTION, profileSection } from '../../build/sections.ts';
import type { OutputEntry, Path } from '../../config/index.ts';
import { fail, type NewDiagnostic, quoted } from '../../diag/index.ts';
import {
  applyEdit,
  type Edit,
  type ElfFile,
  findSection,
  readElf,
  readElfFrom,
  sectionBytes,
} from '../../elf/index.ts';
import { replaceFile } from '../../host/atomic-write.ts';
import { openElf, rewrite } from '../../host/elf-file.ts';
import { readInput } from '../../host/input.ts';
import type { CheckedProgram } from '../../kernel/index.ts';
import { prove } from '../../prove/index.ts';
import { programAs } from '../../view/index.ts';
import { VERSION } from '../version.ts';
import type { Made } from './compile.ts';
import type { Guard } from './guard.ts';
import type { Places } from './places.ts';
import { type Outcome, passed } from './step.ts';

const HELP = 'seccompc ci --write makes it anew';

function stale(file: string, message: string): never {
  const found: NewDiagnostic = { code: 'OUTPUT_STALE', file, message, help: HELP };
  return fail(found);
}

/** Whether the file holds what the target gives now. @throws SeccompcError OUTPUT_STALE, CONFIG_PATH, INPUT_UNREADABLE */
export function outputStep(output: OutputEntry, made: Made, places: Places, guard: Guard): Outcome {
  const { name, isThere } = places.output(output.file);
  guard.output(output);
  if (!isThere) stale(name, 'the file is not there yet');
  const program = made.program as CheckedProgram;
  if (output.into === undefined) {
    const { bytes } = readInput(name);
    const same = Buffer.compare(bytes, bytesOf(output, made, program)) === 0;
    return same ? passed(`${name}: current`) : stale(name, 'it is not what the profile gives now');
  }
  return embedded(output, made, program, name, places);
}

function bytesOf({ format = 'raw' }: OutputEntry, { policy }: Made, program: CheckedProgram): Uint8Array {
  return programAs(program, format, { architectures: policy.arches.map(({ arch }) => arch.scmp) });
}

/**
 * An ELF file is current when it is, byte for byte, what --write would make of `into`. Changed in place, it is when
 * writing it again would put in the same. The differences that have a name are told by it.
 */
function embedded(output: OutputEntry, made: Made, program: CheckedProgram, name: string, places: Places): Outcome {
  const { section = DEFAULT_SECTION, load, enforce } = output;
  const into = places.input(output.into as Path);
  const { policy } = made;
  const opened = openElf(name);
  try {
    const elf = readElfFrom(opened.source, { file: name });
    const { filters, enforced, problems } = inspectElf(elf, { section });
    const filter = filters.find((found) => found.section === section)?.data;
    if (filter === undefined) stale(name, `there is no filter in its section '${section}'`);
    const broken = problems.find(({ severity }) => severity === 'error');
    if (broken !== undefined) stale(name, `its filter is damaged: ${broken.message}`);
    if (load && filter.mapping.kind !== 'mapped') stale(name, 'its filter is not loaded when the program runs');
    if (enforce !== (enforced !== undefined))
      stale(name, enforce ? 'it does not install its filter' : 'it installs its filter by itself');
    const proof = filter.verdict.ok ? prove(filter.verdict.program, policy) : undefined;
    if (proof?.proved !== true) stale(name, 'its filter is not equal to the profile');
    const old = readInput(into).bytes;
    const fresh = applyEdit(old, editOf(output, made, program, readElf(old, { file: into }), into));
    const isSame = Buffer.compare(readInput(name).bytes, fresh) === 0;
    // In place, a filter that is put in anew goes behind the others: the same parts in another order.
    const isInPlace = into === name;
    if (!isSame && !(isInPlace && partsOf(elf, section) === partsOf(readElf(fresh, { file: name }), section)))
      stale(name, `its filter is equal to the profile, and the file is not what is made of ${quoted(into)} now`);
    return passed(`${name}: current, equal to the profile`);
  } finally {
    opened.close();
  }
}

/** What was put in with a filter, whatever its place: the instructions, the profile, and the notes of all filters. */
function partsOf(elf: ElfFile, section: string): string {
  const bytes = (name: string) =>
    findSection(elf, name) === undefined ? undefined : Buffer.from(sectionBytes(elf, name)).toString('hex');
  const notes = notesOf(sectionBytes(elf, NOTE_SECTION), elf.endian, { file: elf.file });
  const own = [
    bytes(section),
    bytes(profileSection(section)),
    ...notes.map((n) => Buffer.from(n.bytes).toString('hex')).sort(),
  ];
  return JSON.stringify(own);
}

function editOf(output: OutputEntry, { policy }: Made, program: CheckedProgram, elf: ElfFile, into: string): Edit {
  requireOwnAbi(policy, elfArch(elf, into), into);
  return planEmbed(elf, program, policy, {
    section: output.section ?? DEFAULT_SECTION,
    profileName: basename(policy.source.name),
    version: VERSION,
    load: output.load,
    enforce: output.enforce,
    embedProfile: output.embedProfile,
  });
}

/** Writes the file, whole or not at all. */
export function writeOutput(output: OutputEntry, made: Made, places: Places, guard: Guard): Outcome {
  const { name } = places.output(output.file);
  guard.output(output);
  const program = made.program as CheckedProgram;
  if (output.into === undefined) {
    replaceFile(name, bytesOf(output, made, program));
    return passed(`${name}: written`);
  }
  const into = places.input(output.into);
  const opened = openElf(into);
  try {
    const elf = readElfFrom(opened.source, { file: into });
    const edit = editOf(output, made, program, elf, into);
    rewrite(opened, edit, into === name ? undefined : name, {});
    return passed(`${name}: written`);
  } finally {
    opened.close();
  }
}
