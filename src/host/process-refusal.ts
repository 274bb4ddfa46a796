/**
 * Why a thread's filters could not be had, in words that say what to do. The kernel has few errnos for many reasons, so
 * each is read beside what /proc says of the thread and of this process. Pure: facts in, a diagnostic out.
 * @see Linux kernel/seccomp.c seccomp_get_filter(); kernel/ptrace.c ptrace_attach(), __ptrace_may_access()
 */
import { errnoName } from '../arch/index.ts';
import { type NewDiagnostic, quoted } from '../diag/index.ts';
import type { Reading } from '../machine/index.ts';
import { CAP_SYS_ADMIN, CAP_SYS_PTRACE, type Caller } from './process-caller.ts';
import { ENDED, type ThreadStatus } from './process-status.ts';

const ERRNO = { EPERM: 1, ESRCH: 3, EIO: 5, EACCES: 13, EINVAL: 22, ENOSYS: 38 } as const;

/** '1234 (bash)'; a thread is named with its process. */
export function threadText({ tid, pid, name }: Pick<ThreadStatus, 'tid' | 'pid' | 'name'>): string {
  const what = tid === pid ? `process ${tid}` : `thread ${tid} of process ${pid}`;
  return name === '' ? what : `${what} (${quoted(name)})`;
}

export function missing(tid: number): NewDiagnostic {
  return {
    code: 'PROCESS_MISSING',
    message: `there is no process or thread ${tid}, or this user is not shown it`,
    help: 'ps -e lists those there are; a container counts its own, and so does what runs outside of it',
  };
}

export function ended(thread: ThreadStatus, others: number): NewDiagnostic {
  const help =
    others > 0 ? `${others} other threads of it live: ls /proc/${thread.pid}/task` : 'its filters went with it';
  return { code: 'PROCESS_ENDED', message: `${threadText(thread)} has ended`, help };
}

export function replaced(tid: number): NewDiagnostic {
  return {
    code: 'PROCESS_CHANGED',
    message: `process ${tid} ended while it was looked at; whoever has that number now is another one`,
    help: 'run the command again with the number of the process that is meant',
  };
}

/** What keeps a thread from being asked at all; undefined when nothing does. `others`: threads beside it that live. */
export function refusedBefore(thread: ThreadStatus, others: number): NewDiagnostic | undefined {
  if (thread.isKernel) {
    return {
      code: 'PROCESS_KERNEL',
      message: `${threadText(thread)} is a thread of the kernel: it makes no system calls, and no filter is asked about any`,
      help: 'name a process: ps -e shows these in brackets',
    };
  }
  if (ENDED.has(thread.state)) return ended(thread, others);
  if (thread.seccomp === undefined) {
    return {
      code: 'KERNEL_UNABLE',
      message: '/proc says nothing of seccomp: the kernel was built without it, or this is no /proc of Linux',
      help: 'grep Seccomp /proc/self/status',
    };
  }
  return undefined;
}

/** The reader's answer that is none, for a thread as it is afterwards (undefined: it is gone). */
export function refusedBy(
  { step, errno }: Pick<Reading, 'step' | 'errno'>,
  before: ThreadStatus,
  after: ThreadStatus | undefined,
  caller: Caller,
): NewDiagnostic {
  switch (step) {
    case 'rehearsal':
      return errno === ERRNO.EACCES || errno === ERRNO.EPERM ? forbidden(before, caller) : unable(errno, caller);
    case 'seize':
    case 'identity':
      if (errno === ERRNO.ESRCH || after === undefined) return gone(before, after);
      return notTraced(errno, after, caller);
    case 'stop':
      return gone(before, after);
    case 'filters':
    case 'done':
      if (errno === ERRNO.ESRCH) return gone(before, after);
      return errno === ERRNO.EACCES ? forbidden(before, caller) : unable(errno, caller);
    default:
      return step satisfies never;
  }
}

function gone(before: ThreadStatus, after: ThreadStatus | undefined): NewDiagnostic {
  return after === undefined || ENDED.has(after.state) ? ended(before, 0) : replaced(before.tid);
}

/** EPERM of PTRACE_SEIZE says no more than that. */
function notTraced(errno: number, thread: ThreadStatus, caller: Caller): NewDiagnostic {
  if (ENDED.has(thread.state)) return ended(thread, 0);
  if (thread.tracer !== 0) {
    return {
      code: 'PROCESS_TRACED',
      message: `${threadText(thread)} is traced by process ${thread.tracer} already, and the kernel allows one tracer`,
      help: `let that one go first (ps -p ${thread.tracer} says what it is: strace, a debugger, a sandbox)`,
    };
  }
  return errno === ERRNO.EPERM || errno === ERRNO.EACCES ? forbidden(thread, caller) : unable(errno, caller);
}

const CONTAINER = '; a container needs --cap-add SYS_ADMIN --cap-add SYS_PTRACE --security-opt seccomp=unconfined';

function forbidden(thread: ThreadStatus, caller: Caller): NewDiagnostic {
  const has = (capability: bigint) => ((caller.capabilities >> capability) & 1n) === 1n;
  if (caller.seccomp !== undefined && caller.seccomp !== 0) return confined();
  if (!has(CAP_SYS_ADMIN) || caller.inFirstUserNamespace === false) {
    const where = has(CAP_SYS_ADMIN) ? 'this one has it in another namespace only' : 'this one does not have it';
    return {
      code: 'PROCESS_PRIVILEGE',
      message: `filters are shown to a process with CAP_SYS_ADMIN in the first user namespace, and ${where}`,
      help: `run it as root, outside of containers${CONTAINER}`,
    };
  }
  const denied = (why: string, help: string): NewDiagnostic => ({
    code: 'PROCESS_DENIED',
    message: `${threadText(thread)} may not be traced: ${why}`,
    help,
  });
  if (caller.ptraceScope === 3)
    return denied('kernel.yama.ptrace_scope is 3, which forbids it to everybody', 'only a boot sets it back');
  // Its children are the tracer's as well (strace -f), and each has one tracer.
  if (caller.tracer !== 0)
    return denied(`this process is traced itself, by process ${caller.tracer}`, 'run it without a tracer');
  if (!has(CAP_SYS_PTRACE))
    return denied('this process lacks CAP_SYS_PTRACE', `run it with all capabilities of root${CONTAINER}`);
  return denied(
    'a security module forbids it',
    'AppArmor, SELinux or the like: dmesg and the audit log name the rule; cat /sys/kernel/security/lsm lists them',
  );
}

function confined(): NewDiagnostic {
  return {
    code: 'CALLER_CONFINED',
    message: 'this process carries a filter itself, and to such the kernel shows none',
    help: `run it where nothing is confined: outside of the sandbox${CONTAINER}`,
  };
}

function unable(errno: number, caller: Caller): NewDiagnostic {
  // A filter can give any errno to any call.
  if (caller.seccomp !== undefined && caller.seccomp !== 0) return confined();
  const name = errnoName(errno) ?? `errno ${errno}`;
  if (errno === ERRNO.EINVAL || errno === ERRNO.EIO || errno === ERRNO.ENOSYS) {
    return {
      code: 'KERNEL_UNABLE',
      message: `this kernel hands no filters out (${name}): it was built without CONFIG_CHECKPOINT_RESTORE, or it is emulated`,
      help: 'what remains is whether there are any: seccompc verify --pid N, without a file',
    };
  }
  return { code: 'KERNEL_UNASKED', message: `this kernel could not be asked: ${name}` };
}

export function busy(thread: ThreadStatus, seconds: number): NewDiagnostic {
  return {
    code: 'PROCESS_BUSY',
    message: `${threadText(thread)} did not stop within ${seconds} s: it is in a call that nothing interrupts (state ${thread.state})`,
    help: 'it was let go; D is a disk or a network file system that does not answer, or vfork: try again when it is over',
  };
}
