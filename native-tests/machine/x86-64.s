# Every x86_64 instruction of src/machine/x86-64.ts, written by hand; assembler.test.ts emits the same and compares.
# The file is assembled after `.intel_syntax noprefix`.
start:
	mov rbx, rax
	mov r15, rbp
	mov rdi, r12
	mov eax, 231
	mov r10d, 0xffffffff
	mov rdi, -100
	mov r8, -0x80000000
	xor edx, edx
	xor r10d, r10d

.irp base, rbx, rbp, rsp, r12, r13
.irp disp, 0, 127, 128, -128, -129
	movzx r14d, byte ptr [\base + \disp]
	movzx esi, byte ptr [\base + \disp]
	mov [\base + \disp], bpl
	mov [\base + \disp], dl
	mov [\base + \disp], r15b
	movzx r14d, word ptr [\base + \disp]
	movzx esi, word ptr [\base + \disp]
	mov [\base + \disp], bp
	mov [\base + \disp], dx
	mov [\base + \disp], r15w
	mov r14d, [\base + \disp]
	mov esi, [\base + \disp]
	mov [\base + \disp], ebp
	mov [\base + \disp], edx
	mov [\base + \disp], r15d
	mov r14, [\base + \disp]
	mov rsi, [\base + \disp]
	mov [\base + \disp], rbp
	mov [\base + \disp], rdx
	mov [\base + \disp], r15
	lea rsi, [\base + \disp]
.endr
.endr
	lea rsi, [rip + start]
	lea r13, [rip + finish]

	add rbp, r15
	sub r12, rbx
	cmp rbx, r13
.irp reg, rbx, r14
.irp value, 0, 127, 128, -128, -129, 36864
	add \reg, \value
	sub \reg, \value
	cmp \reg, \value
.endr
.endr
	sub rsp, 36864
	shl rbp, 6
	shr r13, 63
	neg rbx
	neg r9
	div r14
	div rbp

.irp cc, b, ae, e, ne, be, a, l, ge
	j\cc start
	j\cc finish
.endr
	jmp start
	jmp finish
	call start
	call finish
.irp reg, rax, rbp, r8, r15
	push \reg
	pop \reg
.endr
	pushfq
	popfq
finish:
	endbr64
	ret
	syscall
	int 0x80
	ud2
