/** Commands on kernels of other machines, each booted under qemu-system with init.c as its first process. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { kernelImage } from '../kernel/qemu/images.ts';
import { cpio, type InitFile, type Machine } from '../kernel/qemu/machines.ts';
import { freshPath } from './tools.ts';

/** How a command ended in the machine. */
export interface Ended {
  readonly status: number;
  readonly signal: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A static program of this machine, from a source below native-tests. */
export function compile(
  { compiler }: Pick<Machine, 'compiler'>,
  source: string,
  path: string = freshPath(),
): Uint8Array {
  const flags = ['-std=gnu11', '-O2', '-static', '-pthread', '-Wall', '-Wextra', '-Werror'];
  const compiled = spawnSync(compiler, [...flags, join('native-tests', source), '-o', path], { encoding: 'utf8' });
  assert.is(compiled.status, 0, compiled.stderr);
  return readFileSync(path);
}

/** Boots the machine with these files and runs the commands in turn. */
export function runAll(
  machine: Omit<Machine, 'name'>,
  files: Readonly<Record<string, Uint8Array>>,
  commands: readonly string[],
): Ended[] {
  const kernel = kernelImage(machine.image);
  if ('why' in kernel) throw new Error(kernel.why);
  const init = compile(machine, 'machine/init.c');
  const initrd = freshPath();
  // riscv64 leaves registers of the old program to the new one; with lines of equal length init leaves the same.
  const lines = commands.map((text) => `${text.padEnd(63)}\n`).join('');
  const inside: readonly InitFile[] = [
    { name: 'dev', mode: 0o040755 },
    { name: 'dev/console', mode: 0o020600, device: [5, 1] },
    { name: 'init', mode: 0o100755, data: init },
    { name: 'commands', mode: 0o100644, data: Buffer.from(lines) },
    ...Object.entries(files).map(([name, data]) => ({ name, mode: 0o100755, data })),
  ];
  writeFileSync(initrd, cpio(inside));
  const [command, ...model] = machine.qemu as readonly [string, ...string[]];
  const append = `console=${machine.console} panic=-1 quiet loglevel=0 rdinit=/init norandmaps`;
  const hardware = ['-m', '512', '-smp', '1', '-nographic', '-no-reboot', '-net', 'none'];
  const booted = spawnSync(
    command,
    [...model, ...hardware, '-kernel', kernel.path, '-initrd', initrd, '-append', append],
    { encoding: 'latin1', stdio: ['ignore', 'pipe', 'pipe'], timeout: 300_000, killSignal: 'SIGKILL' },
  );
  const said = booted.stdout.split(/\r?\n/).flatMap((line) => (line.startsWith('@ ') ? [line.slice(2)] : []));
  assert.is(said.pop(), 'end', booted.stdout.slice(-1000) + booted.stderr);
  const bytes = (hex: string | undefined) => Buffer.from(hex ?? '', 'hex').toString('latin1');
  return said.map((line) => {
    const [status, signal, stdout, stderr] = line.split(' ');
    return { status: Number(status), signal: Number(signal), stdout: bytes(stdout), stderr: bytes(stderr) };
  });
}

/** Why no machine is booted unless asked for. */
export const unasked: string | undefined = process.env.SECCOMPC_QEMU ? undefined : 'takes a minute: SECCOMPC_QEMU=1';
