/** Files out of the ordinary: patched, rewritten by other tools, with data behind them, and what a system installs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../tools.ts';
import { compiles, copies, hello, type Kind, linksBy, program, runs, type Use } from './kind.ts';
import * as patch from './patch.ts';

/** programs/hello.c, changed afterwards. */
function patched(name: string, change: (file: Buffer) => Buffer, more: Partial<Kind> = {}): Kind {
  return hello(name, 'gcc', [], {
    make: (file, scratch) => {
      compiles('gcc', 'hello.c')(file, scratch);
      writeFileSync(file, change(readFileSync(file)));
    },
    ...more,
  });
}

/** programs/hello.c, rewritten by another tool. */
function rewritten(name: string, tool: readonly string[], flags: readonly string[] = [], use?: Use): Kind {
  const base = hello(name, 'gcc', flags);
  return {
    ...base,
    needs: ['gcc', tool[0]!],
    make: (file, scratch) => {
      base.make(file, scratch);
      must([...tool, file]);
    },
    use: use ?? base.use,
  };
}

/** programs/payload.c with data behind it, which it finds in one of three ways. */
function payload(name: string, how: string, options: NonNullable<Kind['options']>, more: Partial<Kind> = {}): Kind {
  return {
    name,
    needs: ['gcc'],
    make: (file, scratch) => {
      compiles('gcc', 'payload.c')(file, scratch);
      writeFileSync(file, patch.withPayload(readFileSync(file), how));
    },
    use: runs([how]),
    binutils: '',
    options,
    refusedWithoutOptions: 'ELF_TRAILING',
    ...more,
  };
}

/** An assembler file of 66,000 sections, more than e_shnum can count. */
function manySections(file: string, scratch: string): void {
  const sections = Array.from({ length: 66_000 }, (_, i) => `.section .s${i},"a"\n.byte ${i & 255}\n`);
  const start = '.text\n.globl _start\n_start: mov $60, %eax\nmov $7, %edi\nsyscall\n';
  writeFileSync(join(scratch, 'many.s'), sections.join('') + start);
  must(['gcc', '-c', join(scratch, 'many.s'), '-o', file]);
}

const made: readonly Kind[] = [
  patched('no-section-table', patch.withoutSections, {
    refused: { append: 'ELF_NO_SECTIONS', load: 'ELF_NO_SECTIONS' },
  }),
  patched('names-in-strtab', patch.namesInStrtab),
  patched('names-behind-the-table', patch.namesLast),
  patched('of-another-system', (file) => patch.withOsAbi(file, 9)),
  patched('zeros-behind', (file) => Buffer.concat([file, Buffer.alloc(1000)])),
  payload('payload-found-from-the-end', 'end', { trailing: 'keep-end' }, { trailer: patch.PAYLOAD }),
  payload('payload-found-behind-the-table', 'elf', { trailing: 'keep-end' }, { trailer: patch.PAYLOAD }),
  payload('payload-found-by-its-offset', '65536', { trailing: 'keep-offset' }),
  patched('data-behind', (file) => patch.withPayload(file, 'end'), {
    refused: { append: 'ELF_TRAILING', load: 'ELF_TRAILING' },
  }),
  {
    name: 'many-sections-object',
    needs: ['gcc'],
    make: manySections,
    use: linksBy('ld'),
    binutils: '',
    refused: { load: 'ELF_NOT_PROGRAM' },
  },
  {
    name: 'many-sections',
    needs: ['gcc'],
    make: (file, scratch) => {
      manySections(join(scratch, 'many.o'), scratch);
      must(['ld', join(scratch, 'many.o'), '-o', file]);
    },
    use: runs(),
    binutils: '',
  },
  {
    name: 'kernel-module',
    needs: ['gcc'],
    make: (file, scratch) => {
      compiles('gcc', 'module.c', ['-c'])(join(scratch, 'module.o'), scratch);
      must(['ld', '-r', join(scratch, 'module.o'), '-o', file]);
    },
    use: { kind: 'use', command: (file) => ['readelf', '-p', '.modinfo', file] },
    binutils: '',
    refused: { load: 'ELF_NOT_PROGRAM' },
  },
  {
    name: 'kernel-module-signed',
    needs: ['gcc'],
    make: (file, scratch) => {
      compiles('gcc', 'module.c', ['-c'])(file, scratch);
      writeFileSync(file, patch.signed(readFileSync(file)));
    },
    use: { kind: 'none', why: 'only a kernel uses it' },
    refused: { append: 'ELF_TRAILING', load: 'ELF_TRAILING' },
  },
  {
    name: 'vdso',
    needs: ['gcc'],
    make: (file, scratch) => {
      compiles('gcc', 'vdso.c')(join(scratch, 'vdso'), scratch);
      must(['sh', '-c', '"$1" > "$2"', 'sh', join(scratch, 'vdso'), file]);
    },
    use: { kind: 'none', why: 'only the kernel maps it' },
    binutils: '',
    refused: { load: 'ELF_NOT_PROGRAM' },
  },
];

/** The loader's name with more slashes than it needs: too long for its old place. */
const LONG_LOADER = `/lib64${'/'.repeat(60)}ld-linux-x86-64.so.2`;

const tools: readonly Kind[] = [
  rewritten('after-strip', ['strip'], ['-g']),
  rewritten('after-objcopy', ['objcopy', '--add-section', `.comment2=${program('hello.c')}`], ['-static']),
  rewritten('after-eu-strip', ['eu-strip', '-g'], ['-g']),
  rewritten('after-patchelf', ['patchelf', '--set-rpath', `/${'very/long/'.repeat(40)}`]),
  rewritten(
    'after-patchelf-no-pie',
    ['patchelf', '--add-needed', 'libm.so.6', '--set-interpreter', LONG_LOADER],
    ['-no-pie'],
  ),
  {
    ...rewritten('debug-file', ['objcopy', '--only-keep-debug'], ['-g'], { kind: 'none', why: 'it holds no code' }),
    reports: false,
  },
];

function installed(name: string, path: string, args: readonly string[], status = 0, more: Partial<Kind> = {}): Kind {
  return { name, needs: [path], make: copies(path), use: runs(args, status), binutils: '', ...more };
}

const LOADER = '/lib64/ld-linux-x86-64.so.2';
const LIBC = '/lib/x86_64-linux-gnu/libc.so.6';

const system: readonly Kind[] = [
  { name: 'node', needs: [], make: copies(process.execPath), use: runs(['-p', '6 * 7'], 0), binutils: '' },
  installed('ls', 'ls', ['/']),
  installed('bash', 'bash', ['-c', 'echo $((6 * 7))']),
  installed('perl', 'perl', ['-e', 'print 6 * 7']),
  installed('python', '/usr/bin/python3', ['-c', 'print(6 * 7)']),
  installed('busybox-static', 'busybox', ['echo', '42']),
  installed('bash-static', 'bash-static', ['-c', 'echo $((6 * 7))']),
  installed('klibc', '/usr/lib/klibc/bin/uname', ['-s']),
  installed('qemu-static', 'qemu-m68k-static', ['--version']),
  installed('loader', LOADER, ['--version'], 0, { refused: { load: 'ELF_NOT_PROGRAM' } }),
  installed('libc', LIBC, [], 0, { refused: { load: 'ELF_NOT_PROGRAM' } }),
];

export const ODD_KINDS: readonly Kind[] = [...made, ...tools, ...system];
