/** Ten mistakes in one profile are ten diagnostics, whichever way it is read, each at its line and column. */
import * as assert from 'uvu/assert';
import { loadPolicy } from '../../src/build/index.ts';
import { type Diagnostic, renderPlain, SeccompcError } from '../../src/diag/index.ts';
import { parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { golden } from '../golden.ts';
import { suite } from '../suite.ts';
import { foundAt, unmarked } from './marked.ts';
import { TEN_CODES, TEN_MISTAKES } from './ten-mistakes.ts';

function thrown(body: () => unknown): SeccompcError {
  try {
    body();
  } catch (error) {
    if (error instanceof SeccompcError) return error;
    throw error;
  }
  return assert.unreachable('nothing was thrown') as never;
}

const { text, places } = unmarked(TEN_MISTAKES);
const errorsOf = (list: readonly Diagnostic[]) => list.filter((d) => d.severity === 'error');

suite('policy/mistakes', (test) => {
  test('there are ten', () => {
    assert.is(places.length, 10);
  });

  const ways: readonly { name: string; read: () => unknown }[] = [
    { name: 'parseProfile', read: () => parseProfile(text, { file: 'ten.jsonc' }) },
    { name: 'both steps at once', read: () => loadPolicy({ name: 'ten.jsonc', text }, { arches: ['x86_64'] }) },
    {
      name: 'both steps, other architectures',
      read: () => loadPolicy({ name: 'ten.jsonc', text }, { arches: ['s390x'] }),
    },
  ];
  for (const way of ways) {
    test(`${way.name}: all ten at their places`, () => {
      foundAt(thrown(way.read).diagnostics, TEN_CODES, places, way.name);
    });
  }

  test('as they are printed', () => {
    const { diagnostics } = thrown(() => parseProfile(text, { file: 'ten.jsonc' }));
    golden('policy/ten-mistakes.txt', `${diagnostics.map(renderPlain).join('\n')}\n`);
  });

  test('the thrown error is an Error with the code frames as its message', () => {
    const error = thrown(() => parseProfile(text, { file: 'ten.jsonc' }));
    assert.ok(error instanceof Error);
    assert.is(error.name, 'SeccompcError');
    assert.match(error.message, /ten\.jsonc:4:41 error ARCH_UNKNOWN/);
  });

  test('a profile of several byte orders and one mistake: the mistake alone, the architectures are not chosen yet', () => {
    const mixed = `{ "defaultAction": "SCMP_ACT_ALOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_S390X"] }`;
    assert.equal(
      thrown(() => parseProfile(mixed)).diagnostics.map((d) => d.code),
      ['ACTION_UNKNOWN'],
    );
  });

  test('a good profile with a resolve-time mistake: parsing takes it, resolving refuses it at its place', () => {
    const { text: good, places: at } = unmarked(
      '{ "defaultAction": "SCMP_ACT_ALLOW",\n  "syscalls": [{ "names": [«"mkidr"»], "action": "SCMP_ACT_ERRNO" }] }',
    );
    const profile = parseProfile(good);
    const error = thrown(() => resolvePolicy(profile, { arches: ['x86_64'] }));
    foundAt(error.diagnostics, ['SYSCALL_UNKNOWN'], at, good);
    assert.match(error.diagnostics[0]?.help ?? '', /mkdir/);
  });

  test('ten thousand mistakes: a thousand are shown, and that there are more', () => {
    const many = `{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [${'{},'.repeat(10_000)}] }`;
    const { diagnostics, message } = thrown(() => parseProfile(many));
    assert.is(errorsOf(diagnostics).length, 1000);
    assert.is(diagnostics.at(-1)?.code, 'MORE');
    assert.ok(message.length < 20_000);
  });

  test('warnings beyond the limit never push out an error', () => {
    const many = `{ "defaultAction": "SCMP_ACT_ALLOW", ${Array.from({ length: 3000 }, (_, i) => `"x${i}": 1`).join()}, "syscalls": [{}] }`;
    assert.equal(
      errorsOf(thrown(() => parseProfile(many)).diagnostics).map((d) => d.code),
      ['KEY_MISSING', 'KEY_MISSING'],
    );
  });
});
