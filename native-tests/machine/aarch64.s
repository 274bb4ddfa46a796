// Every aarch64 instruction of src/machine/aarch64.ts, written by hand; assembler.test.ts emits the same and compares.
start:
	mov x8, 93
	mov x30, 0xffff0000
	mov x0, -100
	movn x1, 1, lsl 16
	movk x2, 8, lsl 16
	movk x3, 0xffff
	mov x19, x0
	mov x5, xzr
	add x20, x20, x24
	sub x22, x23, x16
	neg x20, x21
	cmp x19, x24
.irp value, 0, 1, 4095, 4096, 0xfff000
	add x1, sp, \value
	sub sp, sp, \value
	sub x22, x22, \value
	cmp x19, \value
	cmn x20, \value
.endr
	lsl x20, x21, 6
	lsl x20, x21, 63
	lsr x20, x21, 1
	lsr x20, x21, 63
	udiv x16, x20, x23
	msub x22, x16, x23, x20

// as chooses the scaled or the unscaled form by itself
.irp base, sp, x21
.irp offset, 0, 1, 7, 255, -1, -256, 4095
	ldrb w22, [\base, \offset]
	strb w23, [\base, \offset]
.endr
.irp offset, 0, 2, 7, 255, -1, -256, 8190
	ldrh w22, [\base, \offset]
	strh w23, [\base, \offset]
.endr
.irp offset, 0, 4, 7, 255, -1, -256, 16380
	ldr w22, [\base, \offset]
	str w23, [\base, \offset]
.endr
.irp offset, 0, 8, 7, 255, -1, -256, 32760
	ldr x22, [\base, \offset]
	str x23, [\base, \offset]
.endr
.endr
	str xzr, [sp, 8]
	str wzr, [sp, 8]
.irp offset, 0, 16, 504, -512
	stp x0, x1, [sp, \offset]
	ldp x19, xzr, [x21, \offset]
.endr
	ldrsw x17, start
	ldrsw x3, here
here:
	.word finish - .
	.word start - .
	adr x1, start
	adr x30, finish
	b start
	b finish
	bl start
	bl finish
.irp cc, eq, ne, hs, lo, hi, ls, ge, lt
	b.\cc start
	b.\cc finish
.endr
	cbz x19, start
	cbz x30, finish
	cbnz x19, start
	cbnz xzr, finish
	br x16
finish:
	hint 34
	ret
	svc 0
	brk 0
