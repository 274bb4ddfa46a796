/** The schema of profiles, judged by a validator and a language service of others, and by our own parser. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'jsonc-parser';
import * as assert from 'uvu/assert';
import * as languages from 'vscode-json-languageservice';
import { ARCHES, arch, syscallNames } from '../../src/arch/index.ts';
import { loadPolicy } from '../../src/build/index.ts';
import { compile, parseProfile, SeccompcError } from '../../src/index.ts';
import { lint } from '../../src/lint/index.ts';
import { meaningOf, profileSchema, STARTER_BASES, starterProfile } from '../../src/schema/index.ts';
import { suite } from '../suite.ts';
import { withoutShared } from '../support/shared.ts';

/** Node sees only some of the names that a CommonJS module exports. */
const { getLanguageService, TextDocument } =
  (languages as unknown as { default?: typeof languages }).default ?? languages;

const schema = profileSchema();
const ajv = new Ajv({ strict: false, allErrors: true });
const validates = ajv.compile(schema);

/** What ajv says against a text (JSON with comments); empty when it is valid. */
function against(text: string): string {
  return validates(parse(text, [], { allowTrailingComma: true })) ? '' : ajv.errorsText(validates.errors);
}

/** Whether the parser has anything to say against it: an error, or a warning about a key or a word. */
function isOdd(text: string): boolean {
  try {
    return parseProfile(text).diagnostics.length > 0;
  } catch (error) {
    if (error instanceof SeccompcError) return true;
    throw error;
  }
}

const SHARED = '../shared/data/profiles';
const noShared = withoutShared();

suite('schema/profiles', (test) => {
  test('every call of any ABI has a meaning of a few words', () => {
    for (const name of syscallNames()) {
      const meaning = meaningOf(name);
      assert.ok(meaning !== undefined && meaning.length >= 6 && meaning.length <= 84, `${name}: ${meaning}`);
      assert.not.match(meaning, /[.:]$/);
    }
    assert.is(meaningOf('opennat'), undefined);
  });

  test('draft 7, by the meta-schema of ajv', () => {
    assert.ok(ajv.validateSchema(schema), ajv.errorsText(ajv.errors));
    assert.equal(JSON.parse(JSON.stringify(schema)), profileSchema(), 'plain data, the same each time');
  });

  for (const name of readdirSync('profiles').filter((n) => /(?<!assert)\.jsonc$/.test(n) && !n.includes('.assert.'))) {
    test(`valid: profiles/${name}`, () => assert.is(against(readFileSync(join('profiles', name), 'utf8')), ''));
  }

  test.needs(noShared, 'valid: every recorded profile that is of this dialect', () => {
    const names = readdirSync(SHARED).filter((name) => name.endsWith('.json') && name !== 'firecracker-x86_64.json');
    assert.ok(names.length >= 7);
    for (const name of names) {
      const text = readFileSync(join(SHARED, name), 'utf8');
      assert.is(against(text), '', name);
    }
    assert.not.equal(against(readFileSync(join(SHARED, 'firecracker-x86_64.json'), 'utf8')), '');
  });

  const rule = (inside: string) => `{ "defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{ ${inside} }] }`;
  const ok = '"names": ["read"], "action": "SCMP_ACT_ALLOW"';
  const bad: readonly (readonly [name: string, text: string])[] = [
    ['no default action', '{ "syscalls": [] }'],
    ['an action that there is not', '{ "defaultAction": "SCMP_ACT_DENY" }'],
    ['NOTIFY as the default', '{ "defaultAction": "SCMP_ACT_NOTIFY" }'],
    ['a key that there is not', '{ "defaultAction": "SCMP_ACT_ALLOW", "sycalls": [] }'],
    ['an architecture that there is not', '{ "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_VAX"] }'],
    ['a flag that there is not', '{ "defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_FAST"] }'],
    ['rules that are no list', '{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": {} }'],
    ['a width that there is not', '{ "defaultAction": "SCMP_ACT_ALLOW", "x-argWidth": "64" }'],
    ['an order that there is not', '{ "defaultAction": "SCMP_ACT_ALLOW", "x-ruleOrder": "last" }'],
    ['a statement that is no text', '{ "defaultAction": "SCMP_ACT_ALLOW", "x-assert": [1] }'],
    ['a misspelt call', rule('"names": ["opennat"], "action": "SCMP_ACT_KILL"')],
    ['a rule without names', rule('"action": "SCMP_ACT_ALLOW"')],
    ['a rule without action', rule('"names": ["read"]')],
    ['an errno by name as a number', rule('"names": ["read"], "action": "SCMP_ACT_ERRNO", "errnoRet": "EPERM"')],
    ['an errno that there is not', rule('"names": ["read"], "action": "SCMP_ACT_ERRNO", "errno": "EPREM"')],
    ['a negative errno', rule('"names": ["read"], "action": "SCMP_ACT_ERRNO", "errnoRet": -1')],
    ['a seventh argument', rule(`${ok}, "args": [{ "index": 6, "value": 0, "op": "SCMP_CMP_EQ" }]`)],
    ['an operator that there is not', rule(`${ok}, "args": [{ "index": 0, "value": 0, "op": "SCMP_CMP_IN" }]`)],
    ['a path as a value', rule(`${ok}, "args": [{ "index": 0, "value": "/etc", "op": "SCMP_CMP_EQ" }]`)],
    ['a negative value', rule(`${ok}, "args": [{ "index": 0, "value": -1, "op": "SCMP_CMP_EQ" }]`)],
    ['a comparison without operator', rule(`${ok}, "args": [{ "index": 0, "value": 1 }]`)],
    ['a path key', rule(`${ok}, "path": "/etc"`)],
    ['a capability that there is not', rule(`${ok}, "includes": { "caps": ["CAP_FLY"] }`)],
    ['a machine that there is not', rule(`${ok}, "includes": { "arches": ["vax"] }`)],
    ['a version that is none', rule(`${ok}, "includes": { "minKernel": "six" }`)],
  ];
  for (const [name, text] of bad) {
    test(`refused, and by the parser too: ${name}`, () => {
      assert.is.not(against(text), '');
      // What a rule names without effect is for resolving to say.
      if (name !== 'a misspelt call') assert.ok(isOdd(text));
    });
  }
});

suite('schema/editor', (test) => {
  /** What editors do: the file that "$schema" names, beside the profile. */
  const asked: string[] = [];
  const service = getLanguageService({
    workspaceContext: { resolveRelativePath: (path, resource) => new URL(path, resource).href },
    schemaRequestService: async (uri) => {
      asked.push(uri);
      return JSON.stringify(schema);
    },
  });
  service.configure({
    schemas: [{ uri: 'schema://profile', fileMatch: ['*'], schema: JSON.parse(JSON.stringify(schema)) }],
  });

  /** The text with one | where the cursor is. */
  function opened(marked: string) {
    const text = marked.replace('|', '');
    const document = TextDocument.create('file:///seccomp.json', 'jsonc', 1, text);
    return {
      document,
      parsed: service.parseJSONDocument(document),
      position: document.positionAt(marked.indexOf('|')),
    };
  }
  async function hover(marked: string): Promise<string> {
    const { document, parsed, position } = opened(marked);
    return JSON.stringify((await service.doHover(document, position, parsed))?.contents ?? '');
  }
  const inRule = (inside: string) => `{ "defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{ ${inside} }] }`;

  const hovers: readonly (readonly [string, RegExp])[] = [
    [inRule('"names": ["op|enat2"], "action": "SCMP_ACT_ALLOW"'), /below an open folder.*Since Linux 5\\*\.6/],
    [inRule('"names": ["uselib", "b|pf"], "action": "SCMP_ACT_ALLOW"'), /Dangerous/],
    [inRule('"names": ["create_m|odule"], "action": "SCMP_ACT_ALLOW"'), /Gone since Linux/],
    [inRule('"name": "re|ad", "action": "SCMP_ACT_ALLOW"'), /reads from a descriptor/],
    [inRule('"names": ["read"], "action": "SCMP_ACT_KI|LL_PROCESS"'), /the process ends by SIGSYS/],
    [inRule('"names": ["read"], "ac|tion": "SCMP_ACT_ALLOW"'), /What happens to these calls/],
    ['{ "defaultAction": "SCMP_ACT_ERRNO", "x-arg|Width": "kernel" }', /how many bits/],
    ['{ "defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X|32"] }', /x32/],
  ];
  for (const [marked, expected] of hovers)
    test(`hover ${marked}`, async () => assert.match(await hover(marked), expected));

  const completions: readonly (readonly [string, string])[] = [
    [inRule('"names": ["|"], "action": "SCMP_ACT_ALLOW"'), 'openat2'],
    [inRule('"names": ["read"], "action": "|"'), 'SCMP_ACT_LOG'],
    [inRule('"names": ["read"], "action": "SCMP_ACT_ERRNO", "errno": "|"'), 'ENOSYS'],
    [inRule('"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": { "caps": ["|"] }'), 'CAP_SYS_ADMIN'],
    [inRule('"names": ["read"], "action": "SCMP_ACT_ALLOW", "|"'), 'comment'],
    ['{ "defaultAction": "SCMP_ACT_ERRNO", "|" }', 'x-unknownArch'],
  ];
  for (const [marked, expected] of completions) {
    test(`completion ${marked}: ${expected}`, async () => {
      const { document, parsed, position } = opened(marked);
      const list = await service.doComplete(document, position, parsed);
      const found = list?.items.find(({ label }) => label.replaceAll('"', '') === expected);
      assert.ok(found, list?.items.map(({ label }) => label).join(' '));
    });
  }

  test('a misspelt call and one that is gone are marked, a good profile is not', async () => {
    const marks = async (text: string) => {
      const { document, parsed } = opened(text);
      return (await service.doValidation(document, parsed, { comments: 'ignore', trailingCommas: 'ignore' })).map(
        ({ message, range }) => `${document.getText(range)} ${message}`,
      );
    };
    const good = starterProfile({ base: 'service', arches: [arch('x86_64')], schema: './seccomp.schema.json' });
    assert.equal(await marks(good), []);
    assert.equal(asked, ['file:///seccomp.schema.json']);
    assert.match(
      (await marks(inRule('"names": ["read", "opennat"], "action": "SCMP_ACT_ALLOW"'))).join(),
      /^"opennat"/,
    );
    assert.match(
      (await marks(inRule('"names": ["read", "uselib", "create_module"], "action": "SCMP_ACT_ALLOW"'))).join(),
      /"create_module" .*no more/,
    );
  });
});

suite('schema/starter', (test) => {
  for (const base of STARTER_BASES) {
    test(`${base}: builds for every ABI, and lint finds nothing above a note`, () => {
      for (const each of ARCHES.values()) {
        const text = starterProfile({ base, arches: [each], schema: './seccomp.schema.json' });
        const found = lint(text, { file: 'starter' }).filter(({ severity }) => severity !== 'note');
        assert.equal(
          found.map(({ code, message }) => `${each.name} ${code} ${message}`),
          [],
        );
        assert.ok(compile(loadPolicy({ name: 'starter', text }, {})).length > 5);
        assert.is(against(text), '', each.name);
      }
    });
  }
  test('machines with several ABIs, and with differing errnos', () => {
    for (const names of [
      ['x86_64', 'i386', 'x32'],
      ['aarch64', 'arm'],
      ['mips64', 'mips'],
      ['x86_64', 'mipsel64'],
    ]) {
      const text = starterProfile({ base: 'service', arches: names.map((name) => arch(name as 'x86_64')) });
      const found = lint(text, { file: 'starter' }).filter(({ severity }) => severity !== 'note');
      assert.equal(
        found.map(({ code, message }) => `${names} ${code} ${message}`),
        [],
      );
      assert.ok(compile(loadPolicy({ name: 'starter', text }, {})).length > 5);
    }
  });
});
