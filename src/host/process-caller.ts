/** What the kernel asks of whoever wants to see the filters of another process: of this one, as /proc shows it. */
import { readlinkSync } from 'node:fs';
import { readProc, threadStatus } from './process-status.ts';

/** What decides whether this process is shown another's filters. */
export interface Caller {
  /** As in `ThreadStatus`. */
  readonly seccomp: number | undefined;
  /** Its own tracer, or 0. */
  readonly tracer: number;
  /** Effective ones, a bit each. @see capabilities(7) */
  readonly capabilities: bigint;
  /** False in a container with user ids of its own; undefined where that is not shown. */
  readonly inFirstUserNamespace: boolean | undefined;
  /** 0 to 3; undefined without that security module. @see Linux Documentation/admin-guide/LSM/Yama.rst */
  readonly ptraceScope: number | undefined;
  /** Whether /proc is that of this process's own ids. */
  readonly hasOwnProc: boolean;
}

export const CAP_SYS_PTRACE = 19n;
export const CAP_SYS_ADMIN = 21n;

/** @see Linux include/linux/proc_ns.h PROC_USER_INIT_INO */
const FIRST_USER_NAMESPACE = `user:[${0xefff_fffd}]`;

export function callerHere(): Caller {
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(readProc('/proc/self/status') ?? '')?.[1] ?? '0';
  const scope = readProc('/proc/sys/kernel/yama/ptrace_scope');
  const namespace = linkOf('/proc/self/ns/user');
  const self = threadStatus(process.pid);
  return {
    seccomp: self?.seccomp,
    tracer: self?.tracer ?? 0,
    capabilities: BigInt(`0x${capabilities}`),
    inFirstUserNamespace: namespace === undefined ? undefined : namespace === FIRST_USER_NAMESPACE,
    ptraceScope: scope === undefined ? undefined : Number(scope),
    hasOwnProc: linkOf('/proc/self') === String(process.pid),
  };
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
