/** Outside tools with their own words in failures. Nothing here is shared with src/. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { withoutTool } from '../support.ts';

export interface RunOptions {
  readonly cwd?: string;
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Why a test cannot run: the first of these programs that is not installed; undefined when all are there. */
export function absent(...tools: readonly string[]): string | undefined {
  return tools.map(withoutTool).find((why) => why !== undefined);
}

export function run([program, ...args]: readonly string[], options: RunOptions = {}): SpawnSyncReturns<string> {
  return spawnSync(program!, args, { encoding: 'utf8', maxBuffer: 64 << 20, timeout: 60_000, ...options });
}

/** What a command prints; throws with its own words when it fails. */
export function must(command: readonly string[], options: RunOptions = {}): string {
  const done = run(command, options);
  if (done.status === 0) return done.stdout;
  throw new Error(
    `${command.join(' ')}: status ${done.status} ${done.signal ?? ''}\n${done.error ?? ''}${done.stderr}`,
  );
}
