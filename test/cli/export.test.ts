/** seccompc export: files and streams, what it is made of, and what is refused with nothing written. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { assemble, encodeProgram } from '../../src/bpf/index.ts';
import { FORMATS } from '../../src/formats/index.ts';
import { suite } from '../suite.ts';
import { elf, file, folder, json, PROFILE, refused, seccompc, writingNothing } from './command.ts';

const profile = file('x.jsonc', PROFILE);
const notify = file(
  'notify.json',
  '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mount"],"action":"SCMP_ACT_NOTIFY"}]}',
);
const bare = file('bare.json', '{"defaultAction":"SCMP_ACT_ALLOW"}');
const flagged = file('flagged.json', PROFILE.replace('"syscalls"', '"flags": ["SECCOMP_FILTER_FLAG_LOG"], "syscalls"'));
const bad = file('bad.bpf', encodeProgram(assemble('ld [0]\n ret #0'), 'little').subarray(0, 12));
/** Source, text, and bytes. */
const PIPED: ReadonlySet<string> = new Set(['c-array', 'spo', 'bwrap']);
const read = (name: string) => readFileSync(join(folder, name), 'utf8');

seccompc(['build', profile, '-o', 'x.bpf']);
const program = elf('program');
seccompc(['build', flagged, '--into', program, '--embed-profile']);

suite('cli/export', (test) => {
  test('every format, to a file and to standard output, is the same', () => {
    for (const format of FORMATS.keys()) {
      const r = seccompc(['export', profile, '--format', format, '-o', `out.${format}`]);
      assert.is(r.status, 0, r.stderr);
      assert.match(
        r.stdout,
        `written: out.${format} (${format}, ${statSync(join(folder, `out.${format}`)).size} bytes)`,
      );
      if (!PIPED.has(format)) continue;
      const piped = seccompc(['export', '-', '--format', format, '-o', '-'], { input: PROFILE });
      assert.is(piped.status, 0, piped.stderr);
      // The profile's name apart.
      const named = (text: string) => text.replace(/'[^']*'\.$/m, '').replace(/^ {2}name: .*$/m, '');
      assert.is(named(piped.stdout), named(read(`out.${format}`)), format);
    }
    assert.equal(readFileSync(join(folder, 'out.bwrap')), readFileSync(join(folder, 'x.bpf')));
  });

  test('the list of formats is in the help', () => {
    const { stdout } = seccompc(['export', '--help']);
    for (const [name, { about }] of FORMATS) assert.ok(stdout.includes(`  ${name} `) && stdout.includes(about), name);
  });

  test('a raw program and an ELF file, with what its note says', () => {
    for (const format of ['base64', 'c-section'] as const) {
      for (const source of ['x.bpf', program]) {
        const r = seccompc(['export', source, '--format', format, '-o', 'made']);
        assert.is(r.status, 0, r.stderr);
      }
    }
    assert.match(seccompc(['export', program, '--format', 'c-array']).stdout, /^#define SECCOMPC_FLAGS 0x2$/m);
    assert.match(seccompc(['export', 'x.bpf', '--format', 'c-array']).stdout, /^#define SECCOMPC_FLAGS 0x0$/m);
  });

  test('a note that was written for another filter says nothing, and that is said', () => {
    const other = file('other.elf', readFileSync(program));
    seccompc(['build', bare, '--arch', 'x86_64', '-o', 'bare.bpf']);
    assert.is(seccompc(['elf', 'replace', other, 'bare.bpf']).status, 0);
    const r = seccompc(['export', other, '--format', 'c-array']);
    assert.is(r.status, 0);
    assert.match(r.stderr, /warning INSPECT_DIGEST/);
    assert.match(r.stdout, /^#define SECCOMPC_FLAGS 0x0$/m);
  });

  test('loaders need no profile, no architecture, and take both', () => {
    const alone = seccompc(['export', '--format', 'c-loader']);
    assert.is(alone.status, 0);
    assert.is(seccompc(['export', bare, '--format', 'rust-loader']).status, 0);
    assert.match(seccompc(['export', '--format', 'go-loader', '--section', '.my.rules']).stdout, '.my.rules');
    const pinned = seccompc(['export', profile, '--format', 'c-loader', '--pin']);
    assert.is(pinned.status, 0);
    assert.is.not(pinned.stdout, alone.stdout);
  });

  test('--json', () => {
    const data = json(seccompc(['export', profile, '--format', 'systemd', '-o', 'u.conf', '--json']));
    assert.equal(
      [data.ok, data.format, data.output, data.bytes],
      [true, 'systemd', 'u.conf', statSync(join(folder, 'u.conf')).size],
    );
    assert.equal(
      data.diagnostics.map((d) => [d.code, d.severity]),
      [['EXPORT_STRICTER', 'warning']],
    );
    const failed = seccompc(['export', 'x.bpf', '--format', 'oci', '-o', 'u.json', '--json']);
    assert.is(failed.status, 1);
    assert.equal(JSON.parse(failed.stdout).diagnostics[0].code, 'EXPORT_NEEDS_PROFILE');
  });

  test('warnings go to standard error, the text alone to standard output', () => {
    const r = seccompc(['export', profile, '--format', 'systemd']);
    assert.match(
      r.stderr,
      /warning EXPORT_STRICTER on x86_64: ALLOW for some arguments in the profile, .* here: personality/,
    );
    assert.match(r.stdout, /^# Written by/);
    assert.match(r.stdout, /SystemCallFilter=exit_group read write\n$/);
    const looser = seccompc(['export', profile, '--format', 'systemd', '--lossy', 'looser']);
    assert.match(looser.stderr, /warning EXPORT_LOOSER/);
    assert.match(looser.stdout, /SystemCallFilter=exit_group personality read write\n$/);
  });

  const rows: readonly {
    readonly name: string;
    readonly args: readonly string[];
    readonly code: string;
    readonly status: 1 | 2;
  }[] = [
    { name: 'no format', args: [profile], code: 'USAGE', status: 2 },
    { name: 'a format that nobody has', args: [profile, '--format', 'cobol'], code: 'USAGE', status: 2 },
    { name: 'nothing to export', args: ['--format', 'c-array'], code: 'USAGE', status: 2 },
    { name: 'nothing for a dialect', args: ['--format', 'oci'], code: 'USAGE', status: 2 },
    { name: 'a program as a profile', args: ['x.bpf', '--format', 'oci'], code: 'EXPORT_NEEDS_PROFILE', status: 1 },
    { name: 'an ELF file as a unit', args: [program, '--format', 'systemd'], code: 'EXPORT_NEEDS_PROFILE', status: 1 },
    { name: 'a program that the kernel refuses', args: [bad, '--format', 'base64'], code: 'PROGRAM_BYTES', status: 1 },
    { name: 'no architecture', args: [bare, '--format', 'oci'], code: 'ARCH_MISSING', status: 2 },
    { name: 'a name that is none', args: [profile, '--format', 'go', '--name', 'a-b'], code: 'EXPORT_NAME', status: 1 },
    { name: 'a name for nothing', args: [profile, '--format', 'oci', '--name', 'a'], code: 'USAGE', status: 2 },
    { name: 'a pin for no loader', args: [profile, '--format', 'go', '--pin'], code: 'USAGE', status: 2 },
    { name: 'a pin to nothing', args: ['--format', 'go-loader', '--pin'], code: 'USAGE', status: 2 },
    {
      name: 'a section of nothing',
      args: ['--format', 'go-loader', '--section', 'a b'],
      code: 'EXPORT_NAME',
      status: 1,
    },
    {
      name: 'a listener for c-section',
      args: [notify, '--arch', 'x86_64', '--format', 'c-section'],
      code: 'NOTIFY_UNUSABLE',
      status: 1,
    },
    { name: 'a listener for a loader', args: [notify, '--format', 'c-loader'], code: 'NOTIFY_UNUSABLE', status: 1 },
    { name: 'over the profile', args: [profile, '--format', 'oci', '-o', profile], code: 'USAGE', status: 2 },
    {
      name: 'data and text at once',
      args: [profile, '--format', 'oci', '--json', '-o', '-'],
      code: 'USAGE',
      status: 2,
    },
    { name: 'a direction that is none', args: [profile, '--format', 'oci', '--lossy', 'up'], code: 'USAGE', status: 2 },
    {
      name: 'a file that is not there',
      args: ['nowhere.json', '--format', 'oci'],
      code: 'INPUT_UNREADABLE',
      status: 2,
    },
    {
      name: 'a folder that is not there',
      args: [profile, '--format', 'oci', '-o', 'no/where'],
      code: 'OUTPUT_UNWRITABLE',
      status: 2,
    },
  ];
  for (const { name, args, code, status } of rows) {
    test(`refused: ${name}`, () => {
      const r = writingNothing(() => seccompc(['export', ...args]));
      if (args.includes('--json')) {
        assert.is(r.status, status);
        assert.is(JSON.parse(r.stdout).diagnostics[0].code, code);
      } else refused(r, code, status);
    });
  }

  test('nothing is written when the dialect would say something else', () => {
    const told = file(
      'told.json',
      PROFILE.replace('"SCMP_ACT_ALLOW" }', '"SCMP_ACT_ALLOW", "x-architectures": ["SCMP_ARCH_X86_64"] }'),
    );
    const r = writingNothing(() =>
      seccompc(['export', told, '--arch', 'x86_64,i386', '--format', 'oci', '-o', 'told.out']),
    );
    refused(r, 'EXPORT_INEXPRESSIBLE', 1);
    assert.match(r.stderr, /3 errors; nothing was written/);
    assert.not.ok(existsSync(join(folder, 'told.out')));
  });
});
