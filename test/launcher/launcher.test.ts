/** The public entry `seccompc/launcher`: which launchers there are, and which filters none is made for. */
import * as assert from 'uvu/assert';
import { arch } from '../../src/arch/index.ts';
import { compile } from '../../src/build/index.ts';
import { extractSection, readElf } from '../../src/elf/index.ts';
import { type CheckedProgram, check } from '../../src/kernel/index.ts';
import { chooseArch, descriptorLauncher, LAUNCHER_ARCHES, launcher } from '../../src/launcher/index.ts';
import { launcherElf } from '../../src/machine/index.ts';
import { parseProfile, type ResolveOptions, resolvePolicy } from '../../src/policy/index.ts';
import { suite, throwsCode } from '../suite.ts';

const OPEN = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['uname'], action: 'SCMP_ACT_ERRNO' }] };
const except = (action: string, ...names: readonly string[]) => ({
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names, action }],
});

function programOf(profile: object, arches: readonly string[], options: ResolveOptions = {}): CheckedProgram {
  return compile(resolvePolicy(parseProfile(JSON.stringify(profile)), { arches, ...options }));
}

const ret = (word: number): CheckedProgram => {
  const verdict = check([{ code: 0x06, jt: 0, jf: 0, k: word }]);
  if (!verdict.ok) throw new Error(verdict.message);
  return verdict.program;
};

const machineOf = (file: Uint8Array) => readElf(file).machine;

/** ABIs that a filter is for -> the launcher's; or the code of the refusal. */
const choices: readonly (readonly [readonly string[], string])[] = [
  [['x86_64'], 'x86_64'],
  [['i386'], 'i386'],
  [['x86_64', 'i386', 'x32'], 'x86_64'],
  [['arm', 'aarch64'], 'aarch64'],
  [['riscv64'], 'riscv64'],
  [['s390x'], 's390x'],
  [['x86_64', 'aarch64'], 'ARCH_MISSING'],
  [['i386', 'aarch64'], 'ARCH_MISSING'],
  [[], 'ARCH_MISSING'],
  [['mips64'], 'LAUNCHER_NONE'],
  [['arm', 'ppc64le'], 'LAUNCHER_NONE'],
];

suite('launcher', (test) => {
  for (const [names, wanted] of choices)
    test(`for ${names.join(', ') || 'no architecture'}: ${wanted}`, () => {
      const arches = names.map((name) => arch(name as Parameters<typeof arch>[0]));
      if (wanted === wanted.toUpperCase()) throwsCode(() => chooseArch(arches), wanted);
      else assert.is(chooseArch(arches), wanted);
    });

  for (const name of LAUNCHER_ARCHES)
    test(`${name}: the program is the section, 1 KB around it`, () => {
      const program = programOf(OPEN, [name]);
      const file = launcher(program, { arch: name });
      assert.equal(extractSection(file, '.seccomp_rules'), program.bytes);
      assert.ok(file.length - program.bytes.length <= 1024);
      assert.is(machineOf(file), arch(name).elf.machine);
      // A filter says what it is for.
      assert.equal(launcher(program), file);
    });
  test('names of architectures are those of everywhere else', () => {
    const program = programOf(OPEN, ['x86_64']);
    for (const name of ['x86_64', 'amd64', 'x64', 'SCMP_ARCH_X86_64'])
      assert.equal(launcher(program, { arch: name }), launcher(program));
  });
  test('flags: LOG and SPEC_ALLOW go in, TSYNC means nothing', () => {
    const program = programOf(OPEN, ['x86_64']);
    const flags = ['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW'];
    const wanted = launcherElf({ arch: 'x86_64', program: program.bytes, flags: 6 });
    assert.equal(launcher(program, { flags }), wanted);
    assert.not.equal(launcher(program), wanted);
  });
  test('argv[0] apart', () => {
    const program = programOf(OPEN, ['x86_64']);
    assert.equal(
      launcher(program, { named: true }),
      launcherElf({ arch: 'x86_64', program: program.bytes, named: true }),
    );
  });
  test('the filter from a descriptor', () => {
    assert.equal(descriptorLauncher({ arch: 'arm64' }), launcherElf({ arch: 'aarch64', program: 'descriptor' }));
    throwsCode(() => descriptorLauncher({}), 'ARCH_MISSING');
  });

  const x86_64 = programOf(OPEN, ['x86_64']);
  const refused: readonly (readonly [string, () => unknown, string])[] = [
    ['an architecture that is none', () => launcher(x86_64, { arch: 'vax' }), 'ARCH_UNKNOWN'],
    ['one without a launcher', () => launcher(x86_64, { arch: 'mips' }), 'LAUNCHER_NONE'],
    ['the other byte order', () => launcher(x86_64, { arch: 's390x' }), 'ARCH_BYTE_ORDER'],
    ['a flag that is none', () => launcher(x86_64, { flags: ['LOG'] }), 'FLAG_UNKNOWN'],
    [
      'a flag for listeners',
      () => launcher(x86_64, { flags: ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'] }),
      'LAUNCHER_NONE',
    ],
    ['execve denied', () => launcher(programOf(except('SCMP_ACT_ERRNO', 'execve'), ['x86_64'])), 'LAUNCHER_EXECVE'],
    [
      'execve kills',
      () => launcher(programOf(except('SCMP_ACT_KILL_PROCESS', 'execve'), ['aarch64'])),
      'LAUNCHER_EXECVE',
    ],
    ['everything denied', () => launcher(ret(0x5_0001), { arch: 'x86_64' }), 'LAUNCHER_EXECVE'],
    // Its execve is a call of another ABI, which the filter kills.
    ['a launcher of an ABI that the filter is not for', () => launcher(x86_64, { arch: 'i386' }), 'LAUNCHER_EXECVE'],
    ['a filter for every ABI alike, none named', () => launcher(ret(0x7fff_0000)), 'ARCH_MISSING'],
    ['a listener', () => launcher(programOf(except('SCMP_ACT_NOTIFY', 'mount'), ['x86_64'])), 'NOTIFY_UNUSABLE'],
  ];
  for (const [name, body, code] of refused) test(`refuses ${name}`, () => throwsCode(body, code));
  test('execve that is denied with some arguments is none of our business', () => {
    const args = [{ index: 0, value: 4096, op: 'SCMP_CMP_EQ' }];
    const profile = { ...OPEN, syscalls: [{ names: ['execve'], action: 'SCMP_ACT_ERRNO', args }] };
    assert.ok(launcher(programOf(profile, ['x86_64'])).length > 0);
  });
  test('only what check has accepted', () => {
    assert.throws(() => launcher({ ...x86_64, bytes: x86_64.bytes } as unknown as CheckedProgram, { arch: 'x86_64' }));
  });
});
