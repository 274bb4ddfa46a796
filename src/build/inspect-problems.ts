/** What is wrong with a file, as `inspect` collects it; and the cures that several problems share. */
import type { Code, Diagnostic } from '../diag/index.ts';
import { type ElfFile, findSection, type Section, type Undo } from '../elf/index.ts';
import { caught } from './inspect-profile.ts';

export const INTO = 'seccompc build PROFILE --into FILE';
export const IN_ORDER: string = `build the program again, strip it, then inject: ${INTO}`;
const ANEW = `take out what was injected and put it in again: seccompc elf remove FILE, then ${INTO}`;

/** How to get a whole filter, note and profile again: by way of the file before, where the undo record still leads there. */
export function anew(undo: Undo['state'] | 'damaged', isNoted: boolean): string {
  if (undo === 'intact') return ANEW;
  return undo === 'none' && !isNoted ? `put it in again: ${INTO}` : IN_ORDER;
}

/** Collects problems, each once: several claims may break over the same damage. */
export class Problems {
  readonly list: Diagnostic[] = [];
  readonly #file: string | undefined;

  constructor(file: string | undefined) {
    this.#file = file;
  }

  /** Adds an error of the file, unless `more` says otherwise. */
  add(code: Code, message: string, help: string, more: Partial<Diagnostic> = {}): void {
    this.addAll([{ code, severity: 'error', file: this.#file, message, help, ...more }]);
  }

  addAll(diagnostics: readonly Diagnostic[]): void {
    const isSame = (a: Diagnostic, b: Diagnostic) =>
      a.code === b.code && a.message === b.message && a.byteOffset === b.byteOffset;
    for (const d of diagnostics) if (!this.list.some((p) => isSame(p, d))) this.list.push(d);
  }

  has(...codes: readonly Code[]): boolean {
    return this.list.some((d) => codes.includes(d.code));
  }
}

/** The section of this name, none, or a problem: two have it, or names cannot be read. */
export function sectionNamed(
  elf: ElfFile,
  name: string,
  problems: Problems,
  cure: string,
): Section | 'none' | 'unclear' {
  const found = caught(() => (elf.sections.length === 0 ? undefined : findSection(elf, name)));
  if ('value' in found) return found.value ?? 'none';
  const help = `a reader may take either; ${cure}`;
  problems.addAll(found.diagnostics.map((d) => (d.code === 'ELF_SECTION_TWICE' ? { ...d, help } : d)));
  return 'unclear';
}
