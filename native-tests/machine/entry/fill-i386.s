# Gives every register a value of its own and goes on behind what follows next (the filter), at label 1.
.globl fill
fill:
	push 0x8d5              # carry, parity, adjust, zero, sign, overflow
	popfd
.set value, 0x11111111
.irp reg, eax, ecx, edx, ebx, ebp, esi, edi
	mov \reg, value
.set value, value + 0x01010101
.endr
	jmp 1f
	.balign 8
