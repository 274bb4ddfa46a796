/** What is said of a filter before a program is confined to it; that it is so is shown by native-tests/enforce/start. */
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { type ArchName, arch, describeWord } from '../../src/arch/index.ts';
import { compile, loadPolicy, originText, startDiagnostics, startFindings } from '../../src/build/index.ts';
import { startLayers } from '../../src/build/start-calls.ts';
import type { Origin } from '../../src/elf/index.ts';
import { suite } from '../suite.ts';
import { sharedText, withoutShared } from '../support/shared.ts';

const C: Origin = {
  isDynamic: false,
  libc: undefined,
  hasRseq: false,
  language: undefined,
  goVersion: undefined,
  evidence: [],
};
// biome-ignore format: a table
const ORIGINS = {
  'static glibc': { ...C, libc: 'glibc', hasRseq: true },
  'static glibc before 2.35': { ...C, libc: 'glibc' },
  'dynamic glibc': { ...C, libc: 'glibc', isDynamic: true },
  'static musl': { ...C, libc: 'musl' },
  'dynamic musl': { ...C, libc: 'musl', isDynamic: true },
  Go: { ...C, libc: 'none', language: 'go', goVersion: [1, 24] },
  cgo: { ...C, libc: 'glibc', isDynamic: true, language: 'go', goVersion: [1, 19] },
  'static cgo': { ...C, libc: 'glibc', hasRseq: true, language: 'go' },
  'cgo on musl': { ...C, libc: 'musl', language: 'go' },
  Rust: { ...C, libc: 'glibc', isDynamic: true, language: 'rust' },
  'static Rust': { ...C, libc: 'musl', language: 'rust' },
  unknown: C,
  'another loader': { ...C, isDynamic: true },
} as const satisfies Readonly<Record<string, Origin>>;
type OriginName = keyof typeof ORIGINS;

const ABIS: readonly ArchName[] = ['x86_64', 'i386', 'aarch64', 'riscv64', 's390x'];

interface Rule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly object[];
}

function findings(origin: Origin, defaultAction: string, syscalls: readonly Rule[], name: ArchName = 'x86_64') {
  const text = JSON.stringify({ defaultAction, syscalls });
  const policy = loadPolicy({ name: 'p.json', text }, { arches: [name] });
  return startFindings(compile(policy), origin, arch(name));
}

/** 'call: consequence'. */
const said = (origin: OriginName, defaultAction: string, ...syscalls: readonly Rule[]): readonly string[] =>
  findings(ORIGINS[origin], defaultAction, syscalls).map((f) => `${f.call}: ${f.consequence ?? f.denied}`);

const OPEN = 'SCMP_ACT_ALLOW';
const EPERM = 'SCMP_ACT_ERRNO';
const KILL = 'SCMP_ACT_KILL_PROCESS';
const deny = (action: string, ...names: readonly string[]): Rule => ({ names, action });
const allow = (...names: readonly string[]): Rule => deny(OPEN, ...names);
const when = (index: number, value: number, op = 'SCMP_CMP_EQ') => ({ index, value, op });
const SIGSYS = 'the filter kills it (SIGSYS, status 159 in a shell)';
const END_ONLY = [`exit_group: ${SIGSYS}`];

// biome-ignore format: a table
const rows: readonly { name: string; origin: OriginName; policy: readonly [string, ...Rule[]]; says: readonly string[] }[] = [
  { name: 'nothing is denied', origin: 'Go', policy: [OPEN], says: [] },
  { name: 'what nobody needs is denied', origin: 'static glibc', policy: [OPEN, deny(KILL, 'socket', 'mount', 'execve')], says: [] },
  { name: 'a dynamic program needs its end alone', origin: 'dynamic glibc', policy: [KILL, allow('write')], says: END_ONLY },
  { name: 'and so does one of unknown make', origin: 'unknown', policy: [KILL, allow('write')], says: END_ONLY },
  { name: 'which may end by exit', origin: 'unknown', policy: [KILL, allow('write', 'exit')], says: [] },
  { name: 'static musl, killed', origin: 'static musl', policy: [KILL, allow('write', 'exit_group')], says: [`arch_prctl: ${SIGSYS}`, `set_tid_address: ${SIGSYS}`] },
  { name: 'static musl, EPERM: what it can do without is not named', origin: 'static musl', policy: [EPERM, allow('write', 'exit_group')], says: ['arch_prctl: it crashes (SIGSEGV)'] },
  { name: 'arch_prctl for another purpose', origin: 'static musl', policy: [OPEN, { ...deny(EPERM, 'arch_prctl'), args: [when(0, 0x1001)] }], says: [] },
  { name: 'arch_prctl for this purpose', origin: 'static musl', policy: [OPEN, { ...deny(EPERM, 'arch_prctl'), args: [when(0, 0x1002)] }], says: ['arch_prctl: it crashes (SIGSEGV)'] },
  { name: 'arch_prctl with some addresses', origin: 'static musl', policy: [OPEN, { ...deny(KILL, 'arch_prctl'), args: [when(1, 0x1000, 'SCMP_CMP_LT')] }], says: ['arch_prctl: partly'] },
  { name: 'an errno with some arguments, of a call that it can do without', origin: 'static glibc', policy: [OPEN, { ...deny(EPERM, 'getrandom'), args: [when(2, 1)] }], says: [] },
  { name: 'glibc asks brk, then mmap', origin: 'static glibc', policy: [OPEN, deny(EPERM, 'brk')], says: [] },
  { name: 'and cannot do without both', origin: 'static glibc', policy: [OPEN, deny(EPERM, 'brk', 'mmap')], says: ['brk: it ends with status 127'] },
  { name: 'older glibc cannot do without brk', origin: 'static glibc before 2.35', policy: [OPEN, deny(EPERM, 'brk')], says: ['brk: it crashes (SIGSEGV)'] },
  { name: 'rseq killed', origin: 'static glibc', policy: [OPEN, deny(KILL, 'rseq')], says: [`rseq: ${SIGSYS}`] },
  { name: 'rseq with an errno, of a static program', origin: 'static cgo', policy: [OPEN, deny(EPERM, 'rseq')], says: [] },
  { name: 'rseq with an errno, behind a loader that has registered it', origin: 'cgo', policy: [OPEN, deny(EPERM, 'rseq')], says: ['rseq: it aborts (SIGABRT)'] },
  { name: 'clone3 with EPERM', origin: 'cgo', policy: [OPEN, deny(EPERM, 'clone3')], says: ["clone3: Go's runtime gives up (status 2 or 4), or it crashes"] },
  { name: 'clone3 with ENOSYS: clone is called', origin: 'cgo', policy: [OPEN, { ...deny(EPERM, 'clone3'), errnoRet: 38 }], says: [] },
  { name: 'clone3 with ENOSYS, and no clone', origin: 'cgo', policy: [OPEN, { ...deny(EPERM, 'clone3', 'clone'), errnoRet: 38 }], says: ["clone3: Go's runtime gives up (status 2 or 4), or it crashes"] },
  { name: 'clone3 handed to a tracer that is not there: ENOSYS', origin: 'cgo', policy: [OPEN, deny('SCMP_ACT_TRACE', 'clone3')], says: [] },
  { name: 'clone for processes, not for threads', origin: 'Go', policy: [OPEN, { ...deny(EPERM, 'clone'), args: [{ index: 0, value: 0x10000, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }] }], says: [] },
  { name: 'clone for threads', origin: 'Go', policy: [OPEN, { ...deny(EPERM, 'clone'), args: [{ index: 0, value: 0x10000, valueTwo: 0x10000, op: 'SCMP_CMP_MASKED_EQ' }] }], says: ["clone: Go's runtime gives up (status 2 or 4), or it crashes"] },
  { name: 'mmap without access', origin: 'Go', policy: [OPEN, { ...deny(KILL, 'mmap'), args: [when(2, 0)] }], says: [`mmap: ${SIGSYS}`] },
  { name: 'mmap of code', origin: 'Go', policy: [OPEN, { ...deny(KILL, 'mmap'), args: [{ index: 2, value: 4, valueTwo: 4, op: 'SCMP_CMP_MASKED_EQ' }] }], says: [] },
  { name: 'what a runtime calls while it runs', origin: 'Go', policy: [OPEN, deny(KILL, 'nanosleep', 'rt_sigreturn')], says: [`nanosleep: ${SIGSYS}`, `rt_sigreturn: ${SIGSYS}`] },
  { name: 'the same, with an errno', origin: 'Go', policy: [OPEN, deny(EPERM, 'nanosleep', 'rt_sigreturn')], says: ['rt_sigreturn: it crashes (SIGSEGV)'] },
  { name: 'newer Go looks at its descriptors', origin: 'Go', policy: [OPEN, deny(EPERM, 'fcntl')], says: ["fcntl: Go's runtime gives up (status 2 or 4), or it crashes"] },
  { name: 'older Go does not', origin: 'cgo', policy: [OPEN, deny(EPERM, 'fcntl')], says: [] },
  { name: 'Rust', origin: 'Rust', policy: [OPEN, deny(EPERM, 'poll', 'sigaltstack')], says: ['poll: it aborts (SIGABRT)'] },
  { name: 'TRAP ends it, too', origin: 'Rust', policy: [OPEN, deny('SCMP_ACT_TRAP', 'sigaltstack')], says: [`sigaltstack: ${SIGSYS}`] },
  { name: 'LOG is no denial', origin: 'Rust', policy: ['SCMP_ACT_LOG'], says: [] },
  { name: 'exit_group with an errno, glibc', origin: 'dynamic glibc', policy: [OPEN, deny(EPERM, 'exit_group')], says: ['exit_group: it ends through exit, which leaves other threads running (glibc 2.36), or crashes (2.41)'] },
  { name: 'exit_group with an errno, musl', origin: 'static musl', policy: [OPEN, deny(EPERM, 'exit_group')], says: ['exit_group: it ends through exit, which leaves other threads running'] },
  { name: 'exit_group with an errno, Go', origin: 'Go', policy: [OPEN, deny(EPERM, 'exit_group')], says: ['exit_group: it never ends, or crashes: its runtime faults at its end, and again in telling so'] },
  { name: 'neither exit_group nor exit, musl', origin: 'dynamic musl', policy: [OPEN, deny(EPERM, 'exit_group', 'exit')], says: ['exit_group: it never ends: it calls exit again and again'] },
  { name: 'neither, glibc', origin: 'dynamic glibc', policy: [OPEN, deny(EPERM, 'exit_group', 'exit')], says: ['exit_group: it crashes at its end'] },
  { name: 'neither, unknown', origin: 'another loader', policy: [OPEN, deny(EPERM, 'exit_group', 'exit')], says: ['exit_group: it cannot end by itself'] },
  { name: 'exit_group with some statuses', origin: 'dynamic glibc', policy: [OPEN, { ...deny(KILL, 'exit_group'), args: [when(0, 3)] }], says: ['exit_group: partly'] },
];

suite('build/start-check', (test) => {
  for (const { name, origin, policy, says } of rows) test(name, () => assert.equal(said(origin, ...policy), says));

  for (const name of ABIS)
    test(`${name}: each call of the table is one of the ABI's, and named when it is killed`, () => {
      for (const origin of Object.values(ORIGINS)) {
        const calls = startLayers(origin, arch(name)).flatMap((layer) => layer.calls.map(({ call }) => call));
        for (const call of new Set(calls)) {
          const [found, ...more] = findings(origin, OPEN, [deny(KILL, call)], name);
          assert.equal([found?.call, found?.consequence, more], [call, SIGSYS, []], `${originText(origin)} ${call}`);
        }
      }
    });

  test('calls that end in the same way are one warning, with their names, their word and the reason', () => {
    const origin: Origin = { ...ORIGINS['static musl'], evidence: ['a reason'] };
    const all = startDiagnostics(findings(origin, KILL, []), origin, arch('x86_64'), './program');
    assert.equal(
      all.map((d) => [d.code, d.severity, d.file]),
      [
        ['ENFORCE_START', 'warning', './program'],
        ['ENFORCE_END', 'warning', './program'],
      ],
    );
    assert.match(
      all[0]!.message,
      /^arch_prctl, set_tid_address are denied \(KILL_PROCESS\), and static musl calls them /,
    );
    assert.match(all[0]!.help ?? '', /static musl \(a reason\), as musl 1\.2\.2 to 1\.2\.5 do/);
    const partly = findings(origin, OPEN, [{ ...deny(KILL, 'exit_group'), args: [when(0, 3)] }]);
    const [note] = startDiagnostics(partly, origin, arch('x86_64'), undefined);
    assert.equal([note?.code, note?.severity], ['ENFORCE_PARTLY', 'note']);
    assert.match(note?.message ?? '', /only with some arguments/);
  });

  /** Profiles that are meant for such programs say nothing, on any ABI. */
  const quiet: readonly (readonly [string, () => string, readonly OriginName[]])[] = [
    ['go-service', () => readFileSync('profiles/go-service.jsonc', 'utf8'), ['Go', 'cgo', 'static cgo', 'cgo on musl']],
    ['node-service', () => readFileSync('profiles/node-service.jsonc', 'utf8'), ['dynamic glibc', 'dynamic musl']],
    [
      'container-default',
      () => readFileSync('profiles/container-default.jsonc', 'utf8'),
      Object.keys(ORIGINS) as OriginName[],
    ],
    ['no-network', () => readFileSync('profiles/no-network.jsonc', 'utf8'), Object.keys(ORIGINS) as OriginName[]],
    ["Docker's default", () => sharedText('profiles/docker-default.json'), Object.keys(ORIGINS) as OriginName[]],
  ];
  for (const [name, text, origins] of quiet)
    for (const abi of ABIS)
      test.needs(name.startsWith('Docker') ? withoutShared() : undefined, `no false alarm: ${name} on ${abi}`, () => {
        const policy = loadPolicy({ name, text: text() }, { arches: [abi] });
        const program = compile(policy, { prove: false, search: 'fast' });
        for (const origin of origins) {
          const found = startFindings(program, ORIGINS[origin], arch(abi));
          assert.equal(
            found.map((f) => `${f.call} ${describeWord(f.word)}`),
            [],
            origin,
          );
        }
      });
});
