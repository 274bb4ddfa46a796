/** Profiles with random damage: every text is taken or refused with places inside it; nothing else is ever thrown. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { arch } from '../../src/arch/index.ts';
import { compile } from '../../src/build/index.ts';
import { type Diagnostic, renderPlain, SeccompcError, toJson } from '../../src/diag/index.ts';
import { run } from '../../src/kernel/index.ts';
import { evaluate, parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { suite } from '../suite.ts';
import { unmarked } from './marked.ts';
import { TEN_MISTAKES } from './ten-mistakes.ts';

const SEED_TEXTS = [
  unmarked(TEN_MISTAKES).text,
  `{ "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "archMap": [{ "architecture": "SCMP_ARCH_X86_64",
    "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"] }], "flags": ["SECCOMP_FILTER_FLAG_LOG"], "syscalls": [
    { "names": ["read", "write", "socket"], "action": "SCMP_ACT_ALLOW", "comment": "c" },
    { "names": ["socket", "mmap"], "action": "SCMP_ACT_LOG", "args": [
      { "index": 0, "value": 18446744073709551615, "valueTwo": 1, "op": "SCMP_CMP_MASKED_EQ" },
      { "index": 1, "value": 4294967296, "op": "SCMP_CMP_GE" }] },
    { "name": "clone", "action": "SCMP_ACT_TRACE", "errnoRet": 7, "includes": { "caps": ["CAP_CHOWN"], "minKernel": "4.8" },
      "excludes": { "arches": ["s390x"] } } ] }`,
];

/** Pieces that parsers trip over. */
// biome-ignore format: a list
const PIECES = [
  '{', '}', '[', ']', ',', ':', '"', '\\', '\\u', '\\ud800', '//', '/*', '*/', '\n', '\r', '\0', '\u2028', '\ufeff', '🐧',
  'null', 'true', '-1', '1e999', '0x1', '18446744073709551616', '"__proto__"', '"args"', '"names"', '"action"', '{}', '[]',
  '"SCMP_ACT_NOTIFY"', '"SCMP_CMP_NE"', '"SCMP_ARCH_S390X"', '""', '6', '4096',
];

const damaged = fc
  .tuple(
    fc.constantFrom(...SEED_TEXTS),
    fc.array(
      fc.tuple(
        fc.constantFrom('insert', 'delete', 'replace', 'repeat', 'swap'),
        fc.nat(),
        fc.nat(40),
        fc.constantFrom(...PIECES),
      ),
      { maxLength: 6 },
    ),
  )
  .map(([seed, edits]) => {
    let text = seed;
    for (const [kind, place, length, piece] of edits) {
      const at = place % (text.length + 1);
      const cut = text.slice(at, at + length);
      if (kind === 'insert') text = text.slice(0, at) + piece + text.slice(at);
      else if (kind === 'delete') text = text.slice(0, at) + text.slice(at + length);
      else if (kind === 'replace') text = text.slice(0, at) + piece + text.slice(at + length);
      else if (kind === 'repeat') text = text.slice(0, at) + cut + text.slice(at);
      else text = text.slice(0, at) + [...cut].reverse().join('') + text.slice(at + length);
    }
    return text;
  });

function checkPlaces(list: readonly Diagnostic[], text: string): void {
  for (const d of list) {
    for (const { span } of [d, ...(d.related ?? [])]) {
      if (span)
        assert.ok(
          0 <= span.start && span.start <= span.end && span.end <= text.length,
          `${d.code} ${JSON.stringify(span)}`,
        );
    }
    assert.not.match(renderPlain(d), /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    JSON.stringify(toJson(d));
  }
}

suite('policy/fuzz', (test) => {
  test('damaged profiles', () => {
    let taken = 0;
    fc.assert(
      fc.property(damaged, fc.constantFrom('first', 'strictest', 'error'), (text, onConflict) => {
        try {
          const profile = parseProfile(text);
          const policy = resolvePolicy(profile, { arches: ['x86_64', 'i386', 'x32'], onConflict });
          checkPlaces(policy.diagnostics, text);
          const program = compile(policy);
          taken += 1;
          for (const nr of [0, 9, 41, 56, 102, 359, 0x40000009, 0xffffffff]) {
            for (const name of ['x86_64', 'i386'] as const) {
              const args = [0n, 1n << 32n, 2n ** 64n - 1n, 0n, 0n, 0n] as const;
              const data = { nr, arch: arch(name).audit, instructionPointer: 0n, args };
              assert.is(run(program, data), evaluate(policy, data));
            }
          }
        } catch (error) {
          if (!(error instanceof SeccompcError)) throw error;
          assert.ok(error.diagnostics.some((d) => d.severity === 'error'));
          checkPlaces(error.diagnostics, text);
        }
      }),
      { numRuns: 5000 },
    );
    assert.ok(taken > 100, `only ${taken} were taken`);
  });
});
