/*
 * A second opinion on seccomp filters: checker, interpreter, stacks and budget, written from what Linux v6.12 does.
 * MIT licence, as the rest of this project. It is not kernel code: the tests are the kernel's and stand in the kernel's
 * order, so that each can be compared with the function named above it; the text is our own.
 * It shares no code and no table with src/. Where the two disagree, at least one of them is wrong about Linux.
 *
 * The road of a program (Linux v6.12):
 *
 *   kernel/seccomp.c  seccomp_prepare_filter()          length
 *   net/core/filter.c bpf_prog_create_from_user()       copy
 *                      bpf_prepare_filter()
 *                        bpf_check_classic()            pass 1: each instruction by itself
 *                          check_load_and_stores()      pass 2: no scratch word is read before it is written
 *   kernel/seccomp.c      seccomp_check_filter()        pass 3: what seccomp does not let through
 *   net/core/filter.c    bpf_migrate_filter()           conversion to eBPF
 *   kernel/seccomp.c  seccomp_attach_filter()           budget
 */
#include "oracle.h"

/* The fields of an opcode, as in include/uapi/linux/bpf_common.h and linux/filter.h. */
enum {
    /* class, bits 0-2 */
    LD = 0x00, LDX = 0x01, ST = 0x02, STX = 0x03, ALU = 0x04, JMP = 0x05, RET = 0x06, MISC = 0x07,
    /* size of a load, bits 3-4 */
    W = 0x00, H = 0x08, B = 0x10,
    /* mode of a load, bits 5-7 */
    IMM = 0x00, ABS = 0x20, IND = 0x40, MEM = 0x60, LEN = 0x80, MSH = 0xa0,
    /* arithmetic, bits 4-7 */
    ADD = 0x00, SUB = 0x10, MUL = 0x20, DIV = 0x30, OR = 0x40, AND = 0x50,
    LSH = 0x60, RSH = 0x70, NEG = 0x80, MOD = 0x90, XOR = 0xa0,
    /* jump, bits 4-7 */
    JA = 0x00, JEQ = 0x10, JGT = 0x20, JGE = 0x30, JSET = 0x40,
    /* operand, bit 3; A is for RET only */
    K = 0x00, X = 0x08, A = 0x10,
    TAX = 0x00, TXA = 0x80,
};

/* The conditional jumps, as labels of one case. */
#define CASE_JUMP_IF                                                                                                   \
    case JMP | JEQ | K:                                                                                                \
    case JMP | JEQ | X:                                                                                                \
    case JMP | JGT | K:                                                                                                \
    case JMP | JGT | X:                                                                                                \
    case JMP | JGE | K:                                                                                                \
    case JMP | JGE | X:                                                                                                \
    case JMP | JSET | K:                                                                                               \
    case JMP | JSET | X

/* The arithmetic that both the socket filter check and seccomp let through: everything but MOD. */
#define CASE_PLAIN_ALU                                                                                                 \
    case ALU | ADD | K:                                                                                                \
    case ALU | ADD | X:                                                                                                \
    case ALU | SUB | K:                                                                                                \
    case ALU | SUB | X:                                                                                                \
    case ALU | MUL | K:                                                                                                \
    case ALU | MUL | X:                                                                                                \
    case ALU | DIV | K:                                                                                                \
    case ALU | DIV | X:                                                                                                \
    case ALU | OR | K:                                                                                                 \
    case ALU | OR | X:                                                                                                 \
    case ALU | AND | K:                                                                                                \
    case ALU | AND | X:                                                                                                \
    case ALU | XOR | K:                                                                                                \
    case ALU | XOR | X:                                                                                                \
    case ALU | LSH | K:                                                                                                \
    case ALU | LSH | X:                                                                                                \
    case ALU | RSH | K:                                                                                                \
    case ALU | RSH | X:                                                                                                \
    case ALU | NEG

void oracle_decode(const uint8_t *bytes, uint32_t len, int big, struct insn *out)
{
    for (uint32_t pc = 0; pc < len; pc++, bytes += 8) {
        if (big) {
            out[pc].code = (uint16_t)(bytes[0] << 8 | bytes[1]);
            out[pc].k = (uint32_t)bytes[4] << 24 | (uint32_t)bytes[5] << 16 | (uint32_t)bytes[6] << 8 | bytes[7];
        } else {
            out[pc].code = (uint16_t)(bytes[1] << 8 | bytes[0]);
            out[pc].k = (uint32_t)bytes[7] << 24 | (uint32_t)bytes[6] << 16 | (uint32_t)bytes[5] << 8 | bytes[4];
        }
        out[pc].jt = bytes[2];
        out[pc].jf = bytes[3];
    }
}

static struct verdict refuse(enum rule rule, uint32_t pc)
{
    struct verdict verdict = {rule, pc};
    return verdict;
}

/*
 * Is this an opcode of a socket filter at all? More than seccomp takes. All 16 bits count: 0x0120 is not 0x20.
 * Linux v6.12 net/core/filter.c chk_code_allowed()
 */
static int classic_opcode(uint16_t code)
{
    switch (code) {
    CASE_PLAIN_ALU:
    case ALU | MOD | K:
    case ALU | MOD | X:
    case LD | W | ABS:
    case LD | H | ABS:
    case LD | B | ABS:
    case LD | W | IND:
    case LD | H | IND:
    case LD | B | IND:
    case LD | W | LEN:
    case LD | IMM:
    case LD | MEM:
    case LDX | W | LEN:
    case LDX | B | MSH:
    case LDX | IMM:
    case LDX | MEM:
    case ST:
    case STX:
    case MISC | TAX:
    case MISC | TXA:
    case RET | K:
    case RET | A:
    case JMP | JA:
    CASE_JUMP_IF:
        return 1;
    default:
        return 0;
    }
}

/*
 * An absolute load at or above this "negative" offset names a packet property, not packet bytes: sixteen of them exist,
 * four apart. They pass here and fall to seccomp's own test of the offset.
 * Linux v6.12 include/linux/filter.h bpf_anc_helper(), SKF_AD_OFF
 */
static int unknown_ancillary(uint32_t k)
{
    const uint32_t skf_ad_off = (uint32_t)-0x1000;
    if (k < skf_ad_off) return 0;
    uint32_t property = k - skf_ad_off;
    return property > 60 || property % 4 != 0;
}

/* Pass 1: each instruction by itself. Linux v6.12 net/core/filter.c bpf_check_classic() */
static struct verdict check_classic(const struct insn *prog, uint32_t len)
{
    for (uint32_t pc = 0; pc < len; pc++) {
        uint32_t k = prog[pc].k;
        uint32_t after = len - pc - 1; /* instructions that follow this one */

        if (!classic_opcode(prog[pc].code)) return refuse(RULE_CLASSIC_OPCODE, pc);

        switch (prog[pc].code) {
        case ALU | DIV | K:
        case ALU | MOD | K:
            if (k == 0) return refuse(RULE_DIV_BY_ZERO, pc);
            break;
        case ALU | LSH | K:
        case ALU | RSH | K:
            if (k >= 32) return refuse(RULE_SHIFT, pc);
            break;
        case LD | MEM:
        case LDX | MEM:
        case ST:
        case STX:
            if (k >= SCRATCH_SLOTS) return refuse(RULE_SCRATCH_SLOT, pc);
            break;
        case JMP | JA:
            /* Unsigned, so that a k near 2^32 cannot wrap round to a jump backwards. */
            if (k >= after) return refuse(RULE_JUMP_ALWAYS, pc);
            break;
        CASE_JUMP_IF:
            if (prog[pc].jt >= after || prog[pc].jf >= after) return refuse(RULE_JUMP_IF, pc);
            break;
        case LD | W | ABS:
        case LD | H | ABS:
        case LD | B | ABS:
            if (unknown_ancillary(k)) return refuse(RULE_ANCILLARY, pc);
            break;
        default:
            break;
        }
    }

    switch (prog[len - 1].code) {
    case RET | K:
    case RET | A:
        return refuse(RULE_NONE, 0);
    default:
        return refuse(RULE_LAST_INSN, len - 1);
    }
}

/*
 * Pass 2: a scratch word is read only where every way there has written it. One walk from the first instruction to the
 * last, with one bit for each slot. A jump hands its bits to the places it leads to and leaves all bits set for the next
 * instruction; RET leaves the bits as they are. So dead code behind a jump may read what nobody wrote, while code behind a
 * RET is judged with that RET's bits although nothing arrives from there.
 * Linux v6.12 net/core/filter.c check_load_and_stores()
 */
static struct verdict check_scratch(const struct insn *prog, uint32_t len)
{
    static uint16_t arriving[MAX_INSNS];
    uint16_t written = 0;

    for (uint32_t pc = 0; pc < len; pc++) arriving[pc] = 0xffff;

    for (uint32_t pc = 0; pc < len; pc++) {
        const struct insn *insn = &prog[pc];
        written &= arriving[pc];

        switch (insn->code) {
        case ST:
        case STX:
            written |= (uint16_t)(1u << insn->k);
            break;
        case LD | MEM:
        case LDX | MEM:
            if ((written >> insn->k & 1) == 0) return refuse(RULE_SCRATCH_UNSET, pc);
            break;
        case JMP | JA:
            arriving[pc + 1 + insn->k] &= written;
            written = 0xffff;
            break;
        CASE_JUMP_IF:
            arriving[pc + 1 + insn->jt] &= written;
            arriving[pc + 1 + insn->jf] &= written;
            written = 0xffff;
            break;
        default:
            break;
        }
    }
    return refuse(RULE_NONE, 0);
}

/*
 * Pass 3: the opcodes that seccomp keeps, and loads that stay inside struct seccomp_data.
 * Linux v6.12 kernel/seccomp.c seccomp_check_filter()
 */
static struct verdict check_seccomp(const struct insn *prog, uint32_t len)
{
    for (uint32_t pc = 0; pc < len; pc++) {
        switch (prog[pc].code) {
        case LD | W | ABS:
            if (prog[pc].k >= DATA_BYTES || prog[pc].k % 4 != 0) return refuse(RULE_DATA_OFFSET, pc);
            break;
        case LD | W | LEN:
        case LDX | W | LEN:
        case RET | K:
        case RET | A:
        CASE_PLAIN_ALU:
        case LD | IMM:
        case LDX | IMM:
        case MISC | TAX:
        case MISC | TXA:
        case LD | MEM:
        case LDX | MEM:
        case ST:
        case STX:
        case JMP | JA:
        CASE_JUMP_IF:
            break;
        default:
            return refuse(RULE_SECCOMP_OPCODE, pc);
        }
    }
    return refuse(RULE_NONE, 0);
}

struct verdict oracle_check(const struct insn *prog, uint32_t len)
{
    struct verdict verdict;

    if (len == 0 || len > MAX_INSNS) return refuse(RULE_LENGTH, 0);
    verdict = check_classic(prog, len);
    if (verdict.rule == RULE_NONE) verdict = check_scratch(prog, len);
    if (verdict.rule == RULE_NONE) verdict = check_seccomp(prog, len);
    return verdict;
}

/*
 * Runs a program that oracle_check() accepted: nothing is tested twice here.
 *
 * The kernel runs the eBPF that it made of the program; this runs the program itself, which is what makes it a second
 * opinion. Two places where the conversion decides: division by an X of zero ends the program with 0 (that is
 * SECCOMP_RET_KILL_THREAD), and a shift by X uses the low five bits of X (x86, arm64 and the kernel's interpreter; the
 * JITs of ppc and s390x use six, so shifts of 32 to 63 differ there).
 * Linux v6.12 net/core/filter.c bpf_convert_filter(), kernel/bpf/core.c ___bpf_prog_run()
 */
uint32_t oracle_run(const struct insn *prog, const uint32_t *data)
{
    uint32_t a = 0, x = 0;
    uint32_t scratch[SCRATCH_SLOTS]; /* never read before it is written: pass 2 */

    for (const struct insn *insn = prog;; insn++) {
        const uint32_t k = insn->k;
        switch (insn->code) {
        case LD | W | ABS: a = data[k / 4]; break;
        case LD | W | LEN: a = DATA_BYTES; break;
        case LDX | W | LEN: x = DATA_BYTES; break;
        case LD | IMM: a = k; break;
        case LDX | IMM: x = k; break;
        case LD | MEM: a = scratch[k]; break;
        case LDX | MEM: x = scratch[k]; break;
        case ST: scratch[k] = a; break;
        case STX: scratch[k] = x; break;
        case MISC | TAX: x = a; break;
        case MISC | TXA: a = x; break;

        case ALU | ADD | K: a += k; break;
        case ALU | ADD | X: a += x; break;
        case ALU | SUB | K: a -= k; break;
        case ALU | SUB | X: a -= x; break;
        case ALU | MUL | K: a *= k; break;
        case ALU | MUL | X: a *= x; break;
        case ALU | DIV | K: a /= k; break;
        case ALU | DIV | X:
            if (x == 0) return 0;
            a /= x;
            break;
        case ALU | OR | K: a |= k; break;
        case ALU | OR | X: a |= x; break;
        case ALU | AND | K: a &= k; break;
        case ALU | AND | X: a &= x; break;
        case ALU | XOR | K: a ^= k; break;
        case ALU | XOR | X: a ^= x; break;
        case ALU | LSH | K: a <<= k; break;
        case ALU | LSH | X: a <<= x & 31; break;
        case ALU | RSH | K: a >>= k; break;
        case ALU | RSH | X: a >>= x & 31; break;
        case ALU | NEG: a = 0 - a; break;

        case JMP | JA: insn += k; break;
        case JMP | JEQ | K: insn += a == k ? insn->jt : insn->jf; break;
        case JMP | JEQ | X: insn += a == x ? insn->jt : insn->jf; break;
        case JMP | JGT | K: insn += a > k ? insn->jt : insn->jf; break;
        case JMP | JGT | X: insn += a > x ? insn->jt : insn->jf; break;
        case JMP | JGE | K: insn += a >= k ? insn->jt : insn->jf; break;
        case JMP | JGE | X: insn += a >= x ? insn->jt : insn->jf; break;
        case JMP | JSET | K: insn += (a & k) != 0 ? insn->jt : insn->jf; break;
        case JMP | JSET | X: insn += (a & x) != 0 ? insn->jt : insn->jf; break;

        case RET | K: return k;
        case RET | A: return a;
        default: __builtin_trap(); /* oracle_check() would have refused it */
        }
    }
}

/*
 * All filters run, the newest first. The kept result is replaced only by one whose action, read as a signed number, is
 * smaller; data never counts. So on equal actions the newest filter's word stays, and a stack in which everyone says
 * ALLOW gives exactly 0x7fff0000, whatever data they put below it.
 * With no filter at all the kernel, should it ever get here, kills.
 * Linux v6.12 kernel/seccomp.c seccomp_run_filters()
 */
uint32_t oracle_run_stack(const struct insn *const *progs, uint32_t count, const uint32_t *data)
{
    const uint32_t action_bits = 0xffff0000u, allow = 0x7fff0000u, kill_process = 0x80000000u;
    uint32_t kept = allow;

    if (count == 0) return kill_process;
    for (uint32_t i = count; i > 0; i--) {
        uint32_t result = oracle_run(progs[i - 1], data);
        if ((int32_t)(result & action_bits) < (int32_t)(kept & action_bits)) kept = result;
    }
    return kept;
}

/*
 * What each instruction becomes. Three instructions come first: A = 0, X = 0, and the pointer to seccomp_data put aside.
 * With bpf_jit_harden the JIT blinds constants and the counted length grows; that is not modelled.
 * Linux v6.12 net/core/filter.c bpf_convert_filter()
 */
uint32_t oracle_ebpf_len(const struct insn *prog, uint32_t len)
{
    uint32_t total = 3;

    for (uint32_t pc = 0; pc < len; pc++) {
        const struct insn *insn = &prog[pc];
        switch (insn->code) {
        case ALU | DIV | X:
            total += 5; /* clear X's high half, X != 0?, A = 0, exit, divide */
            break;
        case RET | K:
            total += 2; /* move, exit */
            break;
        case JMP | JEQ | K:
        case JMP | JGT | K:
        case JMP | JGE | K:
        case JMP | JSET | K:
            if (insn->k > 0x7fffffffu) total += 1; /* eBPF constants are signed: through a register */
            /* fall through */
        case JMP | JEQ | X:
        case JMP | JGT | X:
        case JMP | JGE | X:
        case JMP | JSET | X:
            total += 1;
            if (insn->jf == 0) break;
            /* An eBPF jump has one target. jt == 0 is met by the opposite test, but JSET has no opposite. */
            if (insn->jt != 0 || insn->code == (JMP | JSET | K) || insn->code == (JMP | JSET | X)) total += 1;
            break;
        default:
            total += 1;
            break;
        }
    }
    return total;
}

/* Linux v6.12 kernel/seccomp.c seccomp_attach_filter() */
uint32_t oracle_stack_fits(const uint32_t *ebpf_lens, uint32_t count)
{
    uint32_t installed = 0; /* eBPF instructions and penalties of the filters that are in */

    for (uint32_t i = 0; i < count; i++) {
        if (installed + ebpf_lens[i] > MAX_INSNS_PER_PATH) return i;
        installed += ebpf_lens[i] + FILTER_PENALTY;
    }
    return count;
}
