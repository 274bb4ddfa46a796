/*
 * Another reader of a thread's filters, by PTRACE_SECCOMP_GET_FILTER as ptrace(2) has it: for each filter, by the
 * kernel's own index from 0 on, "INDEX LENGTH FLAGS RECORDS", the records in hexadecimal. Stops the thread, and lets it
 * go without care.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

/* glibc and the kernel's header name this differently. */
struct about {
    unsigned long long index, flags;
};

int main(int count, char **words)
{
    static struct sock_filter records[4096];
    pid_t tid = count > 1 ? atoi(words[1]) : 0;
    int status;

    if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) != 0 || ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) != 0 ||
        waitpid(tid, &status, __WALL) != tid) {
        perror("ptrace");
        return 1;
    }
    for (long index = 0;; index++) {
        long length = ptrace(PTRACE_SECCOMP_GET_FILTER, tid, (void *)index, records);
        if (length < 0) {
            if (errno == ENOENT)
                break;
            perror("PTRACE_SECCOMP_GET_FILTER");
            return 1;
        }
        struct about about = {index, 0};
        if (ptrace(PTRACE_SECCOMP_GET_METADATA, tid, (void *)sizeof about, &about) < 0)
            perror("PTRACE_SECCOMP_GET_METADATA");
        printf("%ld %ld %llu ", index, length, (unsigned long long)about.flags);
        for (size_t i = 0; i < length * sizeof records[0]; i++)
            printf("%02x", ((unsigned char *)records)[i]);
        putchar('\n');
    }
    return ptrace(PTRACE_DETACH, tid, NULL, NULL) == 0 ? 0 : 1;
}
