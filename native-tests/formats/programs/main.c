/*
 * Confines itself by what seccompc export wrote, then shows what the kernel answers, in the first thread and in one that was
 * there before. usage: main [diverge]    diverge: that thread has a filter of its own
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif
void seccompc_install(void);
const char *seccompc_try_install(void) __attribute__((warn_unused_result));
#ifdef __cplusplus
}
#endif

static sem_t started, confined;
static int diverges;

static void show(const char *who)
{
  const long parent = syscall(SYS_getppid);
  const int error = errno;
  printf("%s getppid %d\n", who, parent < 0 ? -error : 0);
  printf("%s getpid %d\n", who, syscall(SYS_getpid) < 0 ? -errno : 0);
  fflush(stdout);
}

static void *second(void *unused)
{
  /* ret ALLOW */
  static const struct { unsigned short code; unsigned char jt, jf; unsigned k; } allow = {6, 0, 0, 0x7fff0000u};
  struct { unsigned short len; const void *filter; } program;
  program.len = 1;
  program.filter = &allow;
  if (diverges && (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) || syscall(SYS_seccomp, 1UL, 0UL, &program))) return unused;
  sem_post(&started);
  sem_wait(&confined);
  show("second");
  return unused;
}

int main(int argc, char **argv)
{
  pthread_t thread;
  diverges = argc > 1 && strcmp(argv[1], "diverge") == 0;
  if (argc > 1 && strcmp(argv[1], "try") == 0) {
    const char *problem = seccompc_try_install();
    puts(problem == NULL ? "confined" : problem);
    return problem == NULL ? 0 : 3;
  }
  sem_init(&started, 0, 0);
  sem_init(&confined, 0, 0);
  if (pthread_create(&thread, NULL, second, NULL) != 0) return 2;
  sem_wait(&started);
  seccompc_install();
  show("first");
  sem_post(&confined);
  pthread_join(thread, NULL);
  return 0;
}
