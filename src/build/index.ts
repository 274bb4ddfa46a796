export { type Compiled, type CompileOptions, compile, compileProved } from './compile.ts';
export { describeCall } from './describe.ts';
export { elfArch, embed, requireOwnAbi } from './embed.ts';
export { loadPolicy } from './load.ts';
export { DEFAULT_SECTION, NOTE_SECTION, profileSection } from './sections.ts';
