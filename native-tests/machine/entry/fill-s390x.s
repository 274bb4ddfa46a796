# Gives every register a value of its own and goes on behind what follows next (the filter), at label 1.
.globl fill
fill:
.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14
	lghi %r\n, (0x1100 + \n)
.endr
	j 1f
	.balign 8
