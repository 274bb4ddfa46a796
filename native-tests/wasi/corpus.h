/* Programs and inputs near the edges of the rules, the same on every machine for the same number. See corpus.c. */
#ifndef CORPUS_H
#define CORPUS_H

#include "oracle.h"

enum { CORPUS_MAX = MAX_INSNS + 1 };

/* Program number `seed`, at most CORPUS_MAX instructions, often but not always acceptable. Returns the length. */
uint32_t corpus_program(uint32_t seed, struct insn *out);

/* As corpus_program(), without the deliberate faults; a scratch word may still be read before it is written. */
uint32_t corpus_sound_program(uint32_t seed, struct insn *out);

/* Input number `seed`: sixteen words, many of them edge values. */
void corpus_words(uint32_t seed, uint32_t *words);

/*
 * Every opcode with every edge value: program number `index` of CORPUS_OPCODE_COUNT. Each is one instruction, with all
 * scratch words written before it or none, and two RETs behind it.
 */
extern const uint32_t corpus_opcode_count;
uint32_t corpus_opcode(uint32_t index, struct insn *out);

/* FNV-1a, 32 bits, one byte at a time; starts from CORPUS_DIGEST_START. */
#define CORPUS_DIGEST_START 0x811c9dc5u
uint32_t corpus_digest(uint32_t digest, uint8_t byte);

#endif
