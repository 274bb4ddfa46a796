/** `seccompc/elf`: ELF files as bytes in, bytes out. */
export { interpreterOf, neededLibraries } from './dynamic.ts';
export { applyEdit, type Edit, type Patch } from './edit.ts';
export type { EntryCode, EntryPlace } from './entry.ts';
export { extractSection, sectionBytes } from './extract.ts';
export type { Ehdr, ElfClass, Phdr, Shdr } from './format.ts';
export { addSection, type InjectOptions, injectSections, planInject } from './inject.ts';
export { type FileKind, kindOf } from './kind.ts';
export type { Trailing } from './layout.ts';
export { isMappedTwice, loadAt, memoryAt } from './memory.ts';
export { type Origin, originOf } from './origin.ts';
export { type ElfFile, type ReadOptions, readElf, readElfFrom, type Section } from './read.ts';
export { isBeneath, planRemove, planUndo, removeSection, undoInjection } from './remove.ts';
export { findSection, type NewSection, UNDO_SECTION } from './section.ts';
export { type ElfSource, sourceOf } from './source.ts';
export { type Injection, type Undo, undoOf } from './undo.ts';
