/**
 * A filter that denies nothing and hands to a tracer what the given one would deny: every constant that it returns is
 * exchanged, and nothing else, so it takes the same path for every call.
 *
 *     ALLOW, LOG -> as they are        anything else, also words that are no action (the kernel kills for them) -> TRACE
 *
 * In front of it stands a short piece that hands over a few calls more, whatever the filter says of them:
 *
 *     seccomp                 with an operation that no kernel has, START: the stub says that the filter is in force
 *     seccomp, prctl          that install a filter: what that one denies never comes to a tracer
 *     clone, clone3           with CLONE_UNTRACED they start a process that nobody sees
 *     ptrace                  a program that traces cannot do so while it is traced itself: it runs otherwise than it would
 *
 * so that whoever reads the calls knows what could not be seen.
 *
 * A filter of somebody else that denies a call first keeps it from a tracer. Where such filters are in force the tracer
 * stops at every call instead, before any filter, and `openProgram` stands in for the filter.
 *
 * Weak spot: a call is made, where the filter would have denied it. What the program does after its first denied call is
 * what it would do without the filter.
 */
import {
  ARCHES,
  type Arch,
  actionOf,
  BPF_MAXINSNS,
  lowWordOffset,
  OFFSET_ARCH,
  OFFSET_IP,
  OFFSET_NR,
  SECCOMP_RET_ALLOW,
  SECCOMP_RET_LOG,
  SECCOMP_RET_TRACE,
  type SeccompData,
  syscallName,
  syscallNumber,
} from '../arch/index.ts';
import { assemble } from '../bpf/index.ts';
import { unreachable } from '../diag/index.ts';
import { type CheckedProgram, check, run } from '../kernel/index.ts';
import { START_OPERATION } from '../machine/index.ts';
import type { U32 } from '../num/index.ts';
import { abiOf } from './describe.ts';

const CLONE_UNTRACED = 0x0080_0000;
const PR_SET_SECCOMP = 22;
const SECCOMP_SET_MODE_FILTER = 1;

const RUNS: ReadonlySet<number> = new Set([SECCOMP_RET_ALLOW, SECCOMP_RET_LOG]);
const RET_K = 0x06;
const RET_A = 0x16;
const DIV_X = 0x3c;

/** Where clone has its flags: s390x takes the stack first. @see Linux kernel/fork.c, CONFIG_CLONE_BACKWARDS2 */
const flagsOfClone = (abi: Arch): number => (abi.name === 's390x' || abi.name === 's390' ? 1 : 0);

/** What a traced call shows. */
export type Sighting =
  /** The filter would have answered with this word, and the call would not have been made. */
  | { readonly kind: 'denied'; readonly word: U32 }
  /** The stub: from here on the filter is in force. */
  | { readonly kind: 'start' }
  /** The program traces, or wants to be traced. */
  | { readonly kind: 'traces' }
  /** It starts a process that no tracer gets. */
  | { readonly kind: 'untraced' }
  /** It installs a filter, as the stub does. */
  | { readonly kind: 'filters' }
  /** Nothing that matters. */
  | { readonly kind: 'harmless' };

/** The ABIs that programs of this one's machine can make calls through, by their audit token. */
function abisByToken(own: Arch): ReadonlyMap<U32, readonly Arch[]> {
  const tokens = new Map<U32, Arch[]>();
  for (const abi of ARCHES.values()) {
    if (abi.native !== own.native || abi.endian !== own.endian) continue;
    tokens.set(abi.audit, [...(tokens.get(abi.audit) ?? []), abi]);
  }
  return tokens;
}

/** The piece in front, as text for the assembler. A is 0 behind it, as at the start of any program. */
function preamble(own: Arch): string {
  const lines: string[] = [];
  const low = (argIndex: number) => `ld [${lowWordOffset(argIndex, own.endian)}]`;
  for (const [token, abis] of abisByToken(own)) {
    lines.push(`ld [${OFFSET_ARCH}]`, `jne #${token}, not${token}`, `ld [${OFFSET_NR}]`);
    const tests: string[] = [];
    for (const abi of abis) {
      const on = (name: string, target: string) => {
        const nr = syscallNumber(abi, name);
        if (nr !== undefined) lines.push(`jeq #${nr}, ${target}`);
      };
      for (const name of ['ptrace', 'clone3', 'seccomp']) on(name, 'hand_over');
      on('prctl', `prctl_${abi.name}`);
      on('clone', `clone_${abi.name}`);
      tests.push(`prctl_${abi.name}: ${low(0)}`, `jeq #${PR_SET_SECCOMP}, hand_over`, 'ja as_filtered');
      tests.push(
        `clone_${abi.name}: ${low(flagsOfClone(abi))}`,
        `jset #${CLONE_UNTRACED}, hand_over`,
        'ja as_filtered',
      );
    }
    lines.push('ja as_filtered', ...tests, `not${token}:`);
  }
  return [...lines, 'ja as_filtered', `hand_over: ret #${SECCOMP_RET_TRACE}`, 'as_filtered: ld #0'].join('\n');
}

/**
 * The vsyscall page of x86_64: three calls of old programs, which the kernel makes by itself. Filters see them; a tracer
 * that stops at every call does not. @see Linux arch/x86/entry/vsyscall/vsyscall_64.c emulate_vsyscall()
 */
const VSYSCALLS = `ld [${OFFSET_IP + 4}]
  jne #0xffffffff, pass
  ld [${OFFSET_IP}]
  and #0xfffff000
  jne #0xff600000, pass
  ret #${SECCOMP_RET_TRACE}
  pass: `;

/** A filter that lets everything pass, for a tracer that stops at every call anyway; what it does not stop at is handed over. */
export function openProgram(own: Arch): CheckedProgram {
  const vsyscalls = own.native === 'x86_64' ? VSYSCALLS : '';
  const verdict = check(assemble(`${vsyscalls}ret #${SECCOMP_RET_ALLOW}`), { endian: own.endian });
  return verdict.ok ? verdict.program : unreachable('a filter that allows everything is refused');
}

/** Undefined where the two together are longer than a filter may be. */
export function tracedProgram(program: CheckedProgram, own: Arch): CheckedProgram | undefined {
  if (program.insns.some(({ code }) => code === RET_A || code === DIV_X)) {
    return unreachable('a compiled program returns constants only');
  }
  const exchanged = program.insns.map((insn) =>
    insn.code === RET_K && !RUNS.has(actionOf(insn.k)) ? { ...insn, k: SECCOMP_RET_TRACE } : insn,
  );
  const insns = [...assemble(preamble(own)), ...exchanged];
  if (insns.length > BPF_MAXINSNS) return undefined;
  const verdict = check(insns, { endian: program.endian });
  return verdict.ok ? verdict.program : unreachable(`the traced form of a program is refused: ${verdict.message}`);
}

/**
 * What a call that was handed over shows. `program` is the filter that was asked for; `pointed` is the machine word at
 * the address in its first argument.
 */
export function sightingOf(program: CheckedProgram, data: SeccompData, pointed: bigint): Sighting {
  const unseen = unseenBy(data, pointed);
  if (unseen?.kind === 'start') return unseen;
  const word = run(program, data);
  // A denied ptrace, say, would not have been made: then the filter is what matters.
  if (!RUNS.has(actionOf(word))) return { kind: 'denied', word };
  return unseen ?? { kind: 'harmless' };
}

function unseenBy(data: SeccompData, pointed: bigint): Sighting | undefined {
  const abi = abiOf(data);
  const name = abi && syscallName(abi, data.nr >>> 0);
  const [first] = data.args;
  const operation = Number(first & 0xffff_ffffn);
  switch (name) {
    case 'ptrace':
      return { kind: 'traces' };
    case 'clone':
      return startsUntraced(data.args[flagsOfClone(abi as Arch)] as bigint);
    case 'clone3':
      return startsUntraced(pointed);
    case 'prctl':
      return operation === PR_SET_SECCOMP ? { kind: 'filters' } : undefined;
    case 'seccomp':
      if (operation === START_OPERATION) return { kind: 'start' };
      // The others only ask.
      return operation <= SECCOMP_SET_MODE_FILTER ? { kind: 'filters' } : undefined;
    default:
      return undefined;
  }
}

function startsUntraced(flags: bigint): Sighting | undefined {
  return (flags & BigInt(CLONE_UNTRACED)) === 0n ? undefined : { kind: 'untraced' };
}
