# The enforce stub, written by hand from the ABI. FILTER, LENGTH, FLAGS and ENTRY are set before.
        .equ    PR_SET_NO_NEW_PRIVS, 38
        .equ    SECCOMP_SET_MODE_FILTER, 1
        .equ    SYS_write, 64
        .equ    SYS_exit_group, 94
        .equ    SYS_prctl, 167
        .equ    SYS_seccomp, 277
start:
        # struct sock_fprog at 0 (u16 len, the filter's address at 8), the registers from 16 on.
        addi    sp, sp, -80
        sd      a0, 16(sp)
        sd      a1, 24(sp)
        sd      a2, 32(sp)
        sd      a3, 40(sp)
        sd      a4, 48(sp)
        sd      a7, 56(sp)
        sd      s0, 64(sp)
        sd      t0, 72(sp)
        li      s0, LENGTH
        sh      s0, 0(sp)
        lla     s0, FILTER
        sd      s0, 8(sp)
        # prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        li      a0, PR_SET_NO_NEW_PRIVS
        li      a1, 1
        li      a2, 0
        li      a3, 0
        li      a4, 0
        li      a7, SYS_prctl
        ecall
        mv      s0, a0
        bnez    s0, refuse
        # seccomp(SECCOMP_SET_MODE_FILTER, FLAGS, &fprog)
        li      a0, SECCOMP_SET_MODE_FILTER
        li      a1, FLAGS
        mv      a2, sp
        li      a7, SYS_seccomp
        ecall
        mv      s0, a0
        bnez    s0, refuse
        ld      a0, 16(sp)
        ld      a1, 24(sp)
        ld      a2, 32(sp)
        ld      a3, 40(sp)
        ld      a4, 48(sp)
        ld      a7, 56(sp)
        ld      s0, 64(sp)
        ld      t0, 72(sp)
        addi    sp, sp, 80
        # t2 belongs to nobody at entry.
        jump    ENTRY, t2
refuse:
        li      a0, 2
        lla     a1, text
        li      a2, 57
        li      a7, SYS_write
        ecall
        li      a0, 159
        li      a7, SYS_exit_group
        ecall
forever:
        ebreak
        j       forever
text:
        .ascii  "seccompc: the filter could not be installed; not started\n"
text_end:
        .long   1, FILTER - start, LENGTH, FLAGS, ENTRY - start
