/**
 * `npm run bench -- elf [KIND...]`: putting a section into finished files, ours beside objcopy, llvm-objcopy and
 * patchelf: on every kind of file that can be made here (native-tests/elf/zoo), which files still run, where the section
 * is really mapped, how many pages change; and on one large file, time against cp and peak memory.
 *
 * patchelf adds no sections: what it is asked for is another run path, the smallest edit that it makes.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { buildKind } from '../../native-tests/elf/zoo/build.ts';
import { readelf } from '../../native-tests/elf/zoo/judges.ts';
import { type Kind, withoutNeeds } from '../../native-tests/elf/zoo/kind.ts';
import { KINDS } from '../../native-tests/elf/zoo/rows.ts';
import { withoutTool } from '../../native-tests/support.ts';
import { benchFile } from './native.ts';

const SECTION = '.seccomp_rules';
const RULES = 800;
const LARGE = 150 << 20;
const ROUNDS = 9;
const PAGE = 4096;

/** NODE_EXTRA_CA_CERTS makes every start of node read a certificate store. */
const { NODE_EXTRA_CA_CERTS: _, ...ENV } = process.env;

interface Tool {
  readonly name: string;
  readonly needs: string;
  /** The command that makes `to` from `from`. */
  readonly command: (from: string, to: string, data: string) => readonly string[];
  readonly adds: boolean;
}

const alloc = (tool: string) => (from: string, to: string, data: string) => [
  tool,
  `--add-section=${SECTION}=${data}`,
  `--set-section-flags=${SECTION}=alloc,load,readonly,data`,
  from,
  to,
];
const ours = (more: readonly string[]) => (from: string, to: string, data: string) => [
  ...[process.execPath, resolve('dist/seccompc.mjs'), 'elf', 'add', from, data, '-o', to],
  ...more,
];

const TOOLS: readonly Tool[] = [
  { name: 'seccompc', needs: 'node', command: ours([]), adds: true },
  { name: 'seccompc --load', needs: 'node', command: ours(['--load']), adds: true },
  { name: 'objcopy', needs: 'objcopy', command: alloc('objcopy'), adds: true },
  { name: 'llvm-objcopy', needs: 'llvm-objcopy-14', command: alloc('llvm-objcopy-14'), adds: true },
  {
    name: 'patchelf',
    needs: 'patchelf',
    command: (from, to) => ['patchelf', '--set-rpath', '/nowhere', '--output', to, from],
    adds: false,
  },
];

function run(command: readonly string[], timeout = 120_000): ReturnType<typeof spawnSync> {
  return spawnSync(command[0]!, command.slice(1), { env: ENV, timeout, maxBuffer: 64 << 20 });
}

/** Status and output of a program that can be run; undefined for one that cannot. */
function behaviour(kind: Kind, file: string, scratch: string): string | undefined {
  const { use } = kind;
  if (use.kind === 'none') return undefined;
  const command = use.kind === 'run' ? [...use.under, file, ...use.args] : use.command(file, scratch);
  const { status, signal, stdout } = run(command, 20_000);
  return `${status} ${signal} ${stdout}`;
}

/** Pages of the old file that are not the same, at the same place, in the new one. */
function pagesChanged(before: Uint8Array, after: Uint8Array): number {
  let changed = 0;
  for (let at = 0; at < before.length; at += PAGE) {
    const end = Math.min(at + PAGE, before.length);
    if (Buffer.compare(before.subarray(at, end), after.subarray(at, end)) !== 0) changed += 1;
  }
  return changed;
}

interface Score {
  kinds: number;
  same: number;
  broken: string[];
  refused: number;
  /** Ended with 0, but the section is not in the file, or others' names are damaged. */
  lost: string[];
  mapped: number;
  pages: number;
  pagesOf: number;
}

function isMapped(file: string): boolean {
  const { sections, loads } = readelf(file);
  const s = sections.find((one) => one.name === SECTION);
  return (
    s !== undefined &&
    loads.some(
      (p) =>
        p.offset <= BigInt(s.offset) &&
        BigInt(s.offset + s.size) <= p.offset + p.fileSize &&
        p.address + BigInt(s.offset) - p.offset === s.address,
    )
  );
}

/** One kind by one tool, added to the score. */
function tryKind(kind: Kind, file: string, tool: Tool, data: string, score: Score): void {
  const out = benchFile('out');
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out);
  const [made, scratch] = [`${out}/${kind.name}`, `${out}/scratch`];
  const before = behaviour(kind, file, scratch);
  score.kinds += 1;
  const done = run(tool.command(file, made, data));
  if (done.status !== 0 || !existsSync(made)) {
    score.refused += 1;
    return;
  }
  const [old, now] = [readFileSync(file), readFileSync(made)];
  score.pages += pagesChanged(old, now);
  score.pagesOf += Math.ceil(old.length / PAGE);
  if (tool.adds) {
    if (!readelf(made).sections.some((s) => s.name === SECTION)) score.lost.push(kind.name);
    else if (isMapped(made)) score.mapped += 1;
  }
  if (before === undefined || behaviour(kind, made, scratch) === before) score.same += 1;
  else score.broken.push(kind.name);
}

function kinds(words: readonly string[], tools: readonly Tool[], data: string): string {
  const folder = benchFile('kinds');
  mkdirSync(folder, { recursive: true });
  const scores = new Map<Tool, Score>(
    tools.map((tool) => [
      tool,
      { kinds: 0, same: 0, broken: [], refused: 0, lost: [], mapped: 0, pages: 0, pagesOf: 0 },
    ]),
  );
  for (const kind of KINDS) {
    if (words.length > 0 && !words.some((word) => kind.name.includes(word))) continue;
    if (withoutNeeds(kind.needs) !== undefined) continue;
    const file = buildKind(kind, folder);
    for (const [tool, score] of scores) tryKind(kind, file, tool, data, score);
    rmSync(file, { force: true });
  }
  const lines = [
    '| tool | kinds | work as before | broken | refused | section missing | really mapped | pages changed |',
    '|---|---|---|---|---|---|---|---|',
  ];
  const notes: string[] = [];
  for (const [tool, s] of scores) {
    const share = s.pagesOf === 0 ? 0 : (100 * s.pages) / s.pagesOf;
    const pages = `${share < 10 ? share.toFixed(2) : Math.round(share)} %`;
    const cells = [
      s.kinds,
      s.same,
      s.broken.length,
      s.refused,
      tool.adds ? s.lost.length : '-',
      tool.adds ? s.mapped : '-',
    ];
    lines.push(`| ${tool.name} | ${cells.join(' | ')} | ${pages} |`);
    if (s.broken.length > 0) notes.push(`broken by ${tool.name}: ${s.broken.join(', ')}`);
    if (s.lost.length > 0) notes.push(`section missing after ${tool.name}: ${s.lost.join(', ')}`);
  }
  return [...lines, '', ...notes].join('\n');
}

/** A program of 150 MB, most of it data that does not compress. */
function largeFile(): string {
  const [source, data, file] = [benchFile('large.s'), benchFile('large.data'), benchFile('large')];
  const bytes = new Uint32Array(LARGE / 4);
  let x = 1;
  for (let i = 0; i < bytes.length; i++) {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = x;
  }
  writeFileSync(data, bytes);
  writeFileSync(source, `.globl main\nmain: xor %eax,%eax\nret\n.section .rodata\n.incbin "${data}"\n`);
  const built = run(['gcc', '-o', file, source]);
  if (built.status !== 0) throw new Error(`gcc: ${built.stderr}`);
  rmSync(data);
  return file;
}

interface Timed {
  readonly name: string;
  readonly command: readonly string[];
  /** Before each run, not timed. */
  readonly prepare: () => void;
}

function seconds({ command, prepare }: Timed): number {
  prepare();
  const start = performance.now();
  const done = run(command);
  const time = performance.now() - start;
  if (done.status !== 0) throw new Error(`${command.join(' ')}: ${done.stderr}`);
  return time / 1000;
}

/** Peak resident memory in MB, by GNU time. */
function peak(timed: Timed): string {
  if (withoutTool('/usr/bin/time') !== undefined) return '-';
  timed.prepare();
  const done = run(['/usr/bin/time', '-f', '%M', ...timed.command]);
  return `${Math.round(Number(String(done.stderr).trim().split('\n').at(-1)) / 1024)} MB`;
}

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1]!;

function large(tools: readonly Tool[], data: string): string {
  const why = withoutTool('gcc');
  if (why !== undefined) return `the large file: ${why}`;
  const file = largeFile();
  const [fresh, there] = [benchFile('fresh'), benchFile('there')];
  const clean = () => rmSync(fresh, { force: true });
  const copied = () => copyFileSync(file, there);
  const rows: readonly Timed[] = [
    { name: 'cp, to a new name', command: ['cp', file, fresh], prepare: clean },
    { name: 'cp, over the old file', command: ['cp', file, there], prepare: copied },
    {
      name: 'cp over the old file, then sync',
      command: ['sh', '-c', 'cp "$1" "$2" && sync "$2"', 'sh', file, there],
      prepare: copied,
    },
    ...tools.map((tool) => ({
      name: `${tool.name}, to a new name`,
      command: tool.command(file, fresh, data),
      prepare: clean,
    })),
    { name: 'seccompc, in place', command: ours([])(there, there, data), prepare: copied },
    { name: 'seccompc --load, in place', command: ours(['--load'])(there, there, data), prepare: copied },
    { name: 'objcopy, in place', command: alloc('objcopy')(there, there, data), prepare: copied },
  ];
  // In turn, so that a slow moment of the machine hits all of them.
  const times = rows.map((): number[] => []);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [i, row] of rows.entries()) {
      const time = seconds(row);
      if (round > 0) times[i]!.push(time);
    }
  }
  const [fromNew, fromOver] = [times[0]!, times[1]!];
  const ratio = (own: readonly number[], cp: readonly number[]) => median(own.map((t, i) => t / cp[i]!)).toFixed(2);
  const lines = [
    `one file of ${Math.round(statSync(file).size / 1e6)} MB, medians of ${ROUNDS} rounds; ours with the start of the command, and fsync`,
    '',
    '| | seconds | against cp to a new name | against cp over the old file | peak memory |',
    '|---|---|---|---|---|',
    ...rows.map((row, i) => {
      const own = times[i]!;
      return `| ${row.name} | ${median(own).toFixed(3)} | ${ratio(own, fromNew)} | ${ratio(own, fromOver)} | ${peak(row)} |`;
    }),
  ];
  return lines.join('\n');
}

export default function bench(words: readonly string[]): string {
  const tools = TOOLS.filter((tool) => withoutTool(tool.needs) === undefined);
  const absent = TOOLS.filter((tool) => !tools.includes(tool)).map((tool) => `${tool.name} is not installed`);
  const data = benchFile('rules');
  writeFileSync(
    data,
    Uint8Array.from({ length: RULES }, (_, i) => (i * 7) & 0xff),
  );
  const parts = [...absent, ...(words[0] === 'large' ? [] : [kinds(words, tools, data)]), large(tools, data)];
  return parts.join('\n\n');
}
