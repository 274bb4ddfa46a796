export { type Compiled, type CompileOptions, compile, compileProved } from './compile.ts';
export { describeCall } from './describe.ts';
export { type EmbedOptions, elfArch, planEmbed, planRemoveFilter, requireOwnAbi } from './embed.ts';
export { isDynamic } from './enforce.ts';
export { type Inspection, inspectElf } from './inspect.ts';
export { loadPolicy } from './load.ts';
export { makeNote, type Note, type NoteFields, notesOf } from './note.ts';
export { DEFAULT_SECTION, NOTE_SECTION, profileSection } from './sections.ts';
