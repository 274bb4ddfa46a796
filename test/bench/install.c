/*
 * What filters cost in the running kernel, in alternating rounds of one run.
 * usage: install ROUNDS FILTER...   for each filter: fastest and median install in microseconds, and the same of
 * nanoseconds per personality(~0), a call whose argument is checked. Every measurement is in a child of its own.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CALLS = 400000, MOST_FILTERS = 8, MOST_ROUNDS = 200 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static struct sock_filter insns[MOST_FILTERS][4096];
    static struct sock_fprog programs[MOST_FILTERS];
    static double installs[MOST_FILTERS][MOST_ROUNDS], calls[MOST_FILTERS][MOST_ROUNDS];
    int rounds = argc > 1 ? atoi(argv[1]) : 0, filters = argc - 2;
    if (rounds < 1 || rounds > MOST_ROUNDS || filters < 1 || filters > MOST_FILTERS) return 2;
    double *result = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < filters; i++) {
        FILE *file = fopen(argv[2 + i], "rb");
        if (!file) return 2;
        programs[i].len = (unsigned short)fread(insns[i], sizeof insns[i][0], 4096, file);
        programs[i].filter = insns[i];
        fclose(file);
    }
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < filters; i++) {
            pid_t child = fork();
            if (child == 0) {
                prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
                double start = now();
                if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &programs[i]) != 0) _exit(1);
                double installed = now();
                for (int n = 0; n < CALLS; n++) syscall(SYS_personality, 0xffffffff);
                result[0] = installed - start;
                result[1] = (now() - installed) / CALLS;
                _exit(0);
            }
            int status;
            waitpid(child, &status, 0);
            if (status != 0) return 3;
            installs[i][round] = result[0] / 1e3;
            calls[i][round] = result[1];
        }
    }
    for (int i = 0; i < filters; i++) {
        qsort(installs[i], (size_t)rounds, sizeof(double), ascending);
        qsort(calls[i], (size_t)rounds, sizeof(double), ascending);
        printf("%.1f %.1f %.1f %.1f\n", installs[i][0], installs[i][rounds / 2], calls[i][0], calls[i][rounds / 2]);
    }
    return 0;
}
