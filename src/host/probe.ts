/**
 * Asks the running kernel: writes the probe that machine/ emits, runs it on batches of groups, reads its answers.
 *
 * The probe's file has a name only until it is open (an exclusive file in a fresh 0700 folder, a millisecond); then it is
 * started from its descriptor. So nothing is left behind however this process ends; SIGINT, SIGTERM and SIGHUP wait for
 * the answer, or for the time limit. Only SIGKILL within that millisecond leaves a folder.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, fchmodSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { endianness, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { arch } from '../arch/index.ts';
import { fail, SeccompcError } from '../diag/index.ts';
import { executable } from '../machine/executable.ts';
import {
  answerSize,
  decodeAnswers,
  encodeBatch,
  type MachineTarget,
  PROBE_STATUS,
  type ProbeAnswer,
  type ProbeGroup,
  probeProgram,
} from '../machine/index.ts';
import { ByteView, type Endian } from '../num/index.ts';

export interface ProbeOptions {
  /** Where the probe is written when the system's folder for temporary files runs no programs. */
  readonly folder?: string | undefined;
  /** Milliseconds for one batch: a filter with a listener can make its child wait for ever. */
  readonly timeLimit?: number | undefined;
  /** Groups are sent in batches of about this many bytes. */
  readonly batchBytes?: number | undefined;
}

const TIME_LIMIT = 60_000;
const BATCH_BYTES = 8 << 20;

/** Node's names of the machines that machine/ has a probe for. */
const TARGETS: Readonly<Record<string, MachineTarget>> = { x64: 'x86_64', arm64: 'aarch64' };

/** The kernel that answers: release and byte order. */
export function thisKernel(): { readonly release: string; readonly endian: Endian } {
  return { release: release(), endian: endianness() === 'BE' ? 'big' : 'little' };
}

function cannot(message: string, help?: string): never {
  return fail({ code: 'KERNEL_UNASKED', message: `this kernel cannot be asked: ${message}`, help });
}

function target(): MachineTarget {
  if (process.platform !== 'linux') cannot(`this is ${process.platform}, not Linux`);
  return TARGETS[process.arch] ?? cannot(`there is a probe for x86_64 and aarch64, not for ${process.arch}`);
}

const HELD: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
let holding = false;

/**
 * Until the event loop turns, these signals wait instead of ending the process; then one that came is sent again. A
 * signal that the program handles by itself waits anyhow: its listener runs no earlier.
 */
function holdSignals(): void {
  if (holding) return;
  holding = true;
  const ours = HELD.filter((signal) => process.listenerCount(signal) === 0);
  const release = () => {
    for (const signal of ours) process.off(signal, again);
    holding = false;
  };
  const again = (signal: NodeJS.Signals) => {
    release();
    process.kill(process.pid, signal);
  };
  for (const signal of ours) process.on(signal, again);
  setImmediate(release);
}

/** The probe as an open file without a name. */
function placed(elf: Uint8Array, parent: string): number {
  const folder = mkdtempSync(join(parent, 'seccompc-probe-')); // 0700
  try {
    const path = join(folder, 'probe');
    const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY, O_RDONLY } = constants;
    const writing = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o700);
    try {
      writeFileSync(writing, elf);
      fchmodSync(writing, 0o500); // whatever the umask is
    } finally {
      closeSync(writing);
    }
    return openSync(path, O_RDONLY | O_NOFOLLOW);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Ended {
  readonly error: NodeJS.ErrnoException | undefined;
  readonly status: number | null;
  readonly signal: string | null;
  readonly output: Uint8Array;
}

function start(fd: number, input: Uint8Array, outputSize: number, timeLimit: number): Ended {
  // A process group of its own, so that the probe's children can be ended with it. (spawnSync takes `detached` as spawn
  // does; its types do not say so.)
  const options = {
    input,
    maxBuffer: outputSize + 1,
    timeout: timeLimit,
    killSignal: 'SIGKILL' as const,
    detached: true,
  };
  const { pid, error, status, signal, stdout } = spawnSync('/proc/self/fd/3', [], {
    ...options,
    argv0: 'seccompc-probe',
    env: {},
    stdio: ['pipe', 'pipe', 'ignore', fd],
  });
  if (error !== undefined && pid > 0) {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // ESRCH: no child was left.
    }
  }
  return { error, status, signal, output: stdout ?? new Uint8Array(0) };
}

/** The probe from the first folder whose files can be run. */
function startable(folder: string | undefined): number {
  const elf = executable(arch(target()), probeProgram(target()));
  holdSignals();
  const reasons: string[] = [];
  for (const parent of folder === undefined ? [tmpdir()] : [tmpdir(), folder]) {
    let fd: number;
    try {
      fd = placed(elf, parent);
    } catch (error) {
      reasons.push(`${parent} cannot be written to (${(error as NodeJS.ErrnoException).code})`);
      continue;
    }
    const { error, status } = start(fd, new Uint8Array(0), 0, TIME_LIMIT);
    if (error === undefined && status === 0) return fd;
    closeSync(fd);
    if (error?.code === 'ENOENT') cannot('/proc is not mounted, and the probe is started through it');
    reasons.push(
      error?.code === 'EACCES'
        ? `no program can be run from ${parent} (is it mounted noexec?)`
        : `the probe in ${parent} does not start (${error?.code ?? `status ${status}`})`,
    );
  }
  return cannot(reasons.join('; '), 'name a folder on a file system that runs programs: TMPDIR=FOLDER');
}

/** Batches that stay below `limit` bytes where a group is not larger by itself. */
function* batches(groups: readonly ProbeGroup[], limit: number): Generator<readonly ProbeGroup[]> {
  let batch: ProbeGroup[] = [];
  let size = 0;
  for (const group of groups) {
    const bytes = group.programs.reduce((sum, program) => sum + program.length + 16, 64 * (group.calls?.length ?? 0));
    if (batch.length > 0 && size + bytes > limit) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(group);
    size += bytes;
  }
  if (batch.length > 0) yield batch;
}

function ask(fd: number, groups: readonly ProbeGroup[], timeLimit: number): readonly ProbeAnswer[] {
  const size = answerSize(groups);
  const { error, status, signal, output } = start(fd, encodeBatch(groups), size, timeLimit);
  if (error?.code === 'ETIMEDOUT') cannot(`it did not answer within ${timeLimit} ms`, 'a filter with a listener waits');
  if (status === PROBE_STATUS.failed)
    cannot('the probe could not start or await a child (is a limit on processes met?)');
  if (error !== undefined || status !== 0 || output.length !== size)
    cannot(`the probe ended early (${error?.code ?? signal ?? `status ${status}`})`);
  return decodeAnswers(groups, output);
}

/**
 * What this kernel answers to each group. Filters and calls are real: see src/machine/README.md for what a caller must
 * know. A group whose child was killed has holes, which is an answer and no failure.
 * @throws SeccompcError when the kernel cannot be asked: not Linux on x86_64 or aarch64, no folder to run a program
 *   from, or the time limit
 */
export function probeKernel(groups: readonly ProbeGroup[], options: ProbeOptions = {}): readonly ProbeAnswer[] {
  const fd = startable(options.folder);
  try {
    const answers: ProbeAnswer[] = [];
    for (const batch of batches(groups, options.batchBytes ?? BATCH_BYTES)) {
      for (const answer of ask(fd, batch, options.timeLimit ?? TIME_LIMIT)) answers.push(answer);
    }
    return answers;
  } finally {
    closeSync(fd);
  }
}

/** `ret #ALLOW`: every kernel with seccomp takes it. */
export function control(endian: Endian): Uint8Array {
  const view = new ByteView(new Uint8Array(8), endian);
  view.setU16(0, 0x06);
  view.setU32(4, 0x7fff_0000);
  return view.bytes;
}

export type LiveVerdict =
  /** `errno`: 0 when the kernel installed the program, else what it gave. */
  | { readonly asked: true; readonly release: string; readonly errno: number }
  | { readonly asked: false; readonly why: string };

/**
 * What this kernel says to one program, by installing it in a child. Asked only when the kernel takes the simplest of
 * filters: in a sandbox that forbids seccomp(2), an error would say nothing about the program. Never throws.
 */
export function liveVerdict(bytes: Uint8Array, endian: Endian, options: ProbeOptions = {}): LiveVerdict {
  const here = thisKernel();
  if (endian !== here.endian) {
    return {
      asked: false,
      why: `the program is ${endian}-endian, and this kernel reads ${here.endian}-endian ones only`,
    };
  }
  if (bytes.length % 8 !== 0 || bytes.length > 0xffff * 8)
    return {
      asked: false,
      why: `${bytes.length} bytes cannot be handed to a kernel: it counts whole instructions, to 65535`,
    };
  try {
    const [known, answer] = probeKernel([{ programs: [control(endian)] }, { programs: [bytes] }], options);
    if (known?.installs[0] !== 0) {
      const errno = -(known?.installs[0] ?? 0);
      return { asked: false, why: `this process may not install filters: even the simplest one gave errno ${errno}` };
    }
    const installed = answer?.installs[0];
    if (installed === undefined) return { asked: false, why: 'the probe gave no answer' };
    return { asked: true, release: here.release, errno: -installed };
  } catch (error) {
    if (!(error instanceof SeccompcError)) throw error;
    return { asked: false, why: error.diagnostics.map((d) => d.message).join('; ') };
  }
}
