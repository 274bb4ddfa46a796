/*
 * A rule list as libseccomp makes a filter of it: the peer of `npm run bench -- compile`.
 * usage: libseccomp-build RULES LEVEL OUT   writes the program to OUT, prints the milliseconds of building it
 *
 *   D action | A architecture | R action name count (index op value valueTwo)*      (numbers as C reads them)
 */
#include <fcntl.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static enum scmp_compare operator_of(const char *name)
{
    static const struct { const char *name; enum scmp_compare op; } ops[] = {
        {"NE", SCMP_CMP_NE}, {"LT", SCMP_CMP_LT}, {"LE", SCMP_CMP_LE}, {"EQ", SCMP_CMP_EQ},
        {"GE", SCMP_CMP_GE}, {"GT", SCMP_CMP_GT}, {"MASKED_EQ", SCMP_CMP_MASKED_EQ},
    };
    const char *plain = strncmp(name, "SCMP_CMP_", 9) == 0 ? name + 9 : name;
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
        if (strcmp(plain, ops[i].name) == 0) return ops[i].op;
    exit(3);
}

static uint32_t architecture_of(const char *name)
{
    if (strcmp(name, "SCMP_ARCH_X86_64") == 0) return SCMP_ARCH_X86_64;
    if (strcmp(name, "SCMP_ARCH_X86") == 0) return SCMP_ARCH_X86;
    if (strcmp(name, "SCMP_ARCH_X32") == 0) return SCMP_ARCH_X32;
    exit(3);
}

int main(int argc, char **argv)
{
    if (argc != 4) return 2;
    FILE *rules = fopen(argv[1], "r");
    int out = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (!rules || out < 0) return 2;
    char kind, word[64], name[64];
    scmp_filter_ctx filter = NULL;
    double start = now();
    while (fscanf(rules, " %c %63s", &kind, word) == 2) {
        if (kind == 'D') {
            filter = seccomp_init((uint32_t)strtoul(word, NULL, 0));
            seccomp_arch_remove(filter, SCMP_ARCH_NATIVE);
        } else if (kind == 'A') {
            seccomp_arch_add(filter, architecture_of(word));
        } else {
            unsigned count;
            struct scmp_arg_cmp conditions[6];
            if (fscanf(rules, "%63s %u", name, &count) != 2 || count > 6) return 3;
            for (unsigned i = 0; i < count; i++) {
                unsigned index;
                char op[32], a[32], b[32];
                if (fscanf(rules, "%u %31s %31s %31s", &index, op, a, b) != 4) return 3;
                conditions[i] = (struct scmp_arg_cmp){index, operator_of(op), strtoull(a, NULL, 0), strtoull(b, NULL, 0)};
            }
            int nr = seccomp_syscall_resolve_name(name);
            if (nr != __NR_SCMP_ERROR) seccomp_rule_add_array(filter, (uint32_t)strtoul(word, NULL, 0), nr, count, conditions);
        }
    }
    if (!filter || seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, (uint32_t)atoi(argv[2])) != 0) return 3;
    if (seccomp_export_bpf(filter, out) != 0) return 3;
    printf("%.3f\n", now() - start);
    return 0;
}
