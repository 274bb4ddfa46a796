// Gives every register a value of its own and goes on behind what follows next (the filter), at label 1.
.globl fill
fill:
	mov x0, 0x90000000      // negative, carry
	msr nzcv, x0
.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	mov x\n, (0x1100 + \n)
.endr
	b 1f
	.balign 8
