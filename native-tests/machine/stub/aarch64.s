// The enforce stub, written by hand from the ABI. FILTER, LENGTH, FLAGS and ENTRY are set before; ENTRY within 128 MiB.
        .equ    PR_SET_NO_NEW_PRIVS, 38
        .equ    SECCOMP_SET_MODE_FILTER, 1
        .equ    SYS_write, 64
        .equ    SYS_exit_group, 94
        .equ    SYS_prctl, 167
        .equ    SYS_seccomp, 277
start:
        bti     c
        // struct sock_fprog at 0 (u16 len, the filter's address at 8), the registers from 16 on.
        sub     sp, sp, #80
        stp     x0, x1, [sp, #16]
        stp     x2, x3, [sp, #32]
        stp     x4, x8, [sp, #48]
        stp     x19, xzr, [sp, #64]
        mov     x19, #LENGTH
        strh    w19, [sp]
        adr     x19, FILTER
        str     x19, [sp, #8]
        // prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        mov     x0, #PR_SET_NO_NEW_PRIVS
        mov     x1, #1
        mov     x2, #0
        mov     x3, #0
        mov     x4, #0
        mov     x8, #SYS_prctl
        svc     #0
        mov     x19, x0
        cbnz    x19, refuse
        // seccomp(SECCOMP_SET_MODE_FILTER, FLAGS, &fprog)
        mov     x0, #SECCOMP_SET_MODE_FILTER
        mov     x1, #FLAGS
        mov     x2, sp
        mov     x8, #SYS_seccomp
        svc     #0
        mov     x19, x0
        cbnz    x19, refuse
        ldp     x0, x1, [sp, #16]
        ldp     x2, x3, [sp, #32]
        ldp     x4, x8, [sp, #48]
        ldp     x19, xzr, [sp, #64]
        add     sp, sp, #80
        b       ENTRY
refuse:
        mov     x0, #2
        adr     x1, text
        mov     x2, #(text_end - text)
        mov     x8, #SYS_write
        svc     #0
        mov     x0, #159
        mov     x8, #SYS_exit_group
        svc     #0
forever:
        brk     #0
        b       forever
text:
        .ascii  "seccompc: the filter could not be installed; not started\n"
text_end:
        .long   1, FILTER - start, LENGTH, FLAGS, ENTRY - start
