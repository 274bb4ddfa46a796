/** How the compilers of C, Go and Rust say for which ABI they compile: one row each, for guards and for loaders. */
import { ARCHES, type Arch, type ArchName } from '../arch/index.ts';

interface Machine {
  /** A preprocessor condition. */
  readonly c: string;
  /** GOARCH; absent where Go has none. */
  readonly go?: string;
  /** The inside of a Rust cfg. */
  readonly rust?: string;
}

const rustOrder = (arch: string, endian: 'little' | 'big'): string =>
  `all(target_arch = "${arch}", target_endian = "${endian}")`;
const mips = (sim: string, order: string): string =>
  `defined(__mips__) && defined(${sim}) && _MIPS_SIM == ${sim} && defined(${order})`;

// biome-ignore format: a table
const MACHINES: Readonly<Record<ArchName, Machine>> = {
  x86_64:      { c: 'defined(__x86_64__) && !defined(__ILP32__)', go: 'amd64', rust: 'all(target_arch = "x86_64", target_pointer_width = "64")' },
  i386:        { c: 'defined(__i386__)', go: '386', rust: 'target_arch = "x86"' },
  x32:         { c: 'defined(__x86_64__) && defined(__ILP32__)', rust: 'all(target_arch = "x86_64", target_pointer_width = "32")' },
  arm:         { c: 'defined(__arm__) && defined(__ARM_EABI__) && !defined(__ARMEB__)', go: 'arm', rust: rustOrder('arm', 'little') },
  aarch64:     { c: 'defined(__aarch64__) && defined(__LP64__) && !defined(__AARCH64EB__)', go: 'arm64', rust: rustOrder('aarch64', 'little') },
  mips:        { c: mips('_ABIO32', '_MIPSEB'), go: 'mips', rust: rustOrder('mips', 'big') },
  mipsel:      { c: mips('_ABIO32', '_MIPSEL'), go: 'mipsle', rust: rustOrder('mips', 'little') },
  mips64:      { c: mips('_ABI64', '_MIPSEB'), go: 'mips64', rust: rustOrder('mips64', 'big') },
  mipsel64:    { c: mips('_ABI64', '_MIPSEL'), go: 'mips64le', rust: rustOrder('mips64', 'little') },
  mips64n32:   { c: mips('_ABIN32', '_MIPSEB') },
  mipsel64n32: { c: mips('_ABIN32', '_MIPSEL') },
  ppc:         { c: 'defined(__powerpc__) && !defined(__powerpc64__) && !defined(__LITTLE_ENDIAN__)', rust: rustOrder('powerpc', 'big') },
  ppc64:       { c: 'defined(__powerpc64__) && !defined(__LITTLE_ENDIAN__)', go: 'ppc64', rust: rustOrder('powerpc64', 'big') },
  ppc64le:     { c: 'defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)', go: 'ppc64le', rust: rustOrder('powerpc64', 'little') },
  s390:        { c: 'defined(__s390__) && !defined(__s390x__)' },
  s390x:       { c: 'defined(__s390x__)', go: 's390x', rust: 'target_arch = "s390x"' },
  riscv64:     { c: 'defined(__riscv) && __riscv_xlen == 64', go: 'riscv64', rust: 'target_arch = "riscv64"' },
  loongarch64: { c: 'defined(__loongarch__) && defined(__LP64__)', go: 'loong64', rust: 'target_arch = "loongarch64"' },
  parisc:      { c: 'defined(__hppa__) && !defined(__LP64__)' },
  parisc64:    { c: 'defined(__hppa__) && defined(__LP64__)' },
  m68k:        { c: 'defined(__m68k__)', rust: 'target_arch = "m68k"' },
  sh:          { c: 'defined(__sh__) && defined(__LITTLE_ENDIAN__)' },
  sheb:        { c: 'defined(__sh__) && !defined(__LITTLE_ENDIAN__)' },
};

export const cCondition = (arch: Arch): string => MACHINES[arch.name].c;
export const goArch = (arch: Arch): string | undefined => MACHINES[arch.name].go;
export const rustCfg = (arch: Arch): string | undefined => MACHINES[arch.name].rust;

/** Every ABI that a filter can be for. */
export const ALL_ARCHES: readonly Arch[] = [...ARCHES.values()];
