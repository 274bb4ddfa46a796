/*
 * Makes system calls under filters and reports what they gave. Without a C library, so that a compiler and the kernel's
 * headers are enough for an ABI. Judges nothing itself.
 *
 *   fd 0   bytes, bytes of the answers, groups (32-bit words in the machine's byte order), then each group:
 *            instructions | calls | sock_filter record ... | call ...
 *            call: number | six arguments, as 64-bit words
 *   fd 1   for each group:
 *            errno of installing | wait status of the last child, as 32-bit words | a 16-bit word per call, padded to 32
 *            bits: the low half of what it returned (failures: -errno); 0x8000 + N: signal N ended the caller; 0x7fff:
 *            not made
 *
 * A group without instructions installs nothing. Each group has a child of its own, and after a call that ends it another
 * one for the rest. A child ends by a trap, since a filter may deny its exit.
 */
#include "abi.h"

#include <linux/mman.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

enum { NEVER = 0x7fff, DIED = 0x8000, WAIT_FOR_ALL = 0x40000000, SECONDS = 60 };

struct batch {
    __u32 bytes, answer_bytes, groups;
};

struct group {
    __u32 instructions, calls;
};

struct request {
    __u64 nr, args[6];
};

struct answer {
    volatile __u32 installed, status;
    volatile __u16 results[];
};

/* A call of this program's own. */
static long sys(long nr, reg a, reg b, reg c, reg d, reg e)
{
    const reg args[] = {a, b, c, d, e, 0, 0};
    return (long)own_call((reg)nr, args);
}

static _Noreturn void end(int status)
{
    for (;;) {
        sys(__NR_exit_group, (reg)status, 0, 0, 0, 0);
        __builtin_trap();
    }
}

/* Anonymous memory, shared with children. */
static void *map(unsigned long at, unsigned long bytes, unsigned long prot, unsigned long flags)
{
    flags |= MAP_SHARED | MAP_ANONYMOUS;
#if defined __s390__
    const unsigned long block[] = {at, bytes, prot, flags, (unsigned long)-1, 0};
    long result = sys(__NR_mmap, (reg)(unsigned long)block, 0, 0, 0, 0);
#elif defined __NR_mmap2
    long result = sys(__NR_mmap2, at, bytes, prot, flags, (reg)-1);
#else
    long result = sys(__NR_mmap, at, bytes, prot, flags, (reg)-1);
#endif
    if (result < 0 && result > -4096) end(3);
    return (void *)result;
}

static void read_all(void *to, unsigned long bytes)
{
    while (bytes > 0) {
        long got = sys(__NR_read, 0, (reg)(unsigned long)to, bytes, 0, 0);
        if (got <= 0) end(2);
        to = (char *)to + got;
        bytes -= (unsigned long)got;
    }
}

static _Noreturn void child(const struct group *group, const struct request *requests, struct answer *answer, __u32 first)
{
    /* A call that waits where it should have been denied ends the child by SIGALRM. */
    const __kernel_long_t timer[] = {0, 0, SECONDS, 0};
    sys(__NR_setitimer, 0, (reg)(unsigned long)timer, 0, 0, 0);
    struct sock_fprog program = {(unsigned short)group->instructions, (struct sock_filter *)(group + 1)};
    if (group->instructions > 0) {
        sys(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        answer->installed = (__u32)-sys(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, (reg)(unsigned long)&program, 0, 0);
        if (answer->installed != 0) end(0);
    }
    for (__u32 i = first; i < group->calls; i++) {
        reg args[7];
        for (int n = 0; n < 6; n++) args[n] = (reg)requests[i].args[n];
        args[6] = 0;
        answer->results[i] = DIED;
        answer->results[i] = (__u16)call((reg)requests[i].nr, args);
    }
    for (;;) __builtin_trap();
}

static void run(const struct group *group, struct answer *answer)
{
    const struct request *requests = (const void *)((const struct sock_filter *)(group + 1) + group->instructions);
    __u32 next = 0;
    answer->installed = 0;
    for (__u32 i = 0; i < group->calls; i++) answer->results[i] = NEVER;
    do {
        int status = 0;
        long pid = sys(__NR_clone, 0, 0, 0, 0, 0);
        if (pid < 0) end(4);
        if (pid == 0) child(group, requests, answer, next);
        if (sys(__NR_wait4, (reg)pid, (reg)(unsigned long)&status, WAIT_FOR_ALL, 0, 0) != pid) end(5);
        answer->status = (__u32)status;
        if (answer->installed != 0) return;
        while (next < group->calls && answer->results[next] != NEVER && answer->results[next] != DIED) next++;
        if (next < group->calls && answer->results[next] == DIED) answer->results[next++] = DIED | (status & 0x7f);
    } while (next < group->calls);
}

#if defined __x86_64__ || defined __i386__
__attribute__((force_align_arg_pointer))
#endif
void _start(void)
{
    struct batch batch;
    read_all(&batch, sizeof batch);
    const char *groups = map(0, batch.bytes, PROT_READ | PROT_WRITE, 0);
    char *answers = map(0, batch.answer_bytes, PROT_READ | PROT_WRITE, 0);
    read_all((void *)groups, batch.bytes);
#ifdef __s390__
    /* `br %r14`, see abi.h. Page 0 is root's to map. */
    *(volatile __u16 *)map(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_FIXED) = 0x07fe;
#endif
    sys(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);

    char *at = answers;
    for (__u32 i = 0; i < batch.groups; i++) {
        const struct group *group = (const void *)groups;
        run(group, (void *)at);
        groups += sizeof *group + group->instructions * sizeof(struct sock_filter) + group->calls * sizeof(struct request);
        at += 2 * sizeof(__u32) + (2 * group->calls + 3) / 4 * 4;
    }
    for (const char *from = answers; from < at;) {
        long wrote = sys(__NR_write, 1, (reg)(unsigned long)from, (reg)(at - from), 0, 0);
        if (wrote <= 0) end(6);
        from += wrote;
    }
    end(0);
}
