/**
 * Names of calls by their bytes: what every line needs, without making a string. Behind a name stand, for each ABI of
 * the machine, its number, the arguments that somebody wants to see, and the call without any.
 */
import { ARCHES, type Arch, syscallName, syscallNumber, syscallsOf } from '../arch/index.ts';
import type { Calls } from './calls.ts';
import type { ReadOptions, TracedCall } from './types.ts';

export interface Named {
  readonly arch: Arch | undefined;
  readonly name: string;
  readonly nr: number | undefined;
  /** Bit i: argument i is wanted. */
  readonly wanted: number;
  /** Of a multiplexer the argument that says which call it makes: all that is known of its arguments. */
  readonly first?: number | undefined;
  /** The call with no arguments known. */
  readonly bare: TracedCall;
  /** By the texts of the wanted arguments. */
  readonly known: Map<string, TracedCall>;
}

/**
 * What socketcall(2) and ipc(2) do, by number: where a 32-bit program uses them, strace shows the call behind, and the
 * filter sees the multiplexer. @see Linux include/uapi/linux/net.h, include/uapi/linux/ipc.h
 */
export const SOCKETCALLS: readonly string[] =
  ' socket bind connect listen accept getsockname getpeername socketpair send recv sendto recvfrom shutdown setsockopt getsockopt sendmsg recvmsg accept4 recvmmsg sendmmsg'.split(
    ' ',
  );
export const IPC_CALLS: ReadonlyMap<string, number> = new Map([
  ['semop', 1],
  ['semget', 2],
  ['semctl', 3],
  ['semtimedop', 4],
  ['msgsnd', 11],
  ['msgrcv', 12],
  ['msgget', 13],
  ['msgctl', 14],
  ['shmat', 21],
  ['shmdt', 22],
  ['shmget', 23],
  ['shmctl', 24],
]);

export interface Behind {
  /** 'socketcall' or 'ipc'. */
  readonly multiplexer: string;
  /** Its first argument. */
  readonly which: number;
}

/** The multiplexer that this call may have been made through on this ABI. */
export function behind(arch: Arch, name: string): Behind | undefined {
  const socket = SOCKETCALLS.indexOf(name);
  if (socket > 0 && syscallNumber(arch, 'socketcall') !== undefined) {
    return { multiplexer: 'socketcall', which: socket };
  }
  const ipc = IPC_CALLS.get(name);
  if (ipc !== undefined && syscallNumber(arch, 'ipc') !== undefined) return { multiplexer: 'ipc', which: ipc };
  return undefined;
}

export interface Slot {
  readonly bytes: Uint8Array;
  readonly name: string;
  /** By ABI, for names without a number. */
  readonly named: Map<Arch | undefined, Named>;
  readonly byNumber: Map<number, Map<Arch, Named>>;
}

/** strace's own names for some calls. */
const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ['old_mmap', 'mmap'],
  ['umount', 'umount'],
  ['_exit', 'exit'],
]);

const SLOTS = 1 << 13;
/** FNV-1a, 32 bits. */
const START = 0x811c9dc5;
const PRIME = 0x01000193;

export class Names {
  readonly #slots: (Slot | undefined)[] = new Array<Slot | undefined>(SLOTS).fill(undefined);
  readonly #calls: Calls;
  readonly #wanted: ReadOptions['wanted'];

  constructor(calls: Calls, wanted: ReadOptions['wanted']) {
    this.#calls = calls;
    this.#wanted = wanted;
    const all = new Set([...ARCHES.values()].flatMap((arch) => [...syscallsOf(arch).keys()]));
    for (const name of [...all, ...SPELLINGS.keys()]) this.#put(name);
  }

  #put(name: string): void {
    const bytes = new TextEncoder().encode(name);
    let at = hash(bytes, 0, bytes.length) & (SLOTS - 1);
    while (this.#slots[at] !== undefined) {
      if (this.#slots[at]?.name === name) return;
      at = (at + 1) & (SLOTS - 1);
    }
    this.#slots[at] = { bytes, name, named: new Map(), byNumber: new Map() };
  }

  /** The slot of a name; undefined for what is no call of any ABI. */
  find(bytes: Uint8Array, from: number, to: number): Slot | undefined {
    let at = hash(bytes, from, to) & (SLOTS - 1);
    for (let slot = this.#slots[at]; slot !== undefined; slot = this.#slots[at]) {
      if (isSame(slot.bytes, bytes, from, to)) return slot;
      at = (at + 1) & (SLOTS - 1);
    }
    return undefined;
  }

  /** The call of this name on an ABI. */
  on(slot: Slot, arch: Arch | undefined): Named {
    const found = slot.named.get(arch);
    if (found !== undefined) return found;
    const name = SPELLINGS.get(slot.name) ?? slot.name;
    // Which of the two a name means that has a multiplexer, the text does not tell.
    const nr = arch === undefined || behind(arch, name) !== undefined ? undefined : syscallNumber(arch, name);
    const made = this.named(arch, name, nr);
    slot.named.set(arch, made);
    return made;
  }

  /** The call of this name where the ABI has it under this number, or makes it through a multiplexer of this number. */
  numbered(slot: Slot, arch: Arch, nr: number): Named | undefined {
    const name = SPELLINGS.get(slot.name) ?? slot.name;
    const known = slot.byNumber.get(nr)?.get(arch);
    if (known !== undefined) return known;
    const via = behind(arch, name);
    const isOwn = syscallNumber(arch, name) === nr || syscallName(arch, nr) === name;
    if (!isOwn && (via === undefined || syscallNumber(arch, via.multiplexer) !== nr)) return undefined;
    const made = isOwn ? this.named(arch, name, nr) : { ...this.named(arch, via!.multiplexer, nr), first: via!.which };
    const byArch = slot.byNumber.get(nr) ?? new Map<Arch, Named>();
    byArch.set(arch, made);
    slot.byNumber.set(nr, byArch);
    return made;
  }

  named(arch: Arch | undefined, name: string, nr: number | undefined): Named {
    const wanted = this.#wanted?.(arch, name, nr) ?? 0b11_1111;
    return { arch, name, nr, wanted, bare: this.#calls.intern(arch, nr, name), known: new Map() };
  }
}

function hash(bytes: Uint8Array, from: number, to: number): number {
  let h = START;
  for (let i = from; i < to; i++) h = Math.imul(h ^ (bytes[i] as number), PRIME);
  return h >>> 0;
}

function isSame(a: Uint8Array, b: Uint8Array, from: number, to: number): boolean {
  if (a.length !== to - from) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[from + i]) return false;
  return true;
}
