# Every s390x instruction of src/machine/s390x.ts, written by hand; assembler.test.ts emits the same and compares.
beyond = . + 0x12345678
before = . - 0x7fff0000
start:
	lgr %r8, %r2
	lgr %r15, %r0
	agr %r8, %r13
	sgr %r13, %r8
	lcgr %r9, %r10
	dlgr %r0, %r12
	cgr %r8, %r13
	clgr %r8, %r13
.irp value, 0, 1, -1, 0x7fffffff, -0x80000000
	cgfi %r8, \value
	lgfi %r13, \value
.endr
.irp value, 0, 1, 0x80000000, 0xffffffff
	clgfi %r13, \value
.endr
.irp value, 0, -1, 32767, -32768
	lghi %r13, \value
.endr
.irp bits, 1, 63
	sllg %r8, %r13, \bits
	srlg %r13, %r8, \bits
.endr

.irp base, %r15, %r1
.irp disp, 0, 1, 4095, 4096, 524287, -1, -4096, -524288
	llgc %r8, \disp(\base)
	stcy %r13, \disp(\base)
	llgh %r8, \disp(\base)
	sthy %r13, \disp(\base)
	llgf %r8, \disp(\base)
	sty %r13, \disp(\base)
	lg %r8, \disp(\base)
	stg %r13, \disp(\base)
	lay %r0, \disp(\base)
	stmg %r0, %r14, \disp(\base)
	lmg %r6, %r15, \disp(\base)
.endr
.endr

.irp label, start, finish, beyond, before
	larl %r14, \label
	brcl 15, \label
.endr
	brc 15, start
	brc 15, finish
.irp mask, 8, 4, 2, 7, 11, 13
	brc \mask, start
	brc \mask, finish
.endr
	bras %r14, start
	bras %r14, finish
finish:
	br %r14
	svc 0
	.byte 0, 0
	.ascii "odd"
	.byte 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0x7f, 0xff, 0, 0
