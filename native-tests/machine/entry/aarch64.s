// As x86-64.s, with the calls of aarch64.
.globl _start
_start:
	hint 34                 // bti c
	sub sp, sp, 288
	stp x0, x1, [sp, 24]
	stp x2, x3, [sp, 40]
	stp x4, x5, [sp, 56]
	stp x6, x7, [sp, 72]
	stp x8, x9, [sp, 88]
	stp x10, x11, [sp, 104]
	stp x12, x13, [sp, 120]
	stp x14, x15, [sp, 136]
	stp x16, x17, [sp, 152]
	stp x18, x19, [sp, 168]
	stp x20, x21, [sp, 184]
	stp x22, x23, [sp, 200]
	stp x24, x25, [sp, 216]
	stp x26, x27, [sp, 232]
	stp x28, x29, [sp, 248]
	mrs x0, nzcv
	stp x30, x0, [sp, 264]
	add x0, sp, 288
	str x0, [sp, 280]
	mov x8, 173             // getppid
	svc 0
	str x0, [sp, 16]
	mov x0, 21              // prctl(PR_GET_SECCOMP)
	mov x8, 167
	svc 0
	str x0, [sp, 8]
	mov x0, 39              // prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	mov x1, 0
	mov x2, 0
	mov x3, 0
	mov x4, 0
	mov x8, 167
	svc 0
	str x0, [sp]
	mov x0, 1
	mov x1, sp
	mov x2, 288
	mov x8, 64              // write
	svc 0
	mov x0, 7
	mov x8, 94              // exit_group
	svc 0
