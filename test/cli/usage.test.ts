/** Command lines that cannot be understood or cannot be done: a diagnostic, mostly exit status 2, and nothing written. */
import * as assert from 'uvu/assert';
import { suite } from '../suite.ts';
import { elf, file, json, PROFILE, refused, seccompc, shell, writingNothing } from './command.ts';

suite('cli/usage', (test) => {
  // biome-ignore format: a table
  const rows: readonly { args: readonly string[]; code?: string; status?: 1 | 2; input?: string }[] = [
    { args: ['frobnicate'] },
    { args: ['biuld', 'p.jsonc'] },
    { args: ['build'] },
    { args: ['build', 'p.jsonc', 'q.jsonc'] },
    { args: ['build', 'p.jsonc', '--frobnicate'] },
    { args: ['build', 'p.jsonc', '-o'] },
    { args: ['build', 'p.jsonc', '--format', 'elf'] },
    { args: ['build', 'p.jsonc', '--caps', 'some'] },
    { args: ['build', 'p.jsonc', '--on-conflict', 'last'] },
    { args: ['build', 'p.jsonc', '--unknown-arch', 'allow'] },
    { args: ['build', 'p.jsonc', '--arg-width', '64'] },
    { args: ['build', 'p.jsonc', '--runtime', 'crun'] },
    { args: ['build', 'p.jsonc', '--arch', 'vax'], code: 'ARCH_UNKNOWN' },
    { args: ['build', 'p.jsonc', '--arch', 'x86_64,vax'], code: 'ARCH_UNKNOWN' },
    { args: ['build', 'p.jsonc', '--arch', ','], code: 'ARCH_MISSING' },
    { args: ['build', 'p.jsonc', '--arch', 'x86_64,s390x'], code: 'ARCH_BYTE_ORDER' },
    { args: ['build', 'p.jsonc', '--kernel', 'six'], code: 'KERNEL_VERSION' },
    { args: ['build', 'p.jsonc', '--kernel', ''], code: 'KERNEL_VERSION' },
    { args: ['build', 'p.jsonc', '--cap', 'FLY'], code: 'CAP_UNKNOWN' },
    { args: ['build', 'p.jsonc', '--into', 'target', '--format', 'raw'] },
    { args: ['build', 'p.jsonc', '--into', '-'] },
    { args: ['build', '-', '--into', '-', '-o', 'new'] },
    { args: ['build', '-'], input: '{ "defaultAction": "SCMP_ACT_ALLOW" }', code: 'ARCH_MISSING' },
    { args: ['check'] },
    { args: ['check', 'p.jsonc'] },
    { args: ['disasm', 'p.jsonc'] },
    { args: ['inspect', 'p.jsonc'], code: 'ELF_MAGIC', status: 1 },
    { args: ['check', 'old.bpf', '--arch', 'vax'], code: 'ARCH_UNKNOWN' },
    { args: ['check', 'old.bpf', '--arch', 'x86_64,vax'], code: 'ARCH_UNKNOWN' },
    { args: ['check', 'old.bpf', '--arch', 'x86_64,s390x'] },
    { args: ['disasm', 'old.bpf'] },
    { args: ['lint'] },
    { args: ['lint', '--explain', 'FALLBACK_ERNO'] },
    { args: ['lint', 'p.jsonc', '--explain', 'FALLBACK_ERRNO'] },
    { args: ['check', 'hello.c'] },
    { args: ['explain', 'hello.c', 'read', '--arch', 'x86_64'] },
    { args: ['disasm', 'odd.bpf'], code: 'PROGRAM_BYTES', status: 1 },
    { args: ['prove', 'p.jsonc', '--assert', 'nowhere'], code: 'INPUT_UNREADABLE' },
    { args: ['prove', 'p.jsonc', '--assert', 'read is fine'], code: 'ASSERT_SYNTAX', status: 1 },
    { args: ['explain', 'p.jsonc'] },
    { args: ['explain', 'p.jsonc', 'opennat'], code: 'SYSCALL_UNKNOWN' },
    { args: ['explain', 'p.jsonc', 'bad1'], code: 'SYSCALL_UNKNOWN' },
    { args: ['explain', 'p.jsonc', 'constructor'], code: 'SYSCALL_UNKNOWN' },
    { args: ['explain', 'p.jsonc', ''], code: 'SYSCALL_UNKNOWN' },
    { args: ['explain', 'p.jsonc', '4294967296'] },
    { args: ['explain', 'p.jsonc', '0x100000000'] },
    { args: ['explain', 'p.jsonc', '-2147483649'] },
    { args: ['explain', 'p.jsonc', 'read', 'x'] },
    { args: ['explain', 'p.jsonc', 'read', '18446744073709551616'] },
    { args: ['explain', 'p.jsonc', 'read', '1.5'] },
    { args: ['explain', 'p.jsonc', 'socket', 'AF_ALGG'] },
    { args: ['explain', 'p.jsonc', 'socket', 'AF_ALG|'] },
    { args: ['explain', 'p.jsonc', 'personality', 'AF_ALG'] },
    { args: ['explain', 'p.jsonc', 'socket', 'AF_INET', 'SOCK_DGRAM', '--arch', 'mips'] },
    { args: ['prove', 'p.jsonc', 'p.jsonc'] },
    { args: ['explain', 'p.jsonc', 'read', '0x'] },
    { args: ['explain', 'p.jsonc', 'read', '0x10000000000000000'] },
    { args: ['explain', 'p.jsonc', 'read', '1', '2', '3', '4', '5', '6', '7'] },
    { args: ['explain', 'ret.bpf', 'read'], code: 'ARCH_MISSING' },
    { args: ['explain', 'ret.bpf', 'read', '--arch', 'x86_64,i386'] },
    { args: ['explain', 'bad.bpf', 'read', '--arch', 'x86_64'], code: 'INSN_OPCODE', status: 1 },
  ];
  file('p.jsonc', PROFILE);
  file('old.bpf', 'what was there before');
  elf('target');
  file('hello.c', '#include <stdio.h>\nint main(void) { return puts("hello"); }\n');
  file('odd.bpf', Uint8Array.from([6, 0, 0, 0, 0, 0, 0xff]));
  file('ret.bpf', Uint8Array.from([6, 0, 0, 0, 0, 0, 0xff, 0x7f]));
  file('bad.bpf', Uint8Array.from([0x94, 0, 0, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0xff, 0x7f]));
  for (const { args, code = 'USAGE', status = 2, input = '' } of rows) {
    test(`seccompc ${args.join(' ')}`, () => {
      const r = writingNothing(() => seccompc(args, { input }));
      refused(r, code, status);
      const done = writingNothing(() => seccompc([args[0] ?? '', '--json', ...args.slice(1)], { input }));
      assert.is(done.status, status);
      assert.ok(
        json(done).diagnostics.some((d) => d.code === code),
        done.stdout,
      );
      assert.is(json(done).ok, false);
    });
  }

  test('a mistyped command or option is followed by what was meant', () => {
    assert.match(seccompc(['biuld', 'x']).stderr, 'build');
    assert.match(seccompc(['build', 'x', '--ouptut', 'y']).stderr, '--output');
  });

  test('a file that is no program, however large', () => {
    const path = file('film', new Uint8Array(3 * 2 ** 20).fill(1));
    for (const args of [
      ['check', path],
      ['disasm', path],
      ['explain', path, 'read', '--arch', 'x86_64'],
    ]) {
      refused(
        writingNothing(() => seccompc(args)),
        'INPUT_TOO_LARGE',
        2,
      );
    }
  });

  test('what has no end is not read to its end', () => {
    for (const args of [
      ['build', '/dev/zero'],
      ['check', '/dev/zero'],
      ['build', 'p.jsonc', '--into', '/dev/zero'],
    ]) {
      refused(
        writingNothing(() => seccompc(args)),
        'INPUT_TOO_LARGE',
        2,
      );
    }
  });

  test('a folder as standard input', () => {
    refused(shell('$SECCOMPC build - --arch x86_64 < .'), 'INPUT_UNREADABLE', 2);
  });

  test('a closed standard input is an empty one', () => {
    const r = shell('$SECCOMPC build - --arch x86_64 <&-');
    refused(r, 'JSON_SYNTAX', 1);
  });
});
