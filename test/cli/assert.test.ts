/** seccompc prove --assert, x-assert, and how a call that disproves something is shown. */

import { resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { assemble, encodeProgram } from '../../src/bpf/index.ts';
import { suite } from '../suite.ts';
import { withoutShared } from '../support/shared.ts';
import { file, json, PROFILE, refused, seccompc, writingNothing } from './command.ts';

const profile = file('p.jsonc', PROFILE);
const bytes = (text: string) => encodeProgram(assemble(text), 'little');
const statements = (name: string, ...list: readonly string[]) => file(name, JSON.stringify({ assert: list }));
const good = statements(
  'good.jsonc',
  'execve is denied',
  'read is allowed with any arguments',
  'personality(other than 0) is denied on i386',
);
const bad = statements(
  'bad.jsonc',
  'execve is denied',
  'personality(other than PER_LINUX) is denied',
  'write is denied',
);
const multiply = file('multiply.bpf', bytes('ld [24]\n tax\n ld [16]\n mul x\n ret a'));

seccompc(['build', profile, '-o', 'p.bpf']);

interface Row {
  readonly name: string;
  readonly args: readonly string[];
  readonly status: number;
  readonly says?: readonly RegExp[];
}
const rows: readonly Row[] = [
  { name: 'all hold', args: [profile, '--assert', good], status: 0, says: [/all 3 hold/] },
  {
    name: 'some fail, with the call and the rule that decides',
    args: [profile, '--assert', bad],
    status: 1,
    says: [
      /^holds: execve is denied$/m,
      /^FAILS: write is denied {2}\[.*bad\.jsonc:1:/m,
      /write\(\) on x86_64 gets ALLOW/,
      /decided by: syscalls\[0\] at .*p\.jsonc:5:5/,
    ],
  },
  { name: 'of a program', args: ['p.bpf', '--assert', good], status: 0 },
  {
    name: 'of a program that fails, without a rule',
    args: ['p.bpf', '--assert', bad],
    status: 1,
    says: [/write\(\) on x86_64 gets ALLOW/],
  },
  {
    name: 'equality and assertions together',
    args: [profile, 'p.bpf', '--assert', good],
    status: 0,
    says: [/^proved:/m, /all 3 hold/],
  },
  {
    name: 'several files',
    args: [profile, '--assert', good, '--assert', bad],
    status: 1,
    says: [/^assertions: 1 of 6 do not hold$/m],
  },
  { name: 'undecided is no proof', args: [multiply, '--assert', good], status: 3, says: [/^undecided: /m] },
  {
    name: 'nothing in the file',
    args: [profile, '--assert', statements('none.jsonc')],
    status: 3,
    says: [/no statement/],
  },
];

const refusals = [
  { name: 'nothing to prove', args: [profile], code: 'USAGE', status: 2 },
  { name: 'a program and nothing else', args: ['p.bpf'], code: 'USAGE', status: 2 },
  {
    name: 'a file that is not there',
    args: [profile, '--assert', 'nowhere.jsonc'],
    code: 'INPUT_UNREADABLE',
    status: 2,
  },
  {
    name: 'a typo in a statement',
    args: [profile, '--assert', statements('typo.jsonc', 'execve is denyed')],
    code: 'ASSERT_SYNTAX',
    status: 1,
  },
  {
    name: 'a name that is no call',
    args: [profile, '--assert', statements('name.jsonc', 'exexve is denied')],
    code: 'SYSCALL_UNKNOWN',
    status: 1,
  },
  {
    name: 'a constant that is none',
    args: [profile, '--assert', statements('const.jsonc', 'socket(AF_AGL) is denied')],
    code: 'ASSERT_CONSTANT',
    status: 1,
  },
  { name: 'a raw program as assertions', args: [profile, '--assert', multiply], code: 'JSON_SYNTAX', status: 1 },
] as const;

suite('cli/assert', (test) => {
  for (const { name, args, status, says } of rows) {
    test(name, () => {
      const r = writingNothing(() => seccompc(['prove', ...args]));
      assert.is(r.status, status, r.stdout + r.stderr);
      for (const pattern of says ?? []) assert.match(r.stdout, pattern);
    });
  }
  for (const { name, args, code, status } of refusals) {
    test(`refused: ${name}`, () =>
      refused(
        writingNothing(() => seccompc(['prove', ...args])),
        code,
        status,
      ));
  }

  test('x-assert beside the profile is proved without being asked for, and does not change the program', () => {
    const own = PROFILE.replace('"syscalls"', '"x-assert": ["execve is denied", "write is denied"],\n  "syscalls"');
    const path = file('own.jsonc', own);
    const r = seccompc(['prove', path]);
    assert.is(r.status, 1);
    assert.match(r.stdout, /^FAILS: write is denied {2}\[.*own\.jsonc:4:37\]$/m);
    const built = seccompc(['build', path, '-o', '-']);
    assert.is(built.status, 0, built.stderr);
    assert.equal(built.bytes, seccompc(['build', profile, '-o', '-']).bytes);
  });

  test('a mistake in x-assert has its place', () => {
    const path = file(
      'own-bad.jsonc',
      PROFILE.replace('"syscalls"', '"x-assert": ["execve is denyed"],\n  "syscalls"'),
    );
    const r = seccompc(['prove', path]);
    refused(r, 'ASSERT_SYNTAX', 1);
    assert.match(r.stderr, /own-bad\.jsonc:4:27 error ASSERT_SYNTAX[\s\S]*did you mean 'denied'\?/);
    refused(
      seccompc(['prove', file('own-type.jsonc', PROFILE.replace('"syscalls"', '"x-assert": 3,\n "syscalls"'))]),
      'TYPE_WRONG',
      1,
    );
  });

  test('--json', () => {
    const data = json(seccompc(['prove', profile, '--assert', bad, '--json'])) as unknown as {
      readonly ok: boolean;
      readonly assertions: readonly {
        readonly statement: string;
        readonly outcome: string;
        readonly breaches?: readonly Record<string, unknown>[];
      }[];
    };
    assert.is(data.ok, false);
    assert.equal(
      data.assertions.map(({ outcome }) => outcome),
      ['holds', 'holds', 'fails'],
    );
    const breach = data.assertions[2]?.breaches?.[0];
    assert.equal(
      [breach?.call, breach?.form, breach?.abi, breach?.action],
      ['write() on x86_64', 'direct', 'x86_64', 'ALLOW'],
    );
  });

  test('text from the assertion file cannot act on the terminal', () => {
    const path = file('esc.jsonc', `{ "assert": ["read\\u001b[2J is\\u202e allowed", "x\\u0007"] }`);
    const r = seccompc(['prove', profile, '--assert', path]);
    assert.is(r.status, 1);
    assert.not.match(r.stdout + r.stderr, /[\u001b\u202e\u0007]/);
  });

  test('a counterexample is a call with names for its values', () => {
    const text = `{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["clone"],"action":"SCMP_ACT_ERRNO","errnoRet":1,"args":[{"index":0,"op":"SCMP_CMP_MASKED_EQ","value":268435456,"valueTwo":268435456}]}]}`;
    const one = file('one.json', text);
    const program = file(
      'all.bpf',
      bytes(
        'ld [4]\n jeq #0xc000003e, a, bad\na: ld [0]\n jset #0x40000000, b, ok\nb: jeq #0xffffffff, ok, bad\nok: ret #0x7fff0000\nbad: ret #0x80000000',
      ),
    );
    const r = seccompc(['prove', one, program, '--arch', 'x86_64']);
    assert.is(r.status, 1);
    assert.match(
      r.stdout,
      'clone(flags=0x10000000 CLONE_NEWUSER) on x86_64: profile says ERRNO(1 EPERM), program says ALLOW',
    );
  });

  test.needs(withoutShared(), "Docker's default profile lets AF_ALG through", () => {
    const docker = resolve('../shared/data/profiles/docker-default.json');
    const path = statements('alg.jsonc', 'socket(AF_ALG, *, *) is denied on every ABI');
    const r = seccompc(['prove', docker, '--arch', 'x86_64,i386,x32', '--assert', path]);
    assert.is(r.status, 1);
    assert.match(r.stdout, 'socket(family=0x100000026 AF_ALG) on x86_64 gets ALLOW');
    assert.match(r.stdout, 'socketcall(call=0x1 SYS_SOCKET) on i386 gets ALLOW');
    assert.not.match(r.stdout, 'on x32');
    for (const name of ['container-default', 'node-service', 'go-service', 'no-network']) {
      const ours = seccompc([
        'prove',
        resolve(`profiles/${name}.jsonc`),
        '--arch',
        'x86_64,i386,x32',
        '--assert',
        path,
      ]);
      assert.is(ours.status, 0, ours.stdout);
    }
  });
});
