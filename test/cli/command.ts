/** What the tests of the command share: running it as a person does, files in a folder of their own, and a watch on them. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { makeElf } from '../elf/image.ts';

export const COMMAND: string = resolve('dist/seccompc.mjs');

export const folder: string = mkdtempSync(join(tmpdir(), 'seccompc-cli-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** A file of the private folder, written now. */
export function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

export interface Ran {
  readonly status: number | null;
  readonly bytes: Uint8Array;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** User and group to run as; needs root. */
  readonly uid?: number;
  /** Milliseconds. */
  readonly timeout?: number;
}

/** The environment without what colours output or changes Node. */
function plainEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { NO_COLOR: _, FORCE_COLOR: __, NODE_OPTIONS: ___, NODE_EXTRA_CA_CERTS: ____, ...env } = process.env;
  return { ...env, ...more };
}

function ran(done: SpawnSyncReturns<Buffer>): Ran {
  // A command that refuses early leaves the rest of its input unread.
  if (done.error && (done.error as NodeJS.ErrnoException).code !== 'EPIPE') throw done.error;
  return { status: done.status, bytes: done.stdout, stdout: done.stdout.toString(), stderr: done.stderr.toString() };
}

/** Runs `seccompc ARGS`. */
export function seccompc(args: readonly string[], options: RunOptions = {}): Ran {
  const { input = '', env, uid, timeout = 120_000 } = options;
  return ran(
    spawnSync(process.execPath, [COMMAND, ...args], {
      input,
      cwd: folder,
      env: plainEnvironment(env),
      maxBuffer: 2 ** 28,
      timeout,
      ...(uid !== undefined && { uid, gid: uid }),
    }),
  );
}

/** Runs a line of shell in the private folder; "$SECCOMPC" in it is the command. */
export function shell(line: string, env: Readonly<Record<string, string>> = {}): Ran {
  const SECCOMPC = `${process.execPath} ${COMMAND}`;
  return ran(
    spawnSync('bash', ['-c', line], { cwd: folder, env: plainEnvironment({ ...env, SECCOMPC }), timeout: 120_000 }),
  );
}

/** Why a tool cannot be used, or undefined when it can. */
export function absent(tool: string): string | undefined {
  return spawnSync(tool, ['--version'], { stdio: 'ignore' }).error ? `${tool} is not installed` : undefined;
}

/** Every file of the folder: name to size, time and content. */
function snapshot(): string {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .sort()
    .map((name) => {
      const stat = lstatSync(join(folder, name), { bigint: true });
      const content = stat.isFile() && stat.size < 2 ** 24 ? readFileSync(join(folder, name), 'latin1') : '';
      return `${name} ${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.mode} ${content}`;
    })
    .join('\n');
}

/** Runs a body that may write nothing: no file appears, goes, or changes in bytes, time or mode. */
export function writingNothing<T>(body: () => T): T {
  const before = snapshot();
  const result = body();
  assert.is(snapshot(), before, 'something was written');
  return result;
}

/** A refusal as people should see it: exit 1 or 2, a diagnostic with this code, no stack trace, no "bug". */
export function refused(r: Ran, code: string, status: 1 | 2): void {
  assert.match(r.stderr, new RegExp(`\\berror ${code}\\b`), r.stderr);
  assert.is(r.status, status, r.stderr);
  assert.not.match(r.stderr, /\n {4}at |seccompc has a bug|node:internal/);
  assert.is(r.stdout, '', 'a refusal goes to standard error');
}

export interface JsonDiagnostic {
  readonly code: string;
  readonly severity: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
}

/** Standard output as the one JSON document that it must be under --json; standard error stays empty. */
export function json(r: Ran): {
  readonly ok: boolean;
  readonly diagnostics: readonly JsonDiagnostic[];
  [key: string]: unknown;
} {
  assert.is(r.stderr, '', 'under --json everything is in the document');
  return JSON.parse(r.stdout);
}

/** A small ELF of x86_64 (or another e_machine), mode 0755. */
export function elf(name: string, machine = 62): string {
  const path = file(name, makeElf({ cls: 64, endian: 'little' }).with({ e_machine: machine }));
  return path;
}

export const PROFILE = `{
  "defaultAction": "SCMP_ACT_ERRNO",
  "architectures": ["SCMP_ARCH_X86_64"],
  "syscalls": [
    { "names": ["read", "write", "exit_group"], "action": "SCMP_ACT_ALLOW" },
    { "names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [{ "index": 0, "value": 0, "op": "SCMP_CMP_EQ" }] },
  ],
}
`;
