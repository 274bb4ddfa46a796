export { type Compiled, type CompileOptions, compile, compileProved } from './compile.ts';
export { describeCall } from './describe.ts';
export { DEFAULT_SECTION, elfArch, embed, requireOwnAbi } from './embed.ts';
export { loadPolicy } from './load.ts';
