/*
 * The filters that a process really carries, as the kernel gives them back: one line for each, in the order of
 * installing, its sock_filter records in hexadecimal.
 *
 *     filters PID
 *
 * @see ptrace(2) PTRACE_SECCOMP_GET_FILTER; Linux kernel/seccomp.c get_nth_filter(): index 0 is the oldest
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>

enum { RECORD = 8, LONGEST = 4096 };

static void fail(const char *what) {
  fprintf(stderr, "filters: %s: %s\n", what, strerror(errno));
  exit(1);
}

int main(int count, char **arguments) {
  if (count != 2) return 2;
  const pid_t pid = atoi(arguments[1]);
  if (ptrace(PTRACE_SEIZE, pid, 0, 0) != 0) fail("PTRACE_SEIZE");
  if (ptrace(PTRACE_INTERRUPT, pid, 0, 0) != 0) fail("PTRACE_INTERRUPT");
  int status;
  if (waitpid(pid, &status, __WALL) != pid) fail("waitpid");
  static unsigned char records[LONGEST * RECORD];
  for (long i = 0;; i++) {
    const long length = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, i, records);
    /* No more; EINVAL: none at all. */
    if (length < 0 && (errno == ENOENT || (errno == EINVAL && i == 0))) break;
    if (length < 0) fail("PTRACE_SECCOMP_GET_FILTER");
    for (long k = 0; k < length * RECORD; k++) printf("%02x", records[k]);
    putchar('\n');
  }
  /* The process goes on as this one ends. */
  return 0;
}
