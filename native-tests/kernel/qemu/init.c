/*
 * The first and only process of a small machine: asks its kernel about the corpora of native-tests/wasi and prints what it
 * said, so that another machine can compare. It judges nothing itself. What it does is told by its environment, which the
 * kernel's command line gives:
 *
 *   PROGRAMS=N  verdicts on programs 0 .. N-1 of the boundary corpus, in hexadecimal, 4 to a digit (first one highest)
 *   OPCODES=N   verdicts on N programs of the opcode corpus, evenly spread; STEP apart
 *   RESULTS=N   results of sound programs 0 .. N-1, interpreted (0) and compiled (1) as far as this kernel does either: a
 *               digest for each, or `refused`
 *   /probe      an emitted probe: runs it on /batch and prints its answers
 *
 * Every line of the answer starts with "@ ". The machine stops at the end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "corpus.h"

enum {
    SET_MODE_FILTER = 1,
    FLAG_NEW_LISTENER = 8,
    INPUTS = 8,
    SHIFTS = 3,
    CALLS = INPUTS * SHIFTS,
    SELECTOR_WORD = 14,
    SELECTOR_MASK = 28,
    DIED = 0x1000, /* no errno is as large */
};
static const struct insn allow_all = {0x06, 0, 0, 0x7fff0000};

struct fprog {
    unsigned short len;
    const struct insn *filter;
};

/* Shared by this process and its children, which die often. */
static struct shared {
    volatile int installed; /* errno, or -1 before */
    volatile uint32_t next; /* first call that has not been made */
    volatile uint16_t results[CALLS];
} *shared;

static int install(const struct insn *prog, uint32_t len, unsigned flags)
{
    struct fprog fprog = {(unsigned short)len, prog};
    return syscall(SYS_seccomp, SET_MODE_FILTER, flags, &fprog) < 0 ? errno : 0;
}

static uint32_t number(const char *name)
{
    const char *text = getenv(name);
    return text ? (uint32_t)strtoul(text, NULL, 0) : 0;
}

/* With a listener in place, EBUSY says that a program passed every check; nothing is installed. See kernel-agree.c. */
static void verdicts(const char *name, uint32_t count, uint32_t step, uint32_t (*make)(uint32_t, struct insn *))
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        static struct insn prog[CORPUS_MAX];
        unsigned digit = 0, column = 0;
        if (install(&allow_all, 1, FLAG_NEW_LISTENER) != 0) {
            printf("@ %s no listener %d\n", name, errno);
            fflush(stdout);
            _exit(1);
        }
        for (uint32_t i = 0; i < count; i++) {
            int error = install(prog, make(i * step, prog), FLAG_NEW_LISTENER);
            if (error != EBUSY && error != EINVAL) printf("\n@ %s odd %u errno %d\n", name, i, error);
            digit = digit << 1 | (error == EBUSY);
            if (i % 4 != 3 && i != count - 1) continue;
            if (column++ % 1024 == 0) printf("%s@ %s ", column == 1 ? "" : "\n", name);
            printf("%x", digit << (3 - i % 4));
            digit = 0;
        }
        printf("\n");
        fflush(stdout);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
}

/* As showingBits() of programs.ts: every RET becomes a jump to an ending that returns twelve bits of A as an errno. */
static uint32_t showing_bits(const struct insn *prog, uint32_t len, struct insn *out)
{
    static const struct insn ending[] = {
        {0x02, 0, 0, 15},   {0x20, 0, 0, 4 * SELECTOR_WORD}, {0x54, 0, 0, SELECTOR_MASK}, {0x07, 0, 0, 0}, {0x60, 0, 0, 15},
        {0x7c, 0, 0, 0},    {0x54, 0, 0, 0xfff},             {0x44, 0, 0, 0x50000},       {0x16, 0, 0, 0},
    };
    uint32_t constants = 0, total = len, end;

    for (uint32_t pc = 0; pc < len; pc++) constants += prog[pc].code == 0x06;
    end = len + 2 * constants;
    for (uint32_t pc = 0; pc < len; pc++) {
        out[pc] = prog[pc];
        if (prog[pc].code == 0x16) {
            out[pc] = (struct insn){0x05, 0, 0, end - pc - 1};
        } else if (prog[pc].code == 0x06) {
            out[pc] = (struct insn){0x05, 0, 0, total - pc - 1};
            out[total] = (struct insn){0x00, 0, 0, prog[pc].k};
            out[total + 1] = (struct insn){0x05, 0, 0, end - total - 2};
            total += 2;
        }
    }
    memcpy(out + end, ending, sizeof ending);
    return end + sizeof ending / sizeof ending[0];
}

/* A register: on 32-bit machines the low word, and filters are shown 0 above it. */
static unsigned long wide(const uint32_t *words)
{
#if __SIZEOF_LONG__ == 4
    return words[0]; /* all of these are little-endian */
#elif __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return (uint64_t)words[0] << 32 | words[1];
#else
    return (uint64_t)words[1] << 32 | words[0];
#endif
}

/*
 * A number from any word: 16 bits wide, since s390x takes no more. On MIPS not one of o32's, some of whose arguments filters
 * are shown from the stack, whatever the program is.
 */
static long number_of(uint32_t word)
{
    long nr = word & 0xffff;
#ifdef __mips__
    if (nr >= 4000 && nr < 5000) nr += 1000;
#endif
    return nr;
}

/* Words as the filter shall see them. The errno that it gave. */
static uint16_t call(const uint32_t *words)
{
    const uint32_t *args = words + 4;
    long result = syscall(number_of(words[0]), wide(args), wide(args + 2), wide(args + 4), wide(args + 6),
                          wide(args + 8), wide(args + 10));
    return (uint16_t)(result == -1 ? errno : result);
}

static void select_bits(uint32_t *words, uint32_t shift)
{
    words[SELECTOR_WORD] = (words[SELECTOR_WORD] & ~(uint32_t)SELECTOR_MASK) | shift;
}

/* Installs in a child and makes calls, the words of call i by `make`; a call that kills is DIED, and a new child goes on. */
static int calls(const struct insn *prog, uint32_t len, uint32_t count, uint32_t seed,
                 void (*make)(uint32_t seed, uint32_t i, uint32_t *words))
{
    shared->next = 0;
    do {
        shared->installed = -1;
        pid_t pid = fork();
        if (pid == 0) {
            uint32_t words[DATA_WORDS];
            int error = install(prog, len, 0);
            shared->installed = error;
            if (error != 0) _exit(0);
            for (uint32_t i = shared->next; i < count; i++) {
                make(seed, i, words);
                shared->results[i] = DIED;
                shared->next = i + 1;
                shared->results[i] = call(words);
            }
            __builtin_trap(); /* exit_group is denied as well */
        }
        int status;
        waitpid(pid, &status, 0);
        if (shared->installed != 0) return shared->installed;
    } while (shared->next < count);
    return 0;
}

static void corpus_call(uint32_t seed, uint32_t i, uint32_t *words)
{
    corpus_words(seed * INPUTS + i / SHIFTS, words);
    select_bits(words, i % SHIFTS * 12);
}

static void constant_call(uint32_t seed, uint32_t i, uint32_t *words)
{
    memset(words, 0, DATA_WORDS * sizeof *words);
    words[0] = 5000;
    words[4] = words[5] = seed;
    select_bits(words, i * 12);
}

/* A program's result on constant words, all 32 bits. */
static uint32_t evaluate(const struct insn *prog, uint32_t len, uint32_t argument)
{
    struct insn seen[64];
    uint32_t seen_len = showing_bits(prog, len, seen);
    if (calls(seen, seen_len, SHIFTS, argument, constant_call) != 0) return 0xdeadbeef;
    return (uint32_t)shared->results[0] | (uint32_t)shared->results[1] << 12 | (uint32_t)shared->results[2] << 24;
}

/*
 * Whether filters are compiled to machine code: 0 interpreted, 1 compiled; negative: this kernel does not say. With
 * `value` 0 or 1 it is set first, where that is allowed (a kernel without an interpreter has no choice).
 */
static int jit(int value)
{
    static const char path[] = "/proc/sys/net/core/bpf_jit_enable";
    char text[2] = {(char)('0' + value), '\n'};
    int fd;
    if (value >= 0 && (fd = open(path, O_WRONLY)) >= 0) {
        if (write(fd, text, 2) != 2) printf("@ jit cannot be %d\n", value);
        close(fd);
    }
    if ((fd = open(path, O_RDONLY)) < 0) return -errno;
    ssize_t got = read(fd, text, 1);
    close(fd);
    return got == 1 ? text[0] - '0' : -1;
}

/* A shift by X: how many of its bits count differs between machines. The corpus below has none. */
static void shifts_by_x(int compiled)
{
    static const uint32_t counts[] = {0, 1, 31, 32, 33, 63, 64, 65, 0x80000000u};
    for (uint32_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        uint32_t results[2];
        for (uint32_t right = 0; right < 2; right++) {
            struct insn prog[] = {{0x20, 0, 0, 16}, {0x07, 0, 0, 0}, {0, 0, 0, 0x80000001u}, {0, 0, 0, 0}, {0x16, 0, 0, 0}};
            prog[3].code = right ? 0x7c : 0x6c;
            results[right] = evaluate(prog, 5, counts[i]);
        }
        printf("@ shift %d %u %08x %08x\n", compiled, counts[i], results[0], results[1]);
    }
}

static void results(int compiled, uint32_t count)
{
    static struct insn prog[CORPUS_MAX], seen[3 * CORPUS_MAX + 16];
    for (uint32_t seed = 0; seed < count; seed++) {
        uint32_t len = corpus_sound_program(seed, prog);
        for (uint32_t pc = 0; pc < len; pc++) {
            /* Shifts by X become shifts by a constant. */
            if (prog[pc].code != 0x6c && prog[pc].code != 0x7c) continue;
            prog[pc].code &= (uint16_t)~8u;
            prog[pc].k &= 31;
        }
        uint32_t seen_len = showing_bits(prog, len, seen);
        int error = seen_len > MAX_INSNS ? EINVAL : calls(seen, seen_len, CALLS, seed, corpus_call);
        if (error != 0) {
            printf("@ result %d %u refused %d\n", compiled, seed, error);
            continue;
        }
        uint32_t digest = CORPUS_DIGEST_START;
        for (uint32_t i = 0; i < CALLS; i++) {
            digest = corpus_digest(digest, (uint8_t)shared->results[i]);
            digest = corpus_digest(digest, (uint8_t)(shared->results[i] >> 8));
        }
        printf("@ result %d %u %08x\n", compiled, seed, digest);
    }
}

/* An emitted probe on a batch that came with it. */
static void probe(void)
{
    if (access("/probe", X_OK) != 0) return;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        char *arguments[] = {"probe", NULL}, *environment[] = {NULL};
        int in = open("/batch", O_RDONLY), out = open("/answers", O_WRONLY | O_CREAT, 0600);
        dup2(in, 0);
        dup2(out, 1);
        execve("/probe", arguments, environment);
        _exit(127);
    }
    int status;
    waitpid(pid, &status, 0);
    printf("@ probe-status %d\n", status);
    FILE *answers = fopen("/answers", "r");
    unsigned char line[256];
    for (size_t got; answers && (got = fread(line, 1, sizeof line, answers)) > 0;) {
        printf("@ probe ");
        for (size_t i = 0; i < got; i++) printf("%02x", line[i]);
        printf("\n");
    }
}

int main(void)
{
    struct utsname name;
    uname(&name);
    printf("\n@ kernel %s %s\n", name.release, name.machine);

    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) printf("@ odd no_new_privs\n");
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    /* Where calls come from: words 1 to 3 of seccomp_data as filters see them, which no caller chooses. */
    for (uint32_t offset = 4; offset < 16; offset += 4) {
        const struct insn prog[] = {{0x20, 0, 0, offset}, {0x16, 0, 0, 0}};
        printf("@ word %u %08x\n", offset / 4, evaluate(prog, 2, 0));
    }
    mkdir("/proc", 0755);
    mount("proc", "/proc", "proc", 0, NULL);
    printf("@ jit %d\n", jit(-1));
    for (int compiled = 0; compiled < 2; compiled++) {
        int now = jit(compiled);
        if (now != compiled && (now >= 0 || compiled == 1)) continue;
        shifts_by_x(compiled);
        results(compiled, number("RESULTS"));
    }
#ifdef __arm__
    /* Machine code takes a while there, and after 65,000 programs there is no memory left for it (ENOMEM, ENOTSUPP). */
    jit(0);
#endif
    verdicts("programs", number("PROGRAMS"), 1, corpus_program);
    verdicts("opcodes", number("OPCODES"), number("STEP"), corpus_opcode);
    probe();
    printf("@ end\n");
    fflush(stdout);
    tcdrain(1); /* some machines are gone before the console has sent everything */
    reboot(RB_AUTOBOOT); /* QEMU ends: -no-reboot */
    for (;;) pause();
}
