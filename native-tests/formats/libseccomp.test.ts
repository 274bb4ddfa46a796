/**
 * What container runtimes make of an exported profile: libseccomp itself, told what the text says by a script that shares
 * nothing with src/, builds a program, and that is compared with the policy for every call and every argument value.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { exportFilter } from '../../src/build/index.ts';
import { check } from '../../src/kernel/index.ts';
import { type Policy, parseProfile, type ResolveOptions, resolvePolicy } from '../../src/policy/index.ts';
import { byArch, difference } from '../../src/prove/index.ts';
import { toText } from '../../test/policy/profiles-arbitrary.ts';
import { suite } from '../../test/suite.ts';
import { sharedText, withoutShared } from '../../test/support/shared.ts';
import { inFreshFolder, runCommand, withoutLinux, withoutTool } from '../support.ts';

/** What libseccomp gives calls of other architectures. */
const unknownArch = 'kill';
const SCRIPT = 'native-tests/formats/libseccomp.py';

const absent = () =>
  withoutLinux() ??
  withoutTool('python3') ??
  (runCommand('python3', ['-c', 'import ctypes; ctypes.CDLL("libseccomp.so.2")']).status === 0
    ? undefined
    : 'libseccomp.so.2 is not installed');

function exported(policy: Policy): string {
  const { bytes, diagnostics } = exportFilter('oci', { policy });
  assert.equal(diagnostics, []);
  return new TextDecoder().decode(bytes);
}

/** Calls that libseccomp's program decides otherwise than the policy, of those that it knows. */
function differing(text: string, policy: Policy, folder: string): readonly string[] {
  const [profile, program] = [join(folder, 'profile.json'), join(folder, 'program.bpf')];
  writeFileSync(profile, text);
  const made = runCommand('python3', [SCRIPT, profile, program]);
  assert.is(made.status, 0, made.stderr + text);
  const unknown = new Set(made.stdout.split('\n'));
  const verdict = check(readFileSync(program), { endian: policy.endian });
  assert.ok(verdict.ok);
  const found = difference(policy, verdict.program);
  assert.not(found.undecided);
  // Not compared: numbers that are no call, of which libseccomp takes those from 0x40000000 on for x32.
  return byArch(found.undecided ? { equal: true, count: 0n, changes: [] } : found).flatMap(({ arch, call, example }) =>
    arch === undefined || call === undefined || unknown.has(`${arch.scmp} ${call}`)
      ? []
      : [`${arch.name} ${call}(${example.data.args.map((a) => a.toString(16)).join(', ')}): ${example.words}`],
  );
}

const rule = (name: string, action: string, ...args: readonly (readonly [number, string, bigint, bigint?])[]) => ({
  names: [name],
  action: `SCMP_ACT_${action}`,
  args: args.map(([index, op, value, valueTwo]) => ({ index, op: `SCMP_CMP_${op}`, value, valueTwo })),
});

interface Row {
  readonly name: string;
  readonly profile: Record<string, unknown>;
  readonly options: ResolveOptions;
}

/** What the plain dialect has no words for, and is said in others. */
const rows: readonly Row[] = [
  {
    name: '32-bit comparisons on a 64-bit ABI, each operator',
    profile: {
      defaultAction: 'SCMP_ACT_ERRNO',
      'x-argWidth': 'kernel',
      syscalls: ['EQ', 'NE', 'LT', 'LE', 'GT', 'GE'].map((op, i) =>
        rule(['socket', 'personality', 'ioctl', 'fcntl', 'prctl', 'umask'][i] as string, 'ALLOW', [
          0,
          op,
          38n + BigInt(i),
        ]),
      ),
    },
    options: { arches: ['x86_64'] },
  },
  {
    name: 'rules in an order, with a range',
    profile: {
      defaultAction: 'SCMP_ACT_ERRNO',
      'x-ruleOrder': 'first-match',
      syscalls: [
        rule('ioctl', 'ALLOW', [1, 'GE', 0x5401n], [1, 'LE', 0x5410n]),
        rule('ioctl', 'KILL_PROCESS', [1, 'MASKED_EQ', 0xff00n, 0x5400n]),
        rule('ioctl', 'TRAP', [1, 'EQ', 0x8912n], [2, 'NE', 0n]),
        rule('ioctl', 'LOG'),
      ],
    },
    options: { arches: ['x86_64'] },
  },
  {
    name: 'an exception from what is allowed',
    profile: {
      defaultAction: 'SCMP_ACT_ERRNO',
      'x-ruleOrder': 'first-match',
      syscalls: [rule('clone', 'ERRNO', [0, 'MASKED_EQ', 0x7e020000n, 0x10000000n]), rule('clone', 'ALLOW')],
    },
    options: { arches: ['x86_64', 'i386', 'x32'] },
  },
];

const REAL: readonly (readonly [profile: string, arches: readonly string[], argWidth: 'oci' | 'kernel'])[] = [
  ['docker-default', ['x86_64'], 'kernel'],
  ['docker-default', ['x86_64', 'i386', 'x32'], 'oci'],
  ['podman-containers-common', ['aarch64', 'arm'], 'kernel'],
];

suite('native/formats/libseccomp', (test) => {
  for (const { name, profile, options } of rows) {
    test.needs(absent, name, () =>
      inFreshFolder((folder) => {
        const policy = resolvePolicy(parseProfile(toText(profile)), { ...options, unknownArch });
        assert.equal(differing(exported(policy), policy, folder), []);
      }),
    );
  }
  for (const [name, arches, argWidth] of REAL) {
    test.needs(
      () => withoutShared() ?? absent(),
      `${name} on ${arches.join('+')}, ${argWidth}`,
      () =>
        inFreshFolder((folder) => {
          const policy = resolvePolicy(parseProfile(sharedText(`profiles/${name}.json`)), {
            arches,
            argWidth,
            unknownArch,
          });
          assert.equal(differing(exported(policy), policy, folder), []);
        }),
    );
  }
  test.needs(absent, 'a text that says something else is noticed', () =>
    inFreshFolder((folder) => {
      const { profile, options } = rows[0] as Row;
      const policy = resolvePolicy(parseProfile(toText(profile)), { ...options, unknownArch });
      const found = differing(exported(policy).replace('"valueTwo": 38', '"valueTwo": 37'), policy, folder);
      assert.ok(
        found.some((text) => /^x86_64 (socket|personality)\(/.test(text)),
        found.join(),
      );
    }),
  );
});
