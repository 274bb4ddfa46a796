/**
 * Every program that a system has installed, injected in each way, still answers `--version` as it did.
 *
 * Each is copied into a folder of its own; the untouched copy runs twice, to know what differs from one run to the next
 * by itself, then, under the same name, the copies with a section appended and loaded. Removing has to give the file
 * before. Weak spot: an answer to `--version` shows that the program starts, relocates and prints, not all that it does.
 */
import { chmodSync, closeSync, lstatSync, openSync, readdirSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SeccompcError } from '../../src/diag/error.ts';
import { addSection, removeSection } from '../../src/elf/index.ts';
import { inFreshFolder } from '../support.ts';
import { type Outcome, runBoxed } from './sweep-box.ts';
import { withoutSpareHeaders } from './zoo/patch.ts';

/** `move`: loaded, after the program headers that could be reused have been spoiled, so that the table has to move. */
export const MODES = ['append', 'load', 'move'] as const;
export type Mode = (typeof MODES)[number];

export type Verdict =
  | { readonly kind: 'same' }
  /** Runs of the untouched copy differ in what they print; the status is compared. */
  | { readonly kind: 'unsteady' }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'broken'; readonly why: string };

export interface Swept {
  readonly path: string;
  readonly mode: Mode;
  readonly verdict: Verdict;
  /** The untouched copy printed something and ended with 0. */
  readonly answered?: boolean;
  /** Bytes that the file grew by; undefined for a refusal. */
  readonly growth?: number;
  /** The program header table stands at another place: no slot could be reused. */
  readonly moved?: boolean;
}

/** As long as the filter of a container. */
const RULES = Uint8Array.from({ length: 8 * 400 }, (_, i) => (i * 151) & 0xff);
const NAME = '.sweep_rules';
const SECONDS = 5;
/** How often an untouched copy is run before a difference counts: some print in an order of chance. */
const RUNS_MAX = 10;

/** The box keeps these from doing harm; they are left out all the same, since a mistake would end the machine. */
const NEVER_RUN: ReadonlySet<string> = new Set(
  'init telinit halt poweroff reboot shutdown runlevel kexec systemctl systemd switch_root pivot_root'.split(' '),
);

/** The ELF programs of these folders, each file once (hard links and symbolic links have other names for it), by name. */
export function installedPrograms(folders: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  const found: string[] = [];
  for (const path of folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))) {
    const stat = lstatSync(path);
    const file = `${stat.dev}:${stat.ino}`;
    if (!stat.isFile() || (stat.mode & 0o111) === 0 || seen.has(file) || !isElf(path)) continue;
    seen.add(file);
    if (!NEVER_RUN.has(basename(path))) found.push(path);
  }
  return found.sort((a, b) => (basename(a) < basename(b) ? -1 : 1));
}

function isElf(path: string): boolean {
  const magic = Buffer.alloc(4);
  const fd = openSync(path, 'r');
  try {
    return readSync(fd, magic, 0, 4, 0) === 4 && magic.toString('latin1') === '\x7fELF';
  } finally {
    closeSync(fd);
  }
}

/** The same choice on every run: those whose names hash lowest, so that no letter is preferred. */
export function some(paths: readonly string[], count: number): readonly string[] {
  const hash = (path: string) =>
    [...basename(path)].reduce((sum, letter) => Math.imul(sum ^ letter.charCodeAt(0), 16777619) >>> 0, 2166136261);
  return [...paths].sort((a, b) => hash(a) - hash(b)).slice(0, count);
}

/** e_phoff. @see gABI 4.1 chapter 4 */
function phoff(bytes: Buffer): bigint {
  const big = bytes[5] === 2;
  if (bytes[4] === 2) return big ? bytes.readBigUInt64BE(32) : bytes.readBigUInt64LE(32);
  return BigInt(big ? bytes.readUInt32BE(28) : bytes.readUInt32LE(28));
}

/** One program in every mode. */
async function sweepOne(path: string): Promise<readonly Swept[]> {
  const original = readFileSync(path);
  const name = basename(path);
  const swept: Swept[] = [];
  await inFreshFolder(async (folder) => {
    chmodSync(folder, 0o755);
    const run = (bytes: Uint8Array) => {
      writeFileSync(join(folder, name), bytes);
      chmodSync(join(folder, name), 0o755);
      return runBoxed(folder, name, SECONDS);
    };
    const untouched: Outcome[] = [];
    for (const mode of MODES) {
      const before = mode === 'move' ? withoutSpareHeaders(original) : original;
      const after = injected(before, mode);
      if (typeof after === 'string') {
        swept.push({ path, mode, verdict: { kind: 'refused', code: after } });
        continue;
      }
      while (untouched.length < 2) untouched.push(await run(original));
      const restored = Buffer.compare(removeSection(after, NAME), before) === 0;
      const verdict: Verdict = restored
        ? await compared(untouched, await run(after), () => run(original))
        : { kind: 'broken', why: 'removing gives another file' };
      const { status, stdout, stderr } = untouched[0]!;
      swept.push({
        ...{ path, mode, verdict },
        answered: status === 0 && stdout + stderr !== '',
        growth: after.length - before.length,
        moved: phoff(Buffer.from(after.buffer)) !== phoff(before),
      });
    }
  });
  return swept;
}

/** The new file, or the code of the refusal. */
function injected(bytes: Buffer, mode: Mode): Uint8Array | string {
  try {
    return addSection(bytes, { name: NAME, data: RULES, load: mode !== 'append' });
  } catch (error) {
    if (error instanceof SeccompcError) return error.diagnostics[0]!.code;
    throw error;
  }
}

/** Holds a run against the two of the untouched copy, and against more of those before it says that something broke. */
async function compared(untouched: Outcome[], now: Outcome, again: () => Promise<Outcome>): Promise<Verdict> {
  const text = ({ status, stdout, stderr }: Outcome) => JSON.stringify([status, stdout, stderr]);
  for (;;) {
    if (untouched.some((o) => text(o) === text(now))) return { kind: 'same' };
    const isUnsteady = new Set(untouched.map(text)).size > 1;
    if (isUnsteady && untouched.some((o) => o.status === now.status)) return { kind: 'unsteady' };
    if (untouched.length === RUNS_MAX) break;
    untouched.push(await again());
  }
  const show = (o: Outcome) =>
    `status ${o.status ?? 'none, ended'} ${JSON.stringify((o.stdout + o.stderr).slice(0, 200))}`;
  return { kind: 'broken', why: `before: ${show(untouched[0]!)}; after: ${show(now)}` };
}

/** All of them, `atOnce` at a time; `tell` is called for each as it is done. */
export async function sweep(
  paths: readonly string[],
  atOnce: number,
  tell: (swept: Swept) => void = () => {},
): Promise<readonly Swept[]> {
  const queue = [...paths];
  const all: Swept[] = [];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
        for (const swept of await sweepOne(path)) {
          all.push(swept);
          tell(swept);
        }
      }
    }),
  );
  return all;
}
