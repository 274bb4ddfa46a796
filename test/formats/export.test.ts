/** exportFilter: every format as a person has read it, what goes in, and what is refused. */
import { createHash } from 'node:crypto';
import * as assert from 'uvu/assert';
import { assemble } from '../../src/bpf/index.ts';
import { compile, type ExportOptions, type ExportSource, exportFilter } from '../../src/build/index.ts';
import { FORMATS, type FormatName, isLoaderFormat } from '../../src/formats/index.ts';
import { type CheckedProgram, check } from '../../src/kernel/index.ts';
import { parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { golden } from '../golden.ts';
import { suite, throwsCode } from '../suite.ts';

const PROFILE = `{
  "defaultAction": "SCMP_ACT_ERRNO",
  "defaultErrnoRet": 38,
  "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
  "flags": ["SECCOMP_FILTER_FLAG_LOG"],
  "x-argWidth": "kernel",
  "syscalls": [
    { "names": ["read", "write", "exit_group", "execve"], "action": "SCMP_ACT_ALLOW" },
    { "names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [{ "index": 0, "value": 8, "op": "SCMP_CMP_LT" }] },
    { "names": ["unshare"], "action": "SCMP_ACT_KILL_PROCESS" },
    { "names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1 }
  ]
}`;
const policy = resolvePolicy(parseProfile(PROFILE, { file: 'demo.json' }), {});
const program = compile(policy);
const decoder = new TextDecoder();
const text = (format: FormatName, source: ExportSource, options: ExportOptions = {}) =>
  decoder.decode(exportFilter(format, source, options).bytes);
const assembled = (source: string): CheckedProgram => {
  const verdict = check(assemble(source));
  if (!verdict.ok) throw new Error(verdict.message);
  return verdict.program;
};
const with_ = (more: object) => parseProfile(JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', ...more }));
const policyOf = (more: object) => resolvePolicy(with_(more), { arches: ['x86_64'] });
const NOTIFY = { syscalls: [{ names: ['mount'], action: 'SCMP_ACT_NOTIFY' }] };
const LISTENING = { flags: ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'] };

suite('formats/export', (test) => {
  for (const format of FORMATS.keys()) {
    if (format === 'bwrap') continue;
    test(`${format}, as it was read and approved`, () => golden(`formats/${format}.txt`, text(format, { policy })));
  }
  test('loaders that are pinned', () => {
    const digest = createHash('sha256').update(program.bytes).digest('hex');
    for (const format of ['c-loader', 'go-loader', 'rust-loader'] as const) {
      const pinned = text(format, { policy }, { pin: true });
      assert.match(pinned, digest);
      // In C and Rust byte by byte.
      if (format !== 'go-loader') assert.match(pinned.replace(/0x|[^0-9a-f]/g, ''), digest);
    }
  });
  test('bwrap takes the bytes as they are', () => assert.equal(exportFilter('bwrap', { policy }).bytes, program.bytes));

  test('a program alone: the ABIs that it is for are worked out', () => {
    const own = assembled(`ld [4]
 jeq #0xc00000b7, L2, L3
L2: ret #0x7fff0000
L3: ret #0`);
    assert.match(text('go', { program: own }), '//go:build linux && arm64\n');
    assert.match(
      text('c-array', { program: assembled('ret #0x7fff0000') }, { arches: [] }),
      '"this filter is for little-endian machines"',
    );
  });

  for (const format of FORMATS.keys()) {
    test(`${format} takes ${isLoaderFormat(format) ? 'nothing at all' : 'something'}`, () => {
      if (isLoaderFormat(format)) assert.is(exportFilter(format, {}).bytes.length > 1000, true);
      else
        throwsCode(
          () => exportFilter(format, {}),
          ['oci', 'k8s-localhost', 'spo', 'systemd'].includes(format) ? 'EXPORT_NEEDS_PROFILE' : 'USAGE',
        );
    });
  }

  const warned: readonly (readonly [FormatName, readonly string[]])[] = [
    ['base64', ['EXPORT_FLAGS']],
    ['bwrap', ['EXPORT_FLAGS']],
    ['oci-annotation', ['EXPORT_FLAGS']],
    ['oci-annotation-flag', ['EXPORT_FLAGS']],
    ['c-array', []],
    ['go', []],
    ['rust', []],
    ['c-section', []],
    ['oci', []],
    ['spo', ['EXPORT_DIFFERENT', 'EXPORT_DIFFERENT']],
    ['systemd', ['EXPORT_STRICTER', 'EXPORT_FLAGS']],
  ];
  for (const [format, codes] of warned) {
    test(`${format} says what does not come across`, () => {
      const { diagnostics } = exportFilter(format, { policy });
      assert.equal(
        diagnostics.map((d) => d.code),
        codes,
        diagnostics.map((d) => d.message).join('\n'),
      );
      assert.ok(diagnostics.every((d) => d.severity === 'warning'));
    });
  }

  const refused: readonly {
    readonly name: string;
    readonly format: FormatName;
    readonly source: ExportSource;
    readonly options?: ExportOptions;
    readonly code: string;
  }[] = [
    { name: 'a program as a profile', format: 'oci', source: { program }, code: 'EXPORT_NEEDS_PROFILE' },
    { name: 'a program as a unit', format: 'systemd', source: { program }, code: 'EXPORT_NEEDS_PROFILE' },
    {
      name: 'a filter that asks a listener, by itself',
      format: 'c-section',
      source: { policy: policyOf(NOTIFY) },
      code: 'NOTIFY_UNUSABLE',
    },
    {
      name: 'a loader for such a profile',
      format: 'go-loader',
      source: { profile: with_(NOTIFY) },
      code: 'NOTIFY_UNUSABLE',
    },
    {
      name: 'a loader for such a program',
      format: 'rust-loader',
      source: { program: assembled('ret #0x7fc00000') },
      code: 'NOTIFY_UNUSABLE',
    },
    {
      name: 'a flag for a listener',
      format: 'c-section',
      source: { policy: policyOf(LISTENING) },
      code: 'EXPORT_FLAGS',
    },
    {
      name: 'such a flag for a loader',
      format: 'c-loader',
      source: { profile: with_(LISTENING) },
      code: 'EXPORT_FLAGS',
    },
    { name: 'a pin without a filter', format: 'c-loader', source: {}, options: { pin: true }, code: 'USAGE' },
    {
      name: 'Go for a machine that it does not know',
      format: 'go',
      source: { policy: resolvePolicy(with_({}), { arches: ['x32'] }) },
      code: 'EXPORT_MACHINE',
    },
    { name: 'a format that nobody has', format: 'cobol' as FormatName, source: { policy }, code: 'USAGE' },
  ];
  for (const { name, format, source, options = {}, code } of refused) {
    test(`refused: ${name}`, () => throwsCode(() => exportFilter(format, source, options), code));
  }

  test('a unit, looser where that is asked for', () => {
    const { bytes, diagnostics } = exportFilter('systemd', { policy }, { lossy: 'looser' });
    assert.equal(
      diagnostics.map((d) => d.code),
      ['EXPORT_LOOSER', 'EXPORT_FLAGS'],
    );
    assert.match(decoder.decode(bytes), /^# looser, on .*: personality$/m);
    assert.match(decoder.decode(bytes), /^SystemCallFilter=.*\bpersonality\b/m);
  });
});
