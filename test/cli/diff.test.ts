/** seccompc diff: sides of every kind, classes and exit status, ignore files, formats, text from outside. */
import * as assert from 'uvu/assert';
import { assemble, encodeProgram } from '../../src/bpf/index.ts';
import { suite } from '../suite.ts';
import { elf, file, json, PROFILE, refused, seccompc, writingNothing } from './command.ts';

const bytes = (text: string) => encodeProgram(assemble(text), 'little');
const profile = (name: string, ...rules: readonly string[]) =>
  file(
    name,
    `{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86"],"syscalls":[${rules}]}`,
  );
const rule = (names: string, action: string, more = '') =>
  `{"names":${JSON.stringify(names.split(' '))},"action":"SCMP_ACT_${action}"${more}}`;
const NO_SUCH = ',"errnoRet":38';
const when = (index: number, op: string, value: number, two = 0) =>
  `,"args":[{"index":${index},"op":"SCMP_CMP_${op}","value":${value},"valueTwo":${two}}]`;

const a = profile('a.json', rule('read write', 'ALLOW'), rule('socket', 'ALLOW', when(0, 'LT', 38)));
const looser = profile(
  'looser.json',
  rule('read write io_uring_setup io_uring_enter', 'ALLOW'),
  rule('socket', 'ALLOW', when(0, 'LT', 40)),
);
const tighter = profile('tighter.json', rule('read', 'ALLOW'), rule('socket', 'ALLOW', when(0, 'LT', 38)));
const changed = profile(
  'changed.json',
  rule('read write', 'ALLOW'),
  rule('socket', 'ALLOW', when(0, 'LT', 38)),
  rule('clone3', 'ERRNO', NO_SUCH),
);
const mixed = profile(
  'mixed.json',
  rule('read fork', 'ALLOW'),
  rule('socket', 'ALLOW', when(0, 'LT', 38)),
  rule('clone3', 'ERRNO', NO_SUCH),
);
const flags = profile(
  'flags.json',
  rule('read write', 'ALLOW'),
  rule('socket', 'ALLOW', when(0, 'LT', 38)),
  rule('clone', 'ALLOW', when(0, 'MASKED_EQ', 0x7e02_0000, 0)),
);
const probes = profile(
  'probes.json',
  rule('read write uretprobe', 'ALLOW'),
  rule('socket', 'ALLOW', when(0, 'LT', 38)),
);
const kernel = file(
  'kernel.json',
  `{"x-argWidth":"kernel",${'"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64"],"syscalls":['}${rule('socket', 'ALLOW', when(0, 'EQ', 1))}]}`,
);
const oci = file(
  'oci.json',
  `{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64"],"syscalls":[${rule('socket', 'ALLOW', when(0, 'EQ', 1))}]}`,
);
const p = file('p.jsonc', PROFILE);
const program = file('small.bpf', bytes('ld [0]\n jeq #59, bad, ok\nbad: ret #0x50001\nok: ret #0x7fff0000'));
const multiply = file('multiply.bpf', bytes('ld [24]\n tax\n ld [16]\n mul x\n ret a'));
const binary = elf('binary');
seccompc(['build', p, '--into', binary]);
seccompc(['build', p, '-o', 'p.bpf']);

interface Row {
  readonly name: string;
  readonly args: readonly string[];
  readonly status: number;
  readonly says?: readonly RegExp[];
  readonly not?: readonly RegExp[];
}

const rows: readonly Row[] = [
  { name: 'no difference', args: [a, a], status: 0, says: [/^no difference/m] },
  {
    name: 'a profile and the program made of it',
    args: [p, 'p.bpf'],
    status: 0,
    says: [/^no difference/m, /raw program; x86_64\)/],
  },
  { name: 'a program and an ELF file', args: ['p.bpf', binary], status: 0, says: [/ELF file of x86_64/] },
  { name: 'an ELF file and a profile for more: built for its ABI', args: [binary, p, '--fail-on', 'none'], status: 0 },
  {
    name: 'loosened: calls that are not neighbours in one row, arguments in words',
    args: [a, looser],
    status: 1,
    says: [
      /LOOSENED: ERRNO\(1 EPERM\) -> ALLOW\n {2}x86_64, i386: io_uring_enter, io_uring_setup\n {2}such as io_uring/,
      /x86_64, i386: socket\n {2}where arg0 in 0x26\.\.0x27\n/,
      /^2 loosened, 0 tightened, 0 changed$/m,
    ],
    not: [/TIGHTENED/, /CHANGED/],
  },
  {
    name: 'tightened',
    args: [a, tighter],
    status: 1,
    says: [/TIGHTENED: ALLOW -> ERRNO\(1 EPERM\)\n {2}x86_64, i386: write\n/],
  },
  {
    name: 'changed',
    args: [a, changed],
    status: 1,
    says: [/CHANGED: ERRNO\(1 EPERM\) -> ERRNO\(38 ENOSYS\)\n {2}x86_64, i386: clone3\n/],
  },
  { name: 'bits', args: [a, flags], status: 1, says: [/arg0 & 0x7e020000 == 0x0/] },
  {
    name: 'a high half',
    args: [oci, kernel],
    status: 1,
    says: [
      /where arg0 high word >= 0x1 and arg0 low word == 0x1 \(AF_UNIX\)/,
      /such as socket\(family=0x100000001 AF_UNIX\) on x86_64/,
    ],
  },
  {
    name: 'any high half',
    args: [kernel, file('none.json', '{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64"]}')],
    status: 1,
    says: [/where arg0 == 0x1 \(AF_UNIX\), high word any/],
  },
  {
    name: 'x86_64 335 has no effect',
    args: [a, probes, '--arch', 'x86_64'],
    status: 0,
    says: [/x86_64: uretprobe\n[\s\S]*without effect/],
  },
  {
    name: 'ABIs of one side only are named',
    args: [p, a, '--fail-on', 'none'],
    status: 0,
    says: [/note: only B is for i386/],
  },
  {
    name: '--arch is for both sides',
    args: [p, a, '--arch', 'x86_64', '--fail-on', 'none'],
    status: 0,
    not: [/note:/],
  },
  {
    name: 'a program without a check of the architecture',
    args: [program, p, '--fail-on', 'tightened'],
    status: 1,
    says: [/all other architectures: number 59\n/, /x32: every call/],
  },
  {
    name: 'undecided never passes',
    args: [multiply, 'p.bpf', '--fail-on', 'none'],
    status: 3,
    says: [/^UNDECIDED: /m],
  },
  ...[
    { on: [], status: 1 },
    { on: ['any'], status: 1 },
    { on: ['none'], status: 0 },
    { on: ['loosened'], status: 1 },
    { on: ['tightened'], status: 1 },
    { on: ['changed'], status: 1 },
    { on: ['loosened,changed'], status: 1 },
  ].map(({ on, status }) => ({
    name: `--fail-on ${on.join(' ')} with a difference of each class`,
    args: [a, mixed, ...on.flatMap((word) => ['--fail-on', word])],
    status,
  })),
  {
    name: '--fail-on loosened with others only',
    args: [a, changed, '--fail-on', 'loosened', '--fail-on', 'tightened'],
    status: 0,
  },
  { name: '--fail-on tightened with loosened only', args: [a, looser, '--fail-on', 'tightened,changed'], status: 0 },
];

const ignores = (name: string, text: string) => file(name, `{ "ignore": [${text}] }`);
const entry = (call: string, more = '') => `{ "call": "${call}", "reason": "ticket 7"${more} }`;

const ignoring: readonly (Row & { readonly warns?: RegExp })[] = [
  {
    name: 'all of it',
    args: [a, tighter, '--ignore', ignores('i1.json', entry('write'))],
    status: 0,
    says: [/ignored: ticket 7/],
  },
  {
    name: 'one of two calls',
    args: [a, looser, '--ignore', ignores('i2.json', entry('io_uring_setup'))],
    status: 1,
    says: [/x86_64, i386: io_uring_enter\n/],
  },
  {
    name: 'one of two ABIs',
    args: [a, tighter, '--ignore', ignores('i3.json', entry('write', ',"arch":"amd64"'))],
    status: 1,
    says: [/ {2}i386: write\n/, / {2}x86_64: write\n.*\n {2}ignored/],
  },
  {
    name: 'another class',
    args: [a, tighter, '--ignore', ignores('i4.json', entry('write', ',"kind":"LOOSENED"'))],
    status: 1,
    warns: /i4\.json:1:14 warning IGNORE_UNUSED/,
  },
  {
    name: 'the class in question',
    args: [a, tighter, '--ignore', ignores('i5.json', entry('write', ',"kind":"tightened"'))],
    status: 0,
  },
  { name: 'every call', args: [a, mixed, '--ignore', ignores('i6.json', entry('*'))], status: 0 },
  {
    name: 'two files',
    args: [
      a,
      mixed,
      '--ignore',
      ignores('i7.json', entry('fork')),
      '--ignore',
      ignores('i8.json', `${entry('write')},${entry('clone3')}`),
    ],
    status: 0,
  },
  {
    name: 'what is not needed any more',
    args: [a, a, '--ignore', ignores('i9.json', entry('write'))],
    status: 0,
    warns: /IGNORE_UNUSED/,
  },
];

const refusals = [
  { name: 'a class that is none', args: [a, a, '--fail-on', 'losened'], code: 'USAGE', status: 2 },
  { name: "'none' beside another", args: [a, a, '--fail-on', 'none,loosened'], code: 'USAGE', status: 2 },
  { name: 'standard input twice', args: ['-', '-'], code: 'USAGE', status: 2 },
  { name: 'one side', args: [a], code: 'USAGE', status: 2 },
  {
    name: 'no reason',
    args: [a, a, '--ignore', ignores('r1.json', '{ "call": "read" }')],
    code: 'KEY_MISSING',
    status: 1,
  },
  {
    name: 'an empty reason',
    args: [a, a, '--ignore', ignores('r2.json', '{ "call": "read", "reason": " " }')],
    code: 'KEY_MISSING',
    status: 1,
  },
  {
    name: 'a call that is none',
    args: [a, a, '--ignore', ignores('r3.json', entry('raed'))],
    code: 'SYSCALL_UNKNOWN',
    status: 1,
  },
  {
    name: 'an ABI that is none',
    args: [a, a, '--ignore', ignores('r4.json', entry('read', ',"arch":"x86_46"'))],
    code: 'ARCH_UNKNOWN',
    status: 1,
  },
  {
    name: 'a kind that is none',
    args: [a, a, '--ignore', ignores('r5.json', entry('read', ',"kind":"LOSENED"'))],
    code: 'VALUE_RANGE',
    status: 1,
  },
  { name: 'no list', args: [a, a, '--ignore', file('r6.json', '{}')], code: 'KEY_MISSING', status: 1 },
  {
    name: 'a program that the kernel refuses',
    args: [a, file('r7.bpf', new Uint8Array(8).fill(0xff))],
    code: 'INSN_OPCODE',
    status: 1,
  },
] as const;

suite('cli/diff', (test) => {
  for (const { name, args, status, says, not } of rows) {
    test(name, () => {
      const r = writingNothing(() => seccompc(['diff', ...args]));
      assert.is(r.status, status, r.stdout + r.stderr);
      for (const pattern of says ?? []) assert.match(r.stdout, pattern);
      for (const pattern of not ?? []) assert.not.match(r.stdout, pattern);
    });
  }
  for (const { name, args, status, says, warns } of ignoring) {
    test(`--ignore: ${name}`, () => {
      const r = seccompc(['diff', ...args]);
      assert.is(r.status, status, r.stdout + r.stderr);
      for (const pattern of says ?? []) assert.match(r.stdout, pattern);
      if (warns) assert.match(r.stderr, warns);
      else assert.not.match(r.stderr, /IGNORE_UNUSED/);
    });
  }
  for (const { name, args, code, status } of refusals) {
    test(`refused: ${name}`, () =>
      refused(
        writingNothing(() => seccompc(['diff', ...args])),
        code,
        status,
      ));
  }

  test('--format json', () => {
    const data = json(seccompc(['diff', a, mixed, '--format', 'json'])) as unknown as Record<string, unknown> & {
      readonly changes: readonly Record<string, unknown>[];
    };
    assert.equal([data.ok, data.equal, data.class], [false, false, 'DIFFERENT']);
    assert.equal(
      data.changes.map((c) => [c.kind, c.architectures, c.calls, c.where]),
      [
        ['LOOSENED', ['x86_64', 'i386'], ['fork'], []],
        ['TIGHTENED', ['x86_64', 'i386'], ['write'], []],
        ['CHANGED', ['x86_64', 'i386'], ['clone3'], []],
      ],
    );
    const undecided = json(seccompc(['diff', multiply, 'p.bpf', '--format', 'json']));
    assert.equal([undecided.ok, undecided.equal, undecided.class], [false, false, 'UNDECIDED']);
  });

  const HOSTILE = 'x|y<script>`*_[a](b)\u001b[2J\u202e\n| forged | row |\n# head';
  test('Markdown: text from outside is text', () => {
    const ignore = file('h.json', JSON.stringify({ ignore: [{ call: 'write', reason: HOSTILE }] }));
    const r = seccompc(['diff', a, tighter, '--format', 'markdown', '--ignore', ignore]);
    assert.is(r.status, 0, r.stderr);
    assert.not.match(r.stdout, /[\u001b\u202e]|<script>|\n\| forged|\n# head/);
    assert.match(r.stdout, '\\|');
    const row = r.stdout.split('\n').find((line) => line.includes('TIGHTENED')) ?? '';
    assert.is(row.replace(/\\./g, '').split('|').length, 9, 'as many cells as the table has');
  });
  test('Markdown: a file name is text', () => {
    const odd = file('a|b`<i>.json', `{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64"]}`);
    const r = seccompc(['diff', odd, odd, '--format', 'markdown']);
    assert.is(r.status, 0, r.stderr);
    assert.not.match(r.stdout, /<i>|[^\\]`/);
  });
  test('the terminal: a reason cannot act on it or forge a line', () => {
    const ignore = file(
      'h2.json',
      JSON.stringify({
        ignore: [
          { call: 'write', reason: HOSTILE },
          { call: 'read', reason: HOSTILE },
        ],
      }),
    );
    const r = seccompc(['diff', a, tighter, '--ignore', ignore]);
    assert.not.match(r.stdout + r.stderr, /[\u001b\u202e]|\n\| forged/);
  });

  test('standard input is either side', () => {
    assert.is(seccompc(['diff', '-', 'p.bpf'], { input: PROFILE }).status, 0);
    assert.is(seccompc(['diff', 'p.bpf', '-'], { input: PROFILE }).status, 0);
  });
});
