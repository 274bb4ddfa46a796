/**
 * Names from outside in every format: a hostile profile's name changes one line of the result, a comment, and nothing of it
 * gets out of there. native-tests/formats compiles such sources.
 */
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { exportFilter } from '../../src/build/index.ts';
import { FORMATS, type FormatName, resourceName, resourceNameOf, shellWord } from '../../src/formats/index.ts';
import { yamlText } from '../../src/formats/yaml.ts';
import { parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { suite, throwsCode } from '../suite.ts';
import { HOSTILE, OBEYED } from '../support/hostile.ts';

const hostile: readonly string[] = [...HOSTILE, 'p??/', 'p\\', 'p\r\n#error', '+build ignore', '-->', ''];
const TEXTS: readonly FormatName[] = [...FORMATS.keys()].filter((f) => f !== 'bwrap');

const decoder = new TextDecoder('utf-8', { fatal: true });
const PROFILE = JSON.stringify({
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: ['sync'], action: 'SCMP_ACT_ERRNO' }],
});
const policy = resolvePolicy(parseProfile(PROFILE), { arches: ['x86_64'] });
const linesOf = (format: FormatName, title: string) =>
  decoder
    .decode(exportFilter(format, { policy: { ...policy, source: { name: title, text: PROFILE } } }).bytes)
    .split('\n');

/** Nothing that ends a comment or a line, turns text around, or hides it. */
const UNSAFE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff]|\?\?|\\$|\*\/|\/\*/;

suite('formats/text', (test) => {
  for (const format of TEXTS) {
    test(`${format}: a hostile name stays in its comment`, () => {
      const plain = linesOf(format, 'p');
      for (const title of hostile) {
        const lines = linesOf(format, title);
        const differing = lines.flatMap((line, i) => (line === plain[i] ? [] : [i]));
        assert.is(lines.length, plain.length, JSON.stringify(title));
        if (format === 'spo') {
          assert.is(parse(lines.join('\n')).metadata.name, resourceNameOf(title));
          assert.ok(differing.every((i) => /^ {2}name: ("?)[a-z0-9.-]+\1$/.test(lines[i] as string)));
          continue;
        }
        assert.ok(differing.length <= 1, JSON.stringify(title));
        for (const i of differing) {
          const line = lines[i] as string;
          assert.match(line, /^( \*|\/\/|#) Written by seccompc export --format [a-z0-9-]+ from '.*'\.$/u);
          assert.not.match(line.slice(3), UNSAFE, JSON.stringify(title));
          assert.not.match(line, OBEYED);
          assert.ok(line.length < 1000);
        }
      }
    });
  }

  test('a listener stays in its string, in JSON and in YAML', () => {
    for (const path of hostile.filter((text) => !/[\ud800-\udfff]/.test(text))) {
      const text = JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', listenerPath: path, listenerMetadata: path });
      const own = resolvePolicy(parseProfile(text), { arches: ['x86_64'] });
      for (const format of ['oci', 'k8s-localhost', 'spo'] as const) {
        const written = decoder.decode(
          exportFilter(format, { policy: own }, format === 'spo' ? { name: 'p' } : {}).bytes,
        );
        assert.not.match(
          written.replace(/\n/g, ''),
          /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/,
        );
        const root = parse(written);
        const { listenerPath, listenerMetadata } = format === 'spo' ? root.spec : root;
        assert.equal([listenerPath, listenerMetadata], [path, path]);
      }
    }
  });

  test('YAML takes every text for a text', () => {
    const texts = [
      ...hostile,
      'yes',
      'No',
      'null',
      '~',
      '0x10',
      '0o7',
      '1e3',
      '12:30',
      '- a',
      'a: b',
      '#',
      ' x',
      'x ',
      '*a',
      '&a',
      '!t',
      '%d',
      '@x',
      '2001-01-01',
      '.inf',
      '=',
      '<<',
    ];
    for (const text of texts.filter((t) => !/[\ud800-\udfff]/.test(t))) {
      for (const version of ['1.1', '1.2'] as const) assert.is(parse(yamlText(text), { version }), text);
    }
  });

  test('a name for Kubernetes from any name', () => {
    for (const title of [
      ...hostile,
      'My Profile.json',
      '/a/b/seccomp.jsonc',
      '...',
      '-.-',
      'a..b',
      'Ünïcode',
      `${'a.'.repeat(200)}b`,
    ]) {
      assert.is(resourceName(resourceNameOf(title)), resourceNameOf(title));
    }
    assert.is(resourceNameOf('/etc/My Profile v1.2.json'), 'my-profile-v1.2');
  });

  const bad: readonly (readonly [FormatName, readonly string[]])[] = [
    ['c-array', ['', '1a', 'a-b', 'a b', '_a', 'a__b', 'int', 'class', 'x;y', 'a\n', 'é', 'a'.repeat(64)]],
    ['c-section', ['*/', 'main', 'operator']],
    ['go', ['', 'func', 'a.b', '_', '1']],
    ['go-loader', ['a b', 'package']],
    ['rust', ['fn', 'self', 'a-b', 'x: u8', 'gen']],
    ['c-loader', ['a"b']],
    ['spo', ['A', 'a_b', '-a', 'a-', 'a..b', '', 'a'.repeat(254), 'a\nb: c']],
  ];
  for (const [format, names] of bad) {
    for (const name of names) {
      test(`${format}: ${JSON.stringify(name)} is no name`, () =>
        throwsCode(() => exportFilter(format, { policy }, { name }), 'EXPORT_NAME'));
    }
  }
  for (const section of ['.seccomp"rules', 'a\\', 'a b', '', 'x'.repeat(101), '.r\n', '.é']) {
    test(`${JSON.stringify(section)} is no section for source code`, () =>
      throwsCode(() => exportFilter('c-loader', {}, { section }), 'EXPORT_NAME'));
  }
  for (const format of ['oci', 'base64', 'bwrap', 'systemd', 'rust-loader'] as const) {
    test(`${format} has no name to give`, () =>
      throwsCode(() => exportFilter(format, { policy }, { name: 'x' }), 'USAGE'));
  }
  test('words for a shell', () => {
    assert.equal(['/a/b-c.json', "it's", '$x', '', 'a\nb'].map(shellWord), [
      '/a/b-c.json',
      "'it'\\''s'",
      "'$x'",
      "''",
      "'a\nb'",
    ]);
  });
});
