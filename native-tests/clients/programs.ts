/** The programs in programs/, compiled once for each process that asks. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withoutLinux, withoutTool } from '../support.ts';

const COMMON = ['-std=c17', '-O1', '-Wall', '-Wextra', '-Werror'];
/** No C library: the witness makes no call but its own. */
const ALONE: readonly string[] = [
  '-static',
  '-nostdlib',
  '-ffreestanding',
  '-fno-stack-protector',
  '-fno-pie',
  '-no-pie',
];
const RED_ZONE: readonly string[] = process.arch === 'x64' ? ['-mno-red-zone'] : [];

type ProgramName = 'witness' | 'filters' | 'resolve';
const FLAGS: Readonly<Record<ProgramName, readonly string[]>> = {
  witness: [...ALONE, ...RED_ZONE],
  filters: ['-D_GNU_SOURCE'],
  resolve: [],
};

let folder: string | undefined;
const made = new Map<ProgramName, string>();

/** A folder for what does not change, which is gone when this process has ended, however it ends. */
export function ownFolder(): string {
  if (folder === undefined) {
    folder = mkdtempSync(join(tmpdir(), 'seccompc-programs-'));
    const shell = spawn('sh', ['-c', 'cat; rm -rf "$1"', 'sh', folder], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    // Its input ends with this process, which does not wait for it.
    shell.unref();
    (shell.stdin as Socket).unref();
  }
  return folder;
}

/** Path of the executable. */
export function program(name: ProgramName): string {
  const known = made.get(name);
  if (known !== undefined) return known;
  const path = join(ownFolder(), name);
  execFileSync('gcc', [...COMMON, ...FLAGS[name], '-o', path, `native-tests/clients/programs/${name}.c`]);
  made.set(name, path);
  return path;
}

/** Why they cannot be had. */
export function withoutPrograms(): string | undefined {
  const here = withoutLinux();
  if (here !== undefined) return here;
  if (process.arch !== 'x64' && process.arch !== 'arm64') return `the witness is not made for ${process.arch}`;
  return withoutTool('gcc');
}
