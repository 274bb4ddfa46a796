/*
 * The first process of a small machine: carries out /commands, one a line, words separated by blanks, and stops the machine.
 *
 *   PROGRAM WORD... [<FILE]   runs it, FILE as its input; "@ status signal output errors filter...": output, errors and the
 *                             filters that it carried at its end, newest first, in hexadecimal ("-": none of it)
 *   = FILE TEXT               writes TEXT into FILE; "@ errno"
 *   ? FILE                    reads FILE; "@ content", in hexadecimal
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <linux/filter.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#ifndef PTRACE_SECCOMP_GET_FILTER
#define PTRACE_SECCOMP_GET_FILTER 0x420c
#endif

static void hex(const void *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";
    for (const unsigned char *at = bytes, *end = at + count; at < end; at++) {
        putchar(digits[*at >> 4]);
        putchar(digits[*at & 15]);
    }
}

static void hex_file(const char *path)
{
    static unsigned char bytes[4096];
    size_t got, all = 0;
    FILE *file = fopen(path, "r");
    for (; file != NULL && (got = fread(bytes, 1, sizeof bytes, file)) > 0; all += got) hex(bytes, got);
    if (file != NULL) fclose(file);
    if (all == 0) putchar('-');
}

/* The filters of a stopped child as they were installed. */
static void read_filters(pid_t child, FILE *to)
{
    static struct sock_filter filter[BPF_MAXINSNS];
    long length;
    for (long n = 0; (length = ptrace(PTRACE_SECCOMP_GET_FILTER, child, (void *)n, filter)) > 0; n++) {
        uint32_t count = (uint32_t)length;
        fwrite(&count, sizeof count, 1, to);
        fwrite(filter, sizeof *filter, count, to);
    }
    /* Linux v6.1 kernel/seccomp.c get_nth_filter(): ENOENT beyond the last, EINVAL without any */
    if (errno != ENOENT && errno != EINVAL) printf("@ filters unreadable: errno %d\n", errno);
}

static void show_filters(const char *path)
{
    uint32_t count;
    static struct sock_filter filter[BPF_MAXINSNS];
    FILE *from = fopen(path, "r");
    for (; from != NULL && fread(&count, sizeof count, 1, from) == 1;) {
        putchar(' ');
        hex(filter, sizeof *filter * fread(filter, sizeof *filter, count, from));
    }
    if (from != NULL) fclose(from);
}

/* A child's end, and its filters just before that. */
static int watched(pid_t child)
{
    int status = 0, started = 0;
    FILE *filters = fopen("/filters", "w");
    while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
        int event = status >> 16, signal = WSTOPSIG(status);
        if (!started) {
            ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)(PTRACE_O_TRACEEXIT | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL));
            started = 1;
            signal = 0;
        } else if (event != 0) {
            if (event == PTRACE_EVENT_EXIT) read_filters(child, filters);
            signal = 0;
        }
        ptrace(PTRACE_CONT, child, NULL, (void *)(long)signal);
    }
    fclose(filters);
    return status;
}

static void run(char *words[])
{
    const char *in = "/dev/null";
    for (int n = 0; words[n] != NULL; n++) {
        if (words[n][0] != '<') continue;
        in = words[n] + 1;
        words[n] = NULL;
        break;
    }
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        char *none[] = {NULL};
        dup2(open(in, O_RDONLY), 0);
        dup2(open("/out", O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
        dup2(open("/err", O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
#ifdef __riscv
        /* The kernel leaves this program's registers to the next one; what is in these depends on what was run before. */
        __asm__ volatile("li t0, 0\n\tli t1, 0\n\tli t2, 0\n\tli t3, 0\n\tli t4, 0\n\tli t5, 0\n\tli t6, 0"
                         : : : "t0", "t1", "t2", "t3", "t4", "t5", "t6");
#endif
        execve(words[0], words, none);
        _exit(99);
    }
    int status = watched(child);
    printf("@ %d %d ", WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    hex_file("/out");
    putchar(' ');
    hex_file("/err");
    show_filters("/filters");
    putchar('\n');
}

static void set(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    printf("@ %d\n", fd < 0 || write(fd, text, strlen(text)) < 0 ? errno : 0);
    if (fd >= 0) close(fd);
}

int main(void)
{
    char line[4096];
    struct utsname name;
    uname(&name);
    printf("\n@ kernel %s %s\n", name.release, name.machine);
    mkdir("/proc", 0755);
    mount("proc", "/proc", "proc", 0, NULL);

    FILE *commands = fopen("/commands", "r");
    while (commands != NULL && fgets(line, sizeof line, commands) != NULL) {
        char *words[16];
        int n = 0;
        for (char *word = strtok(line, " \n"); word != NULL && n < 15; word = strtok(NULL, " \n")) words[n++] = word;
        words[n] = NULL;
        if (n == 0) continue;
        if (strcmp(words[0], "=") == 0 && n == 3) {
            set(words[1], words[2]);
        } else if (strcmp(words[0], "?") == 0 && n == 2) {
            printf("@ ");
            hex_file(words[1]);
            putchar('\n');
        } else {
            run(words);
        }
    }
    puts("@ end");
    fflush(stdout);
    tcdrain(1); /* some machines are gone before the console has sent everything */
    reboot(RB_AUTOBOOT); /* QEMU ends: -no-reboot */
    for (;;) pause();
}
