/** The ABIs that helper programs can be emitted for. */
import type { Cpu } from './cpu.ts';
import { CpuAarch64 } from './cpu-aarch64.ts';
import { CpuX86_64 } from './cpu-x86-64.ts';

export type MachineTarget = 'x86_64' | 'aarch64';

export const MACHINE_TARGETS: readonly MachineTarget[] = ['x86_64', 'aarch64'];

export function cpuFor(target: MachineTarget): Cpu {
  switch (target) {
    case 'x86_64':
      return new CpuX86_64();
    case 'aarch64':
      return new CpuAarch64();
    default:
      return target satisfies never;
  }
}
