/** What profiles.ts asks of a kernel: filters, calls under them, and how the answers are judged. */
import {
  actionOf,
  arch,
  dataOf,
  MAX_ERRNO,
  SECCOMP_RET_ALLOW,
  SECCOMP_RET_ERRNO,
  SECCOMP_RET_KILL_PROCESS,
  SECCOMP_RET_KILL_THREAD,
  SECCOMP_RET_TRAP,
  type SeccompData,
  syscallNumber,
  UNFILTERED_X86_64,
} from '../../../src/arch/index.ts';
import { compile } from '../../../src/build/index.ts';
import { check, run } from '../../../src/kernel/index.ts';
import { ByteView, type Endian } from '../../../src/num/index.ts';
import { evaluate, type Policy } from '../../../src/policy/index.ts';
import { argumentsToTry, numbersToTry } from '../../../test/support/samples.ts';
import { records } from '../../machine/tools.ts';
import type { Tally } from '../ask.ts';
import { type Draw, drawFrom } from '../draw.ts';
import { type Call, DIED, type Group, type GroupAnswer } from './batch.ts';
import type { Abi } from './machines.ts';
import { argumentsInRegisters, seenBy, shownWords, wordGroups } from './seen.ts';

export interface Part {
  readonly groups: readonly Group[];
  /** One answer per group; `how` the kernel ran the filters, for the report. */
  judge(answers: readonly GroupAnswer[], how: string): void;
}

const sigsys = (abi: Abi) => (abi.name.startsWith('mips') ? 12 : 31);
const RET_K = 0x06;
const DEADLY: readonly number[] = [SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP];

const tell = (call: Call, seen: SeccompData) =>
  `call ${call.nr} (${call.args.map((value) => value.toString(16)).join(' ')}), shown as ${seen.nr} ` +
  `(${seen.args.map((value) => value.toString(16)).join(' ')})`;

function randomArguments(draw: Draw): readonly bigint[] {
  return Array.from({ length: 6 }, () => (BigInt(draw.edge()) << 32n) | BigInt(draw.edge()));
}

/** The data that filters are shown is what seen.ts says. */
export function shownPart(abi: Abi, tally: Tally): Part {
  const draw = drawFrom(1);
  const numbers = [0, 1, 5, 7, 4000, 4003, 4450, 4451, 5003, 6003, 0xffff, 0x12345678, 0x7fffffff, 0x80000001];
  const special = [0xffffffff, 0x40000005, 0xf0002, 0x1_0000_0005];
  const calls = [...numbers, ...special].flatMap((nr) =>
    Array.from({ length: 3 }, () => ({ nr, args: randomArguments(draw) })),
  );
  const { endian } = arch(abi.name);
  return {
    groups: wordGroups(calls, endian),
    judge(answers, how) {
      calls.forEach((call, i) => {
        const expected = seenBy(abi, call);
        const shown = shownWords(
          answers.map(({ results }) => results),
          i,
          endian,
        );
        const ip = shown.instructionPointer;
        const count = argumentsInRegisters(abi, call);
        const same =
          shown.nr === expected.nr &&
          shown.arch === expected.arch &&
          shown.args.slice(0, count).every((value, n) => value === expected.args[n]) &&
          ip > 0n &&
          (arch(abi.name).wordBits === 64 || abi.int80 || ip < 1n << 32n);
        tally.compare(same, () => `${abi.name}, ${how}: ${tell(call, expected)}; in truth ${tell(call, shown)}`);
      });
    },
  };
}

/** Every number near anything that decides, and for each condition its own edge values; other arguments are random. */
function callsFor(abi: Abi, policy: Policy): readonly Call[] {
  const draw = drawFrom(2);
  const calls: Call[] = numbersToTry(policy).map((nr) => ({ nr, args: randomArguments(draw) }));
  for (const { arch: named, calls: byNumber } of policy.arches) {
    if (named.name !== abi.name) continue;
    for (const { nr, rules } of byNumber.values()) {
      const conditions = rules.flatMap((rule) => rule.conditions);
      if (conditions.length === 0) continue;
      // The generator fills one list again and again.
      for (const args of argumentsToTry(conditions)) calls.push({ nr, args: [...args] });
    }
  }
  return abi.name === 'x86_64' ? calls.filter(({ nr }) => !UNFILTERED_X86_64.has(nr)) : calls;
}

/** The program with each RET giving an errno of its own, 1 and up, and the words that they gave before. */
function relabelled(
  bytes: Uint8Array,
  endian: Endian,
): { readonly bytes: Uint8Array; readonly words: readonly number[] } {
  const view = new ByteView(bytes.slice(), endian);
  const words: number[] = [];
  for (let at = 0; at < bytes.length; at += 8) {
    if (view.u16(at) !== RET_K) continue;
    words.push(view.u32(at + 4));
    view.setU32(at + 4, SECCOMP_RET_ERRNO | words.length);
  }
  if (words.length > MAX_ERRNO) throw new Error(`${words.length} returns; an errno tells ${MAX_ERRNO} apart`);
  return { bytes: view.bytes, words };
}

/** Which RET each call comes to; nothing is ever executed. */
export function leavesPart(abi: Abi, policy: Policy, name: string, tally: Tally): Part {
  const { bytes, words } = relabelled(compile(policy).bytes, policy.endian);
  const verdict = check(bytes, { endian: policy.endian });
  if (!verdict.ok) throw new Error(`${name}: ${verdict.message}`);
  const calls = callsFor(abi, policy);
  const expected = calls.map((call) => {
    const seen = seenBy(abi, call);
    return { seen, leaf: dataOf(run(verdict.program, seen)), word: evaluate(policy, seen) as number };
  });
  return {
    groups: [{ filter: bytes, calls }],
    judge([answer], how) {
      if (answer!.installed !== 0) throw new Error(`${name}: not installed, errno ${answer!.installed}`);
      expected.forEach(({ seen, leaf, word }, i) => {
        const given = (0x1_0000 - answer!.results[i]!) & 0xffff;
        tally.compare(given === leaf && words[given - 1] === word, () => {
          const said = `kernel RET ${given} (${words[given - 1]?.toString(16)}), run RET ${leaf}, evaluate ${word.toString(16)}`;
          return `${name}, ${how}: ${said}: ${tell(calls[i]!, seen)}`;
        });
      });
    },
  };
}

/** Calls that do nothing with arguments of ones, whatever the filter says to them. */
const HARMLESS =
  'read write close lseek dup fcntl ioctl fsync ftruncate pread64 readv getppid getuid geteuid getgid getegid sched_yield ' +
  'sched_get_priority_max listen getsockname socket personality epoll_wait umask keyctl bpf unshare mseal mount';

/** Each such call costs a process. */
const MOST_KILLED = 40;

/**
 * The program as it is: what it denies fails with its errno or ends the caller, what it allows gives what it gives without a
 * filter.
 */
export function wholePart(abi: Abi, policy: Policy, name: string, tally: Tally): Part {
  const judged = (call: Call) => ({ call, word: evaluate(policy, seenBy(abi, call)) as number });
  const calls = callsFor(abi, policy).map(judged);
  const denied = calls.filter(({ word }) => actionOf(word) === SECCOMP_RET_ERRNO);
  const deadly = calls.filter(({ word }) => DEADLY.includes(actionOf(word)));
  // Evenly spread: numbers that no architecture has are many.
  const killed = deadly.filter((_, i) => i % Math.ceil(deadly.length / MOST_KILLED) === 0);
  const ones = Array.from({ length: 6 }, () => (1n << 64n) - 1n);
  const harmless = HARMLESS.split(' ').flatMap((call) => {
    const nr = syscallNumber(arch(abi.name), call);
    return nr === undefined ? [] : [judged({ nr, args: ones })];
  });
  const all = [...harmless, ...denied, ...killed];
  const allow = records([[RET_K, 0, 0, SECCOMP_RET_ALLOW]], policy.endian);
  return {
    groups: [
      { filter: compile(policy).bytes, calls: all.map(({ call }) => call) },
      { filter: allow, calls: harmless.map(({ call }) => call) },
    ],
    judge([filtered, plain], how) {
      const expect = (word: number, i: number) => {
        if (actionOf(word) === SECCOMP_RET_ALLOW) return plain!.results[i];
        return DEADLY.includes(actionOf(word)) ? DIED + sigsys(abi) : -Math.min(dataOf(word), MAX_ERRNO) & 0xffff;
      };
      all.forEach(({ call, word }, i) => {
        const expected = expect(word, i);
        const given = filtered!.results[i];
        tally.compare(given === expected, () => {
          const said = `kernel ${given?.toString(16)}, expected ${expected?.toString(16)} (${word.toString(16)})`;
          return `${name}, ${how}, for real: ${said}: ${tell(call, seenBy(abi, call))}`;
        });
      });
    },
  };
}

/** A program that knows only the other ABIs ends a caller at its first call. */
export function foreignPart(abi: Abi, others: Policy, tally: Tally): Part {
  const own = ['getpid', 'getppid', 'sched_yield'].map((name) => syscallNumber(arch(abi.name), name)!);
  const numbers = own.map((nr) => ({ nr, args: [0n, 0n, 0n, 0n, 0n, 0n] }));
  const calls = numbers.filter((call) => evaluate(others, seenBy(abi, call)) === SECCOMP_RET_KILL_PROCESS);
  return {
    groups: [{ filter: compile(others).bytes, calls }],
    judge([answer], how) {
      tally.compare(calls.length > 0, () => `${abi.name} is known to a policy without it`);
      calls.forEach((call, i) => {
        const given = answer!.results[i]!;
        tally.compare(given === DIED + sigsys(abi), () => {
          return `${abi.name} without a rule, ${how}: ${given.toString(16)}: ${tell(call, seenBy(abi, call))}`;
        });
      });
    },
  };
}
