/**
 * socketcall(2) and ipc(2): one number for many calls, chosen by the first argument; the arguments proper lie behind a
 * pointer (socketcall) or are moved by one place (ipc). A rule for `socket` that says nothing about them would be walked
 * around on every ABI that has them.
 * @see Linux net/socket.c SYSCALL_DEFINE2(socketcall), ipc/syscall.c ksys_ipc()
 */
import { type Arch, syscallNumber } from '../arch/index.ts';
import { U64_MAX } from '../num/index.ts';
import type { Condition } from './types.ts';

export type Multiplexer = 'socketcall' | 'ipc';

// biome-ignore format: in the order of SYS_SOCKET to SYS_SENDMMSG, include/uapi/linux/net.h
const SOCKETCALLS = [
  'socket', 'bind', 'connect', 'listen', 'accept', 'getsockname', 'getpeername', 'socketpair', 'send', 'recv', 'sendto',
  'recvfrom', 'shutdown', 'setsockopt', 'getsockopt', 'sendmsg', 'recvmsg', 'accept4', 'recvmmsg', 'sendmmsg',
];
// biome-ignore format: SEMOP to SHMCTL, include/uapi/linux/ipc.h
const IPC_CALLS: readonly (readonly [string, number])[] = [
  ['semop', 1], ['semget', 2], ['semctl', 3], ['semtimedop', 4], ['msgsnd', 11], ['msgrcv', 12], ['msgget', 13],
  ['msgctl', 14], ['shmat', 21], ['shmdt', 22], ['shmget', 23], ['shmctl', 24],
];

const BY_NAME: ReadonlyMap<string, { readonly multiplexer: Multiplexer; readonly selector: number }> = new Map<
  string,
  { readonly multiplexer: Multiplexer; readonly selector: number }
>([
  ...SOCKETCALLS.map((name, i) => [name, { multiplexer: 'socketcall', selector: i + 1 }] as const),
  ...IPC_CALLS.map(([name, selector]) => [name, { multiplexer: 'ipc', selector }] as const),
]);

/** Which bits of the first argument the kernel looks at: ipc's upper half is a version that it strips. */
export const SELECTOR_MASK: Readonly<Record<Multiplexer, bigint>> = { socketcall: 0xffff_ffffn, ipc: 0xffffn };

/** How a call can also be made on this ABI; undefined when only directly. */
export function multiplexed(
  arch: Arch,
  name: string,
): { readonly multiplexer: Multiplexer; readonly selector: number; readonly nr: number } | undefined {
  const entry = BY_NAME.get(name);
  const nr = entry && syscallNumber(arch, entry.multiplexer);
  return entry && nr !== undefined ? { ...entry, nr } : undefined;
}

/** The call that conditions of a rule for a multiplexer select, 'socket'; undefined when they do not, or not plainly. */
export function selectedCall(name: string, conditions: readonly Condition[]): string | undefined {
  const selectors = conditions.filter((c) => c.argIndex === 0);
  const [selector] = selectors;
  if (selector === undefined || selectors.length > 1 || (name !== 'socketcall' && name !== 'ipc')) return undefined;
  const { op, value, mask } = selector;
  if (op !== 'eq' && (op !== 'masked_eq' || (mask !== SELECTOR_MASK[name] && mask !== U64_MAX))) return undefined;
  return [...BY_NAME].find(([, e]) => e.multiplexer === name && BigInt(e.selector) === value)?.[0];
}
