/**
 * The kernel's verdict on a program. Every refusal is EINVAL there, so which of several faults the kernel meets first
 * cannot be seen; here it is the one with the lowest instruction, then the end, then scratch memory.
 * @see Linux v6.12 kernel/seccomp.c seccomp_prepare_filter(); net/core/filter.c bpf_prog_create_from_user()
 */
import { BPF_MAXINSNS } from '../arch/index.ts';
import { decodeProgram, INSN_SIZE, type RawInsn } from '../bpf/index.ts';
import { BPF_RET_A, BPF_RET_K } from '../bpf/opcodes.ts';
import type { Code } from '../diag/index.ts';
import { checkedU32, type Endian } from '../num/index.ts';
import { type CheckedProgram, makeChecked } from './program.ts';
import { RULES } from './rules.ts';
import { firstUnsetLoad } from './scratch.ts';

export interface Refusal {
  readonly ok: false;
  /** What seccomp(2) returns. */
  readonly errno: 'EINVAL';
  /** The instruction that breaks the rule, from 0; for a fault of the whole program the first or last one. */
  readonly pc: number;
  readonly code: Code;
  readonly message: string;
  readonly help?: string;
}

export type Verdict = { readonly ok: true; readonly program: CheckedProgram } | Refusal;

export interface CheckOptions {
  /** Byte order of the bytes, and of the machine that runs the program; 'little' unless stated. */
  readonly endian?: Endian;
}

function refuse(code: Code, pc: number, message: string, help?: string): Refusal {
  return { ok: false, errno: 'EINVAL', pc, code, message, ...(help !== undefined && { help }) };
}

/** The first rule that well-formed records break; undefined when the kernel accepts them. */
export function refusalOf(insns: readonly RawInsn[]): Refusal | undefined {
  const { length } = insns;
  if (length === 0) return refuse('PROGRAM_EMPTY', 0, 'the program has no instruction');
  if (length > BPF_MAXINSNS) return tooLong(length);
  for (const [pc, insn] of insns.entries()) {
    for (const rule of RULES) {
      if (rule.applies(insn) && !rule.holds(insn, pc, length)) {
        return refuse(rule.code, pc, rule.say(insn, pc, length), rule.help);
      }
    }
  }
  const last = insns[length - 1]?.code;
  if (last !== BPF_RET_K && last !== BPF_RET_A) {
    return refuse(
      'PROGRAM_END',
      length - 1,
      'the last instruction is not a return, so the program could run off its end',
    );
  }
  const unset = firstUnsetLoad(insns);
  if (unset) {
    return refuse(
      'INSN_MEM_UNSET',
      unset.pc,
      `reads scratch slot ${unset.slot}, which may not have been stored before`,
    );
  }
  return undefined;
}

/** Records from outside hold what they like; this takes only whole numbers in range, copied once. */
function readRecords(insns: readonly RawInsn[]): readonly RawInsn[] | Refusal {
  if (!Array.isArray(insns)) return refuse('PROGRAM_FIELD', 0, 'a program is bytes or a list of sock_filter records');
  // Read once: a proxy may say something else the next time. Longer lists are refused by their length alone.
  const { length } = insns;
  if (length > BPF_MAXINSNS) return tooLong(length);
  const copy: RawInsn[] = [];
  for (let pc = 0; pc < length; pc++) {
    const { code, jt, jf, k } = (insns[pc] ?? {}) as Partial<RawInsn>;
    const read = { code: checkedU32(code), jt: checkedU32(jt), jf: checkedU32(jf), k: checkedU32(k) };
    for (const [field, most] of [
      ['code', 0xffff],
      ['jt', 0xff],
      ['jf', 0xff],
      ['k', 0xffff_ffff],
    ] as const) {
      const value = read[field];
      if (value === undefined || value > most) {
        return refuse('PROGRAM_FIELD', pc, `${field} is not a whole number from 0 to 0x${most.toString(16)}`);
      }
    }
    copy.push(read as RawInsn);
  }
  return copy;
}

/** True when the same bytes are an acceptable program in the other byte order. */
function acceptedSwapped(bytes: Uint8Array, endian: Endian): boolean {
  return refusalOf(decodeProgram(bytes, endian === 'little' ? 'big' : 'little')) === undefined;
}

/**
 * What the kernel says to this program: bytes (8 per instruction, in `endian` order) or sock_filter records.
 * Returns the verdict and never throws: a refusal has the errno, the instruction and the rule.
 * @param input in bytes or as records
 * @param options `endian`: the byte order of bytes, little when absent
 * @returns the verdict. Never throws.
 * @see Linux v6.12 kernel/seccomp.c seccomp_check_filter(), net/core/filter.c bpf_check_classic()
 */
export function check(input: Uint8Array | readonly RawInsn[], options: CheckOptions = {}): Verdict {
  try {
    return judge(input, options?.endian ?? 'little');
  } catch {
    // Proxies, getters and other objects that throw when they are looked at.
    return refuse('PROGRAM_FIELD', 0, 'the program cannot be read: it is neither bytes nor a list of records');
  }
}

function judge(given: Uint8Array | readonly RawInsn[], endian: Endian): Verdict {
  if (endian !== 'little' && endian !== 'big') return refuse('PROGRAM_FIELD', 0, "endian is 'little' or 'big'");
  if (!(given instanceof Uint8Array)) return judgeRecords(given, endian);
  const rest = given.length % INSN_SIZE;
  if (rest !== 0) {
    const whole = (given.length - rest) / INSN_SIZE;
    return refuse(
      'PROGRAM_BYTES',
      whole,
      `${given.length} bytes are ${whole} instructions and ${rest} bytes of another`,
    );
  }
  if (given.length > BPF_MAXINSNS * INSN_SIZE) return tooLong(given.length / INSN_SIZE);
  // A copy by the engine's own length, so that what is judged is what is kept.
  return judgeBytes(new Uint8Array(given), endian);
}

function tooLong(length: number): Refusal {
  return refuse('PROGRAM_LONG', BPF_MAXINSNS, `${length} instructions; the kernel takes at most ${BPF_MAXINSNS}`);
}

function judgeRecords(given: readonly RawInsn[], endian: Endian): Verdict {
  const insns = readRecords(given);
  if ('ok' in insns) return insns;
  return refusalOf(insns) ?? { ok: true, program: makeChecked(insns, endian) };
}

function judgeBytes(bytes: Uint8Array, endian: Endian): Verdict {
  const insns = decodeProgram(bytes, endian);
  const fault = refusalOf(insns);
  if (fault === undefined) return { ok: true, program: makeChecked(insns, endian) };
  if (bytes.length === 0 || !acceptedSwapped(bytes, endian)) return fault;
  const other = endian === 'little' ? 'big' : 'little';
  return refuse(
    'PROGRAM_SWAPPED',
    fault.pc,
    `these bytes are a valid ${other}-endian program, read as ${endian}-endian: ${fault.message}`,
    'the kernel reads instructions in its own byte order; name the architecture that the filter is for',
  );
}
