/** C programs that benchmarks hold ours against, built in a fresh folder that goes when the process ends. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let folder: string | undefined;

/** A path in the benchmark's own folder. */
export function benchFile(name: string): string {
  if (folder === undefined) {
    folder = mkdtempSync(join(tmpdir(), 'seccompc-bench-'));
    process.on('exit', () => rmSync(folder as string, { recursive: true, force: true }));
  }
  return join(folder, name);
}

/** Builds C sources with gcc -O2; why it cannot, where the compiler or a library is absent. */
export function buildC(
  name: string,
  sources: readonly string[],
  flags: readonly string[] = [],
): { path: string } | { why: string } {
  const path = benchFile(name);
  const built = spawnSync('gcc', ['-O2', '-o', path, ...sources, ...flags], { encoding: 'utf8' });
  return built.status === 0
    ? { path }
    : { why: built.error ? 'gcc is not installed' : (built.stderr.split('\n')[0] ?? '') };
}

/** What a program prints; throws with its status when it fails. */
export function output(path: string, args: readonly string[]): string {
  const ran = spawnSync(path, args, { encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(`${path} ended with status ${ran.status}: ${ran.stderr}`);
  return ran.stdout;
}
