# Gives every register a value of its own and goes on behind what follows next (the filter), at label 1.
.globl fill
fill:
	push 0x8d5              # carry, parity, adjust, zero, sign, overflow
	popfq
.set value, 0x1111111111111111
.irp reg, rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
	movabs \reg, value
.set value, value + 0x0101010101010101
.endr
	jmp 1f
	.balign 8
