/** Which rules hold where: architectures, capabilities, kernel versions; and what the options say. */
import * as assert from 'uvu/assert';
import { ARCHES, type ArchName, arch, syscallNumber } from '../../src/arch/index.ts';
import { evaluate, type Policy, parseProfile, type ResolveOptions, resolvePolicy } from '../../src/policy/index.ts';
import { suite, thrownCodes, throwsCode } from '../suite.ts';

const ALLOW = 0x7fff0000;
const EPERM = 0x00050001;

const profileOf = (value: object) => parseProfile(JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', ...value }));

/** The word for a call by name, arguments 0. */
function word(policy: Policy, name: ArchName, call: string): number {
  const on = arch(name);
  const nr = syscallNumber(on, call) as number;
  return evaluate(policy, { nr, arch: on.audit, instructionPointer: 0n, args: [0n, 0n, 0n, 0n, 0n, 0n] });
}

interface Row {
  readonly name: string;
  readonly includes?: object;
  readonly excludes?: object;
  readonly options?: ResolveOptions;
  /** Architectures for which the rule holds, of those asked for. */
  readonly holds: readonly ArchName[];
}

const X86: readonly ArchName[] = ['x86_64', 'i386', 'x32'];

// biome-ignore format: a table
const rows: readonly Row[] = [
  { name: 'a rule without filters holds everywhere', holds: X86 },
  { name: 'empty filters are none', includes: {}, excludes: {}, holds: X86 },
  { name: 'empty lists are none', includes: { arches: [], caps: [] }, excludes: { arches: [], caps: [] }, holds: X86 },

  { name: 'sub-architectures follow the native one', includes: { arches: ['amd64'] }, holds: X86 },
  { name: 'a rule for x86 does not hold on an amd64 machine', includes: { arches: ['x86'] }, holds: [] },
  { name: 'a rule for x86 holds where i386 is all there is', includes: { arches: ['x86'] }, options: { arches: ['i386'] }, holds: ['i386'] },
  { name: 'a rule for amd64 does not hold there', includes: { arches: ['amd64'] }, options: { arches: ['i386'] }, holds: [] },
  { name: "Docker's pair amd64, x32", includes: { arches: ['amd64', 'x32'] }, holds: X86 },
  { name: 'x32 alone answers to x32', includes: { arches: ['x32'] }, options: { arches: ['x32'] }, holds: ['x32'] },
  { name: 'the order of --arch does not matter', includes: { arches: ['amd64'] }, options: { arches: ['i386', 'x86_64'] }, holds: ['i386', 'x86_64'] },
  { name: 'arm follows arm64', includes: { arches: ['arm64'] }, options: { arches: ['aarch64', 'arm'] }, holds: ['aarch64', 'arm'] },
  { name: 'arm alone is not arm64', includes: { arches: ['arm64'] }, options: { arches: ['arm'] }, holds: [] },
  { name: 's390 follows s390x', includes: { arches: ['s390x'] }, options: { arches: ['s390x', 's390'] }, holds: ['s390x', 's390'] },
  { name: 'n32 and o32 follow mips64', includes: { arches: ['mips64'] }, options: { arches: ['mips64', 'mips64n32', 'mips'] }, holds: ['mips64', 'mips64n32', 'mips'] },
  { name: 'an architecture by any of its names: OCI', includes: { arches: ['SCMP_ARCH_X86_64'] }, holds: X86 },
  { name: 'an architecture by any of its names: uname', includes: { arches: ['x86_64'] }, holds: X86 },
  { name: 'an architecture by any of its names: Node', includes: { arches: ['x64'] }, holds: X86 },
  { name: 'an architecture in any case', includes: { arches: ['AMD64'] }, holds: X86 },
  { name: 'i686 is i386', includes: { arches: ['i686'] }, options: { arches: ['i386'] }, holds: ['i386'] },
  { name: 'excluded by architecture', excludes: { arches: ['amd64'] }, holds: [] },
  { name: 'excluding another architecture', excludes: { arches: ['arm64', 's390x'] }, holds: X86 },
  { name: 'excludes win over includes', includes: { arches: ['amd64'] }, excludes: { arches: ['amd64'] }, holds: [] },

  { name: "a capability of Docker's default set", includes: { caps: ['CAP_CHOWN'] }, holds: X86 },
  { name: 'a capability outside it', includes: { caps: ['CAP_SYS_ADMIN'] }, holds: [] },
  { name: 'with all capabilities', includes: { caps: ['CAP_SYS_ADMIN'] }, options: { caps: 'all' }, holds: X86 },
  { name: 'with none', includes: { caps: ['CAP_CHOWN'] }, options: { caps: 'none' }, holds: [] },
  { name: 'with an empty list', includes: { caps: ['CAP_CHOWN'] }, options: { caps: [] }, holds: [] },
  { name: 'with one by name', includes: { caps: ['CAP_SYS_ADMIN'] }, options: { caps: ['SYS_ADMIN'] }, holds: X86 },
  { name: 'with one by its long name, in lower case', includes: { caps: ['CAP_SYS_ADMIN'] }, options: { caps: ['cap_sys_admin'] }, holds: X86 },
  { name: 'all included capabilities must be held: one is not', includes: { caps: ['CAP_CHOWN', 'CAP_SYS_ADMIN'] }, holds: [] },
  { name: 'all included capabilities must be held: all are', includes: { caps: ['CAP_CHOWN', 'CAP_KILL'] }, holds: X86 },
  { name: 'any excluded capability excludes', excludes: { caps: ['CAP_SYS_ADMIN', 'CAP_CHOWN'] }, holds: [] },
  { name: 'no excluded capability is held', excludes: { caps: ['CAP_SYS_ADMIN', 'CAP_BPF'] }, holds: X86 },
  { name: 'a capability that nobody knows is never held', includes: { caps: ['CAP_FLY'] }, options: { caps: 'all' }, holds: [] },
  { name: 'excluding one that nobody knows', excludes: { caps: ['CAP_FLY'] }, options: { caps: 'all' }, holds: X86 },

  { name: 'no kernel given: every minKernel is satisfied', includes: { minKernel: '99.99' }, holds: X86 },
  { name: 'no kernel given: every excluded minKernel excludes', excludes: { minKernel: '99.99' }, holds: [] },
  { name: 'the same version', includes: { minKernel: '4.8' }, options: { kernel: '4.8' }, holds: X86 },
  { name: 'numbers, not text: 4.10 is above 4.8', includes: { minKernel: '4.8' }, options: { kernel: '4.10' }, holds: X86 },
  { name: '4.8 is below 4.10', includes: { minKernel: '4.10' }, options: { kernel: '4.8' }, holds: [] },
  { name: '5.0 is above 4.99', includes: { minKernel: '4.99' }, options: { kernel: '5.0' }, holds: X86 },
  { name: '4.99 is below 5.0', includes: { minKernel: '5.0' }, options: { kernel: '4.99' }, holds: [] },
  { name: 'what uname -r prints', includes: { minKernel: '6.1' }, options: { kernel: '6.1.0-13-amd64' }, holds: X86 },
  { name: 'excluded from a version on: at it', excludes: { minKernel: '5.8' }, options: { kernel: '5.8' }, holds: [] },
  { name: 'excluded from a version on: below it', excludes: { minKernel: '5.8' }, options: { kernel: '5.7' }, holds: X86 },
  { name: 'an empty minKernel is none', includes: { minKernel: '' }, options: { kernel: '1.0' }, holds: X86 },

  { name: 'all kinds together, all hold', includes: { arches: ['amd64'], caps: ['CAP_CHOWN'], minKernel: '4.8' }, options: { kernel: '6.1' }, holds: X86 },
  { name: 'all kinds together, one does not', includes: { arches: ['amd64'], caps: ['CAP_CHOWN'], minKernel: '6.2' }, options: { kernel: '6.1' }, holds: [] },
];

suite('policy/resolve filters', (test) => {
  for (const row of rows) {
    test(row.name, () => {
      const profile = profileOf({
        syscalls: [
          { names: ['chmod', 'fchmod'], action: 'SCMP_ACT_ALLOW', includes: row.includes, excludes: row.excludes },
        ],
      });
      const arches = row.options?.arches ?? X86;
      const policy = resolvePolicy(profile, { ...row.options, arches });
      const holds = arches.filter((name) => word(policy, name as ArchName, 'fchmod') === ALLOW);
      assert.equal(holds, row.holds);
      for (const name of arches) assert.ok([ALLOW, EPERM].includes(word(policy, name as ArchName, 'fchmod')));
    });
  }
});

suite('policy/resolve architectures', (test) => {
  test('those of the options win over those of the profile', () => {
    const profile = profileOf({ architectures: ['SCMP_ARCH_S390X'] });
    assert.equal(
      resolvePolicy(profile, { arches: ['amd64', 'x86_64', 'SCMP_ARCH_X86'] }).arches.map((a) => a.arch.name),
      ['x86_64', 'i386'],
    );
    assert.equal(
      resolvePolicy(profile).arches.map((a) => a.arch.name),
      ['s390x'],
    );
    assert.is(resolvePolicy(profile).endian, 'big');
  });

  test('none anywhere', () => {
    throwsCode(() => resolvePolicy(profileOf({})), 'ARCH_MISSING');
    throwsCode(() => resolvePolicy(profileOf({ architectures: ['SCMP_ARCH_X86'] }), { arches: [] }), 'ARCH_MISSING');
  });

  test('two byte orders', () => {
    throwsCode(() => resolvePolicy(profileOf({}), { arches: ['x86_64', 's390x'] }), 'ARCH_BYTE_ORDER');
    throwsCode(
      () => resolvePolicy(profileOf({ architectures: ['SCMP_ARCH_MIPS', 'SCMP_ARCH_MIPSEL'] })),
      'ARCH_BYTE_ORDER',
    );
  });

  test('all unknown words of the options at once', () => {
    const codes = thrownCodes(() =>
      resolvePolicy(profileOf({}), { arches: ['x86_64', 'vax'], caps: ['FLY'], kernel: 'six' }),
    );
    assert.equal(codes.toSorted(), ['ARCH_UNKNOWN', 'CAP_UNKNOWN', 'KERNEL_VERSION']);
  });

  test('every architecture resolves, alone', () => {
    const profile = profileOf({ syscalls: [{ names: ['read', 'exit_group'], action: 'SCMP_ACT_ALLOW' }] });
    for (const name of ARCHES.keys()) {
      const policy = resolvePolicy(profile, { arches: [name] });
      assert.is(word(policy, name, 'read'), ALLOW, name);
      assert.is(word(policy, name, 'write'), EPERM, name);
      assert.is(policy.endian, arch(name).endian);
    }
  });

  test('a call that one architecture lacks is silent', () => {
    const profile = profileOf({
      syscalls: [{ names: ['arch_prctl', 'socketcall', 'set_tls'], action: 'SCMP_ACT_ALLOW' }],
    });
    assert.is(resolvePolicy(profile, { arches: ['x86_64'] }).diagnostics.length, 0);
  });
});

suite('policy/resolve unknown names', (test) => {
  const of = (defaultAction: string, action: string) =>
    parseProfile(JSON.stringify({ defaultAction, syscalls: [{ names: ['read', 'opennat'], action }] }));
  const severity = (defaultAction: string, action: string, options: ResolveOptions = {}): string => {
    try {
      const { diagnostics } = resolvePolicy(of(defaultAction, action), { arches: ['x86_64'], ...options });
      return diagnostics.map((d) => `${d.code} ${d.severity}`).join();
    } catch {
      return thrownCodes(() => resolvePolicy(of(defaultAction, action), { arches: ['x86_64'], ...options })).join();
    }
  };
  // biome-ignore format: a table
  const table: readonly { default: string; action: string; options?: ResolveOptions; says: string }[] = [
    { default: 'ERRNO', action: 'ALLOW', says: 'SYSCALL_UNKNOWN warning' },
    { default: 'KILL_PROCESS', action: 'ALLOW', says: 'SYSCALL_UNKNOWN warning' },
    { default: 'ERRNO', action: 'LOG', says: 'SYSCALL_UNKNOWN warning' },
    { default: 'ALLOW', action: 'ERRNO', says: 'SYSCALL_UNKNOWN' },
    { default: 'ALLOW', action: 'KILL', says: 'SYSCALL_UNKNOWN' },
    { default: 'ALLOW', action: 'LOG', says: 'SYSCALL_UNKNOWN' },
    { default: 'ERRNO', action: 'KILL', says: 'SYSCALL_UNKNOWN' },
    { default: 'KILL', action: 'KILL_PROCESS', says: 'SYSCALL_UNKNOWN' },
    { default: 'KILL_PROCESS', action: 'KILL', says: 'SYSCALL_UNKNOWN warning' },
    { default: 'ALLOW', action: 'ERRNO', options: { runtime: 'runc' }, says: 'SYSCALL_UNKNOWN warning' },
    { default: 'ERRNO', action: 'ALLOW', options: { strict: true }, says: 'SYSCALL_UNKNOWN' },
    { default: 'ALLOW', action: 'ERRNO', options: { strict: true, runtime: 'runc' }, says: 'SYSCALL_UNKNOWN' },
  ];
  for (const row of table) {
    const how = JSON.stringify(row.options ?? {});
    test(`${row.action} under ${row.default} ${how}`, () => {
      assert.is(severity(`SCMP_ACT_${row.default}`, `SCMP_ACT_${row.action}`, row.options), row.says);
    });
  }

  test('names that some kernel or architecture once had are known', () => {
    const names = [
      'uselib',
      '_sysctl',
      'nfsservctl',
      'vserver',
      'arm_sync_file_range',
      'create_module',
      'socketcall',
      'set_tls',
    ];
    const profile = parseProfile(
      JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names, action: 'SCMP_ACT_KILL' }] }),
    );
    assert.is(resolvePolicy(profile, { arches: ['x86_64'] }).diagnostics.length, 0);
  });

  test('names are case-sensitive, and the help says which is meant', () => {
    const profile = parseProfile(
      JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: [{ names: ['OpenAt'], action: 'SCMP_ACT_ALLOW' }] }),
    );
    assert.match(resolvePolicy(profile, { arches: ['x86_64'] }).diagnostics[0]?.help ?? '', /openat/);
  });
});

suite('policy/resolve errno per architecture', (test) => {
  // ENOSYS is 38 in the generic numbering, 89 on MIPS, 251 on PA-RISC.
  const rowsOf: readonly { arch: ArchName; errno: number }[] = [
    { arch: 'x86_64', errno: 38 },
    { arch: 'mips64', errno: 89 },
    { arch: 'mipsel', errno: 89 },
    { arch: 'parisc64', errno: 251 },
    { arch: 's390x', errno: 38 },
  ];
  for (const row of rowsOf) {
    test(`ENOSYS on ${row.arch}`, () => {
      const profile = parseProfile(
        '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["reboot"],"action":"SCMP_ACT_ERRNO","errno":"ENOSYS"}]}',
      );
      assert.is(word(resolvePolicy(profile, { arches: [row.arch] }), row.arch, 'reboot'), 0x00050000 + row.errno);
    });
  }
});
