/*
 * What Linux does with a classic BPF seccomp filter, as a judge that shares nothing with src/. See oracle.c.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include <stdint.h>

/* One instruction, in the order of bytes of the machine that runs this code:
 *
 *   byte  0    1    2    3    4    5    6    7
 *        +---------+----+----+-------------------+
 *        |  code   | jt | jf |         k         |
 *        +---------+----+----+-------------------+
 *
 * code and k are in the byte order of the machine whose kernel gets the program; oracle_decode() turns them.
 */
struct insn {
    uint16_t code;
    uint8_t jt; /* instructions to skip when the condition holds, counted from the next one */
    uint8_t jf;
    uint32_t k;
};

enum {
    MAX_INSNS = 4096,            /* BPF_MAXINSNS */
    SCRATCH_SLOTS = 16,          /* BPF_MEMWORDS */
    DATA_BYTES = 64,             /* sizeof(struct seccomp_data) */
    DATA_WORDS = DATA_BYTES / 4, /* in units of what one `ld [k]` reads */
    MAX_INSNS_PER_PATH = 32768,  /* eBPF instructions in a stack of filters */
    FILTER_PENALTY = 4,          /* added for each filter that is already installed */
};

/* Why a program is refused. The kernel says EINVAL to all of them; the number tells which of its tests said so. */
enum rule {
    RULE_NONE = 0,
    RULE_LENGTH = 1,          /* seccomp_prepare_filter(), bpf_check_basics_ok() */
    RULE_CLASSIC_OPCODE = 2,  /* bpf_check_classic() -> chk_code_allowed() */
    RULE_DIV_BY_ZERO = 3,     /* bpf_check_classic() */
    RULE_SHIFT = 4,           /* bpf_check_classic() */
    RULE_SCRATCH_SLOT = 5,    /* bpf_check_classic() */
    RULE_JUMP_ALWAYS = 6,     /* bpf_check_classic() */
    RULE_JUMP_IF = 7,         /* bpf_check_classic() */
    RULE_ANCILLARY = 8,       /* bpf_check_classic() -> bpf_anc_helper() */
    RULE_LAST_INSN = 9,       /* bpf_check_classic() */
    RULE_SCRATCH_UNSET = 10,  /* check_load_and_stores() */
    RULE_SECCOMP_OPCODE = 11, /* seccomp_check_filter() */
    RULE_DATA_OFFSET = 12,    /* seccomp_check_filter() */
};

struct verdict {
    enum rule rule; /* RULE_NONE: accepted */
    uint32_t pc;    /* the instruction that was refused; 0 for RULE_LENGTH */
};

/* Reads `len` instructions of 8 bytes; `big` tells the byte order of code and k. */
void oracle_decode(const uint8_t *bytes, uint32_t len, int big, struct insn *out);

/* The kernel's checks of one program, in the kernel's order. Only what is accepted may go to the functions below. */
struct verdict oracle_check(const struct insn *prog, uint32_t len);

/*
 * The result word for one system call. `data` is struct seccomp_data as sixteen words, each as the machine itself would
 * read it: data[off / 4] is the native u32 at byte offset `off`. So a 64-bit field takes two words, low word first on a
 * little-endian machine and high word first on a big-endian one, and no other place needs to know the byte order.
 */
uint32_t oracle_run(const struct insn *prog, const uint32_t *data);

/* The result of several filters, `progs[0]` installed first. */
uint32_t oracle_run_stack(const struct insn *const *progs, uint32_t count, const uint32_t *data);

/* Length of the eBPF program that the kernel makes of this one. */
uint32_t oracle_ebpf_len(const struct insn *prog, uint32_t len);

/*
 * How many filters, installed in this order, stay within the budget of a stack; the next one gets ENOMEM.
 * `ebpf_lens[i]` is oracle_ebpf_len() of filter i.
 */
uint32_t oracle_stack_fits(const uint32_t *ebpf_lens, uint32_t count);

#endif
