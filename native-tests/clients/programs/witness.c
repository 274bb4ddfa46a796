/*
 * The witness: makes the system calls that it is told to, and says what each gave. It is the only program inside the
 * container, static and without a C library, so that no call is made but those below.
 *
 *     witness TOKEN CALL...     CALL is ENTRY:NR[:ARG,ARG...], numbers in hexadecimal; ENTRY n (native), c (int 0x80)
 *
 * One line for each: `returned N`, `signal N` (it ended the process), or `trapped NR ARCH ERRNO CODE` (SIGSYS, as siginfo
 * has it; NR and ARCH in hexadecimal). Then `done`, and it sleeps until it is killed, so that whoever judges can look at
 * the process. Each call is made in a child of its own, which may die of it.
 *
 * Needs clone, wait4, mmap, rt_sigaction, write, nanosleep and exit_group. TOKEN tells processes apart from outside.
 */
typedef unsigned long word;

#if defined(__x86_64__)
enum { WRITE = 1, MMAP = 9, SIGACTION = 13, NANOSLEEP = 35, CLONE = 56, WAIT4 = 61, EXIT_GROUP = 231 };

static long native(word nr, const word *a) {
  register word r10 __asm__("r10") = a[3];
  register word r8 __asm__("r8") = a[4];
  register word r9 __asm__("r9") = a[5];
  long got;
  __asm__ volatile("syscall"
                   : "=a"(got)
                   : "a"(nr), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return got;
}

/* The i386 entry: ebx ecx edx esi edi ebp. rbp holds the sixth argument, and cannot be named as an operand. */
static long compat(word nr, const word *a) {
  const word in[7] = { nr, a[0], a[1], a[2], a[3], a[4], a[5] };
  const word *at = in;
  long got;
  __asm__ volatile("push %%rbp\n\t"
                   "mov 48(%%rcx), %%rbp\n\tmov 40(%%rcx), %%rdi\n\tmov 32(%%rcx), %%rsi\n\tmov 24(%%rcx), %%rdx\n\t"
                   "mov 8(%%rcx), %%rbx\n\tmov 0(%%rcx), %%rax\n\tmov 16(%%rcx), %%rcx\n\t"
                   "int $0x80\n\t"
                   "pop %%rbp"
                   : "=a"(got), "+c"(at)
                   :
                   : "rbx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory");
  return (int)got;
}

__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start\n");
#elif defined(__aarch64__)
enum { WRITE = 64, MMAP = 222, SIGACTION = 134, NANOSLEEP = 101, CLONE = 220, WAIT4 = 260, EXIT_GROUP = 94 };

static long native(word nr, const word *a) {
  register word x8 __asm__("x8") = nr;
  register word x0 __asm__("x0") = a[0];
  register word x1 __asm__("x1") = a[1];
  register word x2 __asm__("x2") = a[2];
  register word x3 __asm__("x3") = a[3];
  register word x4 __asm__("x4") = a[4];
  register word x5 __asm__("x5") = a[5];
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return (long)x0;
}

/* 64-bit code cannot enter as 32-bit arm. */
static long compat(word nr, const word *a) {
  (void)nr, (void)a;
  return -38;
}

__asm__(".globl _start\n_start:\n\tmov x0, sp\n\tbl start\n");
#endif

static long call(word nr, word a, word b, word c, word d, word e, word f) {
  const word args[6] = { a, b, c, d, e, f };
  return native(nr, args);
}

static void say(const char *text) {
  word length = 0;
  while (text[length] != 0) length++;
  call(WRITE, 1, (word)text, length, 0, 0, 0);
}

static __attribute__((noreturn)) void leave(int status) {
  for (;;) call(EXIT_GROUP, (word)status, 0, 0, 0, 0, 0);
}

static void say_number(word value, word base) {
  char digits[24];
  char *at = digits + sizeof digits - 1;
  *at = 0;
  do {
    *--at = "0123456789abcdef"[value % base];
    value /= base;
  } while (value != 0);
  say(at);
}

static void say_signed(long value) {
  if (value < 0) say("-");
  say_number(value < 0 ? -(word)value : (word)value, 10);
}

/* Shared with the children: what the last call came to. */
struct outcome {
  enum { DIED, RETURNED, TRAPPED } kind;
  long value;
  int nr, error, code;
  unsigned arch;
};
static volatile struct outcome *outcome;

/* @see Linux include/uapi/asm-generic/siginfo.h _sigsys */
struct sigsys {
  int signo, error, code, padding;
  void *address;
  int nr;
  unsigned arch;
};

/* Never returns, so nothing has to be restored. */
static void on_sigsys(int signal, struct sigsys *info) {
  (void)signal;
  outcome->nr = info->nr;
  outcome->arch = info->arch;
  outcome->error = info->error;
  outcome->code = info->code;
  outcome->kind = TRAPPED;
  leave(0);
}

static void catch_sigsys(void) {
  enum { SIGINFO = 4, RESTORER = 0x04000000, SIGSYS = 31 };
#if defined(__x86_64__)
  const struct { void *handler; word flags; void *restorer; word mask; } action = {
    (void *)on_sigsys, SIGINFO | RESTORER, (void *)on_sigsys, 0
  };
#else
  const struct { void *handler; word flags; word mask; } action = { (void *)on_sigsys, SIGINFO, 0 };
#endif
  call(SIGACTION, SIGSYS, (word)&action, 0, sizeof(word), 0, 0);
}

/* A hexadecimal number; `*at` moves behind it. */
static word number(const char **at) {
  word value = 0;
  for (;; ++*at) {
    const char c = **at;
    if (c >= '0' && c <= '9') value = value * 16 + (word)(c - '0');
    else if (c >= 'a' && c <= 'f') value = value * 16 + (word)(c - 'a' + 10);
    else return value;
  }
}

static void make(const char *text) {
  word args[6] = { 0, 0, 0, 0, 0, 0 };
  const int is_compat = text[0] == 'c';
  const char *at = text + 2;
  const word nr = number(&at);
  for (int i = 0; i < 6 && *at != 0; i++) {
    at++;
    args[i] = number(&at);
  }

  outcome->kind = DIED;
  const long child = call(CLONE, 17 /* SIGCHLD */, 0, 0, 0, 0, 0);
  if (child == 0) {
    catch_sigsys();
    outcome->value = is_compat ? compat(nr, args) : native(nr, args);
    outcome->kind = RETURNED;
    leave(0);
  }
  int status = 0;
  if (child < 0 || call(WAIT4, (word)child, (word)&status, 0, 0, 0, 0) != child) {
    say("no child\n");
    leave(3);
  }
  switch (outcome->kind) {
    case RETURNED:
      say("returned ");
      say_signed(outcome->value);
      break;
    case TRAPPED:
      say("trapped ");
      say_number((unsigned)outcome->nr, 16);
      say(" ");
      say_number(outcome->arch, 16);
      say(" ");
      say_signed(outcome->error);
      say(" ");
      say_signed(outcome->code);
      break;
    default:
      say("signal ");
      say_number((word)status & 0x7f, 10);
  }
  say("\n");
}

__attribute__((used)) void start(word *stack) {
  const word count = stack[0];
  const char *const *arguments = (const char *const *)(stack + 1);
  const long shared = call(MMAP, 0, 4096, 3 /* read, write */, 0x21 /* shared, anonymous */, (word)-1, 0);
  if (shared < 0 && shared > -4096) leave(2);
  outcome = (volatile struct outcome *)shared;
  for (word i = 2; i < count; i++) make(arguments[i]);
  say("done\n");
  const long hour[2] = { 3600, 0 };
  while (call(NANOSLEEP, (word)hour, 0, 0, 0, 0, 0) == 0) continue;
  leave(4);
}
