# As x86-64.s, with the calls of s390x.
.globl _start
_start:
	lay %r15, -160(%r15)
	stmg %r0, %r14, 24(%r15)
	lghi %r0, 0
	ipm %r0                 # the condition code
	stg %r0, 144(%r15)
	la %r0, 160(%r15)
	stg %r0, 152(%r15)
	svc 64                  # getppid
	stg %r2, 16(%r15)
	lghi %r2, 21            # prctl(PR_GET_SECCOMP)
	svc 172
	stg %r2, 8(%r15)
	lghi %r2, 39            # prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	lghi %r3, 0
	lghi %r4, 0
	lghi %r5, 0
	lghi %r6, 0
	svc 172
	stg %r2, 0(%r15)
	lghi %r2, 1
	la %r3, 0(%r15)
	lghi %r4, 160
	svc 4                   # write
	lghi %r2, 7
	svc 248                 # exit_group
