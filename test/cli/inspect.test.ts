/**
 * What `inspect` prints for the usual cases, as text and as data (test/golden/cli), and what `explain` makes of a profile
 * that stands beside a filter. Which damage is found is test/build's; here it is words, exit status and hostile text.
 */
import { truncateSync } from 'node:fs';
import * as assert from 'uvu/assert';
import {
  ALLOW,
  edited,
  embedded,
  filterOf,
  inData,
  LITTLE,
  loaded,
  NOTE,
  noted,
  PROFILE,
  placeOf,
  plain,
  policyFor,
  RULES,
  renamed,
  retyped,
  SH,
  twice,
  whole,
  withFilter,
  withProfile,
  withWord,
} from '../build/files.ts';
import { makeElf } from '../elf/image.ts';
import { golden } from '../golden.ts';
import { suite } from '../suite.ts';
import { file, json, seccompc, writingNothing } from './command.ts';

/** ET_DYN without PT_DYNAMIC, and ET_REL. */
const library = makeElf({ ...LITTLE, segments: 2 }).with({ e_type: 3 });
const object = makeElf({ ...LITTLE, segments: 0 }).bytes;
const HOSTILE = '\x1b[2J\u202e.o';

/** PT_INTERP over the text of .comment. */
function withInterpreter(bytes: Uint8Array): Uint8Array {
  const { at, size } = placeOf(bytes, '.comment');
  return edited(bytes, (v) => {
    v.setUint32(64 + 56, 3, true);
    v.setBigUint64(64 + 56 + 8, BigInt(at), true);
    v.setBigUint64(64 + 56 + 32, BigInt(size), true);
  });
}

interface Case {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly args?: readonly string[];
  readonly status: 0 | 1 | 3;
}

const cases: readonly Case[] = [
  { name: 'whole', bytes: whole, status: 0 },
  { name: 'loaded', bytes: loaded, status: 0 },
  {
    name: 'several-architectures',
    bytes: embedded(plain, { policy: policyFor(['x86_64', 'i386', 'x32']) }),
    status: 0,
  },
  { name: 'two-filters', bytes: embedded(whole, { section: '.other', embedProfile: false }), status: 0 },
  { name: 'without-note', bytes: withFilter(filterOf(['x86_64'])), status: 0 },
  { name: 'without-architecture', bytes: withFilter(Uint8Array.from([6, 0, 0, 0, 0, 0, 0xff, 0x7f])), status: 0 },
  { name: 'library', bytes: embedded(library, { embedProfile: false }), status: 0 },
  { name: 'object', bytes: embedded(object, { embedProfile: false }), status: 0 },
  { name: 'interpreter', bytes: withInterpreter(makeElf({ ...LITTLE, segments: 2 }).bytes), status: 1 },
  { name: 'no-filter', bytes: plain, status: 1 },
  { name: 'other-name', bytes: whole, args: ['--section', '.other'], status: 1 },
  { name: 'other-machine', bytes: withFilter(filterOf(['aarch64', 'arm'])), status: 1 },
  { name: 'other-byte-order', bytes: withFilter(filterOf(['s390x'])), status: 1 },
  { name: 'rewritten', bytes: new Uint8Array([...whole, 0]), status: 1 },
  { name: 'overwritten', bytes: inData(whole, RULES, 8, [0xff, 0xff]), status: 1 },
  { name: 'changed', bytes: withWord(whole, ALLOW, 0x7ffc0000), status: 1 },
  { name: 'claims-to-be-loaded', bytes: claiming(whole), status: 1 },
  { name: 'twice', bytes: twice(whole), status: 1 },
  { name: 'taken-out', bytes: renamed(whole, RULES, '.seccomp_gone!'), status: 1 },
  { name: 'profile-differs', bytes: retyped(whole, PROFILE, '77', '78'), status: 1 },
  { name: 'profile-broken', bytes: retyped(whole, PROFILE, '{', '!'), status: 1 },
  { name: 'note-broken', bytes: inData(whole, NOTE, 4, [0xff, 0xff]), status: 1 },
  { name: 'hostile', bytes: noted({ profileName: HOSTILE, toolVersion: HOSTILE }, { section: HOSTILE }), status: 1 },
];

function claiming(bytes: Uint8Array): Uint8Array {
  return edited(bytes, (v) => v.setBigUint64(placeOf(bytes, RULES).header + SH.flags, 2n, true));
}

suite('cli/inspect', (test) => {
  for (const c of cases) file(c.name, c.bytes);
  const inspect = (c: Case, ...args: readonly string[]) =>
    writingNothing(() => seccompc(['inspect', c.name, ...(c.args ?? []), ...args]));

  test('what people read', () => {
    const texts = cases.map((c) => {
      const { stdout, stderr } = inspect(c);
      return `== ${c.name}\n${stdout}${stderr}`;
    });
    golden('cli/inspect.txt', texts.join('\n'));
  });

  test('what programs read', () => {
    const shown = ['whole', 'loaded', 'profile-differs', 'overwritten', 'no-filter'];
    const texts = shown.map((name) => inspect(cases.find((c) => c.name === name)!, '--json').stdout);
    golden('cli/inspect.json', `[${texts.join(',')}]\n`);
  });

  for (const c of cases) {
    test(`${c.name}: exit status ${c.status}, the same problems as text and as data`, () => {
      const r = inspect(c);
      assert.is(r.status, c.status, r.stderr);
      const done = inspect(c, '--json');
      const data = json(done);
      assert.equal([done.status, data.ok], [c.status, c.status === 0]);
      const [firstLine = ''] = r.stdout.split('\n');
      assert.ok(firstLine.startsWith(`${c.name}: `));
      const told = [...r.stderr.matchAll(/ (?:error|warning|note) ([A-Z_]+) /g)].map((m) => m[1]);
      assert.equal(
        told,
        data.diagnostics.map((d) => d.code),
      );
      if (c.status !== 0) assert.ok(told.length > 0, 'a bad end has a reason');
      assert.not.match(r.stdout + r.stderr + done.stdout, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
    });
  }

  test('from standard input, and what is no ELF file', () => {
    assert.is(seccompc(['inspect', '-'], { input: whole }).status, 0);
    assert.match(seccompc(['inspect', '-'], { input: whole }).stdout, '<stdin>: x86_64 program');
    assert.is(seccompc(['inspect', file('text', 'hello')]).status, 1);
    assert.is(seccompc(['inspect', 'gone']).status, 2);
    assert.is(seccompc(['inspect', '.']).status, 2);
  });

  test('a file of 5 GB costs its tables', () => {
    const path = file('large', whole);
    truncateSync(path, 5 * 2 ** 30);
    const r = seccompc(['inspect', path], { timeout: 10_000 });
    assert.equal([r.status, /INSPECT_UNDO_STALE/.test(r.stderr)], [1, true], r.stderr);
    assert.match(r.stdout, '5368709120 bytes');
    for (const command of [['check'], ['disasm'], ['explain', 'read']] as const) {
      const [name, ...rest] = command;
      const done = seccompc([name, path, ...rest], { timeout: 10_000 });
      assert.is(done.status, 0, done.stderr);
    }
    truncateSync(path, 0);
  });
});

suite('cli/explain: an embedded profile', (test) => {
  const explain = (name: string, bytes: Uint8Array, ...args: readonly string[]) => {
    const path = file(name, bytes);
    return {
      text: seccompc(['explain', path.split('/').at(-1)!, ...args]),
      data: json(seccompc(['explain', path, ...args, '--json'])),
    };
  };
  interface Result {
    readonly arch: string;
    readonly reason?: string;
    readonly action: string;
    readonly rule?: { readonly line: number; readonly column: number } | null;
  }
  const results = (data: { readonly [key: string]: unknown }) => data.results as readonly Result[];

  test('the rule that decides, at its place in the embedded text', () => {
    const { text, data } = explain('e-whole', whole, 'personality', '77');
    assert.equal([text.status, text.stderr], [0, '']);
    const [result] = results(data);
    // The place, found in the text itself.
    const { at, size } = placeOf(whole, PROFILE);
    const lines = Buffer.from(whole.subarray(at, at + size))
      .toString()
      .split('\n');
    const line = lines.findIndex((one) => one.includes('personality')) + 1;
    assert.equal([result?.rule?.line, result?.action], [line, 'ALLOW']);
    assert.match(text.stdout, `e-whole:.seccomp_profile:${line}:${result?.rule?.column}\n`);
    assert.match(text.stdout, 'because: arg0');
    assert.match(String(data.profile), /e-whole:\.seccomp_profile$/);
  });

  test('the default action', () => {
    const { text } = explain('e-default', whole, 'personality', '78');
    assert.match(text.stdout, 'ERRNO(1 EPERM)');
    assert.match(text.stdout, 'decided by: the default action');
  });

  test("several architectures, where --arch asks for them; the file's own else", () => {
    const bytes = embedded(plain, { policy: policyFor(['x86_64', 'i386', 'x32']) });
    assert.equal(
      results(explain('e-own', bytes, 'read').data).map((r) => r.arch),
      ['x86_64'],
    );
    const { text, data } = explain('e-several', bytes, 'read', '--arch', 'i386,x32,aarch64');
    assert.equal(
      results(data).map((r) => [r.arch, r.reason, r.action]),
      [
        ['i386', 'rule', 'ALLOW'],
        ['x32', 'rule', 'ALLOW'],
        ['aarch64', 'unknown-arch', 'KILL_PROCESS'],
      ],
    );
    assert.equal(text.stdout.match(/syscalls\[\d+\] at e-several:\.seccomp_profile:\d+:\d+/g)?.length, 2);
  });

  test('a profile that says something else of this call: a warning, and what the filter answers', () => {
    const bytes = retyped(whole, PROFILE, '77', '78');
    for (const [value, action] of [
      ['77', 'ALLOW'],
      ['78', 'ERRNO(1 EPERM)'],
    ] as const) {
      const { text, data } = explain('e-differs', bytes, 'personality', value);
      assert.is(text.status, 0);
      assert.match(text.stderr, 'warning INSPECT_PROFILE_DIFFERS');
      assert.match(text.stdout, `: ${action}\n`);
      assert.not.match(text.stdout, 'syscalls[');
      assert.equal([results(data)[0]?.action, results(data)[0]?.rule], [action, undefined]);
      assert.equal(
        data.diagnostics.map((d) => d.code),
        ['INSPECT_PROFILE_DIFFERS'],
      );
    }
    // Of another call the two say the same.
    const { text } = explain('e-agrees', bytes, 'read');
    assert.equal([text.stderr, /syscalls\[\d+\] at e-agrees/.test(text.stdout)], ['', true]);
  });

  test('a profile that cannot be read: a warning at its place, and the answer', () => {
    const { text, data } = explain('e-broken', retyped(whole, PROFILE, '{', '!'), 'read');
    assert.is(text.status, 0);
    assert.match(text.stderr, /e-broken:\.seccomp_profile:1:1 warning JSON_SYNTAX/);
    assert.match(text.stdout, 'read() on x86_64, number 0: ALLOW');
    assert.is(data.profile, null);
  });

  test('a profile that names no architecture is read for those of the note', () => {
    const silent =
      '{ "defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{ "names": ["read"], "action": "SCMP_ACT_ALLOW" }] }';
    const { text } = explain('e-silent', withProfile(noted({}), silent), 'read');
    assert.match(text.stdout, /syscalls\[0\] at e-silent:\.seccomp_profile:1:/);
  });

  test('no profile: the filter answers alone', () => {
    const { text } = explain('e-none', embedded(plain, { embedProfile: false }), 'read');
    assert.equal([text.status, text.stderr], [0, '']);
    assert.match(text.stdout, 'give the profile to see it');
  });
});
