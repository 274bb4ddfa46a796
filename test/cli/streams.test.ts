/** Where the words and the bytes go: pipes, full devices, terminals, colours; and hostile names on their way there. */
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { sameBytes } from '../elf/image.ts';
import { suite } from '../suite.ts';
import {
  absent,
  elf,
  file,
  folder,
  json,
  PROFILE,
  type Ran,
  refused,
  seccompc,
  shell,
  writingNothing,
} from './command.ts';

const profile = file('p.jsonc', PROFILE);
const target = elf('target');
const program = seccompc(['build', profile, '-o', '-']).bytes;
file('good.bpf', program);
/** 4096 returns: more text than a pipe holds. */
file(
  'long.bpf',
  Uint8Array.from({ length: 4096 * 8 }, (_, i) => (i % 8 === 0 ? 6 : 0)),
);
const noFull = existsSync('/dev/full') ? undefined : 'there is no /dev/full';
const noShell = absent('bash');

const noTrace = (r: Ran) => assert.not.match(r.stderr, /\n {4}at |seccompc has a bug|node:|Unhandled/);

suite('cli/pipes', (test) => {
  // ${PIPESTATUS[0]} is the status of the command, not of the reader.
  const readers: readonly { name: string; line: string; status: number }[] = [
    { name: 'head takes one line of a listing', line: '$SECCOMPC disasm long.bpf | head -1 >/dev/null', status: 0 },
    {
      name: 'head takes one line of the data',
      line: '$SECCOMPC disasm long.bpf --json | head -1 >/dev/null',
      status: 0,
    },
    { name: 'a reader that takes nothing', line: '$SECCOMPC disasm long.bpf | true', status: 0 },
    {
      name: 'errors that nobody reads',
      line: '$SECCOMPC build many.json --arch x86_64 2>&1 >/dev/null | head -1 >/dev/null',
      status: 1,
    },
    {
      name: 'findings that nobody reads keep their status',
      line: '$SECCOMPC disasm refused.bpf | head -1 >/dev/null',
      status: 1,
    },
  ];
  file('many.json', `{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [${'{},\n'.repeat(3000)}] }`);
  file(
    'refused.bpf',
    Uint8Array.from({ length: 4096 * 8 }, (_, i) => (i === 0 ? 0x94 : i % 8 === 0 ? 6 : 0)),
  );
  for (const { name, line, status } of readers) {
    test.needs(noShell, name, () => {
      const r = shell(`${line}; exit \${PIPESTATUS[0]}`);
      assert.is(r.status, status, r.stderr);
      noTrace(r);
    });
  }

  test.needs(noShell, 'the program through a pipe, a descriptor, a named file of the process', () => {
    const ways = [
      '-o - | cat',
      '-o /dev/stdout | cat',
      '-o /dev/fd/1 | cat',
      '-o /proc/self/fd/1 | cat',
      '-o /dev/fd/3 3>&1 >/dev/null | cat',
      '--format raw | cat',
    ];
    for (const way of ways) sameBytes(shell(`$SECCOMPC build p.jsonc ${way}`).bytes, program, way);
  });

  test.needs(noShell, 'standard output under another name is still standard output: no word among the bytes', () => {
    for (const path of ['/dev/stdout', '/proc/self/fd/1', 'alias']) {
      if (path === 'alias') symlinkSync('/dev/stdout', join(folder, 'alias'));
      const r = shell(`$SECCOMPC build p.jsonc -o ${path}`);
      sameBytes(r.bytes, program, path);
      assert.match(r.stderr, 'instructions');
      const both = shell(`$SECCOMPC build p.jsonc -o ${path} --json`);
      assert.is(both.status, 2);
      assert.equal(
        json(both).diagnostics.map((d) => d.code),
        ['USAGE'],
      );
    }
    sameBytes(shell('$SECCOMPC build p.jsonc -o /dev/stdout > redirected 2>/dev/null; cat redirected').bytes, program);
  });

  test('--json and the program never share standard output', () => {
    for (const args of [
      ['-o', '-'],
      ['--format', 'raw'],
      ['--format', 'asm'],
      ['--format', 'json'],
      ['--into', target, '-o', '-'],
    ]) {
      const r = writingNothing(() => seccompc(['build', profile, '--json', ...args]));
      assert.is(r.status, 2);
      assert.equal(
        json(r).diagnostics.map((d) => d.code),
        ['USAGE'],
      );
    }
  });

  test.needs(noFull, 'a full device: an error, not a success', () => {
    for (const args of [
      'build p.jsonc -o -',
      'build p.jsonc',
      'build p.jsonc --json',
      'disasm good.bpf',
      'check good.bpf',
      'explain p.jsonc read',
      'build --help',
    ]) {
      const r = shell(`$SECCOMPC ${args} > /dev/full`);
      assert.is(r.status, 2, args);
      assert.match(r.stderr, /ENOSPC|no space|OUTPUT_UNWRITABLE/);
      noTrace(r);
    }
  });

  test('/dev/null takes what nobody wants, also when all goes there', () => {
    assert.is(seccompc(['build', profile, '-o', '/dev/null']).status, 0);
    assert.is(shell('$SECCOMPC build p.jsonc -o /dev/null --json > /dev/null').status, 0);
  });

  test.needs(noShell, 'closed standard streams', () => {
    for (const close of ['>&-', '2>&-', '>&- 2>&-']) {
      const r = shell(`$SECCOMPC build p.jsonc -o closed.bpf ${close}`);
      assert.is(r.status, 0, close);
      noTrace(r);
      sameBytes(readFileSync(join(folder, 'closed.bpf')), program, close);
    }
  });
});

/** script(1) of util-linux runs a command on a terminal of its own; what appears there comes out of it. */
function onTerminal(line: string, env: Readonly<Record<string, string>> = {}): Ran {
  return shell(`script -qec "${line}" /dev/null < /dev/null`, { TERM: 'xterm', ...env });
}

function whyNoTerminal(): string | undefined {
  const missing = absent('script') ?? absent('bash');
  if (missing) return missing;
  return onTerminal('test -t 1 && echo yes').stdout.includes('yes') ? undefined : 'script makes no terminal here';
}
const noTerminal = whyNoTerminal();

suite('cli/terminal', (test) => {
  const binary: readonly string[] = [
    'build p.jsonc -o -',
    'build p.jsonc --format raw',
    'build p.jsonc -o /dev/stdout',
    'build p.jsonc -o /dev/fd/1',
    'build p.jsonc -o /dev/stderr',
    'build p.jsonc -o /dev/tty',
    'build p.jsonc --into target -o -',
    'build p.jsonc --into target -o /dev/tty',
    'export p.jsonc --format bwrap',
    'export p.jsonc --format bwrap -o /dev/tty',
  ];
  for (const args of binary) {
    test.needs(noTerminal, `no binary on a terminal: ${args}`, () => {
      const r = onTerminal(`$SECCOMPC ${args}`);
      assert.is(r.status, 2, r.stdout);
      assert.match(r.stdout, /USAGE.*binary/);
      assert.not.ok(r.stdout.includes('\u007fELF'));
      assert.not.match(r.stdout.replace(/\u001b\[\d+m/g, ''), /[^\x20-\x7e\r\n…]/);
    });
  }

  test.needs(noTerminal, 'text may go there', () => {
    for (const args of [
      'build p.jsonc --format asm',
      'build p.jsonc --format asm -o /dev/tty',
      'build p.jsonc --format json',
      'disasm good.bpf',
      'export p.jsonc --format systemd',
      'build p.jsonc',
    ]) {
      assert.is(onTerminal(`$SECCOMPC ${args}`).status, 0, args);
    }
  });

  test.needs(noTerminal, 'a terminal for words and a file for bytes', () => {
    const r = onTerminal('$SECCOMPC build p.jsonc -o t.bpf');
    assert.is(r.status, 0);
    sameBytes(readFileSync(join(folder, 't.bpf')), program);
    onTerminal('$SECCOMPC build p.jsonc -o - > v.bpf');
    sameBytes(readFileSync(join(folder, 'v.bpf')), program);
  });

  // More than a pipe holds: the second half comes more than half a second after the command began to read.
  file('slow.sh', '{ cat slow.strace; sleep 0.7; cat slow.strace; } | $SECCOMPC replay p.jsonc - "$@" 2>&3');
  file('slow.strace', 'read(3, "", 4096) = 0\n'.repeat(4000));
  const slow: readonly { name: string; line: string; shows: boolean }[] = [
    { name: 'a terminal', line: 'bash slow.sh 3>&2', shows: true },
    { name: 'a terminal, under --quiet', line: 'bash slow.sh -q 3>&2', shows: false },
    { name: 'a file', line: 'bash slow.sh 3>slow.txt; cat slow.txt', shows: false },
  ];
  for (const { name, line, shows } of slow) {
    test.needs(noTerminal, `progress on standard error as ${name}: ${shows}`, () => {
      const r = onTerminal(line);
      assert.match(r.stdout, /8,?000 calls/);
      assert.is(/-: 0 MB/.test(r.stdout), shows);
    });
  }

  const coloured: readonly { env: Readonly<Record<string, string>>; pipe: boolean; terminal: boolean }[] = [
    { env: {}, pipe: false, terminal: true },
    { env: { NO_COLOR: '1' }, pipe: false, terminal: false },
    { env: { NO_COLOR: '' }, pipe: false, terminal: true },
    { env: { FORCE_COLOR: '1' }, pipe: true, terminal: true },
    { env: { FORCE_COLOR: '0' }, pipe: false, terminal: false },
    { env: { FORCE_COLOR: 'false' }, pipe: false, terminal: false },
    { env: { FORCE_COLOR: '' }, pipe: false, terminal: true },
    { env: { NO_COLOR: '1', FORCE_COLOR: '1' }, pipe: false, terminal: false },
    { env: { TERM: 'dumb' }, pipe: false, terminal: false },
  ];
  for (const { env, pipe, terminal } of coloured) {
    const name = JSON.stringify(env);
    const has = (text: string) => text.includes('\u001b[31m');
    test(`colour in a pipe with ${name}: ${pipe}`, () => {
      assert.is(has(seccompc(['build', 'nowhere.json'], { env }).stderr), pipe);
    });
    test.needs(noTerminal, `colour on a terminal with ${name}: ${terminal}`, () => {
      assert.is(has(onTerminal('$SECCOMPC build nowhere.json', env).stdout), terminal);
    });
  }
});

suite('cli/hostile names', (test) => {
  const evil = '\u001b[31mred\u0007\u009b2J\u202e\nx error USAGE forged';
  const evilFile = file(
    `evil${evil.replaceAll('\n', '\r')}.json`,
    PROFILE.replace('"read"', JSON.stringify(`${evil}`)),
  );
  const evilElf = elf(`evil${evil}`);
  const named = `${JSON.stringify(evil).slice(1, -1)}`;
  const typo = file(
    'typo.json',
    `{ "defaultAction": "${named}", "architectures": ["${named}"], "flags": ["${named}"], "${named}": 1,
    "syscalls": [{ "names": ["${named}"], "action": "SCMP_ACT_KILL", "comment": "${named}", "errno": "${named}",
    "args": [{ "index": 0, "value": "${named}", "op": "${named}" }], "includes": { "caps": ["${named}"], "arches": ["${named}"], "minKernel": "${named}" } }] }`,
  );
  // The source line itself holds C1 and bidi characters, which JSON lets stand.
  const rawLine = file('raw.json', `{ "defaultAction": "\u009b31m\u202e\u200b" }`);
  const rows: readonly (readonly string[])[] = [
    ['build', evilFile],
    ['build', evilFile, '-o', `out${evil}`],
    ['build', evilFile, '-o', `nowhere/out${evil}`],
    ['build', typo, '--arch', 'x86_64'],
    ['build', rawLine, '--arch', 'x86_64'],
    ['build', profile, '--into', evilElf, '--section', `.${evil}`],
    ['build', profile, '--arch', evil],
    ['build', profile, '--kernel', evil],
    ['build', profile, '--cap', evil],
    ['build', profile, '--caps', evil],
    ['build', profile, '--format', evil],
    ['build', profile, `--${evil}`],
    ['build', profile, profile, evil],
    ['build', evil],
    [evil],
    ['check', evil],
    ['check', evilElf, '--section', evil],
    ['check', 'good.bpf', '--arch', evil],
    ['disasm', evil],
    ['inspect', evilElf],
    ['inspect', evilElf, '--section', evil],
    ['explain', evilFile, 'write'],
    ['explain', evilFile, 'personality', '0'],
    ['explain', profile, evil],
    ['explain', profile, 'read', evil],
  ];
  for (const args of rows) {
    test(JSON.stringify(args.map((a) => a.replace(folder, ''))), () => {
      for (const more of [[], ['--json']]) {
        const r = seccompc([args[0] ?? '', ...more, ...args.slice(1)]);
        for (const text of [r.stdout, r.stderr]) {
          assert.not.match(text, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u202e]/, 'raw control characters');
          assert.not.match(text, /^x error USAGE forged/m, 'a forged line');
        }
        noTrace(r);
        if (more.length > 0 && r.stdout !== '') json(r);
      }
    });
  }

  test('under --json the hostile name itself comes back whole', () => {
    const data = json(seccompc(['build', profile, '--arch', evil, '--json']));
    assert.is(data.diagnostics[0]?.code, 'ARCH_UNKNOWN');
    assert.is(json(seccompc(['build', evilFile, '--json'])).profile, evilFile);
  });

  test('a refusal with a hostile name is still a refusal', () => {
    refused(seccompc(['build', typo, '--arch', 'x86_64']), 'ACTION_UNKNOWN', 1);
  });
});
