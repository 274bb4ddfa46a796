/** Texts made to harm: nesting, size, names that JavaScript objects have, names that terminals obey. */
import * as assert from 'uvu/assert';
import { renderPlain } from '../../src/diag/index.ts';
import { parseProfile, readProfile, resolvePolicy } from '../../src/policy/index.ts';
import { suite, throwsCode } from '../suite.ts';
import { processorClock } from '../support/time.ts';

const N = 200_000;

suite('policy/hostile', (test) => {
  // The parser under ours is recursive: each of these overflows its stack when it gets through.
  const deep = [
    { name: 'brackets', text: '['.repeat(N) },
    { name: 'braces', text: '{"a":'.repeat(N) },
    { name: 'brackets that are closed', text: '['.repeat(N) + ']'.repeat(N) },
    { name: 'behind a string that a carriage return ends', text: `["\r${'['.repeat(N)}` },
    { name: 'behind a string that a line feed ends', text: `["\n${'['.repeat(N)}` },
    { name: 'behind an escaped quotation mark at a line end', text: `["\\"\n${'['.repeat(N)}` },
    { name: 'behind a backslash at a line end', text: `["\\\n"${'['.repeat(N)}` },
    { name: 'behind a comment that a carriage return ends', text: `//\r${'['.repeat(N)}` },
    { name: 'behind a closed comment', text: `/*/**/${'['.repeat(N)}` },
    { name: 'with a wrong closer behind each', text: '[}'.repeat(N) },
    { name: 'with the other wrong closer', text: '{"a":]'.repeat(N) },
    { name: 'behind more closers than openers', text: `[${'}'.repeat(N)}${'['.repeat(N)}` },
    { name: 'after commas', text: '[,'.repeat(N) },
    { name: 'after strings without commas', text: '[""'.repeat(N) },
    { name: 'in a known place', text: `{"defaultAction":"SCMP_ACT_ALLOW","syscalls":${'['.repeat(N)}` },
  ];
  for (const row of deep) {
    test(`nesting: ${row.name}`, () => {
      throwsCode(() => parseProfile(row.text), 'JSON_DEPTH');
    });
  }

  // Ends early, or nests in what is no nesting: any verdict but a crash.
  const shallow = [
    { name: 'brackets inside a string', text: `"${'['.repeat(N)}"` },
    { name: 'brackets inside a comment', text: `/*${'['.repeat(N)}*/ {}` },
    { name: 'brackets inside a comment that never ends', text: `/*${'['.repeat(N)}` },
    { name: 'brackets behind the end of the document', text: `{"defaultAction":"SCMP_ACT_ALLOW"}${'[],'.repeat(N)}` },
    { name: 'closers only', text: ']'.repeat(N) },
    { name: 'commas only', text: `[${','.repeat(N)}` },
    { name: 'quotation marks only', text: '"'.repeat(N) },
    { name: 'backslashes in a string', text: `"${'\\'.repeat(N)}` },
    { name: 'NUL characters', text: '\0'.repeat(N) },
    { name: 'lone surrogates', text: `{"\ud800": "\udc00", "defaultAction": "\ud800"}` },
    { name: '64 levels', text: '['.repeat(64) + ']'.repeat(64) },
  ];
  for (const row of shallow) {
    test(`no crash: ${row.name}`, () => {
      const { diagnostics } = readProfile({ name: 'p', text: row.text });
      assert.ok(diagnostics.hasErrors);
      for (const d of diagnostics.sorted) renderPlain(d);
    });
  }

  test('a text longer than any profile', () => {
    throwsCode(
      () => parseProfile(`{"defaultAction":"SCMP_ACT_ALLOW"}${' '.repeat(5 * 1024 * 1024)}`),
      'INPUT_TOO_LARGE',
    );
  });

  test('many rules of one call are judged in good time', () => {
    const rule = (i: number) =>
      `{"names":["ioctl"],"action":"SCMP_ACT_${i % 2 ? 'ALLOW' : 'LOG'}","args":[{"index":1,"value":${i},"op":"SCMP_CMP_EQ"}]}`;
    const text = `{"defaultAction":"SCMP_ACT_KILL","syscalls":[${Array.from({ length: 10_000 }, (_, i) => rule(i))}]}`;
    const taken = processorClock();
    assert.is(resolvePolicy(parseProfile(text), { arches: ['x86_64'] }).arches[0]?.calls.get(16)?.rules.length, 10_000);
    assert.ok(taken() < 10_000);
  });

  // Names that every JavaScript object has. In a strict rule each is an unknown call; in a loose one a warning.
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__']) {
    test(`a call named ${name}`, () => {
      const text = (action: string) =>
        `{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["${name}"],"action":"${action}"}]}`;
      throwsCode(() => resolvePolicy(parseProfile(text('SCMP_ACT_KILL')), { arches: ['x86_64'] }), 'SYSCALL_UNKNOWN');
      const policy = resolvePolicy(parseProfile(text('SCMP_ACT_ALLOW')), { arches: ['x86_64'] });
      assert.equal(
        policy.diagnostics.map((d) => [d.code, d.severity]),
        [['SYSCALL_UNKNOWN', 'warning']],
      );
      assert.is(policy.arches[0]?.calls.size, 0);
    });

    test(`${name} as a word in every other place`, () => {
      const word = JSON.stringify(name);
      const text = `{"defaultAction":${word},"architectures":[${word}],"flags":[${word}],"x-argWidth":${word},
        "syscalls":[{"names":["read"],"action":${word},"args":[{"index":0,"value":0,"op":${word}}]},
        {"names":["read"],"action":"SCMP_ACT_ERRNO","errno":${word},"includes":{"caps":[${word}],"arches":[${word}],
        "minKernel":${word}}}]}`;
      const codes = readProfile({ name: 'p', text }).diagnostics.sorted.map((d) => d.code);
      assert.equal(codes, [
        'ACTION_UNKNOWN',
        'ARCH_UNKNOWN',
        'FLAG_UNKNOWN',
        'VALUE_RANGE',
        'ACTION_UNKNOWN',
        'OP_UNKNOWN',
        'ERRNO_UNKNOWN',
        'CAP_UNKNOWN',
        'ARCH_UNKNOWN',
        'KERNEL_VERSION',
      ]);
    });

    test(`${name} as an option of a caller without types`, () => {
      const profile = parseProfile('{"defaultAction":"SCMP_ACT_ALLOW"}');
      for (const key of ['runtime', 'unknownArch', 'onConflict', 'multiplexed', 'argWidth', 'caps']) {
        throwsCode(() => resolvePolicy(profile, { arches: ['x86_64'], [key]: name }), 'USAGE');
      }
      throwsCode(() => resolvePolicy(profile, { arches: [name] }), 'ARCH_UNKNOWN');
      throwsCode(() => resolvePolicy(profile, { arches: name as never }), 'USAGE');
      throwsCode(() => resolvePolicy(profile, { arches: ['x86_64'], kernel: name }), 'KERNEL_VERSION');
      throwsCode(() => resolvePolicy(profile, { arches: ['x86_64'], caps: [name] }), 'CAP_UNKNOWN');
    });
  }

  test('a __proto__ key pollutes nothing', () => {
    parseProfile(
      '{"defaultAction":"SCMP_ACT_ALLOW","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
    );
    assert.is(({} as { polluted?: number }).polluted, undefined);
  });

  const controls = [
    '\u001b[31mred',
    'two\nlines',
    '\u0007bell',
    '\u009b2J',
    'a\u202eb',
    'a\u200bb',
    '\u007f',
    'a\rb',
    '\ud800',
    'x'.repeat(5000),
  ];
  for (const name of controls) {
    test(`a name with ${JSON.stringify(name.slice(0, 10))} never reaches the terminal as it is`, () => {
      const text = JSON.stringify({
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: [name], action: 'SCMP_ACT_KILL' }],
      });
      // Once escaped in the text, once raw where JSON lets it stand.
      for (const source of [text, text.replace(JSON.stringify(name), `"${name.replace(/[\u0000-\u001f]/g, '?')}"`)]) {
        const profile = parseProfile(source, { file: `evil${name}.json` });
        try {
          resolvePolicy(profile, { arches: ['x86_64'] });
          assert.unreachable();
        } catch (error) {
          const { message } = error as Error;
          assert.not.match(message, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202e]|[\ud800-\udfff]/u);
          for (const line of message.split('\n').filter((l) => !l.startsWith('evil'))) assert.ok(line.length < 400);
        }
      }
    });
  }
});
