/**
 * seccompc: seccomp profiles to classic BPF that the kernel accepts, in process, without libseccomp or a compiler.
 * Runs in Node and in a browser; nothing here touches files. ELF files: 'seccompc/elf'.
 */
export {
  type Combined,
  type CombineOptions,
  intersect,
  type Learned,
  Learning,
  type LearnOptions,
  learnedText,
  merge,
} from './algebra/index.ts';
export {
  ARCHES,
  type Arch,
  type ArchName,
  archOfElf,
  archOfNode,
  describeWord,
  findArch,
  type SeccompData,
  syscallName,
  syscallNumber,
} from './arch/index.ts';
export { assemble, decodeProgram, disassemble, encodeProgram, type RawInsn } from './bpf/index.ts';
export {
  type CompileOptions,
  compile,
  type Exported,
  type ExportOptions,
  type ExportSource,
  exportFilter,
} from './build/index.ts';
export type { Optimize } from './compile/index.ts';
export { type Code, type Diagnostic, SeccompcError } from './diag/index.ts';
export { FORMATS, type FormatName, type Lossy } from './formats/index.ts';
export {
  type CheckedProgram,
  type CheckOptions,
  check,
  type Refusal,
  run,
  runStack,
  type Trace,
  trace,
  type Verdict,
} from './kernel/index.ts';
export { type Finding, type Fix, type Fixed, fixProfile, type LintOptions, lint, type TextEdit } from './lint/index.ts';
export {
  type Decision,
  decide,
  evaluate,
  type OciProfile,
  type Policy,
  parseProfile,
  printPolicy,
  type ResolveOptions,
  resolvePolicy,
} from './policy/index.ts';
export { type Differences, difference, type FilterStack, type Proof, type ProveOptions, prove } from './prove/index.ts';
export { REPORT_FORMATS, type ReportContext, type ReportFormat, render } from './report/index.ts';
export {
  type CallEvent,
  type EndEvent,
  type LackingCall,
  type PathStep,
  type ReadOptions,
  type ReadReport,
  type Replay,
  type ReplayOptions,
  readTrace,
  replay,
  type Task,
  type TracedArg,
  type TracedCall,
  type TraceEvent,
  type TraceFormat,
  type TraceStream,
  traceLine,
} from './trace/index.ts';
