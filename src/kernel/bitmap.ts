/**
 * The constant-action cache (Linux 5.11 and later): when a filter is installed, the kernel emulates it for every number of
 * the native and the compat ABI, with the number and the architecture known and nothing else. Where that ends in exactly
 * SECCOMP_RET_ALLOW, the call never runs the filter again. x32 numbers are never cached.
 */
import { OFFSET_ARCH, OFFSET_NR, SECCOMP_RET_ALLOW } from '../arch/index.ts';
import { type CheckedProgram, codeOf } from './program.ts';

/**
 * True when the kernel caches this call as always allowed under this filter.
 * @see Linux v6.12 kernel/seccomp.c seccomp_is_const_allow()
 */
export function isConstAllow(program: CheckedProgram, arch: number, nr: number): boolean {
  const { code, jt, jf, k } = codeOf(program);
  let a = 0;
  for (let pc = 0; pc < code.length; pc++) {
    const operand = k[pc] ?? 0;
    let taken: boolean | undefined;
    switch (code[pc]) {
      case 0x20:
        if (operand === OFFSET_NR) a = nr >>> 0;
        else if (operand === OFFSET_ARCH) a = arch >>> 0;
        else return false; // an argument or the instruction pointer: unknown in advance
        break;
      case 0x06:
        return operand === SECCOMP_RET_ALLOW;
      case 0x05:
        pc += operand;
        break;
      case 0x15:
        taken = a === operand;
        break;
      case 0x35:
        taken = a >= operand;
        break;
      case 0x25:
        taken = a > operand;
        break;
      case 0x45:
        taken = (a & operand) !== 0;
        break;
      case 0x54:
        a = (a & operand) >>> 0;
        break;
      default:
        return false; // nothing else is emulated
    }
    if (taken !== undefined) pc += (taken ? jt[pc] : jf[pc]) ?? 0;
  }
  return false;
}
