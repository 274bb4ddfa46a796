/** Other machines, of both classes and both byte orders, run by qemu-user; i386 by this kernel too. */
import { join } from 'node:path';
import { must } from '../tools.ts';
import { compiles, hello, type Kind, program, runsI386, runsUnder } from './kind.ts';

/** Which programs of a machine work under qemu 7.2 to begin with. */
interface Machine {
  readonly triplet: string;
  readonly qemu: string;
  readonly only?: 'dynamic';
}

const MACHINES: readonly Machine[] = [
  { triplet: 'aarch64-linux-gnu', qemu: 'aarch64' },
  { triplet: 'arm-linux-gnueabihf', qemu: 'arm' },
  { triplet: 'riscv64-linux-gnu', qemu: 'riscv64' },
  { triplet: 'powerpc64le-linux-gnu', qemu: 'ppc64le' },
  { triplet: 'powerpc64-linux-gnu', qemu: 'ppc64' },
  { triplet: 's390x-linux-gnu', qemu: 's390x' },
  { triplet: 'sparc64-linux-gnu', qemu: 'sparc64' },
  { triplet: 'mips-linux-gnu', qemu: 'mips' },
  { triplet: 'mips64el-linux-gnuabi64', qemu: 'mips64el' },
  { triplet: 'hppa-linux-gnu', qemu: 'hppa' },
  { triplet: 'm68k-linux-gnu', qemu: 'm68k' },
  { triplet: 'alpha-linux-gnu', qemu: 'alpha', only: 'dynamic' },
];

const libc: readonly Kind[] = MACHINES.flatMap(({ triplet, qemu, only }) =>
  (['static', 'dynamic'] as const)
    .filter((how) => only === undefined || only === how)
    .map((how) => ({
      ...hello(`${triplet}-${how}`, `${triplet}-gcc`, how === 'static' ? ['-static'] : []),
      needs: [`${triplet}-gcc`, `qemu-${qemu}-static`],
      use: runsUnder(`qemu-${qemu}-static`, how === 'dynamic' ? `/usr/${triplet}` : undefined),
      binutils: `${triplet}-`,
    })),
);

/** lld's layout: the program headers in a segment of their own, unlike GNU ld's. */
const lld: readonly Kind[] = [
  { triplet: 'aarch64-linux-gnu', qemu: 'aarch64' },
  { triplet: 'arm-linux-gnueabihf', qemu: 'arm' },
  { triplet: 'powerpc64le-linux-gnu', qemu: 'ppc64le' },
  { triplet: 'mips-linux-gnu', qemu: 'mips' },
].map(({ triplet, qemu }) => ({
  ...hello(`${triplet}-lld`, 'clang', [`--target=${triplet}`, '-fuse-ld=lld', '-pie', '-fPIE']),
  needs: ['clang', 'ld.lld', `${triplet}-gcc`, `qemu-${qemu}-static`],
  use: runsUnder(`qemu-${qemu}-static`, `/usr/${triplet}`),
  binutils: `${triplet}-`,
}));

/** programs/bare.c: machines and ABIs for which Debian has a compiler but no C library, and what qemu runs of them. */
function bare(name: string, compiler: string, flags: readonly string[], qemu: string, binutils?: string): Kind {
  const all = ['-nostdlib', '-static', '-O1', '-ffreestanding', '-fno-pic', '-fno-stack-protector', ...flags];
  return {
    name: `bare-${name}`,
    needs: [compiler, `qemu-${qemu}-static`],
    make: compiles(compiler, 'bare.c', all),
    use: runsUnder(`qemu-${qemu}-static`),
    binutils,
  };
}

const MIPS64 = 'mips64el-linux-gnuabi64-';

const bares: readonly Kind[] = [
  bare('aarch64-be', 'aarch64-linux-gnu-gcc', ['-mbig-endian'], 'aarch64_be', 'aarch64-linux-gnu-'),
  bare('arm-be8', 'arm-linux-gnueabihf-gcc', ['-mbig-endian', '-marm', '-Wl,--be8'], 'armeb', 'arm-linux-gnueabihf-'),
  bare(
    'riscv32',
    'riscv64-linux-gnu-gcc',
    ['-march=rv32i', '-mabi=ilp32', '-Wl,--no-relax'],
    'riscv32',
    'riscv64-linux-gnu-',
  ),
  bare('riscv64-lld', 'clang', ['--target=riscv64-linux-gnu', '-fuse-ld=lld', '-mno-relax'], 'riscv64'),
  bare('mips64-be', `${MIPS64}gcc`, ['-EB', '-mno-abicalls'], 'mips64', MIPS64),
  bare('mips-n32', `${MIPS64}gcc`, ['-mabi=n32', '-EB', '-mno-abicalls'], 'mipsn32', MIPS64),
  bare('mips-n32-le', `${MIPS64}gcc`, ['-mabi=n32', '-mno-abicalls'], 'mipsn32el', MIPS64),
  bare('powerpc-lld', 'clang', ['--target=powerpc-linux-gnu', '-fuse-ld=lld'], 'ppc'),
  bare('sparc32plus', 'sparc64-linux-gnu-gcc', ['-m32'], 'sparc32plus', 'sparc64-linux-gnu-'),
  bare('hexagon', 'clang', ['--target=hexagon-unknown-linux-musl', '-fuse-ld=lld'], 'hexagon'),
  {
    name: 'bare-sh4',
    needs: ['sh4-linux-gnu-as', 'qemu-sh4-static'],
    make: (file, scratch) => {
      must(['sh4-linux-gnu-as', program('bare-sh4.s'), '-o', join(scratch, 'bare.o')]);
      must(['sh4-linux-gnu-ld', join(scratch, 'bare.o'), '-o', file]);
    },
    use: runsUnder('qemu-sh4-static'),
    binutils: 'sh4-linux-gnu-',
  },
  {
    ...bare('x32', 'gcc', ['-mx32'], 'x86_64', ''),
    needs: ['gcc'],
    use: { kind: 'none', why: 'few kernels run x32 programs' },
  },
];

const i386: readonly Kind[] = [
  ...['-pie', '-static', '-static-pie', '-no-pie'].map((how) =>
    hello(`i386${how}`, 'i686-linux-gnu-gcc', [how], {
      needs: ['i686-linux-gnu-gcc', ...(how.includes('static') ? [] : ['/lib/ld-linux.so.2'])],
      binutils: 'i686-linux-gnu-',
      use: runsI386(),
    }),
  ),
  hello('i386-pages-of-64-kib', 'i686-linux-gnu-gcc', ['-static', '-Wl,-z,max-page-size=0x10000'], {
    binutils: 'i686-linux-gnu-',
    use: runsI386(),
  }),
  hello('i386-bss-of-3-mib', 'i686-linux-gnu-gcc', ['-static', `-DBIG=${3 << 20}`], {
    binutils: 'i686-linux-gnu-',
    use: runsI386(),
  }),
  {
    ...hello('i386-based-at-3-gib', 'i686-linux-gnu-gcc', ['-static', '-Wl,-Ttext-segment=0xbff00000']),
    binutils: 'i686-linux-gnu-',
    use: runsI386(),
  },
];

export const FOREIGN_KINDS: readonly Kind[] = [...i386, ...libc, ...lld, ...bares];
