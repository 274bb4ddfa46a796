export { compilePolicy, type UncheckedProgram } from './compile.ts';
export type { CompileOptions, Optimize } from './options.ts';
