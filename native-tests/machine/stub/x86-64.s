# The enforce stub, written by hand from the ABI. FILTER, LENGTH, FLAGS and ENTRY are set before; Intel syntax.
        .equ    PR_SET_NO_NEW_PRIVS, 38
        .equ    SECCOMP_SET_MODE_FILTER, 1
        .equ    SYS_write, 1
        .equ    SYS_prctl, 157
        .equ    SYS_exit_group, 231
        .equ    SYS_seccomp, 317
start:
        endbr64
        # Everything that the kernel or the lines below change; rdx is the loader's exit function.
        push    rax
        push    rbx
        push    rcx
        push    rdx
        push    rsi
        push    rdi
        push    r8
        push    r10
        push    r11
        pushfq
        # struct sock_fprog: u16 len at 0, the filter's address at 8.
        sub     rsp, 16
        mov     ebx, LENGTH
        mov     word ptr [rsp], bx
        lea     rbx, [rip + FILTER]
        mov     qword ptr [rsp + 8], rbx
        # prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        mov     edi, PR_SET_NO_NEW_PRIVS
        mov     esi, 1
        xor     edx, edx
        xor     r10d, r10d
        xor     r8d, r8d
        mov     eax, SYS_prctl
        syscall
        mov     rbx, rax
        cmp     rbx, 0
        jne     refuse
        # seccomp(SECCOMP_SET_MODE_FILTER, FLAGS, &fprog); a positive result is a thread in the way
        mov     edi, SECCOMP_SET_MODE_FILTER
        mov     esi, FLAGS
        lea     rdx, [rsp]
        mov     eax, SYS_seccomp
        syscall
        mov     rbx, rax
        cmp     rbx, 0
        jne     refuse
        add     rsp, 16
        popfq
        pop     r11
        pop     r10
        pop     r8
        pop     rdi
        pop     rsi
        pop     rdx
        pop     rcx
        pop     rbx
        pop     rax
        jmp     ENTRY
refuse:
        mov     edi, 2
        lea     rsi, [rip + text]
        mov     edx, text_end - text
        mov     eax, SYS_write
        syscall
        mov     edi, 159
        mov     eax, SYS_exit_group
        syscall
forever:
        ud2
        jmp     forever
text:
        .ascii  "seccompc: the filter could not be installed; not started\n"
text_end:
        .long   1, FILTER - start, LENGTH, FLAGS, ENTRY - start
