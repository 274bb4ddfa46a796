/** Every command where all is well: what it prints, what it writes, how it ends. */
import { chmodSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { assemble, decodeProgram, disassemble } from '../../src/bpf/index.ts';
import { compile, loadPolicy } from '../../src/build/index.ts';
import { DOCKER_CAPABILITIES } from '../../src/policy/vocabulary.ts';
import { differences, sameBytes } from '../elf/image.ts';
import { suite } from '../suite.ts';
import { elf, file, folder, json, PROFILE, seccompc } from './command.ts';

/** What the library makes of the same profile. */
const program = compile(loadPolicy({ name: 'p', text: PROFILE }, {}));
const profile = file('p.jsonc', PROFILE);
const inFolder = (name: string) => join(folder, name);
const ok = (r: { status: number | null; stderr: string }) => assert.equal([r.status, r.stderr], [0, '']);

suite('cli/build', (test) => {
  test('without an output: a summary only', () => {
    const r = seccompc(['build', profile]);
    ok(r);
    assert.match(r.stdout, `${program.length} instructions`);
    assert.match(r.stdout, 'x86_64');
    assert.match(r.stdout, /kernel/);
  });

  test('-o: the program, exactly', () => {
    const r = seccompc(['build', profile, '-o', 'a.bpf']);
    ok(r);
    assert.match(r.stdout, 'a.bpf');
    sameBytes(readFileSync(inFolder('a.bpf')), program.bytes);
    assert.is(statSync(inFolder('a.bpf')).mode & 0o111, 0, 'a program is not executable');
  });

  test('-o - : the program on standard output, the summary beside it', () => {
    const r = seccompc(['build', profile, '-o', '-']);
    assert.is(r.status, 0);
    sameBytes(r.bytes, program.bytes);
    assert.match(r.stderr, 'instructions');
  });

  test('--format alone writes to standard output', () => {
    sameBytes(seccompc(['build', profile, '--format', 'raw']).bytes, program.bytes);
  });

  test('--format asm: text that the assembler takes back', () => {
    const r = seccompc(['build', profile, '--format', 'asm']);
    assert.is(r.stdout, disassemble(program));
    assert.equal(assemble(r.stdout), program.insns);
  });

  test('--format json', () => {
    const data = JSON.parse(seccompc(['build', profile, '--format', 'json']).stdout);
    assert.equal(data.architectures, ['SCMP_ARCH_X86_64']);
    assert.is(data.endian, 'little');
    assert.equal(data.instructions, program.insns);
  });

  test('the profile from standard input', () => {
    sameBytes(seccompc(['build', '-', '-o', '-'], { input: PROFILE }).bytes, program.bytes);
    sameBytes(
      seccompc(['build', '-', '-o', '-'], { input: `\ufeff${PROFILE}` }).bytes,
      program.bytes,
      'with a byte order mark',
    );
  });

  test('--json: the summary and the warnings as data', () => {
    const data = json(seccompc(['build', profile, '--json', '-o', 'b.bpf']));
    assert.is(data.ok, true);
    assert.is(data.instructions, program.length);
    assert.equal(data.architectures, ['x86_64']);
    assert.is(data.output, 'b.bpf');
    assert.equal(data.diagnostics, []);
    sameBytes(readFileSync(inFolder('b.bpf')), program.bytes);
  });

  test('warnings do not change the exit status, and are the same with and without --json', () => {
    const path = file(
      'w.json',
      '{ "defaultAction": "SCMP_ACT_ERRNO",\n "bogus": 1,\n "syscalls": [{ "names": ["opennat"], "action": "SCMP_ACT_ALLOW" }] }',
    );
    const text = seccompc(['build', path, '--arch', 'x86_64']);
    assert.is(text.status, 0);
    const data = json(seccompc(['build', path, '--arch', 'x86_64', '--json']));
    assert.equal(
      data.diagnostics.map((d) => [d.code, d.severity, d.line, d.column]),
      [
        ['KEY_UNKNOWN', 'warning', 2, 2],
        ['SYSCALL_UNKNOWN', 'warning', 3, 27],
      ],
    );
    for (const d of data.diagnostics) assert.match(text.stderr, `w.json:${d.line}:${d.column} warning ${d.code}`);
    assert.is(seccompc(['build', path, '--arch', 'x86_64', '--strict']).status, 1);
  });

  test('several architectures, as a list and repeated', () => {
    const a = seccompc(['build', profile, '--arch', 'x86_64,i386', '--arch', 'x32', '-o', '-']).bytes;
    const b = compile(loadPolicy({ name: 'p', text: PROFILE }, { arches: ['x86_64', 'i386', 'x32'] })).bytes;
    sameBytes(a, b);
  });

  test('a big-endian program', () => {
    const { bytes } = seccompc(['build', profile, '--arch', 's390x', '-o', '-']);
    sameBytes(bytes, compile(loadPolicy({ name: 'p', text: PROFILE }, { arches: ['s390x'] })).bytes);
    assert.is(bytes[0], 0, 'the high byte of the first opcode');
  });

  test('every option that changes meaning reaches the policy', () => {
    const text = JSON.stringify({
      defaultAction: 'SCMP_ACT_ERRNO',
      syscalls: [
        { names: ['socket'], action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value: 38, op: 'SCMP_CMP_NE' }] },
        { names: ['mount'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_ADMIN'] } },
        { names: ['chown'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_CHOWN'] } },
        { names: ['ptrace'], action: 'SCMP_ACT_ALLOW', includes: { minKernel: '4.8' } },
        { names: ['mmap'], action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value: 0, op: 'SCMP_CMP_EQ' }] },
        { names: ['mmap'], action: 'SCMP_ACT_LOG', args: [{ index: 1, value: 0, op: 'SCMP_CMP_EQ' }] },
      ],
    });
    const path = file('options.json', text);
    const base = { arches: ['x86_64', 'i386'], onConflict: 'first' } as const;
    const rows = [
      { flags: [], options: {} },
      { flags: ['--caps', 'all'], options: { caps: 'all' } },
      { flags: ['--caps', 'none'], options: { caps: 'none' } },
      { flags: ['--caps', 'none', '--cap', 'SYS_ADMIN,CAP_CHOWN'], options: { caps: ['SYS_ADMIN', 'CHOWN'] } },
      { flags: ['--cap', 'SYS_ADMIN'], options: { caps: [...DOCKER_CAPABILITIES, 'SYS_ADMIN'] } },
      { flags: ['--kernel', '4.4'], options: { kernel: '4.4' } },
      { flags: ['--unknown-arch', 'errno'], options: { unknownArch: 'errno' } },
      { flags: ['--unknown-arch', 'kill'], options: { unknownArch: 'kill' } },
      { flags: ['--multiplexed', 'deny'], options: { multiplexed: 'deny' } },
      { flags: ['--arg-width', 'kernel'], options: { argWidth: 'kernel' } },
      { flags: ['--on-conflict', 'strictest'], options: { onConflict: 'strictest' } },
    ] as const;
    const seen = new Set<string>();
    for (const { flags, options } of rows) {
      const r = seccompc(['build', path, '--arch', 'x86_64,i386', '--on-conflict', 'first', ...flags, '-o', '-']);
      sameBytes(r.bytes, compile(loadPolicy({ name: 'p', text }, { ...base, ...options })).bytes, flags.join(' '));
      seen.add(Buffer.from(r.bytes).toString('hex'));
    }
    assert.ok(seen.size >= 8, 'the options make a difference');
  });

  test('--into: in place, mode kept, no byte moved', () => {
    const path = elf('in-place');
    chmodSync(path, 0o751);
    const before = readFileSync(path);
    const r = seccompc(['build', profile, '--into', path]);
    ok(r);
    const after = readFileSync(path);
    assert.equal(differences(before, after, { cls: 64, endian: 'little' }), []);
    assert.ok(after.length > before.length);
    assert.is(statSync(path).mode & 0o7777, 0o751);
    ok(seccompc(['check', path]));
  });

  test('--into with -o: the input stays as it is, the output is executable as it is', () => {
    const path = elf('original');
    chmodSync(path, 0o755);
    const before = readFileSync(path);
    const time = statSync(path, { bigint: true }).mtimeNs;
    ok(seccompc(['build', profile, '--into', path, '-o', 'copy']));
    sameBytes(readFileSync(path), before);
    assert.is(statSync(path, { bigint: true }).mtimeNs, time);
    assert.is(statSync(inFolder('copy')).mode & 0o111, 0o111);
    ok(seccompc(['inspect', 'copy']));
  });

  test('--into twice replaces the section; the file does not carry two', () => {
    const path = elf('twice');
    ok(seccompc(['build', profile, '--into', path]));
    ok(seccompc(['build', '-', '--into', path], { input: '{ "defaultAction": "SCMP_ACT_ALLOW" }' }));
    const data = json(seccompc(['inspect', path, '--json']));
    assert.is(data.ok, true);
    assert.ok((data.instructions as number) < program.length);
  });

  test('--into from and to the standard streams', () => {
    const path = elf('streams');
    const r = seccompc(['build', profile, '--into', '-', '-o', '-'], { input: readFileSync(path) });
    assert.is(r.status, 0);
    ok(seccompc(['build', profile, '--into', path]));
    sameBytes(r.bytes, readFileSync(path));
  });

  test('--section: another name', () => {
    const path = elf('named');
    ok(seccompc(['build', profile, '--into', path, '--section', '.filter']));
    assert.is(seccompc(['check', path]).status, 1);
    ok(seccompc(['check', path, '--section', '.filter']));
  });

  test("without --arch the file's own ABI counts, not the profile's", () => {
    const path = elf('aarch64', 183);
    const data = json(seccompc(['build', profile, '--into', path, '--json']));
    assert.equal(data.architectures, ['aarch64']);
  });
});

suite('cli/check, disasm, inspect', (test) => {
  const good = file('good.bpf', program.bytes);
  const bad = file('bad.bpf', Uint8Array.from([0x64, 0, 0, 0, 32, 0, 0, 0, ...program.bytes]));

  test('check: accepted', () => {
    const r = seccompc(['check', good]);
    ok(r);
    assert.match(r.stdout, `${program.length} instructions`);
    const data = json(seccompc(['check', good, '--json']));
    assert.equal([data.ok, data.instructions, data.endian], [true, program.length, 'little']);
  });

  test('check: refused, with the rule and its place', () => {
    const r = seccompc(['check', bad]);
    assert.is(r.status, 1);
    assert.match(r.stderr, /instruction 0 error INSN_SHIFT/);
    assert.match(r.stderr, 'EINVAL');
    const done = seccompc(['check', bad, '--json']);
    assert.is(done.status, 1);
    const data = json(done);
    assert.equal([data.ok, data.pc, data.code, data.errno], [false, 0, 'INSN_SHIFT', 'EINVAL']);
  });

  test('check: from standard input, and the other byte order', () => {
    ok(seccompc(['check', '-'], { input: program.bytes }));
    assert.is(seccompc(['check', good, '--arch', 's390x']).status, 1);
    assert.match(seccompc(['check', good, '--arch', 's390x']).stderr, 'PROGRAM_SWAPPED');
    const big = seccompc(['build', profile, '--arch', 's390x', '-o', '-']).bytes;
    ok(seccompc(['check', '-', '--arch', 's390x,s390'], { input: big }));
  });

  test('check: an empty program', () => {
    const r = seccompc(['check', '-']);
    assert.is(r.status, 1);
    assert.match(r.stderr, 'PROGRAM_EMPTY');
  });

  test('check: a longest program, and one instruction more', () => {
    const rets = (n: number) => Uint8Array.from({ length: n * 8 }, (_, i) => (i % 8 === 0 ? 6 : 0));
    ok(seccompc(['check', '-'], { input: rets(4096) }));
    const r = seccompc(['check', '-'], { input: rets(4097) });
    assert.equal([r.status, /PROGRAM_LONG/.test(r.stderr)], [1, true]);
  });

  test('disasm: what build prints as asm', () => {
    const r = seccompc(['disasm', good]);
    ok(r);
    assert.is(r.stdout, disassemble(program));
    assert.equal(json(seccompc(['disasm', good, '--json'])).instructions, program.insns);
  });

  test('disasm: a refused program is shown as it is, and refused', () => {
    const r = seccompc(['disasm', bad]);
    assert.is(r.status, 1);
    assert.equal(assemble(r.stdout), decodeProgram(readFileSync(bad), 'little'));
    assert.match(r.stderr, 'INSN_SHIFT');
  });

  test('inspect, disasm and check read the section of an ELF file', () => {
    const path = elf('carrier');
    ok(seccompc(['build', profile, '--into', path]));
    assert.is(seccompc(['disasm', path]).stdout, disassemble(program));
    const r = seccompc(['inspect', path]);
    ok(r);
    assert.match(r.stdout, 'x86_64');
    const data = json(seccompc(['inspect', path, '--json']));
    assert.equal([data.arch, data.instructions, data.class, data.endian], ['x86_64', program.length, 64, 'little']);
    ok(seccompc(['inspect', '-'], { input: readFileSync(path) }));
  });

  test('inspect: an ELF file without a filter', () => {
    const r = seccompc(['inspect', elf('plain')]);
    assert.is(r.status, 1);
    assert.match(r.stderr, 'ELF_SECTION_MISSING');
  });
});

suite('cli/explain', (test) => {
  const explain = (...args: string[]) => seccompc(['explain', profile, ...args]);

  interface Result {
    readonly arch: string;
    readonly nr: number;
    readonly word: number;
    readonly reason: string;
    readonly rule: { readonly ruleIndex: number } | null;
    readonly pcs: readonly number[];
  }
  const results = (...args: string[]) => json(explain(...args, '--json')).results as readonly Result[];
  const ALLOW = 0x7fff0000;
  const EPERM = 0x00050001;

  // biome-ignore format: a table
  const rows: readonly { args: readonly string[]; nr: number; word: number; reason: string; rule?: number }[] = [
    { args: ['read'], nr: 0, word: ALLOW, reason: 'rule', rule: 0 },
    { args: ['0'], nr: 0, word: ALLOW, reason: 'rule', rule: 0 },
    { args: ['0x1'], nr: 1, word: ALLOW, reason: 'rule', rule: 0 },
    { args: ['personality', '0'], nr: 135, word: ALLOW, reason: 'rule', rule: 1 },
    { args: ['personality'], nr: 135, word: ALLOW, reason: 'rule', rule: 1 },
    { args: ['personality', '8'], nr: 135, word: EPERM, reason: 'default' },
    { args: ['personality', 'PER_LINUX'], nr: 135, word: ALLOW, reason: 'rule', rule: 1 },
    { args: ['135', 'PER_LINUX|PER_LINUX32'], nr: 135, word: EPERM, reason: 'default' },
    { args: ['personality', '4294967296'], nr: 135, word: EPERM, reason: 'default' },
    { args: ['personality', '-1'], nr: 135, word: EPERM, reason: 'default' },
    { args: ['personality', '0', '1', '2', '3', '4', '0xffffffffffffffff'], nr: 135, word: ALLOW, reason: 'rule', rule: 1 },
    { args: ['reboot'], nr: 169, word: EPERM, reason: 'default' },
    { args: ['999'], nr: 999, word: EPERM, reason: 'default' },
    { args: ['-1'], nr: 0xffffffff, word: EPERM, reason: 'default' },
    { args: ['4294967295'], nr: 0xffffffff, word: EPERM, reason: 'default' },
    { args: ['0x40000000'], nr: 0x40000000, word: 0x80000000, reason: 'unknown-arch' },
  ];
  for (const row of rows) {
    test(row.args.join(' '), () => {
      ok(explain(...row.args));
      const [r, ...more] = results(...row.args);
      assert.equal([r?.nr, r?.word, r?.reason, r?.rule?.ruleIndex], [row.nr, row.word, row.reason, row.rule]);
      assert.is(r?.arch, 'x86_64');
      assert.is(more.length, 0);
      // The instructions that ran begin at the first and end at a return.
      assert.is(r?.pcs[0], 0);
      assert.is(program.insns[r?.pcs.at(-1) ?? 0]?.code, 6);
    });
  }

  test('arguments: negative and hexadecimal numbers are the 64 bits that they stand for', () => {
    const argsOf = (text: string) => (json(explain('personality', text, '--json')).args as string[])[0];
    assert.is(argsOf('-1'), '18446744073709551615');
    assert.is(argsOf('-0x2'), '18446744073709551614');
    assert.is(argsOf('0x26'), '38');
    assert.is(argsOf('18446744073709551615'), '18446744073709551615');
    assert.is(argsOf('-9223372036854775808'), '9223372036854775808');
  });

  test('a call that the architecture lacks: no answer, which is a finding', () => {
    assert.is(explain('socketcall').status, 1);
    assert.equal(results('socketcall'), []);
    assert.is(explain('socketcall', '--arch', 'x86_64,i386').status, 0);
  });

  test('a raw program and an ELF file', () => {
    assert.match(seccompc(['explain', file('e.bpf', program.bytes), 'read', '--arch', 'x86_64']).stdout, 'ALLOW');
    const path = elf('explained');
    ok(seccompc(['build', profile, '--into', path]));
    assert.match(seccompc(['explain', path, 'reboot']).stdout, 'ERRNO(1 EPERM)');
  });

  test('the profile from standard input', () => {
    assert.match(seccompc(['explain', '-', 'read'], { input: PROFILE }).stdout, 'ALLOW');
  });

  test('several architectures', () => {
    const found = results('read', '--arch', 'x86_64,i386,x32').map((r) => [r.arch, r.nr]);
    assert.equal(found, [
      ['x86_64', 0],
      ['i386', 3],
      ['x32', 0x40000000],
    ]);
  });
});

suite('cli/help', (test) => {
  test('--help, --version, help of every command', () => {
    for (const args of [
      ['--help'],
      ['help'],
      ...['build', 'check', 'disasm', 'inspect', 'explain'].map((c) => [c, '--help']),
    ]) {
      const r = seccompc(args);
      ok(r);
      assert.match(r.stdout, 'Usage: seccompc');
    }
    assert.is(seccompc(['--version']).stdout, `${JSON.parse(readFileSync('package.json', 'utf8')).version}\n`);
  });

  test('no command: the help, and a usage error', () => {
    const r = seccompc([]);
    assert.is(r.status, 2);
    assert.match(r.stderr, 'Usage: seccompc');
  });
});
