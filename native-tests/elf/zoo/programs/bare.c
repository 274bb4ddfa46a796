/*
 * A hello without a C library, for machines and layouts that have none here: one write(2), one exit(2).
 * Numbers: Linux v6.1 arch/.../include/uapi/asm/unistd.h; registers: syscall(2).
 */
#if defined __x86_64__
# define WRITE (sizeof(long) == 8 ? 1 : 0x40000001)
# define EXIT (sizeof(long) == 8 ? 60 : 0x4000003c)
# define TRAP "syscall"
# define REGISTERS(use) use("rax", "rdi", "rsi", "rdx")
# define LOST "rcx", "r11", "memory"
#elif defined __aarch64__
# define WRITE 64
# define EXIT 93
# define TRAP "svc #0"
# define REGISTERS(use) use("x8", "x0", "x1", "x2")
# define LOST "memory"
#elif defined __arm__
# define WRITE 4
# define EXIT 1
# define TRAP "svc #0"
# define REGISTERS(use) use("r7", "r0", "r1", "r2")
# define LOST "memory"
#elif defined __riscv
# define WRITE 64
# define EXIT 93
# define TRAP "ecall"
# define REGISTERS(use) use("a7", "a0", "a1", "a2")
# define LOST "memory"
#elif defined __hexagon__
# define WRITE 64
# define EXIT 93
# define TRAP "trap0(#1)"
# define REGISTERS(use) use("r6", "r0", "r1", "r2")
# define LOST "memory"
#elif defined __mips__
# ifdef __mips64 /* n64, n32 */
#  define WRITE (sizeof(long) == 8 ? 5001 : 6001)
#  define EXIT (sizeof(long) == 8 ? 5058 : 6058)
# else
#  define WRITE 4004
#  define EXIT 4001
# endif
# define TRAP "syscall"
# define REGISTERS(use) use("$2", "$4", "$5", "$6")
# define LOST "$7", "memory"
#elif defined __powerpc__
# define WRITE 4
# define EXIT 1
# define TRAP "sc"
# define REGISTERS(use) use("r0", "r3", "r4", "r5")
# define LOST "cr0", "memory"
#elif defined __sparc__
# define WRITE 4
# define EXIT 1
# define TRAP "ta 0x10"
# define REGISTERS(use) use("g1", "o0", "o1", "o2")
# define LOST "memory"
#elif defined __sh__
# define WRITE 4
# define EXIT 1
# define TRAP "trapa #0x13"
# define REGISTERS(use) use("r3", "r4", "r5", "r6")
# define LOST "r0", "memory"
#endif

#define CALL(number, first, second, third)                                                                             \
	register long nr __asm__(number) = call;                                                                      \
	register long a __asm__(first) = arg0;                                                                        \
	register long b __asm__(second) = arg1;                                                                       \
	register long c __asm__(third) = arg2;                                                                        \
	__asm__ volatile(TRAP : "+r"(nr), "+r"(a) : "r"(b), "r"(c) : LOST)

static void system_call(long call, long arg0, long arg1, long arg2)
{
	REGISTERS(CALL);
}

static const char text[] = "hello\n";
static volatile int zeros[64]; /* a .bss */

void _start(void)
{
	system_call(WRITE, 1, (long)text, sizeof text - 1);
	system_call(EXIT, 7 + zeros[1], 0, 0);
	for (;;)
		;
}

/* What linkers call the entry on mips. */
void __start(void)
{
	_start();
}
