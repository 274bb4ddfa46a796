/*
 * The oracle's interpreter in a loop, as native code: what the benchmark holds ours against.
 * usage: kernel-loop PROGRAM INPUTS MILLISECONDS   (raw program; inputs of sixteen words each); prints evaluations per second
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../../native-tests/wasi/oracle.h"

static unsigned char bytes[8 * MAX_INSNS];
static struct insn program[MAX_INSNS];
static uint32_t inputs[65536][DATA_WORDS];

static size_t slurp(const char *path, void *to, size_t most)
{
    FILE *file = fopen(path, "rb");
    if (!file) exit(2);
    size_t got = fread(to, 1, most, file);
    fclose(file);
    return got;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
    if (argc != 4) return 2;
    uint32_t len = (uint32_t)(slurp(argv[1], bytes, sizeof bytes) / 8);
    size_t count = slurp(argv[2], inputs, sizeof inputs) / sizeof inputs[0];
    double limit = atof(argv[3]), start = now(), end = start;
    uint32_t sum = 0;
    double done = 0;

    oracle_decode(bytes, len, 0, program);
    while (end - start < limit) {
        for (size_t i = 0; i < count; i++) sum += oracle_run(program, inputs[i]);
        done += (double)count;
        end = now();
    }
    printf("%.0f %u\n", done / (end - start) * 1e3, sum);
    return 0;
}
