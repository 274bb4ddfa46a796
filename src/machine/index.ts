/** What a browser can load: code and listings. Whole files come from `executable.ts`, which needs Node. */
export { Aarch64 } from './aarch64.ts';
export { type CodeLine, listing, type MachineCode } from './code.ts';
export { DEMO_CALLS, demoProgram, REFUSED_STATUS } from './demo-program.ts';
export {
  answerSize,
  decodeAnswers,
  encodeBatch,
  PROBE_STATUS,
  type ProbeAnswer,
  type ProbeCall,
  type ProbeGroup,
  probeProgram,
} from './probe.ts';
export { MACHINE_TARGETS, type MachineTarget } from './targets.ts';
export { X86_64 } from './x86-64.ts';
