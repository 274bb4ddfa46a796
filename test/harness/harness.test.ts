/** Expectations in rows: what holds, what fails with which witness and place, what is no expectation at all. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { compile } from '../../src/build/index.ts';
import { addSection } from '../../src/elf/index.ts';
import {
  bits,
  type Harness,
  HarnessError,
  type HarnessSubject,
  harness,
  int,
  noneOf,
  oneOf,
} from '../../src/harness/index.ts';
import { assemble, parseProfile, resolvePolicy } from '../../src/index.ts';
import { makeElf } from '../elf/image.ts';
import { suite, throwsCode } from '../suite.ts';

const AF_ALG = 38;
const CLONE_NEWUSER = 0x10000000;
const PROFILE = `{
  // What the example may do.
  "defaultAction": "SCMP_ACT_ERRNO",
  "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
  "syscalls": [
    { "names": ["read", "openat", "uprobe"], "action": "SCMP_ACT_ALLOW" },
    { "names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{ "index": 0, "value": 38, "op": "SCMP_CMP_NE" }] },
    { "names": ["clone"], "action": "SCMP_ACT_ALLOW",
      "args": [{ "index": 0, "value": 268435456, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ" }] },
    { "names": ["ptrace"], "action": "SCMP_ACT_KILL_PROCESS" },
    { "names": ["kexec_load"], "action": "SCMP_ACT_KILL" },
    { "names": ["getpid"], "action": "SCMP_ACT_LOG" },
    { "names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38 },
    { "names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": { "caps": ["CAP_SYS_ADMIN"] } },
    { "names": ["bpf"], "action": "SCMP_ACT_NOTIFY" },
    { "names": ["acct"], "action": "SCMP_ACT_TRAP" }
  ]
}`;

const made = () => harness(PROFILE, { file: 'app.jsonc' });

/** What `body` throws, which must be a failed expectation. */
function failure(body: () => unknown): HarnessError {
  try {
    body();
  } catch (error) {
    if (error instanceof HarnessError) return error;
    throw error;
  }
  return assert.unreachable('nothing was thrown') as never;
}

const holding: readonly (readonly [string, (h: Harness) => unknown])[] = [
  ['a call without rules on arguments', (h) => h.allows('openat')],
  ['several calls', (h) => h.allows(['read', 'openat'])],
  ['one value', (h) => h.allows('socket', { 0: 1 }).denies('socket', { 0: AF_ALG }, 'EPERM')],
  ['arguments as a list', (h) => h.denies('socket', [AF_ALG, undefined, 0])],
  ['a value by its name', (h) => h.allows('socket', { 0: 'AF_UNIX' }).denies('socket', { 0: 'AF_ALG' })],
  ['flags by their names', (h) => h.denies('clone', { 0: 'CLONE_NEWUSER|CLONE_NEWPID' })],
  ['every value with a flag', (h) => h.denies('clone', { 0: bits(CLONE_NEWUSER) })],
  ['every value without it', (h) => h.allows('clone', { 0: bits(CLONE_NEWUSER, 0) })],
  ['each of some values', (h) => h.allows('socket', { 0: oneOf('AF_UNIX', 2, 10n) })],
  ['all but some values', (h) => h.allows('socket', { 0: noneOf(AF_ALG) })],
  ['minus one is all ones on each ABI', (h) => h.allows('socket', { 0: -1 }).allows('clone', { 1: -1, 0: 0 })],
  ['an errno by name, by number, any', (h) => h.denies('chdir', 'EPERM').denies('chdir', 1).denies('chdir', 'errno')],
  ['ENOSYS', (h) => h.denies('clone3', {}, 'ENOSYS')],
  ['kills', (h) => h.denies('ptrace', 'kill-process').denies('kexec_load', 'kill-thread').denies('ptrace')],
  ['actions in other spellings', (h) => h.denies('ptrace', 'SCMP_ACT_KILL_PROCESS').denies('kexec_load', 'KILL')],
  ['a trap', (h) => h.denies('acct', 'trap')],
  ['somebody else decides', (h) => h.denies('bpf', 'notify')],
  ['logged calls run', (h) => h.allows('getpid').logs('getpid')],
  ['a number', (h) => h.on('x86_64').allows(257)],
  ['a number that is no call', (h) => h.denies(-1, 'EPERM').denies(0xffffffff)],
  ['a call that one ABI has', (h) => h.denies('socketcall', [3n], 'EPERM').allows('socketcall', [1])],
  ['an ABI that the policy does not name', (h) => h.on('x32').denies('read', 'kill-process')],
  ['a call that no filter sees runs whatever it says', (h) => h.on('x86_64').allows('uprobe').allows(335)],
];

const failing: readonly (readonly [string, (h: Harness) => unknown, readonly (string | RegExp)[]])[] = [
  [
    'a value that nobody named, on both ABIs',
    (h) => h.allows('socket'),
    [
      'socket(family=0x26 AF_ALG) on x86_64 should run, and gets ERRNO(1 EPERM)',
      'socket(family=0x26 AF_ALG) on i386',
      'app.jsonc:3:',
      'syscalls[1] does not match: arg0 != 0x26',
      '^',
    ],
  ],
  [
    'the value that the kernel cuts to the denied one',
    (h) => h.on('x86_64').denies('socket', { 0: int(AF_ALG) }),
    [
      'socket(family=0x100000026 AF_ALG) on x86_64 should be denied, and gets ALLOW',
      'app.jsonc:7:',
      'syscalls[1] decides',
    ],
  ],
  ['another errno', (h) => h.denies('chdir', 'ENOSYS'), ['should be denied with ENOSYS', 'the default action decides']],
  ['a kill of the other kind', (h) => h.denies('kexec_load', 'kill-process'), ['gets KILL_THREAD', 'app.jsonc:11:']],
  [
    'a rule that needs a capability',
    (h) => h.allows('mount'),
    ['not in force: it needs CAP_SYS_ADMIN', 'app.jsonc:14:'],
  ],
  ['one that a listener decides is not denied', (h) => h.denies('bpf'), ['should be denied, and gets USER_NOTIF']],
  ['nor is it allowed', (h) => h.allows('bpf'), ['should run, and gets USER_NOTIF']],
  ['allowed is not logged', (h) => h.logs('read'), ['should run and be logged, and gets ALLOW']],
  ['a call that no filter sees', (h) => h.on('x86_64').denies('uretprobe'), ['Linux shows it to no filter']],
  ['one of several', (h) => h.allows(['read', 'chdir']), ['chdir() on x86_64 should run']],
  ['one value of several', (h) => h.on('i386').allows('socket', { 0: oneOf(1, AF_ALG) }), ['family=0x26 AF_ALG']],
  ['all but the wrong one', (h) => h.on('i386').allows('socket', { 0: noneOf(1) }), ['family=0x26 AF_ALG']],
  [
    'another ABI',
    (h) => h.on('aarch64').allows('read'),
    ['KILL_PROCESS', 'the policy does not name this architecture'],
  ],
];

const wrong: readonly (readonly [string, (h: Harness) => unknown, string])[] = [
  ['a name with a slip', (h) => h.allows('opennat'), 'SYSCALL_UNKNOWN'],
  ['a call that no ABI here has', (h) => h.denies('set_tls'), 'SYSCALL_UNKNOWN'],
  ['no call', (h) => h.allows([]), 'USAGE'],
  ['an empty name', (h) => h.allows(''), 'SYSCALL_UNKNOWN'],
  ['a seventh argument', (h) => h.allows('read', { 6: 1 }), 'USAGE'],
  ['a list that is too long', (h) => h.allows('read', [0, 0, 0, 0, 0, 0, 0]), 'USAGE'],
  ['a map, whose entries nobody would see', (h) => h.denies('socket', new Map([[0, 38]]) as never), 'USAGE'],
  ['a fraction', (h) => h.allows('read', { 0: 0.5 }), 'USAGE'],
  ['a number that a double does not hold', (h) => h.allows('read', { 0: 2 ** 60 }), 'USAGE'],
  ['65 bits', (h) => h.allows('read', { 0: 1n << 64n }), 'USAGE'],
  ['an int of 33 bits', (h) => h.allows('read', { 0: int(1n << 32n) }), 'USAGE'],
  ['a value beyond its mask', (h) => h.allows('read', { 0: bits(1, 2) }), 'USAGE'],
  ['one of nothing', (h) => h.denies('read', { 0: oneOf() }), 'USAGE'],
  ['a constant with a slip', (h) => h.denies('socket', { 0: 'AF_ALGG' }), 'USAGE'],
  ['a constant that the argument never takes', (h) => h.denies('socket', { 1: 'AF_ALG' }), 'USAGE'],
  ['null', (h) => h.denies('socket', { 0: null as never }), 'USAGE'],
  ['no errno', (h) => h.denies('chdir', 'EPREM'), 'USAGE'],
  ['an action that denies nothing', (h) => h.denies('read', 'allow'), 'USAGE'],
  ['an errno out of range', (h) => h.denies('read', 4096), 'USAGE'],
  ['no ABI', (h) => h.on(), 'USAGE'],
  ['an ABI that is none', (h) => h.on('x86-63'), 'ARCH_UNKNOWN'],
  ['an ABI of the other byte order', (h) => h.on('s390x'), 'ARCH_BYTE_ORDER'],
];

suite('harness/expectations', (test) => {
  for (const [name, body] of holding) test(`holds: ${name}`, () => void body(made()));
  for (const [name, body, parts] of failing) {
    test(`fails: ${name}`, () => {
      const { message } = failure(() => body(made()));
      for (const part of parts) assert.ok(message.includes(part as string), `${part}\nis not in\n${message}`);
    });
  }
  for (const [name, body, code] of wrong) test(`refuses: ${name}`, () => throwsCode(() => body(made()), code));

  test('the error is what runners know, and its stack begins at the test', () => {
    const error = failure(() => made().on('x86_64').allows('socket'));
    assert.equal([error.name, error.code, error.operator], ['AssertionError', 'ERR_ASSERTION', 'allows']);
    assert.is(error.expected, 'socket(…) on x86_64 should run');
    assert.is(error.actual, 'socket(…) on x86_64 gets ERRNO(1 EPERM)');
    assert.equal(
      error.witnesses.map(({ nr, args }) => [nr, args[0]]),
      [[41, 38n]],
    );
    const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [];
    assert.match(frames[0] ?? '', 'harness.test');
  });

  test('hostile text of a profile does not reach the terminal', () => {
    const text = '{"defaultAction":"SCMP_ACT_ERRNO",/*\u001b[31m\u202e*/"architectures":["x86_64"],"syscalls":[]}';
    const { message } = failure(() => harness(text, { file: 'a\u001b]0;x\u0007\n::error::b' }).allows('read'));
    assert.not.match(message.replaceAll('\n', ''), /[\u0000-\u001f\u202e]/);
    assert.not.match(message, /^::/m);
  });
});

const smallElf = () => makeElf({ cls: 64, endian: 'little' }).with({ e_machine: 62 });
const folder = mkdtempSync(join(tmpdir(), 'seccompc-harness-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const policy = resolvePolicy(parseProfile(PROFILE, { file: 'app.jsonc' }));
const program = compile(policy);
const parsed = { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW' }] };

const subjects: readonly (readonly [string, HarnessSubject])[] = [
  ['a path', file('app.jsonc', PROFILE)],
  ['text', PROFILE],
  ['bytes of text', new TextEncoder().encode(PROFILE)],
  ['an OciProfile', parseProfile(PROFILE)],
  ['a policy', policy],
  ['a program', program],
  ['instructions', program.insns],
  ['bytes of a program', program.bytes],
  ['the path of a program', file('app.bpf', program.bytes)],
];

suite('harness/subjects', (test) => {
  for (const [name, subject] of subjects) {
    test(name, () => {
      const h = harness(subject);
      assert.equal([...h.arches].sort(), ['i386', 'x86_64']);
      h.allows('openat').denies('socket', { 0: AF_ALG }, 'EPERM');
      const { message } = failure(() => h.denies('openat'));
      assert.match(message, 'openat() on x86_64 should be denied, and gets ALLOW');
      // The place in the profile, or the path through the program.
      assert.match(message, typeof subject === 'object' && !('arches' in subject) ? /./ : /\n {4,}\d+[:|]|\n +\d+ \|/);
    });
  }

  test('an object as JSON.parse gives it', () => {
    harness(parsed, { arches: ['x86_64'] })
      .allows('read')
      .denies('write', 'EPERM');
    throwsCode(() => harness(parsed), 'ARCH_MISSING');
  });

  test('an ELF file, for its own ABI', () => {
    const elf = addSection(smallElf(), { name: '.seccomp_rules', data: program.bytes });
    const h = harness(file('app', elf));
    assert.equal(h.arches, ['x86_64']);
    h.allows('openat').denies('socket', { 0: AF_ALG }, 'EPERM');
    assert.match(failure(() => h.allows('chdir')).message, /\n +\d+: ret #/);
  });

  test('a program shows the instructions that decide', () => {
    const h = harness(assemble('ld [0]\njeq #41, bad\nret #0x7fff0000\nbad: ret #0x50001'), { arches: ['x86_64'] });
    const { message } = failure(() => h.allows('socket'));
    assert.match(message, /\n +0: ld \[0\][^\n]*\n +1: jeq [^\n]*\n +3: ret /);
  });

  test('what is no filter, or does not tell its ABI', () => {
    throwsCode(() => harness(join(folder, 'none.json')), 'INPUT_UNREADABLE');
    throwsCode(() => harness(folder), 'INPUT_UNREADABLE');
    throwsCode(() => harness('{"defaultAction":"SCMP_ACT_ALOW"}', { arches: ['x86_64'] }), 'ACTION_UNKNOWN');
    throwsCode(() => harness(Uint8Array.of(1, 2, 3)), 'PROGRAM_BYTES');
    throwsCode(() => harness([]), 'PROGRAM_EMPTY');
    throwsCode(() => harness(assemble('ret #0x7fff0000')), 'ARCH_MISSING');
    throwsCode(() => harness(assemble('ret #0x50001')), 'ARCH_MISSING');
    harness(assemble('ret #0x7fff0000'), { arches: ['s390x'] }).allows('read');
    throwsCode(() => harness(program, { arches: ['s390x'] }), 'ARCH_BYTE_ORDER');
    throwsCode(() => harness(smallElf()), 'ELF_SECTION_MISSING');
    throwsCode(() => harness(policy, { caps: 'all' }), 'USAGE');
    throwsCode(() => harness(undefined as never), 'USAGE');
    assert.throws(() => harness({ insns: [], endian: 'little', arches: undefined } as never));
  });
});
