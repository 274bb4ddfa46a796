/** `npm run bench -- compile`: our programs beside those that other compilers made of the same profiles. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { compilePolicy } from '../../src/compile/index.ts';
import { type CheckedProgram, check } from '../../src/kernel/index.ts';
import { type Policy, parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { prove } from '../../src/prove/index.ts';
import { sharedBytes, sharedText } from '../support/shared.ts';
import { costOf, medianMs, steps, X86_64 } from './measure.ts';
import { benchFile, buildC, output } from './native.ts';

const THREE = ['x86_64', 'i386', 'x32'];
const SUBJECTS = [
  { name: 'docker-default-x64', profile: 'docker-default', arches: ['x86_64'] },
  { name: 'docker-default', profile: 'docker-default', arches: THREE },
  { name: 'podman-containers-common-x64', profile: 'podman-containers-common', arches: ['x86_64'] },
  { name: 'firecracker-vmm', profile: 'firecracker-vmm.oci', arches: ['x86_64'] },
  { name: 'firecracker-api', profile: 'firecracker-api.oci', arches: ['x86_64'] },
  { name: 'firecracker-vcpu', profile: 'firecracker-vcpu.oci', arches: ['x86_64'] },
] as const;
const PEERS =
  'libseccomp-deb.o1 libseccomp-deb.o2 libseccomp-git.o2 gvisor gvisor-hot kafel minijail-bst minijail-linear'.split(
    ' ',
  );
const PROBES = { clone: 56, personality: 135, socket: 41, denied: 175 };

type Row = readonly (string | number)[];

function checked(program: Parameters<typeof check>[0]): CheckedProgram {
  const verdict = check(program);
  if (!verdict.ok) throw new Error(verdict.message);
  return verdict.program;
}

function row(name: string, program: CheckedProgram, numbers: readonly number[], ms?: number): Row {
  const { insns, average, longest, cached } = costOf(program, numbers, X86_64);
  const probes = Object.values(PROBES).map((nr) => steps(program, nr));
  return [name, insns, average.toFixed(2), longest, ...probes, cached, ms?.toFixed(2) ?? ''];
}

function peer(file: string): CheckedProgram | undefined {
  try {
    return checked(sharedBytes(`peers/${file}.bpf`));
  } catch {
    return undefined;
  }
}

function oursOf(name: string, policy: Policy, numbers: readonly number[]): readonly Row[] {
  const variants = [
    ['', {}],
    [' fast', { search: 'fast' }],
    [' size', { optimize: 'size' }],
    [' speed', { optimize: 'speed' }],
    [' clone weighted', { weights: { clone: 1000 } }],
    [' cached by kernel', { cachedByKernel: true }],
  ] as const;
  return variants.map(([suffix, options]) => {
    const make = () => checked(compilePolicy(policy, options).insns);
    return row(`${name}: ours${suffix}`, make(), numbers, medianMs(make, 30));
  });
}

/** The table as text: instructions, steps over the assigned x86_64 numbers with zero arguments, cached calls, build time. */
export default function compileTable(): string {
  const numbers = sharedText('peers/t64.txt')
    .trim()
    .split('\n')
    .map((line) => Number.parseInt(line, 10));
  const rows: Row[] = [['program', 'insns', 'average', 'longest', ...Object.keys(PROBES), 'cached', 'build ms']];
  for (const { name, profile, arches } of SUBJECTS) {
    const policy = resolvePolicy(parseProfile(sharedText(`profiles/${profile}.json`)), { arches });
    rows.push(...oursOf(name, policy, numbers));
    rows.push(...liveLibseccomp(name, numbers));
    for (const suffix of PEERS) {
      const theirs = peer(`${name}.${suffix}`);
      if (theirs) rows.push(row(`${name}: ${suffix}`, theirs, numbers));
    }
  }
  const widths = (rows[0] as Row).map((_, column) => Math.max(...rows.map((r) => String(r[column]).length)));
  const line = (r: Row) =>
    r.map((cell, i) =>
      i === 0 ? String(cell).padEnd(widths[i] as number) : String(cell).padStart(widths[i] as number),
    );
  const table = rows.map((r) => line(r).join('  ')).join('\n');
  return [table, proofTimes(), installTimes()].join('\n\n');
}

/** The programs that this machine's libseccomp makes of the same rules, with the time it takes. */
function liveLibseccomp(name: string, numbers: readonly number[]): readonly Row[] {
  const rules = `../shared/data/peers/${name}.rules`;
  const built = buildC('libseccomp', ['test/bench/libseccomp.c'], ['-lseccomp']);
  if ('why' in built || !existsSync(rules)) return [];
  return [1, 2].map((level) => {
    const file = benchFile(`${name}.o${level}`);
    const times = Array.from({ length: 9 }, () => Number(output(built.path, [rules, String(level), file])));
    return row(
      `${name}: libseccomp live O${level}`,
      checked(readFileSync(file)),
      numbers,
      times.sort((a, b) => a - b)[4],
    );
  });
}

/** The proof that each program equals its policy, warm. */
function proofTimes(): string {
  const lines = SUBJECTS.slice(0, 2).map(({ name, profile, arches }) => {
    const policy = resolvePolicy(parseProfile(sharedText(`profiles/${profile}.json`)), { arches });
    const program = checked(compilePolicy(policy).insns);
    return `  ${name}: ${medianMs(() => prove(program, policy), 30).toFixed(2)} ms`;
  });
  return ['proved equal to the policy, median:', ...lines].join('\n');
}

/** Installing, and one call whose argument is checked, in the running kernel: ours and libseccomp's O2 in turn. */
function installTimes(): string {
  const built = buildC('install', ['test/bench/install.c']);
  if ('why' in built || process.platform !== 'linux') return 'install times: not measured here';
  const policy = resolvePolicy(parseProfile(sharedText('profiles/docker-default.json')), { arches: THREE });
  const ours = benchFile('ours.bpf');
  const theirs = benchFile('theirs.bpf');
  writeFileSync(ours, checked(compilePolicy(policy).insns).bytes);
  writeFileSync(theirs, sharedBytes('peers/docker-default.libseccomp-deb.o2.bpf'));
  const [a, b] = output(built.path, ['41', ours, theirs])
    .trim()
    .split('\n')
    .map((text) => text.split(' ').map(Number)) as [number[], number[]];
  const ratio = (i: number) => ((a[i] as number) / (b[i] as number)).toFixed(3);
  return [
    'in this kernel, Docker on 3 ABIs, 41 rounds in turn (fastest / median):',
    `  install, us: ours ${a[0]} / ${a[1]}, libseccomp O2 ${b[0]} / ${b[1]}: ratio ${ratio(0)} / ${ratio(1)}`,
    `  ns per personality(~0): ours ${a[2]} / ${a[3]}, libseccomp O2 ${b[2]} / ${b[3]}: ratio ${ratio(2)} / ${ratio(3)}`,
  ].join('\n');
}
