/*
 * oracle-cmd.wasm: the oracle as a program. `oracle-cmd IN OUT` reads records from the file IN and writes a line for each
 * to OUT. Numbers in a record are u32, little-endian; the program itself is in the order that `big` tells:
 *
 *   len  big  inputs  | len * 8 bytes of program | inputs * 16 words of seccomp_data
 *
 *   ok ebpf=N WORD WORD ...        accepted; one result in hexadecimal for each input
 *   refused rule=N pc=N
 *
 * Exit status: 0, or 2 when a file cannot be used or IN ends in the middle of a record.
 */
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "oracle.h"

enum { PROGRAM_INSNS = 65536, INPUTS = 1024, TEXT = 16384 };

static uint8_t bytes[PROGRAM_INSNS * 8];
static struct insn decoded[PROGRAM_INSNS];
static uint32_t words[INPUTS * DATA_WORDS];
static char text[TEXT];
static uint32_t text_len;
static int out;

static void flush(void)
{
    for (uint32_t done = 0; done < text_len;) {
        ssize_t n = write(out, text + done, text_len - done);
        if (n <= 0) _exit(2);
        done += (uint32_t)n;
    }
    text_len = 0;
}

static void put(char c)
{
    if (text_len == TEXT) flush();
    text[text_len++] = c;
}

static void put_string(const char *s)
{
    while (*s) put(*s++);
}

static void put_number(uint32_t value, uint32_t base, int digits)
{
    char reversed[32];
    int n = 0;
    do {
        reversed[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0 || n < digits);
    while (n > 0) put(reversed[--n]);
}

/* 1 when all was read, 0 at the end of the file; anything between ends the program. */
static int get(int in, void *to, uint32_t size)
{
    uint32_t done = 0;
    while (done < size) {
        ssize_t n = read(in, (char *)to + done, size - done);
        if (n == 0 && done == 0) return 0;
        if (n <= 0) _exit(2);
        done += (uint32_t)n;
    }
    return 1;
}

int main(int argc, char **argv)
{
    struct {
        uint32_t len, big, inputs;
    } head;

    if (argc != 3) return 2;
    int in = open(argv[1], O_RDONLY);
    out = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (in < 0 || out < 0) return 2;

    while (get(in, &head, sizeof head)) {
        if (head.len > PROGRAM_INSNS || head.inputs > INPUTS) return 2;
        if (head.len > 0 && !get(in, bytes, head.len * 8)) return 2;
        if (head.inputs > 0 && !get(in, words, head.inputs * DATA_WORDS * 4)) return 2;

        oracle_decode(bytes, head.len, (int)head.big, decoded);
        struct verdict verdict = oracle_check(decoded, head.len);
        if (verdict.rule == RULE_NONE) {
            put_string("ok ebpf=");
            put_number(oracle_ebpf_len(decoded, head.len), 10, 1);
            for (uint32_t i = 0; i < head.inputs; i++) {
                put(' ');
                put_number(oracle_run(decoded, words + i * DATA_WORDS), 16, 8);
            }
        } else {
            put_string("refused rule=");
            put_number(verdict.rule, 10, 1);
            put_string(" pc=");
            put_number(verdict.pc, 10, 1);
        }
        put('\n');
    }
    flush();
    return 0;
}
