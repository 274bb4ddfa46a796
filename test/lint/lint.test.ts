/** Bad profiles, each with exactly the findings that its last lines expect; real ones; fixes; comments that ignore. */
import { readdirSync, readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { positionAt } from '../../src/diag/index.ts';
import { parseProfile, resolvePolicy } from '../../src/index.ts';
import { type Finding, fixProfile, LINTS, lint, lintPage, lintSarif } from '../../src/lint/index.ts';
import { prove } from '../../src/prove/index.ts';
import { sarifFaults } from '../report/sarif-rules.ts';
import { suite } from '../suite.ts';
import { sharedText, withoutShared } from '../support/shared.ts';

const BAD = 'test/lint/bad';

function place({ code, severity, source, span }: Finding): string {
  const { line, column } = positionAt(source?.text ?? '', span?.start ?? 0);
  return `${code} ${severity} ${line}:${column}`;
}

const rank = (text: string): string => {
  const [code = '', , at = ''] = text.split(' ');
  const [line = '', column = ''] = at.split(':');
  return `${line.padStart(6)} ${column.padStart(6)} ${code}`;
};
const sorted = (list: readonly string[]): readonly string[] => [...list].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));

/** 'kernel-5.4' is judged for that kernel. */
const kernelOf = (name: string): string | undefined => /^kernel-([\d.]+)\.jsonc$/.exec(name)?.[1];

const SMALL = `{
  // what all do
  "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
  "architectures": ["SCMP_ARCH_X86_64"],
  "syscalls": [
    { "names": ["read", "read", "exit_group", "execve", "rt_sigreturn"], "action": "SCMP_ACT_ALLOW" }, // first
    // why this one is here
    { "names": ["read"], "action": "SCMP_ACT_ALLOW", "errnoRet": 3 }
  ]
}
`;

suite('lint', (test) => {
  const files = readdirSync(BAD);
  assert.ok(files.length >= 20);
  for (const name of files) {
    test(`${name}: the findings that it expects, and no others`, () => {
      const text = readFileSync(`${BAD}/${name}`, 'utf8');
      const expected = [...text.matchAll(/^\/\/ expects (.*)$/gm)].map((m) => m[1] as string);
      const found = lint(text, { file: name, kernel: kernelOf(name) });
      assert.equal(sorted(found.map(place)), sorted(expected));
      for (const { code } of found) assert.ok(LINTS[code], `${code} is not in the table`);
    });
    test(`${name}: fixed, it has fewer findings, no new ones, and means the same where fixes say so`, () => {
      const text = readFileSync(`${BAD}/${name}`, 'utf8');
      const options = { file: name, kernel: kernelOf(name) };
      const before = lint(text, options);
      const { text: after, made, left } = fixProfile(text, options);
      const codes = new Set(before.map((f) => f.code));
      for (const { code } of left) assert.ok(codes.has(code), `${code} is new:\n${after}`);
      assert.is(left.filter((f) => f.fix !== undefined).length, 0, after);
      if (before.some((f) => f.severity === 'error') || made.some((f) => f.fix?.sameMeaning === false)) return;
      const policies = [text, after].map((t) => resolvePolicy(parseProfile(t)));
      assert.ok(prove(policies[0]!, policies[1]!).proved, after);
      for (const [comment] of text.matchAll(/\/\/.*/g)) assert.ok(after.includes(comment), `lost: ${comment}`);
    });
  }

  test('a rule that decides nothing stays where runc takes the beginning of its ENOSYS from it', () => {
    const rules = (more: string) => `{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64"],"syscalls":[
      {"names":["read","exit_group","execve","rt_sigreturn"],"action":"SCMP_ACT_ALLOW"}${more}]}`;
    const denied = (name: string) => `,{"names":["${name}"],"action":"SCMP_ACT_ERRNO"}`;
    for (const [text, isMended] of [
      [rules(denied('openat2')), false],
      [rules(denied('write')), true],
    ] as const) {
      const { text: after, made } = fixProfile(text);
      assert.is(
        made.some((f) => f.code === 'RULE_DEFAULT'),
        isMended,
      );
      const policies = [text, after].map((t) => resolvePolicy(parseProfile(t), { runtime: 'runc' }));
      assert.ok(prove(policies[0]!, policies[1]!).proved, after);
    }
  });

  test('a fix keeps comments, and strict JSON strict', () => {
    const { text, made, left } = fixProfile(SMALL);
    assert.equal(made.map((f) => f.code).sort(), ['NAME_REPEATED', 'RULE_SUBSUMED']);
    assert.equal(left, []);
    for (const comment of ['// what all do', '// first', '// why this one is here']) assert.ok(text.includes(comment));
    JSON.parse(text.replace(/\/\/.*/g, ''));
  });

  test('a rule that other architectures or capabilities need is not taken out', () => {
    const text = SMALL.replace('"errnoRet": 3', '"includes": { "caps": ["SYS_ADMIN"] }').replace(
      '"read", "read", ',
      '',
    );
    assert.equal(fixProfile(text).text, text);
    const caps = fixProfile(text, { caps: 'all' }).text;
    assert.equal(caps, text);
  });

  test('RULE_SUBSUMED is exact: alone, neither half of a range makes the other superfluous', () => {
    const text = readFileSync(`${BAD}/subsumed.jsonc`, 'utf8').replace(/,\n.*"value": 1, .*\n/, '\n');
    assert.equal(lint(text), []);
  });

  for (const name of ['docker-default.json', 'podman-containers-common.json']) {
    test.needs(withoutShared(), `${name} has no finding of severity error`, () => {
      const errors = lint(sharedText(`profiles/${name}`), { level: 'error' });
      assert.equal(errors.map(place), []);
    });
  }
  for (const name of readdirSync('profiles').filter((n) => /(?<!assert)\.jsonc$/.test(n))) {
    test(`profiles/${name} has no finding of severity error`, () => {
      assert.equal(lint(readFileSync(`profiles/${name}`, 'utf8'), { level: 'error' }).map(place), []);
    });
  }
  test.needs(withoutShared(), 'a filter that a program installs itself (Firecracker) may lack execve: a note', () => {
    const found = lint(sharedText('profiles/firecracker-vmm.oci.json'));
    assert.equal(
      sorted(found.map(place)),
      sorted([
        'CALL_DANGEROUS warning 23:5',
        'FALLBACK_ERRNO warning 2:19',
        'IO_URING_BYPASS warning 371:5',
        'IO_URING_BYPASS warning 51:5',
        'IO_URING_BYPASS warning 85:5',
        'PROFILE_OLD note 2:19',
        'PROGRAM_CANNOT_START note 2:19',
      ]),
    );
  });

  test('docs/lint.md is current: npm run gen:lint writes it', () => {
    assert.is(readFileSync('docs/lint.md', 'utf8'), lintPage());
  });

  test('SARIF: what code scanning asks for', () => {
    const text = readFileSync(`${BAD}/repeated.jsonc`, 'utf8');
    const sarif = lintSarif(lint(text), 'a b/[x](y).json', '1.0');
    assert.equal(sarifFaults(JSON.parse(sarif)), []);
    const { results } = JSON.parse(sarif).runs[0];
    assert.is(results.length, 3);
    assert.is(results[0].locations[0].physicalLocation.artifactLocation.uri, 'a%20b/%5Bx%5D(y).json');
    assert.is(results[0].fixes[0].artifactChanges[0].replacements[0].deletedRegion.startLine, 6);
  });
});
