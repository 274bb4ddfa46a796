export { compile } from './compile.ts';
export { DEFAULT_SECTION, elfArch, embed, requireOwnAbi } from './embed.ts';
export { loadPolicy } from './load.ts';
