/*
 * Makes system calls with drawn arguments that have no effect: a filter of its own answers each with EPERM, while a
 * tracer sees it all the same. The same seed makes the same calls.
 *
 * calls SEED COUNT [NUMBER]
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Lets exit_group(77) through, and nothing else. */
static struct sock_filter filter[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 3),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 77, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
};

static unsigned long long state;
static unsigned draw(unsigned below) {
  state = state * 6364136223846793005ull + 1442695040888963407ull;
  return (unsigned)(state >> 33) % below;
}

/* Pointers at which there is something to decode, one at a time. */
static unsigned long words[64];

static const unsigned types[] = {'T', 'f', 'v', 'X', 0x12, 0x89, 'K', 'V', 'L', 0xae, 0xaf, 'E', 'U', 0xb7, 0x94, 'R', '$', '!'};

static unsigned long argument(void) {
  unsigned long low;
  switch (draw(12)) {
    case 0: return 0;
    case 1: case 2: low = draw(64); break;
    case 3: low = draw(300); break;
    case 4: low = 1u << draw(32); break;
    case 5: case 6: low = 1u << draw(32) | 1u << draw(32) | draw(16); break;
    case 7: low = -draw(130); break;
    case 8: return (unsigned long)&words[draw(8)];
    case 9: low = types[draw(sizeof types / sizeof *types)] << 8 | draw(256); break;
    case 10: low = types[draw(sizeof types / sizeof *types)] << 8 | draw(128) | (draw(40) << 16) | draw(4) << 30; break;
    default: low = draw(65536) << 16 | draw(65536); break;
  }
  /* What is in the high half of an int's register, nobody sees in a symbolic log. */
  if (sizeof low == 8 && draw(6) == 0) low |= (unsigned long)draw(1u << 31) << 16 << 16;
  return low;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  state = strtoull(argv[1], 0, 10) * 977 + 1;
  unsigned count = strtoul(argv[2], 0, 10);
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  memset(words, 0, sizeof words);
  for (unsigned i = 0; i < 64; i++) words[i] = i % 3 ? draw(40) : 0;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0)) return 3;
  static const unsigned often[] = {
      SYS_ioctl, SYS_ioctl, SYS_ioctl, SYS_ioctl, SYS_prctl, SYS_fcntl, SYS_clone, SYS_personality, SYS_unshare, SYS_mount, SYS_openat,
      SYS_mprotect, SYS_madvise, SYS_futex, SYS_ptrace, SYS_keyctl, SYS_bpf, SYS_seccomp, SYS_kcmp, SYS_setns, SYS_tgkill,
#ifdef __x86_64__
      SYS_mmap, SYS_socket, SYS_socket, SYS_socketpair, SYS_setsockopt, SYS_getsockopt, SYS_arch_prctl,
#else
      SYS_mmap2,
#endif
  };
  for (unsigned i = 0; i < count; i++) {
    unsigned long a[6];
    unsigned nr = argc > 3 ? strtoul(argv[3], 0, 10) : draw(3) ? draw(452) : often[draw(sizeof often / sizeof *often)];
    for (unsigned k = 0; k < 6; k++) a[k] = argument();
#ifdef __x86_64__
    /* These reach no filter. */
    if (nr == 335 || nr == 336) continue;
#endif
    if (nr == SYS_exit_group) continue;
#ifdef SYS_select
    /* Sets of a million descriptors make lines of megabytes. */
    if (nr == SYS_select) continue;
#endif
    if (nr == SYS_pselect6) continue;
    syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
  }
  syscall(SYS_exit_group, 77);
}
