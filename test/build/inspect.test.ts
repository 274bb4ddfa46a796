/**
 * What `inspectElf` says of files that are whole, and of files that were damaged, one way at a time. Files are made by
 * hand and injected into; the damage is done to their bytes. What strip, objcopy and dd do is native-tests/elf's.
 */
import { createHash } from 'node:crypto';
import * as assert from 'uvu/assert';
import { ARCHES, type Arch, arch, archOfElf } from '../../src/arch/index.ts';
import { compile } from '../../src/build/index.ts';
import { type Inspection, type InspectOptions, inspectElf } from '../../src/build/inspect.ts';
import { archFit, runningOn } from '../../src/build/inspect-arches.ts';
import { CODES } from '../../src/diag/index.ts';
import { readElf, undoInjection } from '../../src/elf/index.ts';
import { check } from '../../src/kernel/index.ts';
import { printPolicy } from '../../src/policy/index.ts';
import { KINDS, type Kind, makeElf } from '../elf/image.ts';
import { suite } from '../suite.ts';
import { damages } from './damages.ts';
import {
  ALLOW,
  edited,
  embedded,
  filterOf,
  inData,
  KILL_PROCESS,
  moved,
  NOTE,
  PROFILE,
  placeOf,
  plain,
  policyFor,
  RULES,
  raw,
  retyped,
  UNDO,
  whole,
  withFilter,
} from './files.ts';

/** All bytes instead of one in seven takes a minute. */
const LONG = process.env.SECCOMPC_LONG === '1';

const inspect = (bytes: Uint8Array, options: InspectOptions = {}): Inspection =>
  inspectElf(readElf(bytes, { file: 'a' }), options);
const codes = (i: Inspection): readonly string[] => i.problems.map((d) => d.code).sort();
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

suite('build/inspect', (test) => {
  for (const kind of KINDS as readonly (Kind & { readonly name: string })[]) {
    const image = makeElf({ ...kind, segments: 2 }).bytes;
    const own = archOfElf(readElf(image))!;
    for (const load of [false, true]) {
      for (const embedProfile of [false, true]) {
        const what = `${load ? 'loaded' : 'appended'}, ${embedProfile ? 'with' : 'without'} the profile`;
        test(`${kind.name}: ${what}: whole`, () => {
          const policy = policyFor([own.name]);
          const program = compile(policy);
          const bytes = embedded(image, { policy, load, embedProfile });
          const i = inspect(bytes);
          assert.equal([codes(i), i.ok], [[], true]);
          assert.equal(
            [i.class, i.endian, i.abi?.name, i.kind, i.interpreter, i.size],
            [kind.cls, kind.endian, own.name, 'program', undefined, bytes.length],
          );
          assert.is(i.filters.length, 1);
          const { section, state, data, note, profile } = i.filters[0]!;
          assert.equal([section, state], [RULES, 'found']);
          assert.is(data?.verdict.ok && data.verdict.program.length, program.length);
          assert.is(data?.digest, sha256(program.bytes));
          assert.equal([data?.fit?.how, data?.fit && runningOn(data.fit)], ['proved', [own]]);
          // Outside judges: node:crypto above, and the section's own header here, which planInject writes.
          const s = readElf(bytes).sections.find((one) => one.index === data?.index)!;
          assert.is(s.name, RULES);
          if (load) {
            assert.equal(data?.mapping, {
              kind: 'mapped',
              address: s.sh_addr,
              segment: 1,
              writable: false,
              agrees: true,
            });
          } else assert.equal(data?.mapping, { kind: 'unmapped' });
          const { note: claims, flagNames, ...checks } = note!;
          assert.equal([claims.toolVersion, claims.profileName, claims.archNames], ['1.2.3', 'p.json', [own.name]]);
          assert.equal(flagNames, ['SECCOMP_FILTER_FLAG_LOG']);
          const fromProfile = embedProfile ? 'holds' : 'unchecked';
          assert.equal(checks, {
            sectionDigest: 'holds',
            policyDigest: fromProfile,
            arches: 'holds',
            flags: fromProfile,
          });
          if (profile.state === 'read') {
            assert.is(profile.digest, sha256(new TextEncoder().encode(printPolicy(policy))));
            assert.equal([profile.isNormal, profile.proof?.proved], [true, true]);
          }
          assert.is(profile.state, embedProfile ? 'read' : 'none');
          const sections = embedProfile ? [RULES, NOTE, PROFILE] : [RULES, NOTE];
          assert.equal(i.undo, { state: 'intact', size: image.length, sections });
        });
      }
    }
  }

  for (const d of damages) {
    test(`damage: ${d.name}`, () => {
      const i = inspect(d.bytes(), d.options);
      assert.equal([...new Set(codes(i))], d.codes);
      const isHarmless = i.problems.every((p) => p.severity !== 'error');
      assert.is(i.ok, isHarmless);
      for (const p of i.problems) {
        // What is wrong with an embedded text may have no cure of its own.
        if (p.source === undefined && p.file === 'a')
          assert.ok(p.help !== undefined || CODES[p.code].severity === 'warning', `${p.code} says what to do`);
        assert.ok(p.file === 'a' || p.file?.startsWith('a:.') || p.source !== undefined, p.file);
      }
    });
  }

  test('only these are no errors', () => {
    const harmless = damages.filter((d) => inspect(d.bytes(), d.options).ok).map((d) => d.name);
    assert.equal(harmless, [
      'a filter that denies everything',
      'a return that is no action',
      'mapped without saying so',
      'the record taken out, no note',
      'an architecture too many',
      'flags that nothing contradicts',
      'a comparison that takes too long',
    ]);
  });

  test('the cure that says remove and put in again is one', () => {
    const curable = damages.filter((d) =>
      inspect(d.bytes(), d.options).problems.some((p) => p.help?.includes('elf remove')),
    );
    assert.ok(curable.length > 15, String(curable.length));
    for (const d of curable) {
      const i = inspect(embedded(undoInjection(d.bytes())));
      assert.equal([codes(i), i.ok], [[], true], d.name);
    }
  });

  test('every byte of what was injected counts', () => {
    for (const name of [RULES, NOTE, PROFILE, UNDO]) {
      const { at, size } = placeOf(whole, name);
      for (let i = 0; i < size; i += LONG ? 1 : 7) {
        const bytes = edited(whole, (_, copy) => {
          copy[at + i]! ^= 1 << (i % 8);
        });
        assert.is(inspect(bytes).ok, false, `${name}, byte ${i}`);
      }
    }
  });

  test('whatever is changed elsewhere, nothing is thrown', () => {
    for (let at = 64; at < moved.length; at += LONG ? 1 : 29) {
      const bytes = edited(moved, (_, copy) => {
        copy[at]! ^= 0xff;
      });
      const elf = readElf(bytes);
      assert.type(inspectElf(elf).ok, 'boolean');
    }
  });

  test('several filters: each note is followed, each filter judged for itself', () => {
    const second = embedded(whole, { section: '.other', policy: policyFor(['x86_64', 'i386']) });
    const i = inspect(second);
    assert.equal([codes(i), i.ok], [[], true]);
    const found = i.filters.map((f) => [
      f.section,
      f.data?.fit && runningOn(f.data.fit).map((a) => a.name),
      f.profile.state,
    ]);
    assert.equal(found, [
      [RULES, ['x86_64'], 'read'],
      ['.other', ['x86_64', 'i386'], 'read'],
    ]);
    const damaged = inspect(inData(second, '.other', 0, [0xff]));
    assert.equal([codes(damaged), damaged.ok], [['INSN_OPCODE', 'INSPECT_DIGEST'], false]);
    assert.equal(
      damaged.filters.map((f) => f.data?.verdict.ok),
      [true, false],
    );
  });

  test('a filter of another name is found by its note', () => {
    const i = inspect(embedded(plain, { section: '.filter' }));
    assert.equal([i.filters.map((f) => f.section), i.ok], [['.filter'], true]);
    const asked = inspect(embedded(plain, { section: '.filter' }), { section: '.filter' });
    assert.equal([asked.filters.map((f) => f.section), asked.ok], [['.filter'], true]);
  });

  test("a filter that is there without a note is none the worse for it: objcopy's", () => {
    const i = inspect(withFilter(filterOf(['x86_64', 'x32'])));
    assert.equal([codes(i), i.ok, i.filters[0]?.note], [[], true, undefined]);
    assert.equal(
      runningOn(i.filters[0]!.data!.fit!).map((a) => a.name),
      ['x86_64', 'x32'],
    );
  });

  test('the counterexample is one: both sides are said', () => {
    const [problem] = inspect(retyped(whole, PROFILE, '77', '78')).problems;
    assert.match(
      problem!.message,
      'personality(0x4d) on x86_64 gets ALLOW from the program, ERRNO(1 EPERM) from the policy',
    );
  });
});

suite('build/inspect: which ABIs a filter is for', (test) => {
  const DENY_ALL = '{ "defaultAction": "SCMP_ACT_KILL_PROCESS", "syscalls": [] }';
  const DENY_SOME =
    '{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{ "names": ["ptrace"], "action": "SCMP_ACT_ERRNO" }] }';
  const rows: readonly { arches: readonly string[]; text?: string; others?: string }[] = [
    { arches: ['x86_64'] },
    { arches: ['x32'] },
    { arches: ['i386', 'x32'] },
    { arches: ['x86_64', 'i386', 'x32', 'aarch64', 'arm', 'riscv64'] },
    { arches: ['s390x', 'mips64n32'] },
    { arches: ['x86_64', 'arm'], text: DENY_SOME },
  ];
  const fitsOf = (insns: Uint8Array, endian: 'little' | 'big', options = {}) => {
    const verdict = check(insns, { endian });
    if (!verdict.ok) throw new Error(verdict.message);
    return archFit(verdict.program, options);
  };
  for (const { arches, text } of rows) {
    test(`${arches.join(', ')}${text ? ', allowing by default' : ''}`, () => {
      const policy = policyFor(arches, text);
      const endian = policy.endian;
      const expected = [...ARCHES.values()]
        .filter((a) => a.endian === endian)
        .map((a): [Arch, string] => [a, arches.includes(a.name) ? 'runs' : 'unknown']);
      for (const options of [{}, { nodeLimit: 3 }]) {
        const fit = fitsOf(compile(policy).bytes, endian, options);
        assert.equal([...fit.fits], expected);
        assert.equal([fit.how, fit.looks], ['nodeLimit' in options ? 'sampled' : 'proved', true]);
      }
    });
  }

  const asked = (bytes: Uint8Array) => {
    const { fits, looks } = fitsOf(bytes, 'little');
    return { fit: [...new Set(fits.values())], looks };
  };
  test('a filter that does not look at the architecture lets all run', () => {
    assert.equal(asked(raw([6, ALLOW])), { fit: ['runs'], looks: false });
  });
  test('a filter that denies all', () => {
    assert.equal(asked(raw([6, KILL_PROCESS])), { fit: ['unknown'], looks: false });
    assert.equal(asked(compile(policyFor(['x86_64'], DENY_ALL)).bytes).fit, ['unknown']);
  });
  test('denied otherwise than unknown architectures are', () => {
    const fit = fitsOf(compile(policyFor(['x86_64'], '{ "defaultAction": "SCMP_ACT_ERRNO" }')).bytes, 'little');
    assert.is(fit.fits.get(arch('x86_64')), 'denied');
    assert.is(fit.fits.get(arch('i386')), 'unknown');
  });
});
