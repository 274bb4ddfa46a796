/** Daemons that clients need: started in the place, and ended with it. */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import type { Place } from '../place.ts';

const PATIENCE = 60_000;
const PAUSE = 100;

/** Starts a daemon and waits until `ask`, a command, succeeds. Throws with the end of its log when that does not come. */
export async function startDaemon(
  place: Place,
  command: readonly string[],
  ask: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const log = join(place.folder, 'daemon.log');
  const descriptor = openSync(log, 'w');
  const child = place.start(['sh', '-c', 'exec "$@" >&3 2>&3 3>&-', 'sh', ...command], { fds: [descriptor] });
  closeSync(descriptor);
  let ended: string | undefined;
  child.on('exit', (status, signal) => {
    ended = `it ended with ${signal ?? `status ${status}`}`;
  });
  let why = '';
  for (let waited = 0; waited < PATIENCE && ended === undefined; waited += PAUSE) {
    try {
      await place.run(ask, { env });
      return;
    } catch (error) {
      why = String(error);
      await after(PAUSE);
    }
  }
  const words = readFileSync(log, 'utf8').split('\n').slice(-20).join('\n');
  throw new Error(`${command[0]} does not answer: ${ended ?? why}\n${words}`);
}
