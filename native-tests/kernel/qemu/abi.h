/*
 * One system call by each of the ABIs, without a C library: registers as they are, results as -errno. `reg` is what a
 * register of the ABI holds: x32 and MIPS n32 have 32-bit pointers and 64-bit registers, and so has 31-bit code on s390
 * (-mzarch). INT80 is int 0x80 from 64-bit code, whose registers are wider than the ABI; its program's own calls are
 * made by own_call(), since pointers do not fit.
 */
#include <asm/unistd.h>

#if defined __x86_64__ || defined __s390__ || (defined __mips__ && _MIPS_SIM != _ABIO32)
typedef unsigned long long reg;
#else
typedef unsigned long reg;
#endif

#if defined __i386__

/* The sixth argument's register may hold the frame; the call takes it from memory. */
static inline long long call(reg nr, const reg *a)
{
    long result;
    __asm__ volatile("push %%ebp\n\tpush %%ebx\n\tmov 20(%%edi), %%ebp\n\tmov 0(%%edi), %%ebx\n\tmov 16(%%edi), %%edi\n\t"
                     "int $0x80\n\tpop %%ebx\n\tpop %%ebp"
                     : "=a"(result), "+D"(a)
                     : "a"(nr), "c"(a[1]), "d"(a[2]), "S"(a[3])
                     : "memory");
    return result;
}

#elif defined __x86_64__

#ifdef INT80
#define SYSCALL own_call
#else
#define SYSCALL call
#endif

static inline long long SYSCALL(reg nr, const reg *a)
{
    register reg r10 __asm__("r10") = a[3], r8 __asm__("r8") = a[4], r9 __asm__("r9") = a[5];
    reg result = nr;
    __asm__ volatile("syscall"
                     : "+a"(result)
                     : "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return (long long)result;
}

#ifdef INT80
static inline long long call(reg nr, const reg *a)
{
    reg result = nr;
    register reg r8 __asm__("r8") = a[5];
    __asm__ volatile("push %%rbp\n\tmov %%r8, %%rbp\n\tint $0x80\n\tpop %%rbp"
                     : "+a"(result), "+r"(r8)
                     : "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
                     : "memory", "r9", "r10", "r11");
    return (int)result;
}
#endif

#elif defined __aarch64__ || defined __arm__ || defined __riscv || defined __loongarch__

#if defined __aarch64__
#define TRAP "svc 0"
#define NUMBER "x8"
#define ARGUMENT(n) "x" #n
#elif defined __arm__
#define TRAP "svc 0"
#define NUMBER "r7"
#define ARGUMENT(n) "r" #n
#elif defined __riscv
#define TRAP "ecall"
#define NUMBER "a7"
#define ARGUMENT(n) "a" #n
#else
#define TRAP "syscall 0"
#define NUMBER "$a7"
#define ARGUMENT(n) "$a" #n
#endif

static inline long long call(reg nr, const reg *a)
{
    register reg number __asm__(NUMBER) = nr, a0 __asm__(ARGUMENT(0)) = a[0], a1 __asm__(ARGUMENT(1)) = a[1],
                        a2 __asm__(ARGUMENT(2)) = a[2], a3 __asm__(ARGUMENT(3)) = a[3], a4 __asm__(ARGUMENT(4)) = a[4],
                        a5 __asm__(ARGUMENT(5)) = a[5];
    __asm__ volatile(TRAP
                     : "+r"(a0)
                     : "r"(number), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
                     : "memory"
#ifdef __loongarch__
                       , "$t0", "$t1", "$t2", "$t3", "$t4", "$t5", "$t6", "$t7", "$t8"
#endif
    );
    return (long)a0;
}

#elif defined __powerpc__

static inline long long call(reg nr, const reg *a)
{
    register reg r0 __asm__("r0") = nr, r3 __asm__("r3") = a[0], r4 __asm__("r4") = a[1], r5 __asm__("r5") = a[2],
                 r6 __asm__("r6") = a[3], r7 __asm__("r7") = a[4], r8 __asm__("r8") = a[5];
    /* Failure: the summary overflow bit of cr0, and a positive errno. */
    __asm__ volatile("sc\n\tbns+ 1f\n\tneg %[three], %[three]\n1:"
                     : "+r"(r0), [three] "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7), "+r"(r8)
                     :
                     : "r9", "r10", "r11", "r12", "cr0", "ctr", "xer", "memory");
    return (long)r3;
}

#elif defined __mips__ && _MIPS_SIM == _ABIO32

static inline long long call(reg nr, const reg *a)
{
    register reg v0 __asm__("$2") = nr, a0 __asm__("$4") = a[0], a1 __asm__("$5") = a[1], a2 __asm__("$6") = a[2],
                 a3 __asm__("$7") = a[3], t0 __asm__("$8") = a[4], t1 __asm__("$9") = a[5], t2 __asm__("$10") = a[6];
    /* Arguments from the fifth on lie on the stack. Failure: a3 is not 0, and v0 a positive errno. */
    __asm__ volatile(".set push\n\t.set noreorder\n\tsubu $29, $29, 32\n\tsw $8, 16($29)\n\tsw $9, 20($29)\n\t"
                     "sw $10, 24($29)\n\tsyscall\n\taddu $29, $29, 32\n\t.set pop"
                     : "+r"(v0), "+r"(a3), "+r"(t0), "+r"(t1), "+r"(t2)
                     : "r"(a0), "r"(a1), "r"(a2)
                     : "$1", "$3", "$11", "$12", "$13", "$14", "$15", "$24", "$25", "hi", "lo", "memory");
    return a3 != 0 ? -(long)v0 : (long)v0;
}

#elif defined __mips__

static inline long long call(reg nr, const reg *a)
{
    register reg v0 __asm__("$2") = nr, a0 __asm__("$4") = a[0], a1 __asm__("$5") = a[1], a2 __asm__("$6") = a[2],
                 a3 __asm__("$7") = a[3], a4 __asm__("$8") = a[4], a5 __asm__("$9") = a[5];
    __asm__ volatile("syscall"
                     : "+r"(v0), "+r"(a3)
                     : "r"(a0), "r"(a1), "r"(a2), "r"(a4), "r"(a5)
                     : "$1", "$3", "$10", "$11", "$12", "$13", "$14", "$15", "$24", "$25", "hi", "lo", "memory");
    return a3 != 0 ? -(long long)v0 : (long long)v0;
}

#elif defined __s390__

/*
 * Whole registers, in 31-bit code too. restart_syscall jumps to address 0 when it has nothing to restart, whatever a filter
 * says of it: page_zero() puts `br %r14` there.
 */
static inline long long call(reg nr, const reg *a)
{
    reg block[] = {nr, a[0], a[1], a[2], a[3], a[4], a[5]};
    __asm__ volatile("lmg %%r1, %%r7, 0(%[block])\n\tlarl %%r14, 0f\n\tsvc 0\n0:\tstg %%r2, 0(%[block])"
                     :
                     : [block] "a"(block)
                     : "1", "2", "3", "4", "5", "6", "7", "14", "cc", "memory");
    return (long long)block[0];
}

#endif

#ifndef INT80
#define own_call call
#endif
