/** What native tests share: tools that may be absent, fresh folders, the project's own command. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LAUNCHER_STATUS, launcherElf } from '../src/machine/index.ts';

/** Why a tool cannot be used; undefined when it can. */
export function withoutTool(name: string): string | undefined {
  const found = spawnSync('sh', ['-c', 'command -v "$1"', 'sh', name]);
  return found.status === 0 ? undefined : `${name} is not installed`;
}

export function withoutLinux(cpu?: 'x64' | 'arm64'): string | undefined {
  if (process.platform !== 'linux') return 'this is not Linux';
  return cpu === undefined || process.arch === cpu ? undefined : `this machine is ${process.arch}, not ${cpu}`;
}

let i386: { readonly why: string | undefined } | undefined;

/** Why this kernel runs no i386 programs: x86_64 kernels may be built or started without, and then have no int 0x80. */
export function withoutI386(): string | undefined {
  i386 ??= { why: withoutLinux('x64') ?? startsI386() };
  return i386.why;
}

function startsI386(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'seccompc-test-'));
  try {
    const path = join(folder, 'i386');
    writeFileSync(path, launcherElf({ arch: 'i386', program: 'descriptor' }), { mode: 0o755 });
    return spawnSync(path).status === LAUNCHER_STATUS.own ? undefined : 'this kernel runs no i386 programs';
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs `body` with a fresh folder (mode 0700), which is gone afterwards. */
export async function inFreshFolder(body: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'seccompc-test-'));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function runCommand(
  command: string,
  args: readonly string[],
  options: { readonly input?: string | Uint8Array; readonly fds?: readonly (number | 'pipe')[] } = {},
): Ran {
  const done = spawnSync(command, args, {
    ...(options.input !== undefined && { input: options.input }),
    ...(options.fds && { stdio: ['ignore', 'pipe', 'pipe', ...options.fds] }),
    timeout: 60_000,
    maxBuffer: 64 << 20,
  });
  return { status: done.status, stdout: String(done.stdout ?? ''), stderr: String(done.stderr ?? '') };
}

/** The project's own command, as built. */
export function seccompc(args: readonly string[], input?: string | Uint8Array): Ran {
  return runCommand(process.execPath, ['dist/seccompc.mjs', ...args], input === undefined ? {} : { input });
}
