/** What a browser can load: code and listings. Whole files come from `executable.ts`, which needs Node. */
export { Aarch64 } from './aarch64.ts';
export { type CodeLine, listing, type MachineCode } from './code.ts';
export { DEMO_CALLS, demoProgram, type MachineTarget, REFUSED_STATUS } from './demo-program.ts';
export { X86_64 } from './x86-64.ts';
