# The enforce stub, written by hand from the ABI. FILTER, LENGTH, FLAGS and ENTRY are set before; Intel syntax.
        .equ    PR_SET_NO_NEW_PRIVS, 38
        .equ    SECCOMP_SET_MODE_FILTER, 1
        .equ    SYS_write, 4
        .equ    SYS_prctl, 172
        .equ    SYS_exit_group, 252
        .equ    SYS_seccomp, 354
start:
        pushfd
        pushad
        # A word for the value at hand at 0; struct sock_fprog at 24: u16 len, the filter's address at 28.
        sub     esp, 40
        mov     dword ptr [esp], LENGTH
        mov     eax, dword ptr [esp]
        mov     word ptr [esp + 24], ax
        call    1f
1:      pop     eax
        {disp32} lea eax, [eax + (FILTER - 1b)]
        mov     dword ptr [esp], eax
        mov     eax, dword ptr [esp]
        mov     dword ptr [esp + 28], eax
        # prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        mov     ebx, PR_SET_NO_NEW_PRIVS
        mov     ecx, 1
        xor     edx, edx
        xor     esi, esi
        xor     edi, edi
        mov     eax, SYS_prctl
        int     0x80
        mov     dword ptr [esp], eax
        cmp     dword ptr [esp], 0
        jne     refuse
        # seccomp(SECCOMP_SET_MODE_FILTER, FLAGS, &fprog)
        mov     ebx, SECCOMP_SET_MODE_FILTER
        mov     ecx, FLAGS
        lea     edx, [esp + 24]
        mov     eax, SYS_seccomp
        int     0x80
        mov     dword ptr [esp], eax
        cmp     dword ptr [esp], 0
        jne     refuse
        add     esp, 40
        popad
        popfd
        jmp     ENTRY
refuse:
        mov     ebx, 2
        call    2f
2:      pop     ecx
        {disp32} lea ecx, [ecx + (text - 2b)]
        mov     edx, text_end - text
        mov     eax, SYS_write
        int     0x80
        mov     ebx, 159
        mov     eax, SYS_exit_group
        int     0x80
forever:
        ud2
        jmp     forever
text:
        .ascii  "seccompc: the filter could not be installed; not started\n"
text_end:
        .long   1, FILTER - start, LENGTH, FLAGS, ENTRY - start
