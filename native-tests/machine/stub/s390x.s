# The enforce stub, written by hand from the ABI. FILTER, LENGTH, FLAGS and ENTRY are set before.
        .equ    PR_SET_NO_NEW_PRIVS, 38
        .equ    SECCOMP_SET_MODE_FILTER, 1
        .equ    SYS_write, 4
        .equ    SYS_prctl, 172
        .equ    SYS_exit_group, 248
        .equ    SYS_seccomp, 348
start:
        # struct sock_fprog at 0 (u16 len, the filter's address at 8), r0 to r14 from 16 on.
        lay     %r15, -136(%r15)
        stmg    %r0, %r14, 16(%r15)
        lghi    %r8, LENGTH
        sthy    %r8, 0(%r15)
        larl    %r8, FILTER
        stg     %r8, 8(%r15)
        # prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        lghi    %r2, PR_SET_NO_NEW_PRIVS
        lghi    %r3, 1
        lghi    %r4, 0
        lghi    %r5, 0
        lghi    %r6, 0
        lghi    %r1, SYS_prctl
        svc     0
        lgr     %r8, %r2
        cgfi    %r8, 0
        jne     refuse
        # seccomp(SECCOMP_SET_MODE_FILTER, FLAGS, &fprog)
        lghi    %r2, SECCOMP_SET_MODE_FILTER
        lghi    %r3, FLAGS
        lay     %r4, 0(%r15)
        lghi    %r1, SYS_seccomp
        svc     0
        lgr     %r8, %r2
        cgfi    %r8, 0
        jne     refuse
        lmg     %r0, %r14, 16(%r15)
        lay     %r15, 136(%r15)
        jg      ENTRY
refuse:
        lghi    %r2, 2
        larl    %r3, text
        lghi    %r4, 57
        lghi    %r1, SYS_write
        svc     0
        lghi    %r2, 159
        lghi    %r1, SYS_exit_group
        svc     0
forever:
        # No instruction of any s390x.
        .short  0
        j       forever
text:
        .ascii  "seccompc: the filter could not be installed; not started\n\0"
        .long   1, FILTER - start, LENGTH, FLAGS, ENTRY - start
