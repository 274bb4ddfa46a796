/*
 * What the libseccomp of this machine calls things: its version, then for each name the number that it has on an
 * architecture. Negative ones are its own: -1 unknown, from -100 down reached through socketcall or ipc, below -10000
 * known elsewhere and not there.
 *
 *     resolve ARCH NAME...     ARCH: SCMP_ARCH_*, hexadecimal
 *
 * @see seccomp_syscall_resolve_name_arch(3), seccomp_version(3). Loaded when it runs, so that no header is needed.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct version {
  unsigned major, minor, micro;
};

int main(int count, char **arguments) {
  if (count < 2) return 2;
  void *library = dlopen("libseccomp.so.2", RTLD_NOW);
  if (library == NULL) {
    fprintf(stderr, "resolve: %s\n", dlerror());
    return 1;
  }
  const struct version *(*version)(void) = (const struct version *(*)(void))dlsym(library, "seccomp_version");
  int (*number)(uint32_t, const char *) =
      (int (*)(uint32_t, const char *))dlsym(library, "seccomp_syscall_resolve_name_arch");
  if (version == NULL || number == NULL) return 1;
  const uint32_t arch = (uint32_t)strtoul(arguments[1], NULL, 16);
  printf("%u.%u.%u\n", version()->major, version()->minor, version()->micro);
  for (int i = 2; i < count; i++) printf("%d\n", number(arch, arguments[i]));
  return 0;
}
