/** C and C++ on this machine: what compilers and linkers can be asked for. */
import { compiles, hello, inScratch, type Kind, linksBy, program, runs } from './kind.ts';

/** musl-gcc has no static PIE: its start files by hand. */
const MUSL = '/usr/lib/x86_64-linux-musl';
const MUSL_STATIC_PIE = ['-static-pie', '-nostdlib', '-nostdinc', '-isystem', '/usr/include/x86_64-linux-musl'];

/** No PT_NOTE and so no program header to spare: the table has to move. */
const NO_SPARE = ['-static', '-fcf-protection=none', '-Wl,--build-id=none'];

const MIB = 1 << 20;

const gcc: readonly Kind[] = [
  hello('pie', 'gcc', ['-pie', '-fPIE']),
  hello('no-pie', 'gcc', ['-no-pie']),
  hello('static', 'gcc', ['-static']),
  hello('static-pie', 'gcc', ['-static-pie']),
  hello('static-without-build-id', 'gcc', ['-static', '-Wl,--build-id=none']),
  hello('stripped', 'gcc', ['-s']),
  hello('static-stripped', 'gcc', ['-static', '-s']),
  hello('debug', 'gcc', ['-g']),
  hello('debug-compressed', 'gcc', ['-g', '-gz']),
  hello('relro-now', 'gcc', ['-Wl,-z,relro,-z,now']),
  hello('no-relro', 'gcc', ['-Wl,-z,norelro,-z,lazy']),
  hello('code-not-separate', 'gcc', ['-Wl,-z,noseparate-code']),
  hello('static-code-not-separate', 'gcc', ['-static', '-Wl,-z,noseparate-code']),
  hello('hash-sysv', 'gcc', ['-Wl,--hash-style=sysv']),
  hello('emitted-relocations', 'gcc', ['-Wl,--emit-relocs']),
  hello('exec-stack', 'gcc', ['-Wl,-z,execstack']),
  hello('pages-of-2-mib', 'gcc', ['-Wl,-z,max-page-size=0x200000']),
  hello('pages-of-2-mib-no-pie', 'gcc', ['-no-pie', '-Wl,-z,max-page-size=0x200000,-z,noseparate-code']),
  hello('based-at-64-kib', 'gcc', ['-no-pie', '-Wl,-Ttext-segment=0x10000']),
  hello('bss-of-3-mib', 'gcc', [`-DBIG=${3 * MIB}`]),
  hello('bss-of-1-gib', 'gcc', [`-DBIG=${1024 * MIB}`], { refusedMoved: 'ELF_PADDING' }),
  { name: 'start', needs: ['gcc'], make: compiles('gcc', 'start.c', ['-pthread']), use: runs(), binutils: '' },
  {
    name: 'start-static',
    needs: ['gcc'],
    make: compiles('gcc', 'start.c', ['-pthread', '-static']),
    use: runs(),
    binutils: '',
  },
  {
    name: 'start-static-pie',
    needs: ['gcc'],
    make: compiles('gcc', 'start.c', ['-pthread', '-static-pie']),
    use: runs(),
    binutils: '',
  },
  ...['-pie', '-static', '-static-pie'].map((how) => ({
    name: `throw${how}`,
    needs: ['g++'],
    make: compiles('g++', 'throw.cc', how === '-pie' ? [how, '-fPIE'] : [how]),
    use: runs(),
    binutils: '',
  })),
];

const musl: readonly Kind[] = [
  hello('musl', 'musl-gcc'),
  hello('musl-static', 'musl-gcc', ['-static']),
  hello('musl-static-pie', 'gcc', [], {
    needs: ['gcc', `${MUSL}/rcrt1.o`],
    make: inScratch((file) => [
      ...['gcc', ...MUSL_STATIC_PIE, `${MUSL}/rcrt1.o`, `${MUSL}/crti.o`, program('hello.c')],
      ...[`${MUSL}/libc.a`, `${MUSL}/crtn.o`, '-o', file],
    ]),
  }),
  hello('musl-no-spare-header', 'musl-gcc', NO_SPARE),
  hello('musl-bss-of-3-mib', 'musl-gcc', [...NO_SPARE, `-DBIG=${3 * MIB}`]),
  hello('musl-padding-not-allowed', 'musl-gcc', [...NO_SPARE, `-DBIG=${MIB}`], {
    options: { maxPadding: 4096 },
    refused: { load: 'ELF_PADDING' },
  }),
  hello('musl-bss-of-1-gib', 'musl-gcc', [...NO_SPARE, `-DBIG=${1024 * MIB}`], { refused: { load: 'ELF_PADDING' } }),
  { name: 'musl-start', needs: ['musl-gcc'], make: compiles('musl-gcc', 'start.c'), use: runs(), binutils: '' },
  {
    name: 'musl-start-static',
    needs: ['musl-gcc'],
    make: compiles('musl-gcc', 'start.c', ['-static']),
    use: runs(),
    binutils: '',
  },
];

const linkers: readonly Kind[] = [
  ...['-pie', '-static', '-static-pie'].flatMap((how) => [
    hello(`lld${how}`, 'clang', ['-fuse-ld=lld', how, '-fPIE'], { needs: ['clang', 'ld.lld'] }),
    hello(`mold${how}`, 'gcc', ['-fuse-ld=mold', how, '-fPIE'], { needs: ['gcc', 'mold'] }),
  ]),
  hello('gold', 'gcc', ['-fuse-ld=gold'], { needs: ['gcc', 'ld.gold'] }),
  hello('gold-static', 'gcc', ['-fuse-ld=gold', '-static'], { needs: ['gcc', 'ld.gold'] }),
  hello('lld-no-pie-nognustack', 'clang', ['-fuse-ld=lld', '-no-pie', '-Wl,-z,nognustack,-z,norelro'], {
    needs: ['clang', 'ld.lld'],
  }),
  {
    name: 'lld-throw',
    needs: ['clang++', 'ld.lld', 'g++'],
    make: compiles('clang++', 'throw.cc', ['-fuse-ld=lld']),
    use: runs(),
    binutils: '',
  },
  hello('clang-bfd', 'clang', ['-no-pie']),
  hello('tcc', 'tcc'),
  ...[
    { name: 'bare', flag: '-Wl,-n' },
    { name: 'bare-one-writable-segment', flag: '-Wl,-N' },
    { name: 'bare-based-at-126-tib', flag: '-Wl,-Ttext-segment=0x7e0000000000' },
  ].map(({ name, flag }) => ({
    name,
    needs: ['gcc'],
    make: compiles('gcc', 'bare.c', ['-nostdlib', '-static', '-O1', '-ffreestanding', '-fno-stack-protector', flag]),
    use: runs(),
    binutils: '',
  })),
];

const objects: readonly Kind[] = [
  {
    name: 'object',
    needs: ['gcc'],
    make: compiles('gcc', 'hello.c', ['-c', '-g']),
    use: linksBy('gcc'),
    binutils: '',
    refused: { load: 'ELF_NOT_PROGRAM' },
  },
  {
    // LLVM keeps the names of sections and of symbols in one table.
    name: 'object-by-clang',
    needs: ['clang'],
    make: compiles('clang', 'hello.c', ['-c', '-integrated-as']),
    use: linksBy('clang'),
    binutils: '',
    refused: { load: 'ELF_NOT_PROGRAM' },
  },
  {
    name: 'object-with-groups',
    needs: ['g++'],
    make: compiles('g++', 'throw.cc', ['-c', '-ffunction-sections']),
    use: linksBy('g++'),
    binutils: '',
    refused: { load: 'ELF_NOT_PROGRAM' },
  },
  {
    name: 'library',
    needs: ['gcc'],
    make: compiles('gcc', 'isatty.c', ['-shared', '-fPIC', '-Wl,-soname,libzoo.so']),
    use: { kind: 'use', command: (file) => ['env', `LD_PRELOAD=${file}`, 'sh', '-c', 'test -t 0 && echo preloaded'] },
    binutils: '',
    refused: { load: 'ELF_NOT_PROGRAM' },
  },
];

export const C_KINDS: readonly Kind[] = [...gcc, ...musl, ...linkers, ...objects];
