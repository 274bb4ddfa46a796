export { compilePolicy, type UncheckedProgram } from './compile.ts';
