/**
 * Everything that can be wrong with what the command is given: each time a diagnostic, exit status 1 or 2, no stack
 * trace, and nothing written: no file appears, goes or changes.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { unmarked } from '../policy/marked.ts';
import { TEN_CODES, TEN_MISTAKES } from '../policy/ten-mistakes.ts';
import { suite } from '../suite.ts';
import { COMMAND, elf, file, folder, json, PROFILE, refused, seccompc, writingNothing } from './command.ts';

chmodSync(folder, 0o755);
const profile = file('p.jsonc', PROFILE);
const target = elf('target');
const old = file('old.bpf', 'what was there before');
mkdirSync(join(folder, 'dir'));
const raw = (text: string) => new TextEncoder().encode(text);

/** Runs a build that must be refused and may touch neither the file nor the ELF file that it would have written. */
function refusesBuild(args: readonly string[], code: string, status: 1 | 2, input?: string | Uint8Array): void {
  const outputs = args.includes('--into') ? ['-o', old] : ['--into', target];
  const r = writingNothing(() => seccompc(['build', ...args, ...outputs], input === undefined ? {} : { input }));
  refused(r, code, status);
}

suite('cli/refusals: profiles', (test) => {
  // biome-ignore format: a table
  const rows: readonly { name: string; content: string | Uint8Array; code: string; status?: 1 | 2 }[] = [
    { name: 'an empty file', content: '', code: 'JSON_SYNTAX' },
    { name: 'white space', content: ' \n\t\r\n ', code: 'JSON_SYNTAX' },
    { name: 'invalid UTF-8', content: Uint8Array.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), code: 'JSON_ENCODING' },
    { name: 'UTF-8 that ends inside a character', content: Uint8Array.from([0x7b, 0xf0, 0x9f]), code: 'JSON_ENCODING' },
    { name: 'an overlong encoding', content: Uint8Array.from([0x7b, 0xc0, 0xaf, 0x7d]), code: 'JSON_ENCODING' },
    { name: 'UTF-16', content: Uint8Array.from([0xff, 0xfe, ...Buffer.from(PROFILE, 'utf16le')]), code: 'JSON_ENCODING' },
    { name: 'NUL characters', content: '\0\0\0\0', code: 'JSON_SYNTAX' },
    { name: 'a program', content: Uint8Array.from([6, 0, 0, 0, 0, 0, 0xff, 0x7f]), code: 'JSON_ENCODING' },
    { name: 'YAML', content: 'defaultAction: SCMP_ACT_ALLOW\n', code: 'JSON_SYNTAX' },
    { name: 'cut in the middle', content: PROFILE.slice(0, 150), code: 'JSON_SYNTAX' },
    { name: 'deep nesting', content: '['.repeat(100_000), code: 'JSON_DEPTH' },
    { name: 'deep nesting behind an unfinished string', content: `["\r${'['.repeat(100_000)}`, code: 'JSON_DEPTH' },
    { name: '__proto__ and no default action', content: '{ "__proto__": { "defaultAction": "SCMP_ACT_ALLOW" } }', code: 'KEY_MISSING' },
    { name: 'calls named constructor and toString', content: '{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{ "names": ["constructor", "toString"], "action": "SCMP_ACT_KILL" }] }', code: 'SYSCALL_UNKNOWN' },
    { name: 'a call named with ESC and line feed', content: '{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{ "names": ["\\u001b[2J\\n"], "action": "SCMP_ACT_KILL" }] }', code: 'SYSCALL_UNKNOWN' },
    { name: 'a value of 2^64', content: '{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{ "names": ["read"], "action": "SCMP_ACT_KILL", "args": [{ "index": 0, "value": 18446744073709551616, "op": "SCMP_CMP_EQ" }] }] }', code: 'VALUE_RANGE' },
    { name: 'a conflict', content: '{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{ "names": ["mmap"], "action": "SCMP_ACT_KILL", "args": [{ "index": 0, "value": 0, "op": "SCMP_CMP_EQ" }] }, { "names": ["mmap"], "action": "SCMP_ACT_TRAP", "args": [{ "index": 1, "value": 0, "op": "SCMP_CMP_EQ" }] }] }', code: 'RULE_CONFLICT' },
    { name: 'an ELF file', content: readFileSync(target), code: 'USAGE', status: 2 },
    { name: 'more rules than fit a program', content: JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: Array.from({ length: 5000 }, (_, i) => ({ names: ['mmap'], action: 'SCMP_ACT_ERRNO', errnoRet: i % 4096, args: [{ index: 0, value: i * 3, op: 'SCMP_CMP_EQ' }] })) }), code: 'COMPILE_TOO_LONG' },
  ];
  for (const [i, row] of rows.entries()) {
    test(`${row.name}, as a file`, () => {
      refusesBuild([file(`bad${i}.json`, row.content), '--arch', 'x86_64'], row.code, row.status ?? 1);
    });
    test(`${row.name}, on standard input`, () => {
      refusesBuild(['-', '--arch', 'x86_64'], row.code, row.status ?? 1, row.content);
    });
    test(`${row.name}, under --json`, () => {
      const r = writingNothing(() => seccompc(['build', `bad${i}.json`, '--arch', 'x86_64', '-o', old, '--json']));
      assert.is(r.status, row.status ?? 1);
      const data = json(r);
      assert.is(data.ok, false);
      assert.ok(data.diagnostics.some((d) => d.code === row.code));
    });
  }

  test('a hundred megabytes of [: quick, and flat in memory', () => {
    const huge = join(folder, 'huge.json');
    writeFileSync(huge, '['.repeat(100 * 2 ** 20));
    const less = join(folder, 'less.json');
    writeFileSync(less, '['.repeat(30 * 2 ** 20));
    const report = file(
      'report.mjs',
      "process.on('exit', () => { const u = process.resourceUsage(); console.error('maxRSS', u.maxRSS, 'ms', (u.userCPUTime + u.systemCPUTime) / 1000); });",
    );
    for (const [path, input] of [[huge], [less], ['-', readFileSync(huge)]] as const) {
      const r = seccompc(['build', path, '--arch', 'x86_64', '-o', old], {
        ...(input && { input }),
        env: { NODE_OPTIONS: `--import=file://${report}` },
      });
      refused(r, 'INPUT_TOO_LARGE', 2);
      assert.ok(Number(/ ms ([\d.]+)/.exec(r.stderr)?.[1]) < 5000, `slow: ${r.stderr.slice(-60)}`);
      const kilobytes = Number(/maxRSS (\d+)/.exec(r.stderr)?.[1]);
      assert.ok(kilobytes < 300_000, `${kilobytes} kB`);
      assert.ok(r.stderr.length < 2000);
    }
    assert.is(readFileSync(old, 'utf8'), 'what was there before');
    for (const path of [huge, less]) writeFileSync(path, '');
  });

  test('ten mistakes: ten frames with line and column, and the same ten as data', () => {
    const { text, places } = unmarked(TEN_MISTAKES);
    const path = file('ten.jsonc', text);
    const r = writingNothing(() => seccompc(['build', path, '--arch', 'x86_64', '-o', old]));
    assert.is(r.status, 1);
    const heads = [...r.stderr.matchAll(/ten\.jsonc:(\d+):(\d+) error (\w+)/g)].map(([, line, column, code]) => [
      Number(line),
      Number(column),
      code,
    ]);
    const expected = TEN_CODES.map((code, i) => [places[i]?.line, places[i]?.column, code]);
    assert.equal(heads, expected);
    assert.match(r.stderr, '10 errors; nothing was written');
    const data = json(seccompc(['build', path, '--arch', 'x86_64', '--json']));
    assert.equal(
      data.diagnostics.map((d) => [d.line, d.column, d.code]),
      expected,
    );
  });
});

suite('cli/refusals: files', (test) => {
  const rows: readonly { name: string; path: string }[] = [
    { name: 'a file that is not there', path: 'nowhere.json' },
    { name: 'a folder', path: 'dir' },
    { name: 'a file below a file', path: 'p.jsonc/x' },
    { name: 'an empty name', path: '' },
    { name: 'a name that is too long', path: 'x'.repeat(5000) },
    { name: 'a link to itself', path: 'loop' },
  ];
  symlinkSync('loop', join(folder, 'loop'));
  for (const { name, path } of rows) {
    test(`${name}: as a profile`, () => refusesBuild([path, '--arch', 'x86_64'], 'INPUT_UNREADABLE', 2));
    test(`${name}: as an ELF file`, () => {
      refusesBuild([profile, '--into', path], 'INPUT_UNREADABLE', 2);
      refused(
        writingNothing(() => seccompc(['build', profile, '--into', path])),
        'INPUT_UNREADABLE',
        2,
      );
    });
    for (const command of ['check', 'disasm', 'inspect', 'explain']) {
      test(`${name}: ${command}`, () => {
        refused(
          writingNothing(() => seccompc([command, path, ...(command === 'explain' ? ['read'] : [])])),
          'INPUT_UNREADABLE',
          2,
        );
      });
    }
  }

  /** Whom to be, so that permissions count. */
  const nobody = 65534;
  const noNobody = () => {
    if (process.getuid?.() !== 0) return undefined;
    const r = spawnSync(process.execPath, [COMMAND, '--version'], { uid: nobody, gid: nobody, cwd: folder });
    return r.status === 0 ? undefined : 'the command cannot be read by another user here';
  };
  const asNobody = process.getuid?.() === 0 ? { uid: nobody } : {};

  test.needs(noNobody, 'a file that may not be read', () => {
    const path = file('secret.json', PROFILE);
    chmodSync(path, 0);
    refused(
      writingNothing(() => seccompc(['build', path], asNobody)),
      'INPUT_UNREADABLE',
      2,
    );
    refused(
      writingNothing(() => seccompc(['check', path], asNobody)),
      'INPUT_UNREADABLE',
      2,
    );
  });

  test.needs(noNobody, 'a folder that may not be written', () => {
    mkdirSync(join(folder, 'closed'));
    const path = file('closed/a.bpf', 'before');
    chmodSync(path, 0o666);
    chmodSync(join(folder, 'closed'), 0o555);
    refused(
      writingNothing(() => seccompc(['build', profile, '-o', 'closed/b.bpf'], asNobody)),
      'OUTPUT_UNWRITABLE',
      2,
    );
    refused(
      writingNothing(() => seccompc(['build', profile, '-o', 'closed/a.bpf'], asNobody)),
      'OUTPUT_UNWRITABLE',
      2,
    );
    chmodSync(join(folder, 'closed'), 0o755);
  });

  // biome-ignore format: a table
  const outputs: readonly { name: string; path: string }[] = [
    { name: 'a folder that is not there', path: 'nowhere/a.bpf' },
    { name: 'a folder', path: 'dir' },
    { name: 'a name that ends in a slash', path: 'new/' },
    { name: 'below a file', path: 'p.jsonc/a.bpf' },
    { name: 'a link that leads nowhere', path: 'dangling' },
    { name: 'a link to itself', path: 'loop' },
    { name: 'a name that is too long', path: 'x'.repeat(300) },
    { name: 'a full device', path: '/dev/full' },
  ];
  symlinkSync('not-there', join(folder, 'dangling'));
  for (const { name, path } of outputs) {
    test(`output: ${name}`, () => {
      refused(
        writingNothing(() => seccompc(['build', profile, '-o', path])),
        'OUTPUT_UNWRITABLE',
        2,
      );
      refused(
        writingNothing(() => seccompc(['build', profile, '--into', target, '-o', path])),
        'OUTPUT_UNWRITABLE',
        2,
      );
      const data = json(writingNothing(() => seccompc(['build', profile, '-o', path, '--json'])));
      assert.equal(
        data.diagnostics.map((d) => d.code),
        ['OUTPUT_UNWRITABLE'],
      );
    });
  }

  test('output: the profile itself', () => {
    symlinkSync('p.jsonc', join(folder, 'link.jsonc'));
    for (const path of [profile, './p.jsonc', 'link.jsonc']) {
      refused(
        writingNothing(() => seccompc(['build', profile, '-o', path])),
        'USAGE',
        2,
      );
    }
  });
});

suite('cli/refusals: ELF files', (test) => {
  const whole = readFileSync(target);
  // biome-ignore format: a table
  const rows: readonly { name: string; bytes: Uint8Array; code: string }[] = [
    { name: 'an empty file', bytes: new Uint8Array(0), code: 'ELF_SHORT|ELF_MAGIC' },
    { name: 'a script', bytes: raw('#!/bin/sh\nexit 0\n'), code: 'ELF_MAGIC|ELF_SHORT' },
    { name: 'a profile', bytes: raw(PROFILE), code: 'ELF_MAGIC' },
    { name: 'a machine that has no seccomp', bytes: readFileSync(elf('bpf', 247)), code: 'ELF_MACHINE' },
    { name: 'the magic number alone', bytes: whole.subarray(0, 4), code: 'ELF_SHORT' },
    { name: 'a wrong class', bytes: Uint8Array.from(whole, (b, i) => (i === 4 ? 3 : b)), code: 'ELF_CLASS' },
  ];
  for (const [i, row] of rows.entries()) {
    test(row.name, () => {
      const path = file(`bad${i}.elf`, row.bytes);
      refused(
        writingNothing(() => seccompc(['build', profile, '--into', path])),
        `(${row.code})`,
        1,
      );
      refused(
        writingNothing(() => seccompc(['build', profile, '--into', path, '-o', old])),
        `(${row.code})`,
        1,
      );
      refused(
        writingNothing(() => seccompc(['build', profile, '--into', '-', '-o', old], { input: row.bytes })),
        `(${row.code})`,
        1,
      );
    });
  }

  test('cut at every byte of its header', () => {
    const path = join(folder, 'cut.elf');
    for (let length = 0; length < 64; length++) {
      writeFileSync(path, whole.subarray(0, length));
      const r = writingNothing(() => seccompc(['build', profile, '--into', path]));
      refused(r, 'ELF_\\w+', 1);
    }
  });

  test('an architecture that is not the file’s own', () => {
    refusesBuild([profile, '--into', target, '--arch', 'aarch64'], 'ARCH_ELF_MISMATCH', 1);
    refusesBuild([profile, '--into', target, '--arch', 's390x'], 'ARCH_ELF_MISMATCH', 1);
    refusesBuild([profile, '--into', target, '--arch', 'i386,x32'], 'ARCH_ELF_MISMATCH', 1);
  });

  test('a section name that cannot be', () => {
    refusesBuild([profile, '--into', target, '--section', ''], 'ELF_SECTION_NAME', 1);
  });
});
