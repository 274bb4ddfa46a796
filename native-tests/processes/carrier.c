/*
 * A process that carries filters: installs those of the files named (raw sock_filter records), in their order, and then
 * makes one call that waits.
 *
 *     carrier [--bare-thread] [--name NAME] [--user ID] [--log FILE | FILE ...] [--thread FILE ...] CALL MILLISECONDS
 *     carrier [...] exec SCRIPT
 *
 * --user: its own, from there on, and as open to that user as any of its processes. --thread: those behind it are installed by a second thread, for itself alone. --bare-thread: a second thread is started
 * before there is any filter. Prints "ready PID TID", then "RESULT ERRNO" of the call. All calls are made directly: the
 * C library would hide what the kernel says.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
    perror(what);
    exit(99);
}

static void install(const char *path, unsigned flags)
{
    static struct sock_filter records[4096];
    int fd = open(path, O_RDONLY);
    ssize_t size = fd < 0 ? -1 : read(fd, records, sizeof records);
    if (size < 8)
        fail(path);
    close(fd);
    struct sock_fprog program = {size / 8, records};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) != 0)
        fail("seccomp");
}

static char **thread_files;
static int thread_count;
static long thread_tid;

static void *second_thread(void *unused)
{
    (void)unused;
    for (int i = 0; i < thread_count; i++)
        install(thread_files[i], 0);
    __atomic_store_n(&thread_tid, syscall(SYS_gettid), __ATOMIC_SEQ_CST);
    for (;;)
        syscall(SYS_futex, &thread_count, FUTEX_WAIT, thread_count, NULL, NULL, 0);
    return NULL;
}

static void start_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, second_thread, NULL) != 0)
        fail("pthread_create");
    while (__atomic_load_n(&thread_tid, __ATOMIC_SEQ_CST) == 0)
        sched_yield();
}

static void handler(int signal)
{
    (void)signal;
}

/* Whatever the call is, it waits for so long, and for nothing else. */
static long wait_in(const char *call, const char *script)
{
    long ms = atol(script);
    struct timespec span = {ms / 1000, ms % 1000 * 1000000};
    struct timespec until;
    struct epoll_event event;
    struct timeval patience = {ms / 1000, ms % 1000 * 1000};
    struct sembuf take = {0, -1, 0};
    int word = 0, pair[2];
    char byte;
    sigset_t set;

    if (strcmp(call, "nanosleep") == 0)
        return syscall(SYS_nanosleep, &span, NULL);
    if (strcmp(call, "clock_nanosleep") == 0) {
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += ms / 1000 + (until.tv_nsec + ms % 1000 * 1000000) / 1000000000;
        until.tv_nsec = (until.tv_nsec + ms % 1000 * 1000000) % 1000000000;
        return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    }
    if (strcmp(call, "ppoll") == 0)
        return syscall(SYS_ppoll, NULL, 0, &span, NULL, 8);
    if (strcmp(call, "futex") == 0)
        return syscall(SYS_futex, &word, FUTEX_WAIT, 0, &span, NULL, 0);
#ifdef SYS_poll
    if (strcmp(call, "poll") == 0)
        return syscall(SYS_poll, NULL, 0, (int)ms);
#endif
    if (strcmp(call, "epoll") == 0)
        return syscall(SYS_epoll_pwait, epoll_create1(0), &event, 1, (int)ms, NULL, 8);
    if (strcmp(call, "sigtimedwait") == 0) {
        sigemptyset(&set);
        sigaddset(&set, SIGUSR2);
        sigprocmask(SIG_BLOCK, &set, NULL);
        return syscall(SYS_rt_sigtimedwait, &set, NULL, &span, 8);
    }
    if (strcmp(call, "semtimedop") == 0) {
        int id = semget(IPC_PRIVATE, 1, 0600);
#ifdef SYS_semtimedop
        long result = syscall(SYS_semtimedop, id, &take, 1, &span);
#else
        long long span64[2] = {span.tv_sec, span.tv_nsec};
        long result = syscall(SYS_semtimedop_time64, id, &take, 1, span64);
#endif
        int error = errno;
        semctl(id, 0, IPC_RMID);
        errno = error;
        return result;
    }
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    if (strcmp(call, "recv") == 0) {
        setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        return syscall(SYS_recvfrom, pair[0], &byte, 1, 0, NULL, NULL);
    }
    /* The signal that the caller sends; epoll_wait ends by a handler whether or not the handler asks for restarts. */
    if (strcmp(call, "handled") == 0) {
        struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
        sigaction(SIGUSR1, &action, NULL);
        return syscall(SYS_epoll_pwait, epoll_create1(0), &event, 1, (int)ms, NULL, 8);
    }
    if (strcmp(call, "read") == 0)
        return syscall(SYS_read, pair[0], &byte, 1);
    if (strcmp(call, "spin") == 0)
        for (volatile long n = 0;;)
            n++;
    /* The parent waits where no signal reaches it. */
    if (strcmp(call, "vfork") == 0) {
        pid_t child = vfork();
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            close(1);
            nanosleep(&span, NULL);
            _exit(0);
        }
        return 0;
    }
    if (strcmp(call, "zombie") == 0) {
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        printf("child %d\n", child);
        fflush(stdout);
        return syscall(SYS_nanosleep, &span, NULL);
    }
    if (strcmp(call, "strict") == 0) {
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
        for (;;)
            syscall(SYS_read, pair[0], &byte, 1);
    }
    if (strcmp(call, "exec") == 0)
        execl("/bin/sh", "sh", "-c", script, (char *)NULL);
    if (strcmp(call, "leave") == 0)
        pthread_exit(NULL);
    fail(call);
    return -1;
}

int main(int count, char **words)
{
    int at = 1;
    unsigned flags = 0;

    if (count > 1 && strcmp(words[1], "--bare-thread") == 0) {
        start_thread();
        at++;
    }
    for (; at < count - 2; at++) {
        if (strcmp(words[at], "--name") == 0)
            prctl(PR_SET_NAME, words[++at]);
        else if (strcmp(words[at], "--user") == 0) {
            uid_t user = atoi(words[++at]);
            if (setresgid(user, user, user) != 0 || setresuid(user, user, user) != 0 || prctl(PR_SET_DUMPABLE, 1) != 0)
                fail("--user");
        } else if (strcmp(words[at], "--log") == 0)
            flags = SECCOMP_FILTER_FLAG_LOG;
        else if (strcmp(words[at], "--thread") == 0) {
            thread_files = words + at + 1;
            thread_count = count - 2 - (at + 1);
            start_thread();
            break;
        } else {
            install(words[at], flags);
            flags = 0;
        }
    }
    printf("ready %d %ld\n", getpid(), thread_tid);
    fflush(stdout);
    errno = 0;
    long result = wait_in(words[count - 2], words[count - 1]);
    printf("%ld %d\n", result, result < 0 ? errno : 0);
    return 0;
}
