/** Parts of C that loaders share: SHA-256, the two system calls, and the two functions that a program calls. */
import { sha256Rounds, sha256Start } from './sha256-text.ts';

/** Status of a program that could not confine itself: 128 + SIGSYS, as a shell shows a seccomp kill. */
export const REFUSED_STATUS = 159;

/** Declarations for the program's own source; `p` is what every name begins with. */
export function cDeclarations(p: string): string {
  return `#ifdef __cplusplus
extern "C" {
#endif
/* Puts the filter on every thread of the process, or says why not on standard error and ends it with status ${REFUSED_STATUS}. */
void ${p}_install(void);
/* The same for a caller who takes care of failures: a null pointer when the filter is in force, else what is wrong;
   errno says more where a call has failed. */
const char *${p}_try_install(void) __attribute__((warn_unused_result));
#ifdef __cplusplus
}
#endif
`;
}

export function cSha256(p: string): string {
  return `static uint32_t ${p}_ror(uint32_t x, int n) { return x >> n | x << (32 - n); }

/* SHA-256 (FIPS 180-4). */
static void ${p}_sha256(const unsigned char *data, size_t size, unsigned char digest[32]) {
  static const uint32_t k[64] = {
${sha256Rounds('    ')}
  };
  uint32_t h[8] = {
${sha256Start('    ')}
  };
  const size_t end = (size + 9 + 63) / 64 * 64;
  size_t at;
  int i, j;
  for (at = 0; at < end; at += 64) {
    uint32_t w[64], s[8];
    for (i = 0; i < 16; i++) {
      w[i] = 0;
      for (j = 0; j < 4; j++) {
        const size_t pos = at + (size_t)i * 4 + (size_t)j;
        const uint64_t bits = (uint64_t)size * 8;
        const unsigned pad = pos == size ? 0x80u : pos < end - 8 ? 0u : (unsigned)(bits >> 8 * (end - 1 - pos) & 0xff);
        w[i] = w[i] << 8 | (pos < size ? data[pos] : pad);
      }
    }
    for (i = 16; i < 64; i++) {
      const uint32_t a = w[i - 15], b = w[i - 2];
      w[i] = w[i - 16] + (${p}_ror(a, 7) ^ ${p}_ror(a, 18) ^ a >> 3) + w[i - 7] + (${p}_ror(b, 17) ^ ${p}_ror(b, 19) ^ b >> 10);
    }
    memcpy(s, h, sizeof s);
    for (i = 0; i < 64; i++) {
      const uint32_t one = s[7] + (${p}_ror(s[4], 6) ^ ${p}_ror(s[4], 11) ^ ${p}_ror(s[4], 25)) +
                           ((s[4] & s[5]) ^ (~s[4] & s[6])) + k[i] + w[i];
      const uint32_t two = (${p}_ror(s[0], 2) ^ ${p}_ror(s[0], 13) ^ ${p}_ror(s[0], 22)) +
                           ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
      memmove(s + 1, s, 7 * sizeof s[0]);
      s[4] += one;
      s[0] = one + two;
    }
    for (i = 0; i < 8; i++) h[i] += s[i];
  }
  for (i = 0; i < 32; i++) digest[i] = (unsigned char)(h[i / 4] >> 8 * (3 - i % 4));
}
`;
}

/** Installs `size` bytes of program with seccomp(2). Needs <sys/prctl.h>, <sys/syscall.h> and <unistd.h>. */
export function cPut(p: string): string {
  return `/* Hands a program to the kernel, for all threads. There is no way back to prctl(PR_SET_SECCOMP): it confines one thread. */
static const char *${p}_put(const void *rules, size_t size, uint32_t flags) {
  struct {
    unsigned short len;
    const void *filter;
  } program;
  long result;
  program.len = (unsigned short)(size / 8);
  program.filter = rules;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) != 0) return "no_new_privs cannot be set";
  /* SECCOMP_SET_MODE_FILTER with SECCOMP_FILTER_FLAG_TSYNC. */
  result = syscall(SYS_seccomp, 1UL, (unsigned long)(flags | 1u), &program);
  if (result > 0) return "a thread has a filter of its own, so no thread got this one";
  if (result != 0) return "the kernel did not take the filter";
  return NULL;
}
`;
}

export function cInstall(p: string): string {
  return `void ${p}_install(void) {
  static const char before[] = "seccomp: this program is not confined and ends here: ";
  const char *problem = ${p}_try_install();
  struct iovec line[3];
  ssize_t told;
  if (problem == NULL) return;
  line[0].iov_base = (void *)before;
  line[0].iov_len = sizeof before - 1;
  line[1].iov_base = (void *)problem;
  line[1].iov_len = strlen(problem);
  line[2].iov_base = (void *)"\\n";
  line[2].iov_len = 1;
  told = writev(2, line, 3);
  (void)told;
  _exit(${REFUSED_STATUS});
}
`;
}
