/**
 * Policies in the dialects of others. What was written is read by another library (yaml, which reads JSON too), parsed by us,
 * and compared with the policy for every call there can be.
 */
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { actionOf, SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_LOG } from '../../src/arch/index.ts';
import { type Exported, type ExportOptions, exportFilter } from '../../src/build/index.ts';
import { SeccompcError } from '../../src/diag/index.ts';
import type { U32 } from '../../src/num/index.ts';
import { type Policy, parseProfile, type ResolveOptions, resolve, resolvePolicy } from '../../src/policy/index.ts';
import { byArch, difference, isDenied } from '../../src/prove/index.ts';
import { anyProfile, toText } from '../policy/profiles-arbitrary.ts';
import { suite, throwsCode } from '../suite.ts';
import { sharedText, withoutShared } from '../support/shared.ts';

const decoder = new TextDecoder();

/** What a YAML library makes of a text. Integers keep all their digits. */
const readYaml = (text: string) => parse(text, { intAsBigInt: true, strict: true, uniqueKeys: true });

/** The profile that an exported text holds, as another library reads it. */
function profileIn({ bytes }: Exported, format: 'oci' | 'k8s-localhost' | 'spo'): string {
  const root = readYaml(decoder.decode(bytes));
  return toText(format === 'spo' ? root.spec : root);
}

const PLAIN_KEYS = new Set(['defaultAction', 'defaultErrnoRet', 'architectures', 'flags', 'listenerPath', 'syscalls']);
const RULE_KEYS = new Set(['names', 'action', 'errnoRet', 'args']);
const ARG_KEYS = new Set(['index', 'value', 'valueTwo', 'op']);

/** No key but those of the runtime-spec, and no argument twice in a rule. */
function assertPlain(text: string): void {
  const root = readYaml(text);
  const unknown = (object: object, known: ReadonlySet<string>) => Object.keys(object).filter((key) => !known.has(key));
  assert.equal(unknown(root, PLAIN_KEYS), []);
  for (const rule of root.syscalls) {
    assert.equal(unknown(rule, RULE_KEYS), []);
    const args: readonly { readonly index: bigint }[] = rule.args ?? [];
    for (const arg of args) assert.equal(unknown(arg, ARG_KEYS), []);
    assert.is(new Set(args.map((a) => a.index)).size, args.length);
  }
}

/** Every pair of words that the two give some call, the policy's first. */
function changes(policy: Policy, text: string): readonly (readonly [U32, U32])[] {
  const { policy: reading, diagnostics } = resolve(parseProfile(text), {
    arches: policy.arches.map((a) => a.arch.name),
    unknownArch: (['kill-process', 'kill', 'errno'] as const).find(
      (u) =>
        resolvePolicy(parseProfile('{ "defaultAction": "SCMP_ACT_KILL" }'), { arches: ['x86_64'], unknownArch: u })
          .unknownArch === policy.unknownArch,
    ),
  });
  assert.not(diagnostics.hasErrors);
  const found = difference(policy, reading);
  if (found.undecided) throw new Error(found.why);
  return byArch(found).flatMap((c) =>
    c.outside ? [] : [c.words ?? ([SECCOMP_RET_KILL_THREAD, SECCOMP_RET_ALLOW] as const)],
  );
}

/** What may stand in the way of an export, and is the profile's doing. */
const REASONS = ['EXPORT_INEXPRESSIBLE', 'EXPORT_MACHINE', 'EXPORT_LOOSER'];

function exported(
  format: 'oci' | 'spo' | 'systemd',
  policy: Policy,
  options: ExportOptions = {},
): Exported | undefined {
  try {
    return exportFilter(format, { policy }, options);
  } catch (error) {
    if (!(error instanceof SeccompcError)) throw error;
    assert.equal(
      error.diagnostics.map((d) => d.code).filter((code) => !REASONS.includes(code)),
      [],
      error.message,
    );
    return undefined;
  }
}

const runs = (word: number) => [SECCOMP_RET_ALLOW, SECCOMP_RET_LOG].some((action) => action === actionOf(word));

const arches = fc.constantFrom(
  ['x86_64'],
  ['x86_64', 'i386', 'x32'],
  ['i386'],
  ['aarch64', 'arm'],
  ['s390x', 's390'],
  ['mips64'],
);
const own = readFileSync('profiles/container-default.jsonc', 'utf8');
const resolved = (text: string, options: ResolveOptions) => resolvePolicy(parseProfile(text), options);

suite('formats/dialects', (test) => {
  test('any policy: equal, or refused for a reason', () => {
    let written = 0;
    fc.assert(
      fc.property(anyProfile, arches, (made, names) => {
        const policy = resolved(toText(made), { arches: names, onConflict: 'first' });
        const result = exported('oci', policy);
        if (result === undefined) return;
        const text = profileIn(result, 'oci');
        assertPlain(text);
        const found = changes(policy, text);
        if (policy.arches.every((a) => a.enosys === undefined)) assert.equal(found, [], text);
        for (const [from, to] of found) assert.ok(isDenied(to) || !isDenied(from), text);
        written += 1;
      }),
      { numRuns: 120 },
    );
    assert.ok(written > 20, `${written} were written`);
  });

  test('any policy for the operator: an errno at most is lost', () => {
    fc.assert(
      fc.property(anyProfile, arches, (made, names) => {
        const policy = resolved(toText(made), { arches: names, onConflict: 'first' });
        const result = exported('spo', policy);
        if (result === undefined) return;
        for (const [from, to] of changes(policy, profileIn(result, 'spo'))) {
          assert.is(isDenied(from), isDenied(to));
          if (policy.arches.every((a) => a.enosys === undefined)) assert.is(actionOf(from), actionOf(to));
        }
      }),
      { numRuns: 60 },
    );
  });

  test('any policy for a unit: nothing runs that the policy denies', () => {
    fc.assert(
      fc.property(anyProfile, arches, (made, names) => {
        const policy = resolved(toText(made), { arches: names, onConflict: 'first' });
        const result = exported('systemd', policy);
        if (result === undefined) return;
        for (const [from, to] of changes(policy, unitAsProfile(decoder.decode(result.bytes), policy))) {
          assert.ok(!runs(to) || runs(from), decoder.decode(result.bytes));
        }
      }),
      { numRuns: 60 },
    );
  });

  for (const options of [
    { arches: ['x86_64'] },
    { arches: ['x86_64'], argWidth: 'oci' },
    { arches: ['x86_64', 'i386', 'x32'], multiplexed: 'allow' },
    { arches: ['aarch64', 'arm'] },
    { arches: ['s390x'], caps: 'all', multiplexed: 'allow' },
  ] as const satisfies readonly ResolveOptions[]) {
    test(`our container profile, ${Object.values(options).join(' ')}`, () => {
      const policy = resolved(own, options);
      for (const format of ['oci', 'k8s-localhost', 'spo'] as const) {
        const result = exportFilter(format, { policy });
        assert.equal(result.diagnostics, []);
        assert.equal(changes(policy, profileIn(result, format)), []);
      }
    });
  }

  test.needs(withoutShared, "Docker's profile on three ABIs at once, with what the kernel uses of an argument", () => {
    const policy = resolved(sharedText('profiles/docker-default.json'), {
      arches: ['x86_64', 'i386', 'x32'],
      argWidth: 'kernel',
    });
    assert.equal(changes(policy, profileIn(exportFilter('oci', { policy }), 'oci')), []);
  });

  const profile = (more: object, ...syscalls: readonly object[]) =>
    JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', ...more, syscalls });
  const allow = (name: string, ...args: readonly object[]) => ({ names: [name], action: 'SCMP_ACT_ALLOW', args });
  const equals = (index: number, value: number | string) => ({ index, value, op: 'SCMP_CMP_EQ' });
  const refused: readonly {
    readonly name: string;
    readonly text: string;
    readonly options: ResolveOptions;
    readonly format: 'oci' | 'spo' | 'systemd';
    readonly code: string;
  }[] = [
    {
      name: 'ABIs of one machine that are told apart',
      text: profile({}, { ...allow('personality'), 'x-architectures': ['SCMP_ARCH_X86_64'] }),
      options: { arches: ['x86_64', 'i386'] },
      format: 'oci',
      code: 'EXPORT_INEXPRESSIBLE',
    },
    {
      name: 'socketcall told apart from socket',
      text: profile({ 'x-multiplexed': 'deny' }, allow('socket', equals(0, 1))),
      options: { arches: ['i386'] },
      format: 'oci',
      code: 'EXPORT_INEXPRESSIBLE',
    },
    {
      name: 'more than 32 bits, where an ABI passes no more',
      text: profile(
        {},
        allow('prlimit64', equals(1, 1)),
        allow('lseek', { index: 1, value: 2 ** 33, op: 'SCMP_CMP_NE' }),
      ),
      options: { arches: ['x86_64', 'i386'] },
      format: 'oci',
      code: 'EXPORT_INEXPRESSIBLE',
    },
    {
      name: 'values that Kubernetes cannot hold',
      text: profile({}, allow('lseek', equals(1, '9223372036854775808'))).replace(
        '"9223372036854775808"',
        '9223372036854775808',
      ),
      options: { arches: ['x86_64'] },
      format: 'spo',
      code: 'EXPORT_INEXPRESSIBLE',
    },
    {
      name: 'an architecture that the operator does not know',
      text: profile({}),
      options: { arches: ['loongarch64'] },
      format: 'spo',
      code: 'EXPORT_MACHINE',
    },
    {
      name: 'an architecture that systemd has no name for',
      text: profile({}),
      options: { arches: ['m68k'] },
      format: 'systemd',
      code: 'EXPORT_MACHINE',
    },
    {
      name: 'ENOSYS above a number, where all else is allowed',
      text: JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', 'x-enosysAbove': { SCMP_ARCH_X86_64: 300 } }),
      options: { arches: ['x86_64'] },
      format: 'oci',
      code: 'EXPORT_LOOSER',
    },
  ];
  for (const { name, text, options, format, code } of refused) {
    test(`refused: ${name}`, () => throwsCode(() => exportFilter(format, { policy: resolved(text, options) }), code));
  }

  test('looser only where it is asked for, and said', () => {
    const text = JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', 'x-enosysAbove': { SCMP_ARCH_X86_64: 300 } });
    const policy = resolved(text, { arches: ['x86_64'] });
    const { diagnostics } = exportFilter('oci', { policy }, { lossy: 'looser' });
    assert.equal(
      diagnostics.map((d) => [d.code, d.severity]),
      [['EXPORT_LOOSER', 'warning']],
    );
  });

  test('the operator has no errno 0, and none for the default', () => {
    const text = profile({ defaultErrnoRet: 38 }, { names: ['sync'], action: 'SCMP_ACT_ERRNO', errnoRet: 0 });
    const result = exportFilter('spo', { policy: resolved(text, { arches: ['x86_64'] }) });
    assert.equal(new Set(result.diagnostics.map((d) => d.code)), new Set(['EXPORT_DIFFERENT']));
    assert.match(
      result.diagnostics.map((d) => d.message).join(),
      /ERRNO\(0\) in the profile, ERRNO\(1 EPERM\) here: sync/,
    );
  });
});

/** A unit's filter as the manual of systemd.exec(5) describes it: what is allowed or denied, in the order of the lines. */
function unitAsProfile(unit: string, policy: Policy): string {
  const values = (key: string) => [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map((m) => m[1] as string);
  let allowlist: boolean | undefined;
  let listed = new Map<string, string>();
  for (const line of values('SystemCallFilter')) {
    if (line === '') {
      listed = new Map();
      allowlist = undefined;
      continue;
    }
    const inverted = line.startsWith('~');
    allowlist ??= !inverted;
    for (const word of line.replace(/^~/, '').split(' ')) {
      const [name = '', how = ''] = word.split(':');
      if (name.startsWith('@')) continue;
      if (inverted !== allowlist || how !== '') listed.set(name, how);
      else listed.delete(name);
    }
  }
  const errno = (word: string) =>
    word === 'kill' || word === ''
      ? { action: 'SCMP_ACT_KILL_PROCESS' }
      : /^\d/.test(word)
        ? { action: 'SCMP_ACT_ERRNO', errnoRet: Number(word) }
        : { action: 'SCMP_ACT_ERRNO', errno: word };
  const { action, ...number } = allowlist
    ? errno(values('SystemCallErrorNumber').at(-1) ?? '')
    : { action: 'SCMP_ACT_ALLOW' };
  const { errnoRet, errno: errnoName } = number as { errnoRet?: number; errno?: string };
  return JSON.stringify({
    defaultAction: action,
    defaultErrnoRet: errnoRet,
    defaultErrno: errnoName,
    'x-multiplexed': 'written',
    syscalls: [...listed].map(([name, how]) => ({
      names: [name],
      ...(allowlist && how === '' ? { action: 'SCMP_ACT_ALLOW' } : errno(how)),
    })),
    architectures: policy.arches.map((a) => a.arch.scmp),
  });
}
