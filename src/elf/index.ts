/** `seccompc/elf`: ELF files as bytes in, bytes out. */
export { type AddOptions, addSection, planAdd } from './add.ts';
export { applyEdit, type Edit, type Patch } from './edit.ts';
export { extractSection, sectionBytes } from './extract.ts';
export type { Ehdr, ElfClass, Phdr, Shdr } from './format.ts';
export { type ElfFile, type ReadOptions, readElf, readElfFrom, type Section } from './read.ts';
export { planRemove, removeSection } from './remove.ts';
export type { NewSection } from './section.ts';
export { type ElfSource, sourceOf } from './source.ts';
