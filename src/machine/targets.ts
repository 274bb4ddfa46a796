/** The CPUs that code can be emitted for, and which programs exist for which. */
import type { ArchName } from '../arch/index.ts';
import type { Cpu } from './cpu.ts';
import { CpuAarch64 } from './cpu-aarch64.ts';
import { CpuI386 } from './cpu-i386.ts';
import { CpuRiscv64 } from './cpu-riscv64.ts';
import { CpuS390x } from './cpu-s390x.ts';
import { CpuX86_64 } from './cpu-x86-64.ts';

/** The ABIs of the enforce stub and the launcher. */
export type CpuName = 'x86_64' | 'i386' | 'aarch64' | 'riscv64' | 's390x';

export const CPU_NAMES: readonly CpuName[] = ['x86_64', 'i386', 'aarch64', 'riscv64', 's390x'];

export function isCpuName(name: ArchName): name is CpuName {
  return (CPU_NAMES as readonly ArchName[]).includes(name);
}

/** The ABIs of the demo and the probe, which know 64-bit little-endian words alone. */
export type MachineTarget = 'x86_64' | 'aarch64';

export const MACHINE_TARGETS: readonly MachineTarget[] = ['x86_64', 'aarch64'];

export function cpuFor(name: CpuName): Cpu {
  switch (name) {
    case 'x86_64':
      return new CpuX86_64();
    case 'i386':
      return new CpuI386();
    case 'aarch64':
      return new CpuAarch64();
    case 'riscv64':
      return new CpuRiscv64();
    case 's390x':
      return new CpuS390x();
    default:
      return name satisfies never;
  }
}
