/*
 * The first and only process of a small machine: runs the commands of /commands, one a line, words separated by blanks,
 * and prints for each "@ status signal output errors", output and errors in hexadecimal, on a line of its own whatever the
 * firmware has left there. At the end the machine stops.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

static void hex(const char *path)
{
    int c;
    FILE *file = fopen(path, "r");
    while (file != NULL && (c = getc(file)) != EOF)
        printf("%02x", c);
    if (file != NULL)
        fclose(file);
}

static void run(char *line)
{
    char *words[16];
    int n = 0, status = 0;
    for (char *word = strtok(line, " \n"); word != NULL && n < 15; word = strtok(NULL, " \n"))
        words[n++] = word;
    words[n] = NULL;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        char *none[] = {NULL};
        dup2(open("/out", O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
        dup2(open("/err", O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
        execve(words[0], words, none);
        _exit(99);
    }
    waitpid(child, &status, 0);
    printf("\n@ %d %d ", WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    hex("/out");
    putchar(' ');
    hex("/err");
    putchar('\n');
}

int main(void)
{
    char line[4096];
    FILE *commands = fopen("/commands", "r");
    while (commands != NULL && fgets(line, sizeof line, commands) != NULL)
        run(line);
    puts("@ end");
    fflush(stdout);
    sync();
    reboot(RB_AUTOBOOT); /* QEMU ends: -no-reboot */
    return 0;
}
