/** What a browser can load: code, listings, the launcher's file. `executable.ts` is for the demo and the probe, and needs Node. */
export { Aarch64 } from './aarch64.ts';
export { type CodeLine, externalsText, listing, type MachineCode } from './code.ts';
export { DEMO_CALLS, demoProgram, REFUSED_STATUS } from './demo-program.ts';
export { decodeStub, enforceStub, START_OPERATION, STUB_FLAGS, type Stub } from './enforce-stub.ts';
export {
  decodeReading,
  filterReaderCode,
  filterReaderElf,
  READER_CUT,
  READER_STEPS,
  type ReaderStep,
  type ReadFilter,
  type Reading,
} from './filter-reader.ts';
export { I386 } from './i386.ts';
export {
  LAUNCHER_FLAGS,
  LAUNCHER_SECTION,
  LAUNCHER_STATUS,
  type Launcher,
  type LauncherFile,
  launcherCode,
  launcherElf,
} from './launcher.ts';
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
export { Riscv64 } from './riscv64.ts';
export { S390x } from './s390x.ts';
export { CPU_NAMES, type CpuName, isCpuName, MACHINE_TARGETS, type MachineTarget } from './targets.ts';
export {
  CALL_STOP,
  SYSCALL_INFO,
  SYSCALL_OP,
  TRACE_EVENT,
  TRACE_RECORD,
  type Tracer,
  tracerCode,
  tracerElf,
} from './tracer.ts';
export { X86_64 } from './x86-64.ts';
