/**
 * A parent for the launcher, for whoever has to know how the program ends: it starts a child, which goes on as the
 * launcher does, and tells of it on a descriptor, in 32-bit words of the target's byte order:
 *
 *     the child's process id, then each wait status: stopped (0x7f in the low byte), and at last ended
 *
 * or a negative errno alone when there could be no child. All signals are blocked in the parent, so what a terminal sends
 * to the whole process group does not end it; the child has the mask that it would have had, and of descriptors from 3 on
 * those alone that it is meant to have: others may have come from whoever started all this.
 * @see wait(2), and Node's own report, which gives a child that a real-time signal killed the status 0
 */
import type { Cpu } from './cpu.ts';
import { endWith } from './parts.ts';

const SIGCHLD = 17;
const SIG_SETMASK = 2;
const SIGSET_SIZE = 8;
const WUNTRACED = 2;

/** Everything stands in the frame's first 16 bytes, before the launcher uses them: two signal sets, or what is told. */
const FRAME = { all: 0, before: 8, told: 0 } as const;
export const SUPERVISE_FRAME_SIZE = 16;

/**
 * A child, all signals blocked in both: goes on at `child` there, falls through in the parent with the child's id in v0, or
 * a negative errno. Takes v1 too.
 */
export function startChild(cpu: Cpu, child: string): void {
  const [pid, value] = ['v0', 'v1'] as const;
  const word = cpu.arch.wordBits;
  cpu.set(value, -1);
  for (let at = 0; at < SIGSET_SIZE; at += word / 8) cpu.store({ at: 'frame', offset: FRAME.all + at }, word, value);
  setMask(cpu, FRAME.all, { frame: FRAME.before });
  // s390x takes the stack first. @see Linux kernel/fork.c, CONFIG_CLONE_BACKWARDS2
  cpu.syscall(pid, 'clone', cpu.arch.name === 's390x' ? [0, SIGCHLD, 0, 0, 0] : [SIGCHLD, 0, 0, 0, 0]);
  cpu.branch(pid, '==', 0, child);
}

/** Descriptors that are closed one by one where the kernel has no close_range(2) (before 5.9), or a sandbox denies it. */
const MOST_DESCRIPTORS = 1 << 16;

/**
 * In the child, before it becomes what it is there for: the signals as they were; every descriptor from 3 on closed but
 * `keep`, all of which are below `fd`. Takes v1.
 */
export function asChild(cpu: Cpu, fd: number, keep: readonly number[] = []): void {
  setMask(cpu, FRAME.before, 0);
  let next = 3;
  for (const kept of [...new Set(keep)].toSorted((a, b) => a - b)) {
    if (next < kept) closeEach(cpu, next, kept);
    next = kept + 1;
  }
  if (next < fd) closeEach(cpu, next, fd);
  cpu.syscall('v1', 'close_range', [fd, -1, 0]);
  cpu.branch('v1', '==', 0, 'closed');
  closeEach(cpu, fd, MOST_DESCRIPTORS);
  cpu.label('closed');
}

/** Descriptors from `from` to below `to`. */
function closeEach(cpu: Cpu, from: number, to: number): void {
  const label = `close_from_${from}`;
  cpu.set('v1', from);
  cpu.label(label);
  cpu.syscall(undefined, 'close', ['v1']);
  cpu.add('v1', 1);
  cpu.branch('v1', 'below', to, label);
}

function setMask(cpu: Cpu, set: number, before: number | { readonly frame: number }): void {
  cpu.syscall(undefined, 'rt_sigprocmask', [SIG_SETMASK, { frame: set }, before, SIGSET_SIZE]);
}

/** Falls through in the child alone, which keeps of descriptors from 3 on those of `keep`. Takes v0 to v2. */
export function supervise(cpu: Cpu, fd: number, keep: readonly number[]): void {
  const [pid, result] = ['v0', 'v2'] as const;
  startChild(cpu, 'supervised');
  cpu.store({ at: 'frame', offset: FRAME.told }, 32, pid);
  cpu.label('tell');
  cpu.syscall(undefined, 'write', [fd, { frame: FRAME.told }, 4]);
  cpu.branch(pid, 'less', 0, 'told_all');
  cpu.syscall(result, 'wait4', [pid, { frame: FRAME.told }, WUNTRACED, 0]);
  // The low byte is 0x7f for a stop. What has ended is gone: the next wait4 fails (ECHILD).
  cpu.branch(result, '==', pid, 'tell');
  cpu.label('told_all');
  endWith(cpu, 0, 'stuck_supervisor');

  cpu.label('supervised');
  asChild(cpu, fd, keep);
}
