/** Processes that carry filters, and an independent reader of them: carrier.c and judge.c, compiled when first needed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { withFilterReader } from '../../src/host/filter-reader.ts';
import { threadNamed } from '../../src/host/process-threads.ts';
import { absent, cannotRun, fileOf, freshPath, records } from '../machine/tools.ts';
import { execute, isNamed, until, with_ } from './support.ts';

export const isArm: boolean = process.arch === 'arm64';
export const here: string | undefined = cannotRun(isArm ? 'arm64' : 'x64') ?? absent('gcc');
export const root: string | undefined = here ?? (process.getuid?.() === 0 ? undefined : 'needs root');

const ALLOW = 0x7fff_0000;
const KILL_PROCESS = 0x8000_0000;
const RESTART_SYSCALL = isArm ? 128 : 219;

/** ld nr; jeq nr, word; ret allow. */
export const answering = (nr: number, word: number): Uint8Array =>
  records([
    [0x20, 0, 0, 0],
    [0x15, 0, 1, nr],
    [0x06, 0, 0, word],
    [0x06, 0, 0, ALLOW],
  ]);
export const allowing: Uint8Array = records([[0x06, 0, 0, ALLOW]]);
/** Kills for the call that the kernel makes by itself when a sleep was interrupted. */
export const noRestart: Uint8Array = answering(RESTART_SYSCALL, KILL_PROCESS);
export const longest: Uint8Array = records(
  Array.from({ length: 4096 }, (_, i) => (i === 4095 ? ([0x06, 0, 0, ALLOW] as const) : ([0x00, 0, 0, i] as const))),
);

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const built = new Map<string, string>();

export function program(source: string, ...libraries: readonly string[]): string {
  const found = built.get(source);
  if (found !== undefined) return found;
  const path = freshPath();
  const flags = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror', '-pthread'];
  const file = resolve('native-tests/processes', source);
  const made = execute('gcc', [...flags, file, '-o', path, ...libraries]);
  assert.is(made.status, 0, made.stderr);
  built.set(source, path);
  return path;
}

export interface Carrier {
  readonly pid: number;
  /** Of its second thread, if there is one. */
  readonly tid: number;
  readonly child: ChildProcess;
  /** What it has printed behind "ready": 'RESULT ERRNO', 'child PID'. */
  readonly said: () => string;
  readonly ended: Promise<readonly [status: number | null, signal: NodeJS.Signals | null]>;
}

/** Starts a program that prints "ready PID TID" when it carries what it should; kills it in the end. */
export async function carrying<T>(command: readonly string[], body: (carrier: Carrier) => T | Promise<T>): Promise<T> {
  const child = spawn(command[0] as string, command.slice(1), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (text) => {
    out += text;
  });
  const ended = new Promise<readonly [number | null, NodeJS.Signals | null]>((done) => {
    child.on('close', (status, signal) => done([status, signal]));
  });
  let pid: number | undefined;
  try {
    await until('a process with filters', () => /^ready .*\n/.test(out));
    const words = /^ready (\d+) (\d+)\n/.exec(out) ?? [];
    pid = Number(words[1]);
    const said = () => out.slice(out.indexOf('\n') + 1);
    return await body({ pid, tid: Number(words[2]), child, said, ended });
  } finally {
    // Of a command that starts another one, that other one first.
    if (pid !== undefined && pid !== child.pid) execute('kill', ['-KILL', String(pid)]);
    child.kill('SIGKILL');
    await ended;
  }
}

export const carrier = (...words: readonly string[]): readonly string[] => [program('carrier.c'), ...words];
export const filterFiles = (...programs: readonly Uint8Array[]): readonly string[] => programs.map(fileOf);

/** A command under bubblewrap with these filters, in this order. */
export function underBwrap<T>(filters: readonly Uint8Array[], body: (pid: number) => T | Promise<T>): Promise<T> {
  const flags = filters.map((_, i) => `--add-seccomp-fd ${10 + i}`).join(' ');
  const descriptors = filterFiles(...filters).map((path, i) => `${10 + i}<${path}`);
  const script = `exec bwrap --ro-bind / / --dev /dev --proc /proc ${flags} /bin/sleep 60 ${descriptors.join(' ')}`;
  return with_(['/bin/bash', '-c', script], isNamed('bwrap'), async (pid) => {
    const inside = () => execute('pgrep', ['-P', String(pid), '-x', 'sleep']).stdout.trim();
    await until('the command', () => inside() !== '');
    return body(Number(inside()));
  });
}

/** What our reader takes from a thread, without the command around it. */
export function read(tid: number): readonly string[] {
  return withFilterReader((reader) =>
    reader.read(threadNamed(tid)).map(({ program }) => {
      assert.instance(program, Uint8Array);
      return hexOf(program as Uint8Array);
    }),
  );
}

/** What judge.c reads: the filters by the kernel's index, with their flags. */
export function judged(tid: number): readonly { readonly hex: string; readonly flags: number }[] {
  const { status, stdout, stderr } = execute(program('judge.c'), [String(tid)]);
  assert.is(status, 0, stderr);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line, i) => {
      const [index, length, flags, hex = ''] = line.split(' ');
      assert.equal([Number(index), 16 * Number(length)], [i, hex.length]);
      return { hex, flags: Number(flags) };
    });
}
