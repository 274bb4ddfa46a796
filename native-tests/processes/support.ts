/** What the tests of this folder share: the command as built, confined processes, a terminal with a shell in it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { fileOf } from '../machine/tools.ts';

export const COMMAND: string = resolve('dist/seccompc.mjs');

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly cwd?: string;
}

/** Without what colours output, changes Node, or makes its start slow. */
function environment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { NO_COLOR: _, FORCE_COLOR: __, NODE_OPTIONS: ___, NODE_EXTRA_CA_CERTS: ____, ...env } = process.env;
  return { ...env, ...more };
}

export function execute(command: string, args: readonly string[], options: RunOptions = {}): Ended {
  const { input = '', env, uid, cwd } = options;
  const { error, status, signal, stdout, stderr } = spawnSync(command, args, {
    input,
    env: environment(env),
    encoding: 'utf8',
    timeout: 30_000,
    ...(cwd !== undefined && { cwd }),
    ...(uid !== undefined && { uid, gid: uid }),
  });
  if (error !== undefined && (error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  return { status, signal, stdout, stderr };
}

export function seccompc(args: readonly string[], options: RunOptions = {}): Ended {
  return execute(process.execPath, [COMMAND, ...args], options);
}

/** A profile that allows everything, but for what is given: names to actions. */
export function profileOf(actions: Readonly<Record<string, string>> = {}, more: object = {}): string {
  const syscalls = Object.entries(actions).map(([name, action]) => ({ names: [name], action }));
  return fileOf(JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls, ...more }));
}

export const later = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

/** Asks until it is so; fails after five seconds. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (isSo()) return;
    await later(10);
  }
  assert.unreachable(`this never came: ${what}`);
}

/** A field of /proc/PID/status. */
export function statusOf(pid: number, field: string): string {
  return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
}

/** Starts a program, waits until `ready`, runs `body` with its process id, and kills it. */
export async function with_<T>(
  command: readonly [string, ...string[]],
  ready: (pid: number) => boolean,
  body: (pid: number, child: ChildProcess) => T | Promise<T>,
): Promise<T> {
  const child = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'], env: environment() });
  const pid = child.pid as number;
  try {
    await until('the process', () => ready(pid));
    return await body(pid, child);
  } finally {
    child.kill('SIGKILL');
  }
}

/** Has executed something else than what it was started as, and sleeps. */
export const isNamed =
  (name: string) =>
  (pid: number): boolean =>
    statusOf(pid, 'Name') === name && statusOf(pid, 'State').startsWith('S');

/** A step in a terminal: what is typed, and what then has to appear. */
export type Step = readonly [typed: string, appears: string];

const TERMINAL = `
import json, os, pty, re, select, sys, time
steps = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    os.environ['PS1'] = '#> '
    os.environ['TERM'] = 'dumb'
    os.execvp('bash', ['bash', '--norc', '--noprofile', '--noediting', '-i'])
def read(pattern):
    seen, end = '', time.time() + 15
    while time.time() < end and not re.search(pattern, seen):
        if select.select([fd], [], [], 0.1)[0]:
            try: seen += os.read(fd, 65536).decode('utf8', 'replace')
            except OSError: break
    return seen, bool(re.search(pattern, seen))
out = []
for typed, appears in [['stty -echo; echo rea""dy\\n', 'ready\\r\\n#> ']] + steps:
    os.write(fd, typed.encode())
    seen, found = read(appears)
    out.append(seen)
    if not found: break
os.close(fd)
print(json.dumps(out))
`;

/** What an interactive shell says when it waits for a line. */
export const PROMPT = '#> $';

/** Types into an interactive shell, step by step; fails at the first one after which the expected does not appear. */
export function inTerminal(steps: readonly Step[]): readonly string[] {
  const { status, stdout, stderr } = execute('python3', ['-c', TERMINAL, JSON.stringify(steps)]);
  assert.is(status, 0, stderr);
  const [, ...seen] = JSON.parse(stdout) as readonly string[];
  const last = seen.length - 1;
  const [typed, appears] = steps[last] ?? ['', ''];
  assert.match(seen[last] ?? '', new RegExp(appears), `after ${JSON.stringify(typed)}: ${JSON.stringify(seen)}`);
  assert.is(seen.length, steps.length, JSON.stringify(seen));
  return seen;
}
