/* Starts each of the given programs N times, in turn, and prints the median time of each from posix_spawn to its end, in
   microseconds. Their output goes nowhere. `LAUNCHER,PROGRAM` is a program started by another. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  int rounds = atoi(argv[1]), programs = argc - 2;
  double *times = malloc(sizeof(double) * rounds * programs);
  char *(*commands)[3] = calloc(programs, sizeof(*commands));
  for (int i = 0; i < programs; i++) {
    commands[i][0] = strtok(argv[2 + i], ",");
    commands[i][1] = strtok(NULL, ",");
  }
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
  for (int round = 0; round < rounds; round++) {
    for (int i = 0; i < programs; i++) {
      char *environment[] = {NULL};
      pid_t child;
      int status;
      double start = now();
      if (posix_spawn(&child, commands[i][0], &quiet, NULL, commands[i], environment) != 0) return 1;
      waitpid(child, &status, 0);
      times[i * rounds + round] = now() - start;
      if (!WIFEXITED(status)) return 2;
    }
  }
  for (int i = 0; i < programs; i++) {
    qsort(times + i * rounds, rounds, sizeof(double), compare);
    printf("%.1f\n", times[i * rounds + rounds / 2]);
  }
  return 0;
}
