/** The machines that are booted under qemu-system: what each needs, and which ABIs its kernel serves. */
import type { ArchName } from '../../../src/arch/index.ts';
import type { Report } from '../ask.ts';
import type { Image } from './images.ts';

/** An ABI that the machine's kernel serves, and how a program of it is built (caller.c, which needs no library). */
export interface Abi {
  readonly name: ArchName;
  readonly compiler: string;
  readonly flags?: readonly string[];
  /**
   * What a filter is shown of the six 64-bit values that a caller gives: the whole, the low word, or (MIPS o32 on a 64-bit
   * kernel) the low word with its sign spread over the high one, as that machine keeps 32-bit values in registers.
   */
  readonly shown: 'whole' | 'low' | 'signed';
  /** By int 0x80 from 64-bit code, whose registers are wider than the ABI. */
  readonly int80?: true;
}

export interface Machine {
  /** The ABI of its kernel. */
  readonly name: ArchName;
  readonly compiler: string;
  readonly qemu: readonly string[];
  readonly console: string;
  /** Further words on the kernel's command line. */
  readonly append?: string;
  readonly image: Image;
  /** The kernel's own first; all of them go into one filter. */
  readonly abis: readonly Abi[];
  /** How many bits of a shift count in X its machine code uses; interpreted filters use five. */
  readonly shiftBits: 5 | 6 | 8;
  /** How much of the corpora of native-tests/wasi its kernel is asked about. */
  readonly corpora: 'whole' | 'part';
  /** Debian packages: emulator, compilers, the C library of the machine. */
  readonly packages: string;
}

/** What one boot of a machine showed. */
export interface MachineReport extends Report {
  /** Release and machine, as uname says them. */
  readonly kernel: string;
  /** From the start of qemu to its end. */
  readonly seconds: number;
}

const MIPS = ['-mno-abicalls', '-fno-pic', '-G0'];
const X86_64 = ['-mno-red-zone'];

// biome-ignore format: a table
export const MACHINES: readonly Machine[] = [
  {
    name: 's390x', compiler: 's390x-linux-gnu-gcc', console: 'ttysclp0', shiftBits: 6, corpora: 'whole',
    qemu: ['qemu-system-s390x', '-M', 's390-ccw-virtio', '-cpu', 'max'],
    image: { debian: 's390x', suite: 'bookworm', meta: 'linux-image-s390x' },
    packages: 'qemu-system-misc gcc-s390x-linux-gnu libc6-dev-s390x-cross',
    abis: [
      { name: 's390x', compiler: 's390x-linux-gnu-gcc', shown: 'whole' },
      { name: 's390', compiler: 's390x-linux-gnu-gcc', flags: ['-m31', '-mzarch'], shown: 'low' },
    ],
  },
  {
    name: 'aarch64', compiler: 'aarch64-linux-gnu-gcc', console: 'ttyAMA0', shiftBits: 5, corpora: 'whole',
    qemu: ['qemu-system-aarch64', '-M', 'virt', '-cpu', 'cortex-a57'],
    image: { debian: 'arm64', suite: 'bookworm', meta: 'linux-image-cloud-arm64' },
    packages: 'qemu-system-arm gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-arm-linux-gnueabihf libc6-dev-armhf-cross',
    abis: [
      { name: 'aarch64', compiler: 'aarch64-linux-gnu-gcc', shown: 'whole' },
      { name: 'arm', compiler: 'arm-linux-gnueabihf-gcc', flags: ['-marm'], shown: 'low' },
    ],
  },
  {
    name: 'riscv64', compiler: 'riscv64-linux-gnu-gcc', console: 'ttyS0', shiftBits: 5, corpora: 'whole',
    qemu: ['qemu-system-riscv64', '-M', 'virt'],
    image: { debian: 'riscv64', suite: 'trixie', meta: 'linux-image-riscv64' },
    packages: 'qemu-system-misc gcc-riscv64-linux-gnu libc6-dev-riscv64-cross',
    abis: [{ name: 'riscv64', compiler: 'riscv64-linux-gnu-gcc', shown: 'whole' }],
  },
  {
    name: 'x86_64', compiler: 'x86_64-linux-gnu-gcc', console: 'ttyS0', shiftBits: 5, corpora: 'part', append: 'syscall.x32=y',
    qemu: ['qemu-system-x86_64', '-cpu', 'max'],
    image: { debian: 'amd64', suite: 'bookworm', meta: 'linux-image-amd64' },
    packages: 'qemu-system-x86 gcc libc6-dev gcc-i686-linux-gnu libc6-dev-i386-cross',
    abis: [
      { name: 'x86_64', compiler: 'x86_64-linux-gnu-gcc', flags: X86_64, shown: 'whole' },
      { name: 'i386', compiler: 'i686-linux-gnu-gcc', shown: 'low' },
      { name: 'i386', compiler: 'x86_64-linux-gnu-gcc', flags: [...X86_64, '-DINT80'], shown: 'whole', int80: true },
      { name: 'x32', compiler: 'x86_64-linux-gnu-gcc', flags: [...X86_64, '-mx32', '-isystem', '/usr/include/x86_64-linux-gnu'], shown: 'whole' },
    ],
  },
  {
    name: 'i386', compiler: 'i686-linux-gnu-gcc', console: 'ttyS0', shiftBits: 5, corpora: 'part',
    qemu: ['qemu-system-i386', '-cpu', 'max'],
    image: { debian: 'i386', suite: 'bookworm', meta: 'linux-image-686-pae' },
    packages: 'qemu-system-x86 gcc-i686-linux-gnu libc6-dev-i386-cross',
    abis: [{ name: 'i386', compiler: 'i686-linux-gnu-gcc', shown: 'low' }],
  },
  {
    name: 'arm', compiler: 'arm-linux-gnueabihf-gcc', console: 'ttyAMA0', shiftBits: 8, corpora: 'part',
    qemu: ['qemu-system-arm', '-M', 'virt', '-cpu', 'cortex-a15'],
    image: { debian: 'armhf', suite: 'bookworm', meta: 'linux-image-armmp' },
    packages: 'qemu-system-arm gcc-arm-linux-gnueabihf libc6-dev-armhf-cross',
    abis: [{ name: 'arm', compiler: 'arm-linux-gnueabihf-gcc', flags: ['-marm'], shown: 'low' }],
  },
  {
    name: 'ppc64le', compiler: 'powerpc64le-linux-gnu-gcc', console: 'hvc0', shiftBits: 6, corpora: 'part',
    qemu: ['qemu-system-ppc64', '-M', 'pseries', '-vga', 'none'],
    image: { debian: 'ppc64el', suite: 'bookworm', meta: 'linux-image-powerpc64le' },
    packages: 'qemu-system-ppc gcc-powerpc64le-linux-gnu libc6-dev-ppc64el-cross',
    abis: [{ name: 'ppc64le', compiler: 'powerpc64le-linux-gnu-gcc', shown: 'whole' }],
  },
  {
    name: 'mipsel64', compiler: 'mips64el-linux-gnuabi64-gcc', console: 'ttyS0', shiftBits: 5, corpora: 'part',
    qemu: ['qemu-system-mips64el', '-M', 'malta', '-cpu', 'MIPS64R2-generic'],
    image: { debian: 'mips64el', suite: 'bookworm', meta: 'linux-image-5kc-malta' },
    packages: 'qemu-system-mips gcc-mips64el-linux-gnuabi64 libc6-dev-mips64el-cross',
    abis: [
      { name: 'mipsel64', compiler: 'mips64el-linux-gnuabi64-gcc', flags: MIPS, shown: 'whole' },
      { name: 'mipsel64n32', compiler: 'mips64el-linux-gnuabi64-gcc', flags: [...MIPS, '-mabi=n32'], shown: 'whole' },
      { name: 'mipsel', compiler: 'mips64el-linux-gnuabi64-gcc', flags: [...MIPS, '-mabi=32', '-mfp32'], shown: 'signed' },
    ],
  },
  {
    name: 'loongarch64', compiler: 'loongarch64-linux-gnu-gcc', console: 'ttyS0', shiftBits: 5, corpora: 'part',
    qemu: ['qemu-system-loongarch64', '-M', 'virt', '-cpu', 'la464', '-bios', '/usr/share/qemu-efi-loongarch64/QEMU_EFI.fd'],
    image: { debian: 'loong64', suite: 'forky', meta: 'linux-image-loong64' },
    packages: 'qemu-system-misc qemu-efi-loongarch64 gcc-loongarch64-linux-gnu libc6-dev-loong64-cross (Debian 13)',
    abis: [{ name: 'loongarch64', compiler: 'loongarch64-linux-gnu-gcc', shown: 'whole' }],
  },
];
