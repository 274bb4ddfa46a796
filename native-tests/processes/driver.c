/*
 * Runs the filter reader on a carrier where there is no seccompc:
 *
 *     driver [--yama] READER CARRIER WORD ...
 *
 * starts the carrier with these words, waits until it sleeps, runs the reader on it twice as src/host does, and prints
 * each "answer HEX", then what the carrier said behind "ready", and "status N" of its end. --yama: tracing is forbidden to
 * everybody first, for as long as this kernel runs.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void read_filters(const char *reader, int pid)
{
    char path[64];
    unsigned char byte;
    int in[2], out[2];

    snprintf(path, sizeof path, "/proc/%d/task/%d/syscall", pid, pid);
    if (pipe(in) != 0 || pipe(out) != 0)
        exit(90);
    pid_t child = fork();
    if (child == 0) {
        int watch = open(path, O_RDONLY);
        dup2(in[0], 0);
        dup2(out[1], 1);
        dup2(watch, 9);
        dup2(9, 3);
        for (int fd = 4; fd < 20; fd++)
            close(fd);
        execl(reader, reader, (char *)NULL);
        _exit(91);
    }
    close(out[1]);
    if (write(in[1], &pid, sizeof pid) != sizeof pid)
        exit(92);
    printf("answer ");
    while (read(out[0], &byte, 1) == 1)
        printf("%02x", byte);
    putchar('\n');
    waitpid(child, NULL, 0);
}

int main(int count, char **words)
{
    int status, said[2], pid;

    if (count < 4 || pipe(said) != 0)
        return 93;
    mkdir("/proc", 0755);
    mount("proc", "/proc", "proc", 0, NULL);
    if (strcmp(words[1], "--yama") == 0) {
        int scope = open("/proc/sys/kernel/yama/ptrace_scope", O_WRONLY);
        if (write(scope, "3", 1) != 1)
            return 96;
        words++;
    }
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        dup2(said[1], 1);
        execv(words[2], words + 2);
        _exit(94);
    }
    close(said[1]);
    FILE *from = fdopen(said[0], "r");
    char line[256];
    if (fgets(line, sizeof line, from) == NULL || sscanf(line, "ready %d", &pid) != 1)
        return 95;
    usleep(300000);
    read_filters(words[1], pid);
    read_filters(words[1], pid);
    while (fgets(line, sizeof line, from) != NULL)
        printf("%s", line);
    waitpid(child, &status, 0);
    printf("status %x\n", status);
    return 0;
}
