/** Another system call in finished code: qemu-user has no seccomp(2), and what comes after it is to be seen nevertheless. */
import { arch, syscallNumber } from '../../src/arch/index.ts';
import { Aarch64, type CpuName, I386, Riscv64, S390x, X86_64 } from '../../src/machine/index.ts';

/** The instruction that loads a call's number. */
function loading(cpu: CpuName, call: string): Uint8Array {
  const nr = syscallNumber(arch(cpu), call) as number;
  switch (cpu) {
    case 'x86_64': {
      const code = new X86_64();
      code.movImmediate('rax', nr);
      return code.finish().bytes;
    }
    case 'i386': {
      const code = new I386();
      code.movImmediate('eax', nr);
      return code.finish().bytes;
    }
    case 'aarch64': {
      const code = new Aarch64();
      code.movz('x8', nr);
      return code.finish().bytes;
    }
    case 'riscv64': {
      const code = new Riscv64();
      code.addImmediate('a7', 'zero', nr);
      return code.finish().bytes;
    }
    case 's390x': {
      const code = new S390x();
      code.movShort('r1', nr);
      return code.finish().bytes;
    }
    default:
      return cpu satisfies never;
  }
}

/** `code` with the one call to `from` made a call to `to`. */
export function numberChanged(cpu: CpuName, code: Uint8Array, from: string, to: string): Uint8Array {
  const out = Buffer.from(code);
  const wanted = loading(cpu, from);
  const at = out.indexOf(wanted);
  if (at < 0 || out.indexOf(wanted, at + 1) >= 0) throw new Error(`not one call to ${from}`);
  out.set(loading(cpu, to), at);
  return Uint8Array.from(out);
}
