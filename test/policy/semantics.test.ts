/**
 * What a policy means, row by row: rules, then calls and the word that each gets. The words are written out here; the
 * numbers of calls come from the kernel's headers, not from our tables.
 */
import * as assert from 'uvu/assert';
import { type Code, renderPlain } from '../../src/diag/index.ts';
import { evaluate, parseProfile, type ResolveOptions, resolvePolicy } from '../../src/policy/index.ts';
import { golden } from '../golden.ts';
import { suite, thrownCodes } from '../suite.ts';

const ALLOW = 0x7fff0000;
const LOG = 0x7ffc0000;
const TRACE1 = 0x7ff00001;
const NOTIFY = 0x7fc00000;
const ERRNO = 0x00050000;
const TRAP = 0x00030000;
const KILL = 0x00000000;
const KILL_PROCESS = 0x80000000;

/** Linux include/uapi/linux/audit.h. */
const X86_64 = 0xc000003e;
const I386 = 0x40000003;
const S390X = 0x80000016;
const AARCH64 = 0xc00000b7;
const PPC = 20;

const HIGH = 1n << 32n;

/** [nr, arguments..., word]: a call on the row's architecture and what it gets. */
type Call = readonly [nr: number, args: readonly bigint[], word: number];

interface Row {
  readonly name: string;
  readonly default?: string;
  readonly rules: readonly object[];
  readonly options?: ResolveOptions;
  readonly audit?: number;
  readonly calls: readonly Call[];
  /** Codes of the warnings, in the order of the text. */
  readonly warns?: readonly Code[];
  /** Set where resolving is refused. */
  readonly refused?: readonly Code[];
}

const PERSONALITY = 135; // x86_64
const SOCKET = 41; // x86_64
const MMAP = 9; // x86_64: all 64 bits of every parameter count

const cond = (index: number, op: string, value: bigint | number, valueTwo: bigint | number = 0) => ({
  index,
  op,
  value,
  valueTwo,
});
const eq = (index: number, value: bigint | number) => cond(index, 'EQ', value);
const rule = (names: string, action: string, ...args: object[]) => ({ names: names.split(' '), action, args });
const errno = (names: string, errnoRet: number, ...args: object[]) => ({
  names: names.split(' '),
  action: 'ERRNO',
  errnoRet,
  args,
});

// biome-ignore format: a table
const rows: readonly Row[] = [
  { name: 'no rule: the default action', rules: [], calls: [[0, [], ERRNO | 1], [999, [], ERRNO | 1], [0xffffffff, [], ERRNO | 1]] },
  { name: 'every action has its word', default: 'ALLOW',
    rules: [rule('read', 'KILL'), rule('write', 'KILL_THREAD'), rule('open', 'KILL_PROCESS'), rule('close', 'TRAP'), rule('stat', 'ERRNO'), errno('fstat', 0), errno('lstat', 4095), rule('poll', 'TRACE'), rule('lseek', 'LOG'), rule('mmap', 'NOTIFY')],
    calls: [[0, [], KILL], [1, [], KILL], [2, [], KILL_PROCESS], [3, [], TRAP], [4, [], ERRNO | 1], [5, [], ERRNO], [6, [], ERRNO | 4095], [7, [], TRACE1], [8, [], LOG], [9, [], NOTIFY], [10, [], ALLOW]] },

  // unconditional rules
  { name: 'of two unconditional rules the first counts', default: 'ALLOW', rules: [errno('mkdir', 7), errno('mkdir', 9)], calls: [[83, [], ERRNO | 7]], warns: ['RULE_DUPLICATE'] },
  { name: 'the same rule twice is no finding', default: 'ALLOW', rules: [errno('mkdir', 7), errno('mkdir', 7), errno('mkdir mkdir', 7)], calls: [[83, [], ERRNO | 7]] },
  { name: 'KILL and KILL_THREAD are the same', default: 'ALLOW', rules: [rule('mkdir', 'KILL'), rule('mkdir', 'KILL_THREAD')], calls: [[83, [], KILL]] },
  { name: 'a rule equal to the default action is skipped: the other one counts', default: 'ALLOW', rules: [rule('mkdir', 'ALLOW'), errno('mkdir', 9)], calls: [[83, [], ERRNO | 9]] },
  { name: 'ERRNO without number equals ERRNO 1', rules: [errno('mkdir', 1), rule('mkdir', 'ALLOW')], calls: [[83, [], ALLOW]] },
  { name: 'ERRNO with another number does not equal the default', rules: [errno('mkdir', 2), rule('mkdir', 'ALLOW')], calls: [[83, [], ERRNO | 2]], warns: ['RULE_DUPLICATE'] },
  { name: 'unconditional beats conditional', default: 'ALLOW', rules: [errno('mkdir', 9), errno('mkdir', 7, eq(0, 0))], calls: [[83, [0n], ERRNO | 9], [83, [1n], ERRNO | 9]], warns: ['RULE_SHADOWED'] },
  { name: 'in either order', default: 'ALLOW', rules: [errno('mkdir', 7, eq(0, 0)), errno('mkdir', 9)], calls: [[83, [0n], ERRNO | 9]], warns: ['RULE_SHADOWED'] },
  { name: 'a conditional rule of the same action below an unconditional one is no finding', default: 'ALLOW', rules: [errno('mkdir', 9), errno('mkdir', 9, eq(0, 0))], calls: [[83, [0n], ERRNO | 9]] },
  { name: 'a conditional rule equal to the default is skipped, also below others', default: 'ALLOW', rules: [rule('mmap', 'ALLOW', eq(0, 0)), errno('mmap', 9, eq(1, 0))], calls: [[MMAP, [0n, 0n], ERRNO | 9], [MMAP, [0n, 1n], ALLOW]] },

  // operators, 64 bits, unsigned
  { name: 'EQ', rules: [rule('mmap', 'ALLOW', eq(0, HIGH + 5n))], calls: [[MMAP, [HIGH + 5n], ALLOW], [MMAP, [5n], ERRNO | 1], [MMAP, [HIGH], ERRNO | 1], [MMAP, [HIGH + 6n], ERRNO | 1]] },
  { name: 'NE', rules: [rule('mmap', 'ALLOW', cond(0, 'NE', HIGH + 5n))], calls: [[MMAP, [HIGH + 5n], ERRNO | 1], [MMAP, [5n], ALLOW], [MMAP, [2n * HIGH + 5n], ALLOW]] },
  { name: 'LT', rules: [rule('mmap', 'ALLOW', cond(0, 'LT', HIGH + 5n))], calls: [[MMAP, [HIGH + 4n], ALLOW], [MMAP, [HIGH + 5n], ERRNO | 1], [MMAP, [0xffffffffn], ALLOW], [MMAP, [2n * HIGH], ERRNO | 1]] },
  { name: 'LE', rules: [rule('mmap', 'ALLOW', cond(0, 'LE', HIGH + 5n))], calls: [[MMAP, [HIGH + 5n], ALLOW], [MMAP, [HIGH + 6n], ERRNO | 1], [MMAP, [2n * HIGH], ERRNO | 1]] },
  { name: 'GE', rules: [rule('mmap', 'ALLOW', cond(0, 'GE', HIGH + 5n))], calls: [[MMAP, [HIGH + 5n], ALLOW], [MMAP, [HIGH + 4n], ERRNO | 1], [MMAP, [2n * HIGH], ALLOW], [MMAP, [0xffffffffn], ERRNO | 1]] },
  { name: 'GT', rules: [rule('mmap', 'ALLOW', cond(0, 'GT', HIGH + 5n))], calls: [[MMAP, [HIGH + 6n], ALLOW], [MMAP, [HIGH + 5n], ERRNO | 1], [MMAP, [2n * HIGH], ALLOW]] },
  { name: 'comparisons are unsigned', rules: [rule('mmap', 'ALLOW', cond(0, 'GE', 2n ** 63n))], calls: [[MMAP, [2n ** 64n - 1n], ALLOW], [MMAP, [2n ** 63n], ALLOW], [MMAP, [2n ** 63n - 1n], ERRNO | 1]] },
  { name: 'MASKED_EQ: value is the mask, valueTwo the wanted bits', rules: [rule('mmap', 'ALLOW', cond(0, 'MASKED_EQ', HIGH + 0xfn, HIGH + 5n))], calls: [[MMAP, [HIGH + 5n], ALLOW], [MMAP, [3n * HIGH + 0xf5n], ALLOW], [MMAP, [5n], ERRNO | 1], [MMAP, [HIGH + 4n], ERRNO | 1]] },
  { name: 'a mask of zero always holds', rules: [rule('mmap', 'ALLOW', cond(0, 'MASKED_EQ', 0, 0))], calls: [[MMAP, [2n ** 64n - 1n], ALLOW], [MMAP, [0n], ALLOW]] },
  { name: 'valueTwo means nothing to the other operators', rules: [rule('mmap', 'ALLOW', cond(0, 'EQ', 1, 2))], calls: [[MMAP, [1n], ALLOW], [MMAP, [2n], ERRNO | 1]] },
  { name: 'the extreme values', rules: [rule('mmap', 'ALLOW', cond(5, 'GE', 0))], calls: [[MMAP, [0n], ALLOW], [MMAP, [0n, 0n, 0n, 0n, 0n, 2n ** 64n - 1n], ALLOW]] },
  { name: 'conditions on several arguments must all hold', rules: [rule('mmap', 'ALLOW', eq(0, 1), eq(5, 2))], calls: [[MMAP, [1n, 0n, 0n, 0n, 0n, 2n], ALLOW], [MMAP, [1n], ERRNO | 1], [MMAP, [0n, 0n, 0n, 0n, 0n, 2n], ERRNO | 1]] },
  { name: 'several rules for one call are alternatives', rules: [rule('mmap', 'ALLOW', eq(0, 1)), rule('mmap', 'ALLOW', eq(0, 2))], calls: [[MMAP, [1n], ALLOW], [MMAP, [2n], ALLOW], [MMAP, [3n], ERRNO | 1]] },

  // one argument twice in a rule
  { name: 'an argument twice: alternatives', rules: [rule('mmap', 'ALLOW', eq(0, 1), eq(0, 2))], calls: [[MMAP, [1n], ALLOW], [MMAP, [2n], ALLOW], [MMAP, [3n], ERRNO | 1]], warns: ['ARG_INDEX_REPEATED'] },
  { name: 'an argument twice: every condition of the rule is one', rules: [rule('mmap', 'ALLOW', eq(0, 1), eq(1, 7), eq(0, 2))], calls: [[MMAP, [9n, 7n], ALLOW], [MMAP, [2n, 0n], ALLOW], [MMAP, [9n, 9n], ERRNO | 1]], warns: ['ARG_INDEX_REPEATED'] },
  { name: 'a range written as two conditions is none', rules: [rule('mmap', 'ALLOW', cond(0, 'GE', 10), cond(0, 'LE', 20))], calls: [[MMAP, [15n], ALLOW], [MMAP, [0n], ALLOW], [MMAP, [99n], ALLOW]], warns: ['ARG_INDEX_REPEATED'] },

  // conflicts
  { name: 'overlapping conditions with different actions', rules: [rule('mmap', 'ALLOW', cond(0, 'LT', 5)), errno('mmap', 9, eq(0, 0))], calls: [], refused: ['RULE_CONFLICT'] },
  { name: 'first', rules: [rule('mmap', 'ALLOW', cond(0, 'LT', 5)), errno('mmap', 9, eq(0, 0))], options: { onConflict: 'first' }, calls: [[MMAP, [0n], ALLOW], [MMAP, [4n], ALLOW], [MMAP, [5n], ERRNO | 1]] },
  { name: 'strictest', rules: [rule('mmap', 'ALLOW', cond(0, 'LT', 5)), errno('mmap', 9, eq(0, 0))], options: { onConflict: 'strictest' }, calls: [[MMAP, [0n], ERRNO | 9], [MMAP, [4n], ALLOW]] },
  { name: 'strictest: KILL_PROCESS before KILL before TRAP before ERRNO', default: 'ALLOW', options: { onConflict: 'strictest' },
    rules: [rule('mmap', 'ERRNO', eq(0, 0)), rule('mmap', 'TRAP', eq(1, 0)), rule('mmap', 'KILL', eq(2, 0)), rule('mmap', 'KILL_PROCESS', eq(3, 0))],
    calls: [[MMAP, [0n, 0n, 0n, 0n], KILL_PROCESS], [MMAP, [0n, 0n, 0n, 1n], KILL], [MMAP, [0n, 0n, 1n, 1n], TRAP], [MMAP, [0n, 1n, 1n, 1n], ERRNO | 1]] },
  { name: 'strictest keeps the order of equal actions', options: { onConflict: 'strictest' }, rules: [errno('mmap', 7, eq(0, 0)), errno('mmap', 9, eq(1, 0))], calls: [[MMAP, [0n, 0n], ERRNO | 7]] },
  { name: 'conditions on different arguments overlap', rules: [rule('mmap', 'ALLOW', eq(0, 1)), errno('mmap', 9, eq(1, 1))], calls: [], refused: ['RULE_CONFLICT'] },
  { name: 'conditions that exclude each other do not', rules: [rule('mmap', 'ALLOW', cond(0, 'LT', 5)), errno('mmap', 9, cond(0, 'GE', 5))], calls: [[MMAP, [4n], ALLOW], [MMAP, [5n], ERRNO | 9]] },
  { name: 'masks that exclude each other do not', rules: [rule('mmap', 'ALLOW', cond(0, 'MASKED_EQ', 3, 1)), errno('mmap', 9, cond(0, 'MASKED_EQ', 6, 2))], calls: [[MMAP, [5n], ALLOW], [MMAP, [2n], ERRNO | 9]] },
  { name: 'a mask and a range that meet only high up', rules: [rule('mmap', 'ALLOW', cond(0, 'MASKED_EQ', 1n << 63n, 1n << 63n)), errno('mmap', 9, cond(0, 'GT', 2n ** 64n - 2n))], calls: [], refused: ['RULE_CONFLICT'] },
  { name: 'one excluded by the other rule on one argument only', rules: [rule('mmap', 'ALLOW', eq(0, 1), eq(1, 1)), errno('mmap', 9, eq(0, 1), eq(1, 2))], calls: [[MMAP, [1n, 1n], ALLOW], [MMAP, [1n, 2n], ERRNO | 9]] },
  { name: 'rules with one action never conflict', rules: [rule('mmap', 'ALLOW', eq(0, 1)), rule('mmap', 'ALLOW', eq(1, 1))], calls: [[MMAP, [1n], ALLOW], [MMAP, [0n, 1n], ALLOW]] },
  { name: 'different errno numbers are different actions', default: 'ALLOW', rules: [errno('mmap', 7, eq(0, 1)), errno('mmap', 9, eq(1, 1))], calls: [], refused: ['RULE_CONFLICT'] },
  { name: 'nothing conflicts below an unconditional rule', rules: [rule('mmap', 'ALLOW', eq(0, 1)), errno('mmap', 9, eq(1, 1)), rule('mmap', 'LOG')], calls: [[MMAP, [1n, 1n], LOG]], warns: ['RULE_SHADOWED', 'RULE_SHADOWED'] },
  { name: 'first and strictest do not lift a conditional rule above an unconditional one', default: 'ALLOW', options: { onConflict: 'strictest' }, rules: [rule('mmap', 'KILL', eq(0, 1)), errno('mmap', 9)], calls: [[MMAP, [1n], ERRNO | 9]], warns: ['RULE_SHADOWED'] },

  // rules that never match
  { name: 'less than zero', rules: [rule('mmap', 'ALLOW', cond(0, 'LT', 0))], calls: [[MMAP, [0n], ERRNO | 1]], warns: ['RULE_NEVER_MATCHES'] },
  { name: 'more than 2^64-1', rules: [rule('mmap', 'ALLOW', cond(0, 'GT', 2n ** 64n - 1n))], calls: [[MMAP, [2n ** 64n - 1n], ERRNO | 1]], warns: ['RULE_NEVER_MATCHES'] },
  { name: 'wanted bits outside the mask', rules: [rule('mmap', 'ALLOW', eq(1, 0), cond(0, 'MASKED_EQ', 1, 2))], calls: [[MMAP, [2n], ERRNO | 1], [MMAP, [3n], ERRNO | 1]], warns: ['RULE_NEVER_MATCHES'] },
  { name: 'a denial that no 32-bit argument can meet', default: 'ALLOW', rules: [errno('kill', 7, eq(0, 2n ** 64n - 1n))], options: { arches: ['i386'] }, audit: I386, calls: [[37, [0xffff_ffffn], ALLOW]], warns: ['VALUE_TOO_WIDE', 'RULE_NEVER_MATCHES'] },
  { name: 'a permission that every 32-bit argument meets', rules: [rule('kill', 'ALLOW', cond(0, 'NE', 2n ** 64n - 1n))], options: { arches: ['i386'] }, audit: I386, calls: [[37, [0xffff_ffffn], ALLOW]], warns: ['VALUE_TOO_WIDE'] },
  { name: 'a 64-bit value on a 32-bit architecture only', rules: [rule('mmap2', 'ALLOW', eq(0, HIGH + 5n))], options: { arches: ['i386'] }, audit: I386, calls: [[192, [5n], ERRNO | 1], [192, [HIGH + 5n], ERRNO | 1]], warns: ['RULE_NEVER_MATCHES'] },
  { name: 'a 64-bit value that one of two architectures can have', rules: [rule('mmap', 'ALLOW', eq(0, HIGH + 5n))], options: { arches: ['x86_64', 'i386'] }, calls: [[MMAP, [HIGH + 5n], ALLOW]] },
  { name: 'a 64-bit value of an int, in kernel width', rules: [rule('personality', 'ALLOW', eq(0, HIGH))], options: { argWidth: 'kernel' }, calls: [[PERSONALITY, [HIGH], ERRNO | 1]], warns: ['RULE_NEVER_MATCHES'] },
  { name: 'the other conditions of a rule that never matches do not make it match', rules: [rule('mmap', 'ALLOW', cond(0, 'LT', 0), eq(1, 0))], calls: [[MMAP, [0n, 0n], ERRNO | 1]], warns: ['RULE_NEVER_MATCHES'] },
  { name: 'one of several alternatives never matches', rules: [rule('mmap', 'ALLOW', cond(0, 'LT', 0), eq(0, 7))], calls: [[MMAP, [7n], ALLOW], [MMAP, [0n], ERRNO | 1]], warns: ['RULE_NEVER_MATCHES', 'ARG_INDEX_REPEATED'] },

  // argument width: the kernel takes 32 bits of socket's domain
  { name: 'a 64-bit NE on an int, allowed: bypass', rules: [rule('socket', 'ALLOW', cond(0, 'NE', 38))], calls: [[SOCKET, [38n], ERRNO | 1], [SOCKET, [HIGH + 38n], ALLOW]], warns: ['ARG_WIDTH_BYPASS'] },
  { name: 'the same in kernel width', rules: [rule('socket', 'ALLOW', cond(0, 'NE', 38))], options: { argWidth: 'kernel' }, calls: [[SOCKET, [38n], ERRNO | 1], [SOCKET, [HIGH + 38n], ERRNO | 1], [SOCKET, [HIGH + 2n], ALLOW]] },
  { name: 'a 64-bit EQ on an int, denied: bypass', default: 'ALLOW', rules: [errno('socket', 97, eq(0, 38))], calls: [[SOCKET, [38n], ERRNO | 97], [SOCKET, [HIGH + 38n], ALLOW]], warns: ['ARG_WIDTH_BYPASS'] },
  { name: 'the same in kernel width, denied', default: 'ALLOW', rules: [errno('socket', 97, eq(0, 38))], options: { argWidth: 'kernel' }, calls: [[SOCKET, [HIGH + 38n], ERRNO | 97]] },
  { name: 'a 64-bit EQ on an int, allowed: strict enough', rules: [rule('socket', 'ALLOW', eq(0, 1))], calls: [[SOCKET, [HIGH + 1n], ERRNO | 1]] },
  { name: 'LT on an int, denied: bypass', default: 'ALLOW', rules: [errno('socket', 97, cond(0, 'LT', 38))], calls: [[SOCKET, [HIGH + 1n], ALLOW]], warns: ['ARG_WIDTH_BYPASS'] },
  { name: 'GE on an int, allowed: bypass', rules: [rule('socket', 'ALLOW', cond(0, 'GE', 38))], calls: [[SOCKET, [HIGH + 1n], ALLOW]], warns: ['ARG_WIDTH_BYPASS'] },
  { name: 'GT on an int, denied: strict enough', default: 'ALLOW', rules: [errno('socket', 97, cond(0, 'GT', 38))], calls: [[SOCKET, [HIGH + 1n], ERRNO | 97]] },
  { name: 'negative numbers of an int, denied by GE: bypass without the sign bits', default: 'ALLOW', rules: [errno('socket', 97, cond(0, 'GE', 2n ** 63n))], calls: [[SOCKET, [0xffffffffn], ALLOW]], warns: ['ARG_WIDTH_BYPASS'] },
  { name: 'a mask of low bits on an int needs no high half', default: 'ALLOW', rules: [errno('socket', 97, cond(0, 'MASKED_EQ', 0xff, 38))], calls: [[SOCKET, [HIGH + 38n], ERRNO | 97]] },
  { name: 'a mask with high bits, denied: bypass', default: 'ALLOW', rules: [errno('socket', 97, cond(0, 'MASKED_EQ', HIGH + 0xffn, 38))], calls: [[SOCKET, [HIGH + 38n], ALLOW]], warns: ['ARG_WIDTH_BYPASS'] },
  { name: 'a value with high bits, allowed: bypass', rules: [rule('socket', 'ALLOW', eq(0, HIGH + 38n))], calls: [[SOCKET, [HIGH + 38n], ALLOW]], warns: ['ARG_WIDTH_BYPASS'] },
  { name: 'a 64-bit parameter: no finding', rules: [rule('mmap', 'ALLOW', cond(0, 'NE', 38))], calls: [[MMAP, [HIGH + 38n], ALLOW]] },
  { name: 'kernel width leaves 64-bit parameters alone', rules: [rule('mmap', 'ALLOW', cond(0, 'NE', 38))], options: { argWidth: 'kernel' }, calls: [[MMAP, [HIGH + 38n], ALLOW]] },

  // 32-bit ABIs and x32: the high half is the caller's
  { name: 'i386 compares low words', rules: [rule('personality', 'ALLOW', eq(0, 8))], options: { arches: ['i386'] }, audit: I386, calls: [[136, [8n], ALLOW], [136, [HIGH + 8n], ALLOW], [136, [9n], ERRNO | 1]] },
  { name: 'i386, denied', default: 'ALLOW', rules: [errno('personality', 9, cond(0, 'NE', 8))], options: { arches: ['i386'] }, audit: I386, calls: [[136, [HIGH + 8n], ALLOW], [136, [HIGH + 9n], ERRNO | 9]] },
  { name: 'x32 compares low words', rules: [rule('mmap', 'ALLOW', eq(0, 8))], options: { arches: ['x32'] }, calls: [[0x40000009, [HIGH + 8n], ALLOW], [0x40000009, [9n], ERRNO | 1]] },
  { name: 'x86_64 beside x32 compares all 64 bits', rules: [rule('mmap', 'ALLOW', eq(0, 8))], options: { arches: ['x86_64', 'x32'] }, calls: [[MMAP, [HIGH + 8n], ERRNO | 1], [MMAP, [8n], ALLOW], [0x40000009, [HIGH + 8n], ALLOW]] },

  // numbers
  { name: 'x32 not named: an unknown architecture', rules: [rule('read', 'ALLOW')], calls: [[0, [], ALLOW], [0x40000000, [], KILL_PROCESS], [0x7fffffff, [], KILL_PROCESS], [0x3fffffff, [], ERRNO | 1]] },
  { name: 'x32 not named, in a denylist', default: 'ALLOW', rules: [errno('read', 9)], calls: [[0x40000000, [], KILL_PROCESS], [1, [], ALLOW]] },
  { name: 'x32 named', rules: [rule('read', 'ALLOW')], options: { arches: ['x86_64', 'x32'] }, calls: [[0x40000000, [], ALLOW], [0x40000001, [], ERRNO | 1]] },
  { name: 'x32 named alone: x86_64 is unknown', rules: [rule('read', 'ALLOW')], options: { arches: ['x32'] }, calls: [[0, [], KILL_PROCESS], [0x40000000, [], ALLOW], [0xffffffff, [], ERRNO | 1]] },
  { name: 'x32 has numbers of its own', rules: [rule('execve', 'ALLOW')], options: { arches: ['x86_64', 'x32'] }, calls: [[59, [], ALLOW], [0x40000000 + 520, [], ALLOW], [0x40000000 + 59, [], ERRNO | 1]] },
  { name: 'nr -1, a call that a tracer skips, gets the default action', rules: [rule('read', 'ALLOW')], options: { unknownArch: 'kill' }, calls: [[0xffffffff, [], ERRNO | 1]] },
  { name: 'nr -1 in a denylist', default: 'ALLOW', rules: [rule('read', 'KILL')], calls: [[0xffffffff, [], ALLOW]] },
  { name: 'nr -1 as a signed number', default: 'ALLOW', rules: [rule('read', 'KILL')], calls: [[-1, [], ALLOW]] },

  // architectures that are not named
  { name: 'another architecture kills', default: 'ALLOW', rules: [], audit: AARCH64, calls: [[0, [], KILL_PROCESS], [0xffffffff, [], KILL_PROCESS]] },
  { name: 'another architecture, kill', default: 'ALLOW', rules: [], options: { unknownArch: 'kill' }, audit: I386, calls: [[0, [], KILL]] },
  { name: 'another architecture, errno', default: 'ALLOW', rules: [], options: { unknownArch: 'errno' }, audit: I386, calls: [[0, [], ERRNO | 1]] },
  { name: 'an architecture of zero', default: 'ALLOW', rules: [], audit: 0, calls: [[0, [], KILL_PROCESS]] },

  // socketcall(2) and ipc(2), allowlist: 102 and 117 on i386
  { name: 'i386: an allowed socket is allowed through socketcall', rules: [rule('socket', 'ALLOW')], options: { arches: ['i386'] }, audit: I386, calls: [[359, [], ALLOW], [102, [1n], ALLOW], [102, [2n], ERRNO | 1], [102, [HIGH + 1n], ALLOW]] },
  { name: 'i386: a conditional socket is allowed whole through socketcall', rules: [rule('socket', 'ALLOW', cond(0, 'NE', 38))], options: { arches: ['i386'] }, audit: I386, calls: [[359, [38n], ERRNO | 1], [102, [1n], ALLOW]], warns: ['SOCKETCALL_BYPASS'] },
  { name: 'i386: the same, denied on request', rules: [rule('socket', 'ALLOW', cond(0, 'NE', 38))], options: { arches: ['i386'], multiplexed: 'deny' }, audit: I386, calls: [[359, [2n], ALLOW], [102, [1n], ERRNO | 1]] },
  { name: 'i386: denied on request even where socketcall is allowed by name', rules: [rule('socket', 'ALLOW', cond(0, 'NE', 38)), rule('socketcall', 'ALLOW')], options: { arches: ['i386'], multiplexed: 'deny' }, audit: I386, calls: [[102, [1n], ERRNO | 1], [102, [2n], ALLOW]] },
  { name: 'i386: an unconditional socket is not what deny is about', rules: [rule('socket', 'ALLOW')], options: { arches: ['i386'], multiplexed: 'deny' }, audit: I386, calls: [[102, [1n], ALLOW]] },
  { name: 'i386: accept exists through socketcall only', rules: [rule('accept', 'ALLOW')], options: { arches: ['i386'] }, audit: I386, calls: [[102, [5n], ALLOW], [364, [], ERRNO | 1]] },
  { name: 'i386: socketcall by name, all of it', rules: [rule('socketcall', 'ALLOW')], options: { arches: ['i386'] }, audit: I386, calls: [[102, [1n], ALLOW], [102, [99n], ALLOW]] },
  { name: 'i386: an unconditional socketcall beats the rules for its calls', default: 'ALLOW', rules: [errno('socketcall', 9), errno('socket', 7)], options: { arches: ['i386'] }, audit: I386, calls: [[102, [1n], ERRNO | 9], [359, [], ERRNO | 7]], warns: ['RULE_SHADOWED'] },
  { name: 'i386: shmat through ipc', rules: [rule('shmat', 'ALLOW')], options: { arches: ['i386'] }, audit: I386, calls: [[117, [21n], ALLOW], [117, [22n], ERRNO | 1], [117, [0x10000n + 21n], ERRNO | 1]] },

  // denylist: what the kernel looks at decides, no other bit hides a call
  { name: 'i386: a denied socket is denied through socketcall', default: 'ALLOW', rules: [errno('socket', 9)], options: { arches: ['i386'] }, audit: I386, calls: [[359, [], ERRNO | 9], [102, [1n], ERRNO | 9], [102, [HIGH + 1n], ERRNO | 9], [102, [2n], ALLOW]] },
  { name: 'i386: a conditionally denied socket is denied whole', default: 'ALLOW', rules: [errno('socket', 9, eq(0, 38))], options: { arches: ['i386'] }, audit: I386, calls: [[359, [38n], ERRNO | 9], [359, [2n], ALLOW], [102, [1n], ERRNO | 9]], warns: ['SOCKETCALL_BYPASS'] },
  { name: 'i386: a conditionally denied socket, denied on request', default: 'ALLOW', rules: [errno('socket', 9, eq(0, 38))], options: { arches: ['i386'], multiplexed: 'deny' }, audit: I386, calls: [[102, [1n], ERRNO | 9]] },
  { name: 'i386: ipc has a version in its upper half, which hides nothing', default: 'ALLOW', rules: [errno('shmat', 9)], options: { arches: ['i386'] }, audit: I386, calls: [[117, [21n], ERRNO | 9], [117, [0x10000n + 21n], ERRNO | 9], [117, [22n], ALLOW]] },
  { name: 's390x: a denied socket, the high half hides nothing', default: 'ALLOW', rules: [errno('socket', 9)], options: { arches: ['s390x'] }, audit: S390X, calls: [[359, [], ERRNO | 9], [102, [1n], ERRNO | 9], [102, [HIGH + 1n], ERRNO | 9], [102, [2n], ALLOW]] },
  { name: 's390x: an allowed socket, only as it stands', rules: [rule('socket', 'ALLOW')], options: { arches: ['s390x'] }, audit: S390X, calls: [[359, [], ALLOW], [102, [1n], ALLOW], [102, [HIGH + 1n], ERRNO | 1]] },
  { name: 's390x: conditional, allowed whole', rules: [rule('socket', 'ALLOW', eq(0, 1))], options: { arches: ['s390x'] }, audit: S390X, calls: [[359, [1n], ALLOW], [359, [2n], ERRNO | 1], [102, [1n], ALLOW]], warns: ['SOCKETCALL_BYPASS'] },
  { name: 's390x: conditional, denied on request', rules: [rule('socket', 'ALLOW', eq(0, 1))], options: { arches: ['s390x'], multiplexed: 'deny' }, audit: S390X, calls: [[102, [1n], ERRNO | 1], [102, [HIGH + 1n], ERRNO | 1]] },
  { name: 's390x: ipc, allowed and denied', default: 'ALLOW', rules: [errno('semop', 9)], options: { arches: ['s390x'] }, audit: S390X, calls: [[117, [1n], ERRNO | 9], [117, [HIGH + 0x10001n], ERRNO | 9], [117, [2n], ALLOW]] },
  { name: 'ppc: socketcall is 102, socket 326', rules: [rule('socket', 'ALLOW')], options: { arches: ['ppc'] }, audit: PPC, calls: [[326, [], ALLOW], [102, [1n], ALLOW], [102, [2n], ERRNO | 1]] },
  { name: 'x86_64 has neither: a rule for socketcall does nothing', rules: [rule('socketcall ipc', 'ALLOW'), rule('socket', 'ALLOW', eq(0, 1))], calls: [[SOCKET, [1n], ALLOW], [102, [], ERRNO | 1], [117, [], ERRNO | 1]] },
];

function profileText(row: Row): string {
  const syscalls = row.rules.map((r) => {
    const { action, args, ...rest } = r as { action: string; args: { op: string }[] };
    return { ...rest, action: `SCMP_ACT_${action}`, args: args.map((a) => ({ ...a, op: `SCMP_CMP_${a.op}` })) };
  });
  const lines = syscalls.map((r) => `  ${JSON.stringify(r)}`).join(',\n');
  const text = `{ "defaultAction": "SCMP_ACT_${row.default ?? 'ERRNO'}", "syscalls": [\n${lines}\n] }`;
  // suite.ts makes "5n" of a bigint.
  return text.replace(/"(\d+)n"/g, '$1');
}

const resolveRow = (row: Row) =>
  resolvePolicy(parseProfile(profileText(row), { file: 'p.json' }), { arches: ['x86_64'], ...row.options });

suite('policy/semantics', (test) => {
  for (const row of rows) {
    test(row.name, () => {
      if (row.refused) {
        assert.equal(
          thrownCodes(() => resolveRow(row)),
          row.refused,
        );
        return;
      }
      const policy = resolveRow(row);
      assert.equal(
        policy.diagnostics.map((d) => d.code),
        row.warns ?? [],
      );
      for (const [nr, given, word] of row.calls) {
        const arg = (i: number) => given[i] ?? 0n;
        const data = {
          nr,
          arch: row.audit ?? X86_64,
          instructionPointer: 0x1234n,
          args: [arg(0), arg(1), arg(2), arg(3), arg(4), arg(5)] as const,
        };
        assert.is(evaluate(policy, data), word, `${nr}(${given.join(', ')})`);
      }
    });
  }

  test('warnings and refusals as they are printed', () => {
    const shown = rows.flatMap((row) => {
      const found = row.refused === undefined ? resolveRow(row).diagnostics.map(renderPlain) : [messageOf(row)];
      return found.length === 0 ? [] : [`== ${row.name}`, ...found];
    });
    golden('policy/semantics.txt', `${shown.join('\n')}\n`);
  });
});

function messageOf(row: Row): string {
  try {
    resolveRow(row);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}
