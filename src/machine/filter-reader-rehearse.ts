/**
 * A rehearsal on a child of the reader's own, which installs a filter and stops: may we read it, and suspend it? Only
 * the kernel knows: it wants CAP_SYS_ADMIN in the first user namespace, a caller without a filter, CONFIG_CHECKPOINT_RESTORE,
 * and whatever security modules add. A thread that is only found out about when it stands still has been disturbed for
 * nothing, and may not even be let go as it should.
 * @see Linux kernel/ptrace.c check_ptrace_options()
 */
import { SECCOMP_RET_ALLOW } from '../arch/index.ts';
import type { Cpu, Operand } from './cpu.ts';
import { byteOf, FRAME, PTRACE, STATUS, STOPPED } from './filter-reader-parts.ts';
import { endWith, installFilter } from './parts.ts';

const PR_SET_PDEATHSIG = 1;
const SIGCHLD = 17;
const SIGKILL = 9;
const SIGSTOP = 19;
const RET_K = 6;

/** Goes to `rehearsed` when it went well, else falls through with a negative errno in v0. Takes v3 and v4 too. */
export function rehearse(cpu: Cpu): void {
  const [result, child, kept] = ['v0', 'v4', 'v3'] as const;
  // s390x takes the stack first. @see Linux kernel/fork.c, CONFIG_CLONE_BACKWARDS2
  cpu.syscall(child, 'clone', cpu.arch.name === 's390x' ? [0, SIGCHLD, 0, 0, 0] : [SIGCHLD, 0, 0, 0, 0]);
  cpu.branch(child, '==', 0, 'rehearsing');
  cpu.copy(result, child);
  cpu.branch(child, 'less', 0, 'not_rehearsed');
  cpu.syscall(result, 'wait4', [child, { frame: STATUS }, PTRACE.WALL, 0]);
  cpu.branch(result, 'less', 0, 'not_rehearsed');
  cpu.load(result, 8, byteOf(cpu, STATUS, 0));
  cpu.branch(result, '==', STOPPED, 'child_stopped');
  // It has ended, with an errno as its status.
  cpu.load(result, 8, byteOf(cpu, STATUS, 1));
  cpu.negate(result);
  cpu.jump('not_rehearsed');

  const ask = (request: number, address: Operand, data: Operand) =>
    cpu.syscall(result, 'ptrace', [request, child, address, data]);
  cpu.label('child_stopped');
  ask(PTRACE.SECCOMP_GET_FILTER, 0, 0);
  cpu.branch(result, 'less', 0, 'child_done');
  ask(PTRACE.SETOPTIONS, 0, PTRACE.O_EXITKILL | PTRACE.O_SUSPEND_SECCOMP);
  cpu.label('child_done');
  cpu.copy(kept, result);
  cpu.syscall(undefined, 'kill', [child, SIGKILL]);
  cpu.syscall(undefined, 'wait4', [child, { frame: STATUS }, PTRACE.WALL, 0]);
  cpu.copy(result, kept);
  cpu.branch(result, '==', 0, 'rehearsed');
  cpu.jump('not_rehearsed');

  playChild(cpu);
  cpu.label('not_rehearsed');
}

/** The child dies with the reader: stopped or not, it must not stay behind. */
function playChild(cpu: Cpu): void {
  const result = 'v0';
  cpu.label('rehearsing');
  cpu.syscall(undefined, 'prctl', [PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0]);
  cpu.syscall(result, 'ptrace', [PTRACE.TRACEME, 0, 0, 0]);
  cpu.branch(result, '!=', 0, 'child_failed');
  const failed = { prctl: 'child_failed', seccomp: 'child_failed' };
  installFilter(cpu, { fprog: FRAME.fprog, filter: { label: 'allow' }, length: 1, flags: 0, result, failed });
  cpu.syscall(result, 'getpid', []);
  cpu.syscall(result, 'kill', [result, SIGSTOP]);
  cpu.label('child_failed');
  cpu.negate(result);
  endWith(cpu, result, 'stuck_child');
  cpu.words('allow', [cpu.arch.endian === 'big' ? RET_K << 16 : RET_K, SECCOMP_RET_ALLOW]);
}
