/*
 * A program that an enforce stub is put into. It says what it finds: PR_GET_NO_NEW_PRIVS, PR_GET_SECCOMP and getppid, each a
 * 64-bit word in the machine's byte order (failures: -errno). With a C library as programs are; BARE: without one, for
 * static position-independent programs where glibc has no start file for them.
 */
#include <linux/prctl.h>
#include <stdint.h>

#ifdef BARE
#include "abi.h"

static int64_t ask(long nr, long argument)
{
    const reg args[7] = {(reg)argument};
    return call((reg)nr, args);
}

static void say(const int64_t *found, unsigned bytes)
{
    const reg args[7] = {1, (reg)(unsigned long)found, bytes};
    call(__NR_write, args);
}
#else
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int64_t ask(long nr, long argument)
{
    long result = syscall(nr, argument, 0L, 0L, 0L, 0L);
    return result == -1 ? -errno : result;
}

static void say(const int64_t *found, unsigned bytes)
{
    /* Through the library, with its buffers, as programs do it. */
    if (fwrite(found, 1, bytes, stdout) != bytes || fflush(stdout) != 0) exit(3);
}
#endif

static void all(void)
{
    int64_t found[3] = {ask(__NR_prctl, PR_GET_NO_NEW_PRIVS), ask(__NR_prctl, PR_GET_SECCOMP), ask(__NR_getppid, 0)};
    say(found, sizeof found);
}

#ifdef BARE
void _start(void)
{
    all();
    const reg args[7] = {7};
    for (;;) call(__NR_exit_group, args);
}
#else
int main(void)
{
    all();
    return 7;
}
#endif
