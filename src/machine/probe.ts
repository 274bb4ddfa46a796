/**
 * The probe: a program that asks the running kernel what it does with filters, thousands of times a second.
 *
 * It reads batches from fd 0 and answers each on fd 1. A batch is a list of groups: a stack of filters to install in
 * turn, and calls to make under them. Each group that installs anything runs in a child of its own; groups whose filters
 * are all refused leave no trace, so one child goes on to the next group. The batch lies in memory that parent and
 * children share: a child stores each answer there at once, so it needs no system call to report, and what it stored
 * survives its death. The layout is drawn in README.md.
 *
 * Calls are made for real when a filter allows them: whoever writes a batch relabels every RET to ERRNO first.
 * @see Linux include/uapi/linux/seccomp.h; wait(2) for the status word
 */
import { ByteView } from '../num/index.ts';
import type { MachineCode } from './code.ts';
import type { Cpu, Operand } from './cpu.ts';
import { cpuFor, type MachineTarget } from './targets.ts';

/** One system call: number and arguments as 64-bit registers; missing arguments are 0. */
export interface ProbeCall {
  readonly nr: number | bigint;
  readonly args?: readonly bigint[];
  /** Through int 0x80, the i386 entry (x86_64 probes only; a kernel without it kills the child: SIGSEGV). */
  readonly compat?: boolean;
}

export interface ProbeGroup {
  /** Programs in the target's byte order, installed in this order; a whole number of 8-byte instructions each. */
  readonly programs: readonly Uint8Array[];
  /** Flags of seccomp(2); 0 unless given. */
  readonly flags?: number;
  /** Made only when at least one program was accepted. */
  readonly calls?: readonly ProbeCall[];
}

export interface ProbeAnswer {
  /** What seccomp(2) gave for each program: 0 is accepted, -22 EINVAL; undefined when the child died before. */
  readonly installs: readonly (number | undefined)[];
  /** What each call gave; undefined when it was not made, or did not return. */
  readonly results: readonly (bigint | undefined)[];
  /** The signal that ended the child, or 0. SIGILL: the filter denied exit_group, which is no fault. */
  readonly signal: number;
}

/** What the probe ends with: input that ends inside a batch, or a system call of its own that failed. */
export const PROBE_STATUS = { cut: 2, failed: 3 } as const;

/** No system call returns this; the caller fills every answer with it. */
const UNANSWERED = 0x7fff_ffff_ffff_ffffn;

// Byte offsets. Every field is a 64-bit word in the target's byte order.
const BATCH = { size: 0, answers: 8, group: 16, answer: 24, claimed: 32, length: 40 } as const;
const GROUP = { size: 0, programs: 8, calls: 16, flags: 24, length: 32 } as const;
const CALL = { nr: 0, compat: 8, args: 16, length: 64 } as const;
const INSN_SIZE = 8;

/** A group's answers: the child's wait status, one per program, one per call. */
const answersOf = (group: ProbeGroup): number => 1 + group.programs.length + (group.calls?.length ?? 0);

/** Groups as one batch for the probe's standard input. Both targets are little-endian. */
export function encodeBatch(groups: readonly ProbeGroup[]): Uint8Array {
  const sizes = groups.map((group) => {
    const programs = group.programs.reduce((sum, program) => sum + 8 + program.length, 0);
    return GROUP.length + programs + CALL.length * (group.calls?.length ?? 0);
  });
  const answersAt = sizes.reduce((sum, size) => sum + size, BATCH.length);
  const answers = groups.reduce((sum, group) => sum + answersOf(group), 0);
  const out = new ByteView(new Uint8Array(answersAt + 8 * answers), 'little');
  const put = (at: number, value: number | bigint) => out.setU64(at, BigInt.asUintN(64, BigInt(value)));
  put(BATCH.size, out.bytes.length);
  put(BATCH.answers, answersAt);
  put(BATCH.group, BATCH.length);
  put(BATCH.answer, answersAt);
  let at: number = BATCH.length;
  groups.forEach((group, i) => {
    put(at + GROUP.size, sizes[i] ?? 0);
    put(at + GROUP.programs, group.programs.length);
    put(at + GROUP.calls, group.calls?.length ?? 0);
    put(at + GROUP.flags, group.flags ?? 0);
    at += GROUP.length;
    for (const program of group.programs) {
      if (program.length % INSN_SIZE !== 0 || program.length > 0xffff * INSN_SIZE)
        throw new RangeError(`a program of ${program.length} bytes`);
      put(at, program.length / INSN_SIZE);
      out.bytes.set(program, at + 8);
      at += 8 + program.length;
    }
    for (const call of group.calls ?? []) {
      put(at + CALL.nr, call.nr);
      put(at + CALL.compat, call.compat ? 1 : 0);
      call.args?.forEach((value, n) => {
        put(at + CALL.args + 8 * n, value);
      });
      at += CALL.length;
    }
  });
  let answerAt = answersAt;
  for (const group of groups) {
    put(answerAt, 0);
    for (let n = 1; n < answersOf(group); n++) put(answerAt + 8 * n, UNANSWERED);
    answerAt += 8 * answersOf(group);
  }
  return out.bytes;
}

/** How many bytes the probe answers to a batch of these groups. */
export function answerSize(groups: readonly ProbeGroup[]): number {
  return groups.reduce((sum, group) => sum + 8 * answersOf(group), 0);
}

/** The probe's output for these groups. */
export function decodeAnswers(groups: readonly ProbeGroup[], bytes: Uint8Array): readonly ProbeAnswer[] {
  if (bytes.length !== answerSize(groups)) throw new RangeError(`${bytes.length} bytes of answers`);
  const view = new ByteView(bytes, 'little');
  let at = 0;
  const word = () => {
    const value = BigInt.asIntN(64, view.u64(at));
    at += 8;
    return value === UNANSWERED ? undefined : value;
  };
  return groups.map((group) => {
    // wait(2): the low seven bits are the signal, 0 when the child ended by itself.
    const signal = Number(word() ?? 0n) & 0x7f;
    const installs = group.programs.map(() => {
      const value = word();
      return value === undefined ? undefined : Number(value);
    });
    return { installs, results: (group.calls ?? []).map(word), signal };
  });
}

const PROT_READ_WRITE = 3;
const MAP_SHARED_ANONYMOUS = 0x21;
const PR_SET_DUMPABLE = 4;
const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_SET_MODE_FILTER = 1;
const SIGCHLD = 17;
const STDIN = 0;
const STDOUT = 1;

/** In each process's own frame: the size of the batch, the wait status, sock_fprog, and what a child keeps of a group. */
const FRAME = { size: 0, status: 8, len: 16, filter: 24, calls: 32, flags: 40, save: 48, bytes: 4096 } as const;
const kept = (offset: number) => ({ at: 'frame', offset }) as const;

export function probeProgram(target: MachineTarget): MachineCode {
  const cpu = cpuFor(target);
  cpu.frame(FRAME.bytes);
  cpu.syscall('v1', 'prctl', [PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0]);
  cpu.branch('v1', '!=', 0, 'failed');
  // No core files: children die of signals by the thousand.
  cpu.syscall(undefined, 'prctl', [PR_SET_DUMPABLE, 0, 0, 0, 0]);
  readBatch(cpu);
  runChildren(cpu);
  writeAnswers(cpu);
  child(cpu);
  ends(cpu);
  return cpu.finish();
}

/** Leaves the batch's address in v0. */
function readBatch(cpu: Cpu): void {
  const [batch, to, left, got] = ['v0', 'v1', 'v2', 'v3'] as const;
  cpu.label('next_batch');
  cpu.syscall(got, 'read', [STDIN, { frame: FRAME.size }, 8]);
  cpu.branch(got, '==', 0, 'done');
  cpu.branch(got, '!=', 8, 'cut');
  cpu.load(left, 64, kept(FRAME.size));
  cpu.syscall(batch, 'mmap', [0, left, PROT_READ_WRITE, MAP_SHARED_ANONYMOUS, -1, 0]);
  // An address below 2^63, or an errno.
  cpu.branch(batch, 'less', 0, 'failed');
  cpu.store({ at: batch, offset: BATCH.size }, 64, left);
  cpu.copy(to, batch);
  cpu.add(to, 8);
  cpu.subtract(left, 8);
  cpu.label('read_more');
  cpu.syscall(got, 'read', [STDIN, to, left]);
  cpu.branch(got, 'less', 1, 'cut');
  cpu.add(to, got);
  cpu.subtract(left, got);
  cpu.branch(left, '!=', 0, 'read_more');
}

/** One child after another until no group is left; each child's wait status goes to the group that it claimed last. */
function runChildren(cpu: Cpu): void {
  const [batch, pid, before, value] = ['v0', 'v1', 'v2', 'v3'] as const;
  cpu.label('next_child');
  cpu.load(before, 64, { at: batch, offset: BATCH.group });
  cpu.load(value, 64, { at: batch, offset: BATCH.answers });
  cpu.branch(before, '==', value, 'write_answers');
  cpu.syscall(pid, 'clone', [SIGCHLD, 0, 0, 0, 0]);
  cpu.branch(pid, '==', 0, 'child');
  cpu.branch(pid, 'less', 0, 'failed');
  cpu.syscall(value, 'wait4', [pid, { frame: FRAME.status }, 0, 0]);
  cpu.branch(value, '!=', pid, 'failed');
  // A child that died before it claimed a group would be replaced for ever.
  cpu.load(value, 64, { at: batch, offset: BATCH.group });
  cpu.branch(value, '==', before, 'failed');
  cpu.load(pid, 32, kept(FRAME.status));
  cpu.load(value, 64, { at: batch, offset: BATCH.claimed });
  cpu.add(value, batch);
  cpu.store({ at: value, offset: 0 }, 64, pid);
  cpu.jump('next_child');
}

function writeAnswers(cpu: Cpu): void {
  const [batch, from, left, put] = ['v0', 'v1', 'v2', 'v3'] as const;
  cpu.label('write_answers');
  cpu.load(from, 64, { at: batch, offset: BATCH.answers });
  cpu.load(left, 64, { at: batch, offset: BATCH.size });
  cpu.subtract(left, from);
  cpu.add(from, batch);
  cpu.label('write_more');
  cpu.branch(left, '==', 0, 'written');
  cpu.syscall(put, 'write', [STDOUT, from, left]);
  cpu.branch(put, 'less', 1, 'failed');
  cpu.add(from, put);
  cpu.subtract(left, put);
  cpu.jump('write_more');
  cpu.label('written');
  cpu.syscall(undefined, 'munmap', [batch, { cell: { at: batch, offset: BATCH.size } }]);
  cpu.jump('next_batch');
}

/** Takes groups until one installs a filter, makes that group's calls, and ends. */
function child(cpu: Cpu): void {
  const [batch, at, answer, left, value, accepted] = ['v0', 'v1', 'v2', 'v3', 'v4', 'v5'] as const;
  cpu.label('child');
  cpu.load(at, 64, { at: batch, offset: BATCH.group });
  cpu.load(value, 64, { at: batch, offset: BATCH.answers });
  cpu.branch(at, '==', value, 'done');

  // Claim the group before anything can go wrong: the next child starts behind it.
  cpu.load(answer, 64, { at: batch, offset: BATCH.answer });
  cpu.store({ at: batch, offset: BATCH.claimed }, 64, answer);
  cpu.copy(value, at);
  cpu.add(at, batch);
  cpu.load(left, 64, { at, offset: GROUP.size });
  cpu.add(value, left);
  cpu.store({ at: batch, offset: BATCH.group }, 64, value);
  cpu.load(left, 64, { at, offset: GROUP.programs });
  cpu.load(value, 64, { at, offset: GROUP.calls });
  cpu.store(kept(FRAME.calls), 64, value);
  cpu.add(value, left);
  cpu.add(value, 1);
  cpu.shiftLeft(value, 3);
  cpu.add(value, answer);
  cpu.store({ at: batch, offset: BATCH.answer }, 64, value);
  cpu.load(value, 64, { at, offset: GROUP.flags });
  cpu.store(kept(FRAME.flags), 64, value);
  cpu.add(at, GROUP.length);
  cpu.add(answer, batch);
  cpu.add(answer, 8);

  cpu.set(accepted, 0);
  cpu.label('next_program');
  cpu.branch(left, '==', 0, 'programs_done');
  cpu.subtract(left, 1);
  cpu.load(value, 64, { at, offset: 0 });
  cpu.store(kept(FRAME.len), 16, value);
  cpu.add(at, 8);
  cpu.store(kept(FRAME.filter), 64, at);
  cpu.shiftLeft(value, 3);
  cpu.add(at, value);
  const install: readonly Operand[] = [SECCOMP_SET_MODE_FILTER, { cell: kept(FRAME.flags) }, { frame: FRAME.len }];
  cpu.syscall(value, 'seccomp', install);
  cpu.store({ at: answer, offset: 0 }, 64, value);
  cpu.add(answer, 8);
  cpu.branch(value, 'less', 0, 'next_program');
  cpu.set(accepted, 1);
  cpu.jump('next_program');
  cpu.label('programs_done');
  cpu.branch(accepted, '==', 0, 'child');

  cpu.load(left, 64, kept(FRAME.calls));
  cpu.label('next_call');
  cpu.branch(left, '==', 0, 'done');
  cpu.subtract(left, 1);
  if (cpu.compatSyscall) {
    cpu.load(value, 64, { at, offset: CALL.compat });
    cpu.branch(value, '==', 0, 'native_call');
    cpu.compatSyscall(value, at, FRAME.save);
    cpu.jump('called');
    cpu.label('native_call');
  }
  cpu.load(value, 64, { at, offset: CALL.nr });
  cpu.syscall(
    value,
    value,
    [0, 1, 2, 3, 4, 5].map((n) => ({ cell: { at, offset: CALL.args + 8 * n } })),
  );
  cpu.label('called');
  cpu.store({ at: answer, offset: 0 }, 64, value);
  cpu.add(answer, 8);
  cpu.add(at, CALL.length);
  cpu.jump('next_call');
}

/** Parent and child share these. A filter that denies exit_group is answered with a trap. */
function ends(cpu: Cpu): void {
  for (const [name, status] of [
    ['done', 0],
    ['cut', PROBE_STATUS.cut],
    ['failed', PROBE_STATUS.failed],
  ] as const) {
    cpu.label(name);
    cpu.syscall(undefined, 'exit_group', [status]);
    cpu.label(`stuck_${name}`);
    cpu.trap();
    cpu.jump(`stuck_${name}`);
  }
}
