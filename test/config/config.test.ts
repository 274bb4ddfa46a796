/** seccompc.config.jsonc: every mistake at its place and in one run; the schema and the reader hold each other. */
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { parse } from 'jsonc-parser';
import * as assert from 'uvu/assert';
import { type Config, configSchema, configTable, readConfig, starterConfig } from '../../src/config/index.ts';
import { type Diagnostic, Diagnostics, positionAt } from '../../src/diag/index.ts';
import { suite } from '../suite.ts';

function read(text: string): { readonly config: Config | undefined; readonly found: readonly Diagnostic[] } {
  const diagnostics = new Diagnostics();
  const config = readConfig({ name: 'seccompc.config.jsonc', text }, diagnostics);
  return { config, found: diagnostics.sorted };
}

const profile = (more: string) => `{ "profiles": [{ "profile": "p.json"${more === '' ? '' : `, ${more}`} }] }`;
const targets = '"targets": [{ "name": "a", "arches": ["x86_64"] }, { "name": "b", "arches": ["s390x"] }]';

/** `at`: the text that the finding stands at. `schema`: an editor sees it, too. */
const mistakes: readonly { name: string; text: string; code: string; at?: string; help?: RegExp; schema?: false }[] = [
  { name: 'no JSON', text: '{ "profiles": ', code: 'JSON_SYNTAX', schema: false },
  { name: 'a list', text: '[]', code: 'TYPE_WRONG', at: '[]' },
  { name: 'no profiles', text: '{}', code: 'KEY_MISSING' },
  { name: 'none of them', text: '{ "profiles": [] }', code: 'KEY_MISSING', at: '[]' },
  { name: 'null', text: '{ "profiles": null }', code: 'TYPE_WRONG', at: 'null' },
  { name: 'a profile without its path', text: '{ "profiles": [{}] }', code: 'KEY_MISSING' },
  { name: 'a misspelt key', text: profile('"asert": []'), code: 'KEY_UNKNOWN', at: '"asert"', help: /'assert'/ },
  {
    name: 'a key in another case',
    text: profile('"Assert": []'),
    code: 'KEY_UNKNOWN',
    at: '"Assert"',
    help: /'assert'/,
  },
  { name: 'a key that nothing is like', text: profile('"zzzz": 1'), code: 'KEY_UNKNOWN', at: '"zzzz"', help: /it has/ },
  { name: 'a key of its prototype', text: profile('"__proto__": {}'), code: 'KEY_UNKNOWN', schema: false },
  { name: 'a key twice', text: profile('"assert": [], "assert": []'), code: 'KEY_DUPLICATE', schema: false },
  { name: 'a wrong choice', text: profile('"optimize": "sped"'), code: 'VALUE_RANGE', at: '"sped"', help: /'speed'/ },
  {
    name: 'an unknown ABI',
    text: profile('"targets": [{ "arches": ["x86_65"] }]'),
    code: 'ARCH_UNKNOWN',
    at: '"x86_65"',
    help: /x86_64/,
    schema: false,
  },
  {
    name: 'two byte orders',
    text: profile('"targets": [{ "arches": ["x86_64", "s390x"] }]'),
    code: 'ARCH_BYTE_ORDER',
    at: '"s390x"',
    schema: false,
  },
  {
    name: 'no capability',
    text: profile('"targets": [{ "caps": ["NET_ADMIM"] }]'),
    code: 'CAP_UNKNOWN',
    at: '"NET_ADMIM"',
    help: /NET_ADMIN/,
    schema: false,
  },
  { name: 'no kernel', text: profile('"targets": [{ "kernel": "six" }]'), code: 'KERNEL_VERSION', at: '"six"' },
  { name: 'a kernel as a number', text: profile('"targets": [{ "kernel": 6.1 }]'), code: 'TYPE_WRONG', at: '6.1' },
  {
    name: 'targets of one name',
    text: profile('"targets": [{ "name": "a" }, { "name": "a" }]'),
    code: 'KEY_CONFLICT',
    schema: false,
  },
  {
    name: 'a statement that is none',
    text: profile('"assert": ["execve is forbidden"]'),
    code: 'ASSERT_SYNTAX',
    schema: false,
  },
  {
    name: 'a call that is none',
    text: profile('"traces": [{ "file": "a", "denied": ["opennat"] }]'),
    code: 'SYSCALL_UNKNOWN',
    at: '"opennat"',
    help: /openat/,
    schema: false,
  },
  { name: 'a trace without file', text: profile('"traces": [{}]'), code: 'KEY_CONFLICT', schema: false },
  {
    name: 'a trace with both',
    text: profile('"traces": [{ "file": "a", "files": ["b"] }]'),
    code: 'KEY_CONFLICT',
    schema: false,
  },
  {
    name: 'a negative number',
    text: profile('"traces": [{ "file": "a", "maxDenials": -1 }]'),
    code: 'VALUE_RANGE',
    at: '-1',
  },
  {
    name: 'a fraction',
    text: profile('"traces": [{ "file": "a", "maxDenials": 1.5 }]'),
    code: 'VALUE_RANGE',
    at: '1.5',
  },
  { name: 'standard input', text: profile('"weights": ["-"]'), code: 'CONFIG_PATH', at: '"-"' },
  { name: 'an empty path', text: profile('"weights": [""]'), code: 'CONFIG_PATH', at: '""' },
  {
    name: 'an output of none of several targets',
    text: profile(`${targets}, "outputs": [{ "file": "f" }]`),
    code: 'KEY_MISSING',
    at: '"f"',
    help: /'a', 'b'/,
    schema: false,
  },
  {
    name: 'a target that is not there',
    text: profile(`${targets}, "programs": [{ "file": "f", "target": "c" }]`),
    code: 'VALUE_RANGE',
    at: '"c"',
    schema: false,
  },
  {
    name: 'a section without an ELF file',
    text: profile('"outputs": [{ "file": "f", "load": true }]'),
    code: 'KEY_CONFLICT',
    schema: false,
  },
  {
    name: 'a format with an ELF file',
    text: profile('"outputs": [{ "file": "f", "into": "e", "format": "asm" }]'),
    code: 'KEY_CONFLICT',
    schema: false,
  },
  {
    name: 'an ignore without reason',
    text: profile('"lint": { "ignore": [{ "code": "CALL_DANGEROUS" }] }'),
    code: 'KEY_MISSING',
  },
  {
    name: 'an ignore with a blank reason',
    text: profile('"lint": { "ignore": [{ "code": "CALL_DANGEROUS", "reason": " " }] }'),
    code: 'VALUE_RANGE',
    at: '" "',
  },
  {
    name: 'an ignore of no code',
    text: profile('"lint": { "ignore": [{ "code": "CALL_DANGEROS", "reason": "x" }] }'),
    code: 'VALUE_RANGE',
    at: '"CALL_DANGEROS"',
    help: /CALL_DANGEROUS/,
  },
  {
    name: 'none beside others',
    text: '{ "profiles": [{ "profile": "p" }], "fail": { "diff": ["none", "loosened"] } }',
    code: 'VALUE_RANGE',
    schema: false,
  },
  {
    name: 'no class',
    text: '{ "profiles": [{ "profile": "p" }], "fail": { "diff": [] } }',
    code: 'VALUE_RANGE',
    schema: false,
  },
  {
    name: 'profiles of one name',
    text: '{ "profiles": [{ "profile": "p" }, { "profile": "p" }] }',
    code: 'KEY_CONFLICT',
    schema: false,
  },
];

const ajv = new Ajv({ strict: false });
const fits = ajv.compile(configSchema());

suite('config', (test) => {
  for (const { name, text, code, at, help, schema } of mistakes)
    test(`refused: ${name}`, () => {
      const { config, found } = read(text);
      assert.is(config, undefined);
      const hit = found.find((d) => d.code === code);
      assert.ok(hit, `${code}, not ${found.map((d) => d.code).join(', ')}`);
      assert.is(hit.severity, 'error');
      assert.ok(hit.span && hit.span.end <= text.length);
      if (at !== undefined) assert.is(text.slice(hit.span.start, hit.span.end), at);
      if (help !== undefined) assert.match(hit.help ?? '', help);
      if (schema !== false) assert.is(fits(parse(text, [], { allowTrailingComma: true })), false, 'an editor takes it');
    });

  test('every mistake of a text in one run, in its order', () => {
    const text =
      '{\n "bse": "x",\n "profiles": [\n  { "profile": 1 },\n  { "profile": "p", "optimize": "fast", "fail": { "lint": "bad" } }\n ]\n}';
    const { found } = read(text);
    const lines = found.map((d) => `${positionAt(text, d.span?.start ?? 0).line} ${d.code}`);
    assert.equal(lines, ['2 KEY_UNKNOWN', '4 TYPE_WRONG', '5 VALUE_RANGE', '5 VALUE_RANGE']);
  });

  test('what is written is what is read; defaults are those of the table', () => {
    const { config } = read(`{
      // a comment
      "base": "origin/main", "fail": { "diff": ["loosened", "changed"] },
      "profiles": [{
        "profile": "a/p.json", "was": "p.json", ${targets}, "weights": ["w"],
        "assert": ["execve is denied", { "file": "s.jsonc" }],
        "traces": ["t", { "files": ["u.1", "u.2"], "denied": ["mount"], "target": "a" }],
        "programs": ["f.bpf"], "outputs": [{ "file": "o", "into": "e", "enforce": true, "target": "a" }],
        "lint": { "ignore": [{ "code": "CALL_DANGEROUS", "reason": "why" }] }, "diff": { "ignore": ["k"] },
        "fail": { "lint": "error", "traces": "open" },
      }],
    }`);
    const [p] = config?.profiles ?? [];
    assert.is(config?.base?.value, 'origin/main');
    assert.equal(p?.fail, { lint: 'error', diff: ['loosened', 'changed'], traces: 'open' });
    assert.equal(
      p?.targets.map(({ name }) => name),
      ['a', 'b'],
    );
    assert.equal(
      p?.statements.map(({ value }) => value),
      ['execve is denied'],
    );
    assert.equal(
      p?.assertFiles.map(({ value }) => value),
      ['s.jsonc'],
    );
    assert.equal(
      p?.traces.map(({ files }) => files.map(({ value }) => value)),
      [['t'], ['u.1', 'u.2']],
    );
    assert.equal(
      [p?.was?.value, p?.programs[0]?.file.value, p?.outputs[0]?.enforce, p?.outputs[0]?.load],
      ['p.json', 'f.bpf', true, false],
    );
    assert.equal(read(profile('')).config?.profiles[0]?.fail, {
      lint: 'warning',
      diff: ['loosened'],
      traces: 'denied',
    });
    assert.is(read(profile('')).config?.profiles[0]?.name, 'p.json');
  });

  test('capabilities: a set, or a list in which docker stands for its set', () => {
    const caps = (text: string) =>
      read(profile(`"targets": [{ "caps": ${text} }]`)).config?.profiles[0]?.targets[0]?.options.caps;
    assert.is(caps('"all"'), 'all');
    assert.equal(caps('["CAP_NET_ADMIN", "sys_time"]'), ['NET_ADMIN', 'SYS_TIME']);
    assert.is(caps('["docker", "NET_ADMIN"]')?.length, 15);
    assert.equal(caps('[]'), []);
  });

  test('the starter is read, by us and by the schema, and so is every example of a configuration', () => {
    const texts = [starterConfig('seccomp.json', './s.json'), starterConfig('a"b\n.json', undefined)];
    for (const text of texts) {
      const { config, found } = read(text);
      assert.ok(config, found.map((d) => d.message).join('\n'));
      assert.ok(fits(parse(text, [], { allowTrailingComma: true })), JSON.stringify(fits.errors));
    }
    assert.is(read(texts[1] as string).config?.profiles[0]?.profile.value, 'a"b\n.json');
  });

  test('every key of the schema is explained', () => {
    const missing: string[] = [];
    const walk = (schema: Record<string, unknown>, path: string): void => {
      for (const [key, value] of Object.entries((schema.properties ?? {}) as Record<string, Record<string, unknown>>)) {
        if (typeof value.description !== 'string' || value.description.length < 8) missing.push(`${path}.${key}`);
        walk(value, `${path}.${key}`);
      }
      for (const inner of [schema.items, ...((schema.anyOf as unknown[]) ?? [])])
        if (typeof inner === 'object' && inner !== null) walk(inner as Record<string, unknown>, path);
    };
    walk(configSchema() as Record<string, unknown>, '');
    assert.equal(missing, []);
  });

  test('docs/ci.md has the table of keys as it is', () => {
    assert.ok(readFileSync('docs/ci.md', 'utf8').includes(configTable()), `write into docs/ci.md:\n${configTable()}`);
  });
});
