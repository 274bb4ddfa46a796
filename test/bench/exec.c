/* Executes its arguments and nothing else: what any launcher costs at least. No libc. x86_64. */
__asm__(
    ".globl _start\n"
    "_start: mov (%rsp), %rcx\n"
    "  lea 16(%rsp), %rsi\n"
    "  mov (%rsi), %rdi\n"
    "  lea 16(%rsp,%rcx,8), %rdx\n"
    "  mov $59, %eax\n"
    "  syscall\n"
    "  mov $60, %eax\n"
    "  syscall\n");
