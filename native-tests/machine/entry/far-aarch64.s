// Appended to aarch64.s: pages that only bti lets jumps into, a program header to spare, and data 0x1fc00000 bytes away.
	.section .note.gnu.property, "a", %note
	.balign 8
	.word 4, 16, 5
	.asciz "GNU"
	.word 0xc0000000, 4, 1, 0       // GNU_PROPERTY_AARCH64_FEATURE_1_AND: BTI
	.section .far, "aw"
	.quad 1
