/** What `dump` and `verify` share: a process by its number, what its threads carry, and how that is said. */
import { InvalidArgumentError } from 'commander';
import { FILTER_FLAGS } from '../arch/index.ts';
import { decodeProgram, type RawInsn } from '../bpf/index.ts';
import { fail, type NewDiagnostic } from '../diag/index.ts';
import { threadText } from '../host/process-refusal.ts';
import { childrenOf, HERE, type ThreadStatus, threadStatus } from '../host/process-status.ts';
import type { ReadFilter } from '../machine/index.ts';
import type { Endian } from '../num/index.ts';

/** A filter as it was taken from a thread. */
export interface Carried {
  /** In the order of installing, from 0; the kernel's index is the same. */
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly insns: readonly RawInsn[];
  readonly endian: Endian;
  /** SECCOMP_FILTER_FLAG_LOG; undefined where the kernel does not tell (before 4.16). */
  readonly log: boolean | undefined;
}

const LOG = FILTER_FLAGS.get('SECCOMP_FILTER_FLAG_LOG') as number;

/** Throws FILTER_EBPF. */
export function carriedBy(thread: ThreadStatus, filters: readonly ReadFilter[]): readonly Carried[] {
  return filters.map(({ program, flags }, index) => {
    if (!(program instanceof Uint8Array)) return fail(notClassic(thread, index, program.errno));
    const log = flags === undefined ? undefined : (flags & LOG) !== 0;
    return { index, bytes: program, insns: decodeProgram(program, HERE), endian: HERE, log };
  });
}

function notClassic(thread: ThreadStatus, index: number, errno: number): NewDiagnostic {
  return {
    code: 'FILTER_EBPF',
    message: `filter ${index} of ${threadText(thread)} was not installed as classic BPF; the kernel keeps no program to show (errno ${errno})`,
    help: 'what it decides cannot be read, so nothing can be said of the whole',
  };
}

/** '62 instructions, 496 bytes, flag LOG'. */
export function carriedText({ bytes, insns, log }: Carried): string {
  const count = insns.length === 1 ? '1 instruction' : `${insns.length} instructions`;
  const flag = log === true ? ', flag LOG' : log === undefined ? ', flags unknown to this kernel' : '';
  return `${count}, ${bytes.length} bytes${flag}`;
}

export function carriedData({ index, bytes, insns, endian, log }: Carried): Record<string, unknown> {
  return {
    index,
    length: insns.length,
    bytes: bytes.length,
    flags: log === undefined ? null : log ? ['SECCOMP_FILTER_FLAG_LOG'] : [],
    endian,
    instructions: insns,
  };
}

/** True when both are the same programs with the same flags, in the same order. */
export function sameFilters(a: readonly Carried[], b: readonly Carried[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ bytes, log }, i) => {
      const other = b[i];
      return other !== undefined && other.log === log && Buffer.compare(bytes, other.bytes) === 0;
    })
  );
}

/** 'strict' is a mode of its own: read, write, exit, sigreturn, and no filter. */
export type Mode = 'none' | 'strict' | 'filter';

export function modeOf({ seccomp }: ThreadStatus): Mode {
  return seccomp === 0 ? 'none' : seccomp === 1 ? 'strict' : 'filter';
}

/** How far below a process is looked: seccompc run has its command two generations down, a container's shim some more. */
const MOST_BELOW = 64;

/** Of the processes that this one started, and theirs, the nearest that carries a filter. */
function confinedBelow(pid: number): ThreadStatus | undefined {
  const found = [...childrenOf(pid)];
  for (let at = 0; at < Math.min(found.length, MOST_BELOW); at++) {
    const child = threadStatus(found[at] as number);
    if (child !== undefined && modeOf(child) === 'filter') return child;
    if (child !== undefined) found.push(...childrenOf(child.pid));
  }
  return undefined;
}

/** Whoever starts a sandbox stands outside of it, and its number is the one at hand ($!). */
function unfilteredHelp(pid: number): string {
  const below = confinedBelow(pid);
  if (below === undefined) return 'filters come by seccompc run, build --enforce, a container, or the program itself';
  return `${threadText(below)}, which it or one of its own has started, carries one: --pid ${below.pid}`;
}

/** What is wrong with a thread that carries no filter; undefined for one that does. */
export function withoutFilter(thread: ThreadStatus): NewDiagnostic | undefined {
  const mode = modeOf(thread);
  switch (mode) {
    case 'none':
      return {
        code: 'PROCESS_UNFILTERED',
        message: `${threadText(thread)} carries no filter: its system calls are not restricted by seccomp`,
        help: unfilteredHelp(thread.pid),
      };
    case 'strict':
      return {
        code: 'PROCESS_STRICT',
        message: `${threadText(thread)} is in strict mode: read, write, exit and sigreturn alone, and no filter`,
        help: 'prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) did that; there is no program to look at',
      };
    case 'filter':
      return undefined;
    default:
      return mode satisfies never;
  }
}

/** The largest that a kernel hands out. @see Linux include/linux/threads.h PID_MAX_LIMIT */
const MOST_PID = 4_194_304;

export function processNumber(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text) && Number(text) <= MOST_PID) return Number(text);
  throw new InvalidArgumentError('The number of a process or thread is 1 to 4194304.');
}
