! programs/bare.c for SH-4, for which an assembler is enough: write(1, text, 6), exit(7).
	.text
	.global	_start
_start:
	mov	#4, r3
	mov	#1, r4
	mova	text, r0
	mov	r0, r5
	mov	#6, r6
	trapa	#0x13
	mov	#1, r3
	mov	#7, r4
	trapa	#0x13
	.align	2
text:	.ascii	"hello\n"

	.bss
	.skip	256
