# Every i386 instruction of src/machine/i386.ts, written by hand; assembler.test.ts emits the same and compares.
# The file is assembled after `.intel_syntax noprefix`.
beyond = . + 0x12345
before = . - 0x54321
start:
	mov eax, 252
	mov ebp, 0xffffffff
	mov edi, -100
	xor edx, edx

.irp base, ebx, ebp, esp
.irp disp, 0, 127, 128, -128, -129
	movzx esi, byte ptr [\base + \disp]
	movzx esi, word ptr [\base + \disp]
	mov edi, [\base + \disp]
	mov [\base + \disp], al
	mov [\base + \disp], cl
	mov [\base + \disp], dl
	mov [\base + \disp], bl
	mov [\base + \disp], si
	mov [\base + \disp], edi
	mov dword ptr [\base + \disp], 1
	mov dword ptr [\base + \disp], -1
	lea ecx, [\base + \disp]
	add [\base + \disp], eax
	sub [\base + \disp], ecx
	cmp eax, [\base + \disp]
.irp value, 0, 127, 128, -128, -129, 36864
	add dword ptr [\base + \disp], \value
	sub dword ptr [\base + \disp], \value
	cmp dword ptr [\base + \disp], \value
.endr
	shl dword ptr [\base + \disp], 2
	shr dword ptr [\base + \disp], 31
	neg dword ptr [\base + \disp]
	div dword ptr [\base + \disp]
.endr
.endr
.irp bytes, 16, 127, 128, 36888
	sub esp, \bytes
	add esp, \bytes
.endr

# as would take a short displacement where the distance is known and small
	call 1f
1:	pop esi
	{disp32} lea esi, [esi + (start - 1b)]
	call 2f
2:	pop eax
	{disp32} lea eax, [eax + (finish - 2b)]
	call 3f
3:	pop ebx
	{disp32} lea ebx, [ebx + (beyond - 3b)]

.irp cc, b, ae, e, ne, be, a, l, ge
	j\cc start
	j\cc finish
.endr
	jmp start
	jmp finish
	jmp beyond
	jmp before
	call start
	call finish
	pop edi
	pushad
	popad
	pushfd
	popfd
finish:
	ret
	int 0x80
	ud2
	.int 1, 0xffffffff, 0x7fff0000
