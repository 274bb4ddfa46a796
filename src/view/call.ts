/** One call as a person asks for it: number and arguments from words, and in words why it gets what it gets. */
import {
  ARCHES,
  type Arch,
  isSyscallName,
  OFFSET_ARGS,
  type SeccompData,
  syscallName,
  syscallNames,
  syscallNumber,
  X32_SYSCALL_BIT,
} from '../arch/index.ts';
import { fail, quoted } from '../diag/index.ts';
import type { CheckedProgram } from '../kernel/index.ts';
import { U64_MAX } from '../num/index.ts';
import { constantsIn } from '../policy/constants.ts';
import { type Decision, describeCondition, type InactiveRule, type Origin } from '../policy/index.ts';
import { didYouMean } from '../policy/vocabulary.ts';

function numberOf(text: string, what: string): bigint {
  if (!/^-?(0[xX][0-9a-fA-F]{1,16}|0|[1-9]\d{0,19})$/.test(text)) {
    return fail({
      code: 'USAGE',
      message: `${what} is a number, not ${quoted(text)}`,
      help: 'decimal or hexadecimal (0x26), up to 64 bits; -1 is all ones',
    });
  }
  const value = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
  if (value > U64_MAX || value < -(1n << 63n)) {
    return fail({ code: 'USAGE', message: `${what} has 64 bits; ${quoted(text)} does not fit` });
  }
  return BigInt.asUintN(64, value);
}

/** Numbers, and names of constants with their values on this ABI; an ABI that numbers them otherwise is refused. */
export function argumentsOf(texts: readonly string[], call: string | undefined, arch: Arch): SeccompData['args'] {
  const values = texts.map((text, argIndex) =>
    /^[A-Z]/.test(text) ? constantsIn(text, { call, arch, argIndex }) : numberOf(text, `argument ${argIndex}`),
  );
  const at = (i: number) => values[i] ?? 0n;
  return [at(0), at(1), at(2), at(3), at(4), at(5)];
}

/** The number of a call on an ABI; undefined when the ABI lacks it. */
export function callNumber(arch: Arch, call: string): number | undefined {
  if (/^-?(0x[0-9a-f]+|\d+)$/i.test(call)) {
    const nr = numberOf(call, 'the call');
    // A negative int arrives here as the 64 bits that it stands for.
    if (nr <= 0xffff_ffffn || nr >= U64_MAX - 0x7fff_ffffn) return Number(BigInt.asUintN(32, nr));
    return fail({ code: 'USAGE', message: `a call number has 32 bits; ${quoted(call)} does not fit` });
  }
  if (isSyscallName(call)) return syscallNumber(arch, call);
  return fail({
    code: 'SYSCALL_UNKNOWN',
    message: `no system call is named ${quoted(call)} on any architecture`,
    help: didYouMean(call, syscallNames()),
  });
}

/** A call's name; a number with bit 30 on x86_64 is an x32 call. */
export function nameOf(arch: Arch, nr: number): string | undefined {
  if (arch.name !== 'x86_64' || (nr & X32_SYSCALL_BIT) === 0) return syscallName(arch, nr);
  const x32 = ARCHES.get('x32');
  const name = x32 && syscallName(x32, nr);
  return name === undefined ? undefined : `x32 ${name}`;
}

/** BPF_LD | BPF_W | BPF_ABS. */
const LOAD = 0x20;

/** Whether the instructions that ran look at arguments behind the first `given`. */
export function looksPast(program: CheckedProgram, pcs: readonly number[], given: number): boolean {
  return pcs.some((pc) => {
    const insn = program.insns[pc];
    return insn?.code === LOAD && insn.k >= OFFSET_ARGS + 8 * given;
  });
}

export interface Reason {
  /** In words; with a rule, what to say behind its place: '' or ' through the rule for socket'. */
  readonly reason: string;
  readonly rule?: Origin | undefined;
  /** The rule's conditions, which hold; '' where it has none. */
  readonly because: string;
  /** Rules for this call that do not hold under the options chosen. */
  readonly idle: readonly InactiveRule[];
}

/** Why a policy says what it says to a call; `name` is the call's, where it has one. */
export function reasonOf({ reason, rule, arch, call }: Decision, name: string | undefined): Reason {
  if (arch === undefined)
    return { reason: 'no rule; the policy does not name this architecture', because: '', idle: [] };
  if (reason === 'unknown-arch') {
    const why = 'no rule; the number is a call of another MIPS ABI, which the kernel makes for this one too';
    return { reason: why, because: '', idle: [] };
  }
  const idle = arch.inactive.filter((r) => name !== undefined && r.names.includes(name));
  if (rule === undefined) {
    const why = call ? 'its rules look at arguments, and none matches these' : 'no rule in force names this call';
    return { reason: `the default action (${why})`, because: '', idle };
  }
  return {
    reason: rule.origin.via === undefined ? '' : ` through the rule for ${rule.origin.via}`,
    rule: rule.origin,
    because: rule.conditions.map(describeCondition).join(' and '),
    idle,
  };
}
