# Every riscv64 instruction of src/machine/riscv64.ts, written by hand; assembler.test.ts emits the same and compares.
# The file is assembled after `.option norvc` and `.option norelax`.
beyond = . + 0x12345678
before = . - 0x7fff0000
start:
.irp value, 0, 1, -1, 2047, -2048
	addi sp, sp, \value
	addi t6, s11, \value
	addiw a7, a7, \value
.endr
.irp upper, 0, 1, 0x7ffff, 0xfffff
	lui a0, \upper
.endr
	mv s0, a0
	mv t6, s5
	add s0, s1, s2
	neg t6, s3
	divu s0, s1, s2
	remu t0, s4, t5
.irp bits, 1, 31, 32, 63
	slli s0, s1, \bits
	srli t6, s5, \bits
.endr

.irp offset, 0, 1, -1, 31, 32, 2047, -2048
	lbu s4, \offset(sp)
	lbu a0, \offset(t6)
	sb s4, \offset(sp)
	sb a0, \offset(t6)
	lhu s4, \offset(sp)
	lhu a0, \offset(t6)
	sh s4, \offset(sp)
	sh a0, \offset(t6)
	lwu s4, \offset(sp)
	lwu a0, \offset(t6)
	sw s4, \offset(sp)
	sw a0, \offset(t6)
	ld s4, \offset(sp)
	ld a0, \offset(t6)
	sd s4, \offset(sp)
	sd a0, \offset(t6)
.endr

.macro far label
1:	auipc a1, %pcrel_hi(\label)
	addi a1, a1, %pcrel_lo(1b)
2:	auipc t2, %pcrel_hi(\label)
	jr %pcrel_lo(2b)(t2)
.endm
	far start
	far near
	far finish
	far beyond
	far before
near:
.irp cc, eq, ne, lt, ge, ltu, geu
	b\cc s0, t6, near
	b\cc t0, zero, finish
.endr
	j start
	j finish
	jal ra, start
	jal ra, finish
finish:
	ret
	ecall
	ebreak
	.word 1, 0xffffffff, 0x7fff0000
