/** Architectures by all their names, their ELF files, and result words in words. */
import * as assert from 'uvu/assert';
import {
  ARCHES,
  type ArchName,
  arch,
  archesOfAudit,
  archOfElf,
  archOfNode,
  compareStrictness,
  describeWord,
  errnoName,
  errnoNames,
  errnoNumber,
  findArch,
  highWordOffset,
  isNarrowParameter,
  isSyscallName,
  lowWordOffset,
  syscallName,
  syscallNumber,
  syscallsOf,
} from '../../src/arch/index.ts';
import { suite } from '../suite.ts';

suite('arch', (test) => {
  // Linux include/uapi/linux/audit.h and elf-em.h.
  const LE = 0x40000000;
  const B64 = 0x80000000;
  const N32 = 0x20000000;
  const tokens: Readonly<Record<ArchName, number>> = {
    x86_64: 62 + B64 + LE,
    x32: 62 + B64 + LE,
    i386: 3 + LE,
    arm: 40 + LE,
    aarch64: 183 + B64 + LE,
    mips: 8,
    mipsel: 8 + LE,
    mips64: 8 + B64,
    mipsel64: 8 + B64 + LE,
    mips64n32: 8 + B64 + N32,
    mipsel64n32: 8 + B64 + N32 + LE,
    ppc: 20,
    ppc64: 21 + B64,
    ppc64le: 21 + B64 + LE,
    s390: 22,
    s390x: 22 + B64,
    riscv64: 243 + B64 + LE,
    loongarch64: 258 + B64 + LE,
    parisc: 15,
    parisc64: 15 + B64,
    m68k: 4,
    sh: 42 + LE,
    sheb: 42,
  };

  test('every architecture has its audit token, and no other one that of x86_64', () => {
    assert.equal(new Set(ARCHES.keys()), new Set(Object.keys(tokens)));
    for (const [name, token] of Object.entries(tokens)) assert.is(arch(name as ArchName).audit, token, name);
    assert.equal(
      archesOfAudit(0xc000003e).map((a) => a.name),
      ['x86_64', 'x32'],
    );
    for (const a of ARCHES.values()) if (a.audit !== 0xc000003e) assert.equal(archesOfAudit(a.audit), [a]);
    assert.equal(archesOfAudit(0), []);
  });

  test('every name of an architecture means it, in any case, and no name means two', () => {
    for (const a of ARCHES.values()) {
      for (const name of [a.name, a.scmp, ...a.goNames]) {
        assert.is(findArch(name), a, name);
        assert.is(findArch(name.toUpperCase()), a);
      }
    }
  });

  const names: readonly (readonly [string, ArchName | undefined])[] = [
    ['amd64', 'x86_64'],
    ['x86-64', 'x86_64'],
    ['x86', 'i386'],
    ['386', 'i386'],
    ['i686', 'i386'],
    ['arm64', 'aarch64'],
    ['armv7l', 'arm'],
    ['ppc64el', 'ppc64le'],
    ['mips64le', 'mipsel64'],
    ['loong64', 'loongarch64'],
    ['hppa', 'parisc'],
    ['', undefined],
    ['vax', undefined],
    ['__proto__', undefined],
    ['constructor', undefined],
  ];
  for (const [name, meant] of names) test(`'${name}' is ${meant}`, () => assert.is(findArch(name)?.name, meant));

  test('byte order, word size and native ABI agree with the audit token', () => {
    for (const a of ARCHES.values()) {
      assert.is(a.endian, (a.audit & LE) !== 0 ? 'little' : 'big', a.name);
      const is64 = (a.audit & B64) !== 0 && (a.audit & N32) === 0 && a.name !== 'x32';
      assert.is(a.wordBits, is64 ? 64 : 32, a.name);
      assert.is(arch(a.native).endian, a.endian);
      assert.is(arch(a.native).native, a.native, 'native twice is native');
    }
  });

  test('an ELF header says which ABI it is', () => {
    for (const a of ARCHES.values()) {
      const flags = a.elf.flags?.value ?? 0;
      assert.is(archOfElf({ ...a.elf, flags }), a);
      // Other bits of e_flags do not matter.
      assert.is(archOfElf({ ...a.elf, flags: flags | 0x70001007 }), a);
    }
    assert.is(archOfElf({ machine: 62, class: 64, endian: 'big', flags: 0 }), undefined);
    assert.is(archOfElf({ machine: 247, class: 64, endian: 'little', flags: 0 }), undefined);
  });

  test("Node's name of this machine", () => {
    assert.is(archOfNode('x64', 'little')?.name, 'x86_64');
    assert.is(archOfNode('ppc64', 'little')?.name, 'ppc64le');
    assert.is(archOfNode('ppc64', 'big')?.name, 'ppc64');
    assert.is(archOfNode('s390x', 'big')?.name, 's390x');
    assert.is(archOfNode('x64', 'big'), undefined);
  });

  test('the halves of an argument in seccomp_data', () => {
    assert.equal([lowWordOffset(0, 'little'), highWordOffset(0, 'little')], [16, 20]);
    assert.equal([lowWordOffset(5, 'big'), highWordOffset(5, 'big')], [60, 56]);
  });
});

suite('arch/syscalls', (test) => {
  // From the kernel's unistd headers.
  const rows: readonly (readonly [ArchName, string, number | undefined])[] = [
    ['x86_64', 'read', 0],
    ['x86_64', 'execve', 59],
    ['x86_64', 'socketcall', undefined],
    ['i386', 'socketcall', 102],
    ['i386', 'ipc', 117],
    ['x32', 'read', 0x40000000],
    ['x32', 'execve', 0x40000000 + 520],
    ['aarch64', 'openat', 56],
    ['aarch64', 'open', undefined],
    ['mips', 'read', 4003],
    ['mips64', 'read', 5000],
    ['mips64n32', 'read', 6000],
    ['arm', 'cacheflush', 0xf0002],
    ['arm', 'set_tls', 0xf0005],
    ['s390x', 'socketcall', 102],
    ['riscv64', 'riscv_flush_icache', 259],
  ];
  for (const [name, call, nr] of rows) test(`${call} on ${name}`, () => assert.is(syscallNumber(arch(name), call), nr));

  test('numbers and names lead to each other', () => {
    for (const a of ARCHES.values()) {
      for (const [name, nr] of syscallsOf(a)) {
        assert.is(syscallNumber(a, name), nr);
        assert.is(syscallNumber(a, syscallName(a, nr) ?? ''), nr, `${name} on ${a.name}`);
        assert.ok(isSyscallName(name));
      }
    }
    for (const name of ['', '__proto__', 'constructor', 'toString', 'READ', ' read'])
      assert.not.ok(isSyscallName(name));
  });

  const widths: readonly (readonly [ArchName, string, number, boolean])[] = [
    ['x86_64', 'socket', 0, true],
    ['x86_64', 'socket', 2, true],
    ['x86_64', 'read', 0, true],
    ['x86_64', 'read', 1, false],
    ['x86_64', 'read', 2, false],
    ['x86_64', 'mmap', 0, false],
    ['x86_64', 'ioctl', 1, true],
    ['x86_64', 'ioctl', 2, false],
    ['x86_64', 'personality', 0, true],
    ['x86_64', 'prctl', 0, true],
    ['x86_64', 'prctl', 1, false],
    ['x86_64', 'no_such_call', 0, false],
    ['i386', 'mmap2', 0, true],
    ['x32', 'mmap', 0, true],
  ];
  for (const [name, call, index, narrow] of widths) {
    test(`${call}'s argument ${index} on ${name} has ${narrow ? 32 : 64} bits`, () => {
      assert.is(isNarrowParameter(arch(name), call, index), narrow);
    });
  }
});

suite('arch/words', (test) => {
  const rows: readonly (readonly [word: number, text: string])[] = [
    [0x7fff0000, 'ALLOW'],
    [0x7fff0001, 'ALLOW'],
    [0x7ffc0000, 'LOG'],
    [0x7ff00005, 'TRACE(5)'],
    [0x7fc00000, 'USER_NOTIF'],
    [0x00050001, 'ERRNO(1 EPERM)'],
    [0x00050000, 'ERRNO(0)'],
    [0x0005ffff, 'ERRNO(4095)'],
    [0x00030007, 'TRAP(7)'],
    [0x00000000, 'KILL_THREAD'],
    [0x80000000, 'KILL_PROCESS'],
    [-0x80000000, 'KILL_PROCESS'],
  ];
  for (const [word, text] of rows) test(text, () => assert.is(describeWord(word), text));

  test('a word that is no action', () => assert.match(describeWord(0x00010000), 'kills the process'));

  test('strictness is the signed action half', () => {
    const order = [0x80000000, 0, 0x00030000, 0x00050000, 0x7fc00000, 0x7ff00000, 0x7ffc0000, 0x7fff0000];
    for (const [i, a] of order.entries()) {
      for (const [j, b] of order.entries()) {
        assert.is(Math.sign(compareStrictness(a, b)), Math.sign(i - j));
        assert.is(Math.sign(compareStrictness(a | 1, b | 0xffff)), Math.sign(i - j), 'data does not count');
      }
    }
  });

  test('errno names: generic, and where machines differ', () => {
    assert.is(errnoNumber('EPERM'), 1);
    assert.is(errnoNumber('ENOSYS', arch('x86_64')), 38);
    assert.is(errnoNumber('ENOSYS', arch('mips')), 89);
    assert.is(errnoNumber('ENOSYS', arch('parisc')), 251);
    assert.is(errnoNumber('EDEADLOCK', arch('ppc64le')), 58);
    assert.is(errnoNumber('constructor'), undefined);
    assert.is(errnoName(38), 'ENOSYS');
    assert.is(errnoName(0), undefined);
    assert.ok(errnoNames().length > 120);
  });
});
