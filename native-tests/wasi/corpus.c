/*
 * Where programs for the comparisons come from: numbered, so that a verdict can be asked of the oracle in WebAssembly, of
 * the same code compiled natively and of a kernel, and a disagreement has a name.
 */
#include "corpus.h"

static uint32_t state;

/* splitmix32: every seed gives a good sequence, neighbours included. */
static uint32_t draw(void)
{
    uint32_t z = state += 0x9e3779b9u;
    z = (z ^ (z >> 16)) * 0x21f0aaadu;
    z = (z ^ (z >> 15)) * 0x735a2d97u;
    return z ^ (z >> 15);
}

static uint32_t below(uint32_t limit) { return draw() % limit; }

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))
#define PICK(array) ((array)[below(COUNT(array))])

static const uint32_t edge_words[] = {
    0,          1,          2,          3,          4,          15,         16,         17,         31,
    32,         33,         59,         60,         61,         63,         64,         65,         255,
    256,        4095,       4096,       0x7fff,     0xffff,     0x10000,    0x7fff0000, 0x7fffffff, 0x80000000,
    0x80000001, 0xfffff000, 0xfffff024, 0xfffff03c, 0xfffff040, 0xffff0000, 0xfffffffe, 0xffffffff, 0xc000003e,
};

static const uint16_t seccomp_opcodes[] = {
    0x00, 0x20, 0x60, 0x80, 0x01, 0x61, 0x81, 0x02, 0x03, 0x04, 0x0c, 0x14, 0x1c, 0x24, 0x2c, 0x34, 0x3c, 0x44, 0x4c, 0x54, 0x5c,
    0x64, 0x6c, 0x74, 0x7c, 0xa4, 0xac, 0x84, 0x05, 0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d, 0x06, 0x16, 0x07, 0x87,
};
static const uint16_t jump_opcodes[] = {0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d};
static const uint16_t mixing_opcodes[] = {0x20, 0x07, 0x0c, 0x24, 0xac}; /* ld abs, tax, add X, mul K, xor X */
static const uint16_t scratch_opcodes[] = {0x60, 0x61, 0x02, 0x03};
/* Classic BPF that seccomp refuses, and what looks like BPF but is not. */
static const uint16_t near_miss_opcodes[] = {
    0x94, 0x9c, 0x28, 0x30, 0x40, 0x48, 0x50, 0xb1, 0x0e, 0x8c, 0x0d, 0x21, 0x62, 0x63, 0x0a, 0x12, 0x55,
    0x65, 0xa5, 0xb4, 0xbc, 0x1e, 0x17, 0x8f, 0x120, 0x8006, 0x2000, 0x1500, 0x600, 0xff, 0x7fff, 0xffff,
};

static uint32_t any_word(void) { return below(3) == 0 ? draw() : PICK(edge_words); }

/* A k that the rules of `code` allow at this place. */
static uint32_t sound_k(uint16_t code, uint32_t after)
{
    switch (code) {
    case 0x20:
        return below(16) * 4;
    case 0x34:
        return any_word() | 1;
    case 0x64:
    case 0x74:
        return below(4) == 0 ? 31 : below(32);
    case 0x60:
    case 0x61:
    case 0x02:
    case 0x03:
        return below(8) == 0 ? below(16) : below(3) * 7; /* mostly slots 0, 7 and 14, so that paths meet */
    case 0x05:
        return below(3) == 0 ? after - 1 : below(after < 12 ? after : 12);
    default:
        return any_word();
    }
}

static uint8_t sound_skip(uint32_t after)
{
    uint32_t limit = after < 256 ? after : 256;
    switch (below(6)) {
    case 0:
        return 0;
    case 1:
        return (uint8_t)(limit - 1);
    case 2:
        return (uint8_t)below(limit);
    default:
        return (uint8_t)below(limit < 10 ? limit : 10);
    }
}

static uint32_t draw_length(void)
{
    switch (below(64)) {
    case 0:
        return MAX_INSNS - 1 + below(2);
    case 1:
        return 1 + below(MAX_INSNS);
    case 2:
    case 3:
        return 250 + below(20);
    case 4:
    case 5:
    case 6:
    case 7:
        return 1 + below(600);
    case 8:
        return 1;
    default:
        return 2 + below(30);
    }
}

static uint32_t build(struct insn *out)
{
    uint32_t len = draw_length();
    uint32_t first_stores = below(4) == 0 ? below(3) : 3; /* writes to slots 0, 7, 14 at the start */
    uint32_t flavour = below(4);                              /* 0 mixed, 1 branchy, 2 scratch-heavy, 3 mixed */

    for (uint32_t pc = 0; pc < len; pc++) {
        uint32_t after = len - pc - 1;
        struct insn *insn = &out[pc];
        uint16_t code = PICK(seccomp_opcodes);

        if (flavour == 1 && below(2) == 0) code = PICK(jump_opcodes);
        if (flavour == 2 && below(2) == 0) code = PICK(scratch_opcodes);
        if (below(8) == 0) code = 0x20;
        if (pc < first_stores) code = below(2) ? 0x02 : 0x03;
        /* Without these two a program seldom gets past its tenth instruction. */
        if ((code == 0x06 || code == 0x16) && below(4) != 0) code = PICK(mixing_opcodes);
        if (code == 0x3c && below(8) != 0) code = 0x34;
        if (after == 0) code = below(2) ? 0x06 : 0x16;
        insn->code = code;
        insn->jt = (code & 7) == 5 && after > 0 ? sound_skip(after) : (uint8_t)draw();
        insn->jf = (code & 7) == 5 && after > 0 ? sound_skip(after) : (uint8_t)draw();
        insn->k = sound_k(code, after);
        if (pc < first_stores) insn->k = pc * 7;
    }
    return len;
}

uint32_t corpus_sound_program(uint32_t seed, struct insn *out)
{
    state = seed * 2u + 1u;
    return build(out);
}

uint32_t corpus_program(uint32_t seed, struct insn *out)
{
    state = seed * 2u;
    uint32_t len = build(out);
    uint32_t faults = below(2) ? 0 : 1 + below(2);

    for (; faults > 0; faults--) {
        uint32_t pc = below(4) == 0 ? len - 1 : below(len);
        uint32_t after = len - pc - 1;
        struct insn *insn = &out[pc];

        switch (below(12)) {
        case 0:
            insn->code = PICK(near_miss_opcodes);
            break;
        case 1:
            insn->code ^= (uint16_t)(1u << below(16));
            break;
        case 2:
            insn->code = PICK(seccomp_opcodes); /* keeps jt, jf and k of another */
            break;
        case 3:
            insn->code = 0x05;
            insn->k = after - 2 + below(4); /* two before the end to one behind it */
            break;
        case 4:
            insn->code = PICK(jump_opcodes);
            insn->jt = (uint8_t)(after - 2 + below(4));
            break;
        case 5:
            insn->code = PICK(jump_opcodes);
            insn->jf = (uint8_t)(after - 2 + below(4));
            break;
        case 6:
            insn->code = PICK(scratch_opcodes);
            insn->k = 14 + below(4);
            break;
        case 7:
            insn->code = below(2) ? 0x64 : 0x74;
            insn->k = 30 + below(4);
            break;
        case 8:
            insn->code = 0x20;
            insn->k = any_word();
            break;
        case 9:
            insn->code = 0x34;
            insn->k = below(3);
            break;
        case 10:
            insn->code = below(2) ? 0x06 : 0x16;
            break;
        default:
            insn->k = any_word();
            break;
        }
    }
    if (below(256) == 0) {
        /* One instruction more or less than it was made for; sometimes none, sometimes 4097. */
        if (below(2) && len < CORPUS_MAX) {
            out[len] = out[len - 1];
            len += 1;
        } else {
            len -= 1;
        }
    }
    return len;
}

void corpus_words(uint32_t seed, uint32_t *words)
{
    state = seed * 2654435761u + 7u;
    for (int i = 0; i < DATA_WORDS; i++) words[i] = any_word();
}

/* jt and jf of the instruction under test; two RETs follow, so 0 and 1 are the last that fit. */
static const uint8_t opcode_skips[][2] = {{0, 0}, {1, 1}, {0, 2}, {2, 0}, {255, 255}};

const uint32_t corpus_opcode_count = 0x10000u * COUNT(edge_words) * COUNT(opcode_skips) * 2u;

uint32_t corpus_opcode(uint32_t index, struct insn *out)
{
    uint32_t len = 0;
    uint32_t initialised = index % 2;
    index /= 2;
    const uint8_t *skips = opcode_skips[index % COUNT(opcode_skips)];
    index /= COUNT(opcode_skips);
    uint32_t k = edge_words[index % COUNT(edge_words)];
    index /= COUNT(edge_words);

    if (initialised)
        for (; len < SCRATCH_SLOTS; len++) out[len] = (struct insn){0x02, 0, 0, len};
    out[len++] = (struct insn){(uint16_t)index, skips[0], skips[1], k};
    out[len++] = (struct insn){0x06, 0, 0, 0x7fff0000u};
    out[len++] = (struct insn){0x06, 0, 0, 0x7fff0000u};
    return len;
}

uint32_t corpus_digest(uint32_t digest, uint8_t byte) { return (digest ^ byte) * 0x01000193u; }
