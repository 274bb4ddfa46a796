/**
 * Runs programs that nobody has looked at: under bubblewrap, without network, capabilities or a writable file outside an
 * empty /tmp, in a PID namespace that ends with the call. The folder of the program is seen at one path for all, so that
 * what it prints of its own name is the same for every copy.
 */
import { spawn, spawnSync } from 'node:child_process';
import { withoutTool } from '../support.ts';

/** Where the program's folder is seen from inside; on the tmpfs, since a mount point has to be made. */
const INSIDE = '/tmp/sweep';
/** Bytes of each output that are compared. */
const OUTPUT_MAX = 1 << 20;

/** Reads the whole system, writes nothing of it. `folder` is a path on the real system. */
function box(folder: string): string[] {
  return [
    ...['--unshare-all', '--die-with-parent', '--new-session', '--cap-drop', 'ALL', '--uid', '65534', '--gid', '65534'],
    ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--tmpfs', '/run', '--tmpfs', '/tmp'],
    ...['--ro-bind', folder, INSIDE, '--dir', '/tmp/empty', '--chdir', '/tmp/empty', '--'],
  ];
}

/** Why programs cannot be boxed in here; undefined when they can. */
export function withoutBox(): string | undefined {
  const absent = withoutTool('bwrap');
  if (absent !== undefined) return absent;
  const tried = spawnSync('bwrap', [...box('/usr/bin'), '/bin/true'], { encoding: 'utf8' });
  return tried.status === 0 ? undefined : `bwrap cannot box a program in here: ${tried.stderr.trim()}`;
}

export interface Outcome {
  /** Undefined when it was ended after the time given. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `folder/name --version` with nothing to read, for at most `seconds`. */
export function runBoxed(folder: string, name: string, seconds: number): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn('bwrap', [...box(folder), `${INSIDE}/${name}`, '--version'], {
      env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', HOME: '/tmp/empty', TERM: 'dumb' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    for (const sink of ['stdout', 'stderr'] as const) {
      child[sink].setEncoding('latin1').on('data', (text: string) => {
        if (output[sink].length < OUTPUT_MAX) output[sink] += text;
      });
    }
    // The end of bwrap ends its PID namespace, and so everything that the program has started.
    const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1000);
    child.on('error', reject);
    child.on('close', (status) => {
      clearTimeout(timer);
      // Its own failures would be the same for every copy.
      if (output.stderr.startsWith('bwrap: ')) reject(new Error(`${name}: ${output.stderr}`));
      resolve({ status: status ?? undefined, ...output });
    });
  });
}
