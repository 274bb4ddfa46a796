# As x86-64.s, with the calls of i386.
.globl _start
_start:
	push esp
	pushfd
	push edi
	push esi
	push ebp
	push ebx
	push edx
	push ecx
	push eax
	mov eax, 64             # getppid
	int 0x80
	push eax
	mov ebx, 21             # prctl(PR_GET_SECCOMP)
	mov eax, 172
	int 0x80
	push eax
	mov ebx, 39             # prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	xor ecx, ecx
	xor edx, edx
	xor esi, esi
	xor edi, edi
	mov eax, 172
	int 0x80
	push eax
	mov ebx, 1
	mov ecx, esp
	mov edx, 48
	mov eax, 4              # write
	int 0x80
	mov ebx, 7
	mov eax, 252            # exit_group
	int 0x80
