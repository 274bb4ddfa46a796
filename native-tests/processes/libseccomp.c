/* A filter made and installed by libseccomp, and written to the file named beforehand. Prints "ready PID 0" and waits. */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <unistd.h>

int main(int count, char **words)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int fd = count > 1 ? open(words[1], O_WRONLY | O_CREAT | O_EXCL, 0600) : -1;

    if (filter == NULL || fd < 0 ||
        seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, 38)) != 0 ||
        seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(keyctl), 0) != 0 ||
        seccomp_export_bpf(filter, fd) != 0 || close(fd) != 0 || seccomp_load(filter) != 0)
        return 99;
    printf("ready %d 0\n", getpid());
    fflush(stdout);
    for (;;)
        pause();
}
