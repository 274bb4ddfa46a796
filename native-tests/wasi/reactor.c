/*
 * oracle.wasm: the oracle as exported functions, for tests that ask often. The caller writes programs to oracle_input()
 * and words of seccomp_data to oracle_data(), then calls.
 */
#include <stdint.h>
#include <time.h>

#include "corpus.h"
#include "oracle.h"

#define EXPORT(name) __attribute__((export_name(#name)))

enum {
    INPUT_INSNS = 65536, /* one program may be too long (a u16 counts them), or a stack as large as the budget allows */
    INPUT_PROGRAMS = 4096,
    INPUT_DATA = 16384, /* sets of DATA_WORDS words */
};

static uint8_t input[INPUT_INSNS * 8] __attribute__((aligned(8)));
static uint32_t lens[INPUT_PROGRAMS];
static uint32_t data[INPUT_DATA * DATA_WORDS];
static uint32_t results[INPUT_DATA];

static struct insn decoded[INPUT_INSNS];
static const struct insn *programs[INPUT_PROGRAMS];

EXPORT(oracle_input) uint8_t *input_pointer(void) { return input; }
EXPORT(oracle_lens) uint32_t *lens_pointer(void) { return lens; }
EXPORT(oracle_data) uint32_t *data_pointer(void) { return data; }
EXPORT(oracle_results) uint32_t *results_pointer(void) { return results; }
EXPORT(oracle_input_insns) uint32_t input_insns(void) { return INPUT_INSNS; }
EXPORT(oracle_input_programs) uint32_t input_programs(void) { return INPUT_PROGRAMS; }
EXPORT(oracle_input_data) uint32_t input_data(void) { return INPUT_DATA; }

/* 0 when accepted, else rule << 16 | pc. */
static uint32_t pack(struct verdict verdict) { return (uint32_t)verdict.rule << 16 | verdict.pc; }

EXPORT(oracle_check) uint32_t check(uint32_t len, int big)
{
    if (len > INPUT_INSNS) __builtin_trap();
    oracle_decode(input, len, big, decoded);
    return pack(oracle_check(decoded, len));
}

/* The functions below run or measure; they trap on what oracle_check() refuses, so that nothing can run away. */
static void accepted(uint32_t len, int big)
{
    if (check(len, big) != 0) __builtin_trap();
}

EXPORT(oracle_run) uint32_t run(uint32_t len, int big, const uint32_t *words)
{
    accepted(len, big);
    return oracle_run(decoded, words);
}

EXPORT(oracle_run_many) void run_many(uint32_t len, int big, uint32_t count)
{
    if (count > INPUT_DATA) __builtin_trap();
    accepted(len, big);
    for (uint32_t i = 0; i < count; i++) results[i] = oracle_run(decoded, data + i * DATA_WORDS);
}

EXPORT(oracle_ebpf_len) uint32_t ebpf_len(uint32_t len, int big)
{
    accepted(len, big);
    return oracle_ebpf_len(decoded, len);
}

/* Takes `count` programs, one behind the other in the input, with their lengths in oracle_lens(). */
static void accepted_stack(uint32_t count, int big)
{
    uint32_t total = 0;
    if (count > INPUT_PROGRAMS) __builtin_trap();
    for (uint32_t i = 0; i < count; i++) {
        if (lens[i] > INPUT_INSNS - total) __builtin_trap();
        oracle_decode(input + total * 8, lens[i], big, decoded + total);
        programs[i] = decoded + total;
        if (oracle_check(programs[i], lens[i]).rule != RULE_NONE) __builtin_trap();
        total += lens[i];
    }
}

EXPORT(oracle_stack) uint32_t run_stack(uint32_t count, int big, const uint32_t *words)
{
    accepted_stack(count, big);
    return oracle_run_stack(programs, count, words);
}

EXPORT(oracle_stack_fits) uint32_t stack_fits(uint32_t count, int big)
{
    static uint32_t ebpf_lens[INPUT_PROGRAMS];
    accepted_stack(count, big);
    for (uint32_t i = 0; i < count; i++) ebpf_lens[i] = oracle_ebpf_len(programs[i], lens[i]);
    return oracle_stack_fits(ebpf_lens, count);
}

/*
 * Runs the program `n` times over the first `count` inputs in turn; returns nanoseconds for all of them by the WASI
 * clock. The results are left in oracle_results(), so that the work cannot be left out.
 */
EXPORT(oracle_bench) double bench(uint32_t len, int big, uint32_t count, uint32_t n)
{
    struct timespec start, end;
    if (count == 0 || count > INPUT_DATA) __builtin_trap();
    accepted(len, big);
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (uint32_t i = 0, at = 0; i < n; i++) {
        results[at] = oracle_run(decoded, data + at * DATA_WORDS);
        if (++at == count) at = 0;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    return (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
}

/* Writes program `seed` of the corpus to the input, little-endian, and returns its length. */
EXPORT(corpus_program) uint32_t program(uint32_t seed, int sound)
{
    return sound ? corpus_sound_program(seed, (struct insn *)input) : corpus_program(seed, (struct insn *)input);
}

EXPORT(corpus_words) void words(uint32_t seed) { corpus_words(seed, data); }

EXPORT(corpus_opcode_count) uint32_t opcode_count(void) { return corpus_opcode_count; }

EXPORT(corpus_opcode) uint32_t opcode(uint32_t index) { return corpus_opcode(index, (struct insn *)input); }

/* Digest of the verdicts (1 accepted, 0 refused) on programs first .. first + count - 1 of a corpus. */
EXPORT(corpus_program_digest) uint32_t program_digest(uint32_t first, uint32_t count)
{
    uint32_t digest = CORPUS_DIGEST_START;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t len = corpus_program(first + i, decoded);
        digest = corpus_digest(digest, oracle_check(decoded, len).rule == RULE_NONE);
    }
    return digest;
}

EXPORT(corpus_opcode_digest) uint32_t opcode_digest(uint32_t first, uint32_t count)
{
    uint32_t digest = CORPUS_DIGEST_START;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t len = corpus_opcode(first + i, decoded);
        digest = corpus_digest(digest, oracle_check(decoded, len).rule == RULE_NONE);
    }
    return digest;
}
