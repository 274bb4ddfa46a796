# Writes the registers that it finds at entry, then what three calls answer, to fd 1; ends with status 7.
# enforce-stub.test.ts names the words.
.globl _start
_start:
	endbr64
	push rsp
	pushfq
	push r15
	push r14
	push r13
	push r12
	push r11
	push r10
	push r9
	push r8
	push rdi
	push rsi
	push rbp
	push rbx
	push rdx
	push rcx
	push rax
	mov eax, 110            # getppid
	syscall
	push rax
	mov edi, 21             # prctl(PR_GET_SECCOMP)
	mov eax, 157
	syscall
	push rax
	mov edi, 39             # prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	xor esi, esi
	xor edx, edx
	xor r10d, r10d
	xor r8d, r8d
	mov eax, 157
	syscall
	push rax
	mov edi, 1
	mov rsi, rsp
	mov edx, 160
	mov eax, 1              # write
	syscall
	mov edi, 7
	mov eax, 231            # exit_group
	syscall
