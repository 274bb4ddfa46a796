/**
 * Where a client runs: a fresh folder, and around it namespaces from which nothing gets out (place.sh). Closing it fails
 * when a mount, process, cgroup or file is left; one whose owner is killed is closed by the shell that holds it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface PlaceOptions {
  /** Its own process ids: true unless the client does not run in such a place. */
  readonly pids?: boolean;
  /** /sys/fs/cgroup is the unified hierarchy, whatever this machine has. */
  readonly cgroup2?: boolean;
}

export interface CommandOptions {
  /** What the command has as descriptor 3 and up. */
  readonly fds?: readonly number[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Ends of /proc entries that are process ids. */
export function processIds(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** The arguments of a process; none when it is gone. */
export function argumentsOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

const open = new Set<Place>();

/** Closes what is still open: for whoever is interrupted. */
export async function closePlaces(): Promise<void> {
  await Promise.all([...open].map((place) => place.close()));
}

export class Place {
  readonly folder: string;
  /** In the name of every cgroup, and in the arguments of every process. */
  readonly token: string;
  readonly #shell: ChildProcess;
  readonly #ended: Promise<number | null>;
  readonly #errors: string[] = [];
  #pid = 0;
  #commands = 0;

  private constructor(options: PlaceOptions) {
    this.token = `seccompc-clients-${randomBytes(8).toString('hex')}`;
    this.folder = mkdtempSync(join(tmpdir(), 'seccompc-clients-'));
    const words = [...(options.pids === false ? [] : ['pids']), ...(options.cgroup2 ? ['cgroup2'] : [])];
    // In a session of its own: an interrupt at the terminal must not reach the one that cleans up.
    this.#shell = spawn('bash', ['native-tests/clients/place.sh', this.folder, this.token, ...words], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    this.#shell.stderr?.on('data', (chunk) => this.#errors.push(String(chunk)));
    this.#ended = new Promise((done) => this.#shell.on('close', done));
    open.add(this);
  }

  static async open(options: PlaceOptions = {}): Promise<Place> {
    const place = new Place(options);
    for await (const line of createInterface({ input: place.#shell.stdout! })) {
      place.#pid = Number(/^ready (\d+)$/.exec(line)?.[1] ?? 0);
      break;
    }
    if (place.#pid > 0) return place;
    await place.#ended;
    throw new Error(`no private place: ${place.#errors.join('')}`);
  }

  /** A word that no process has yet among its arguments. */
  freshToken(): string {
    this.#commands += 1;
    return `${this.token}-${this.#commands}`;
  }

  /** Starts a command in this place; its standard input is empty. */
  start(command: readonly string[], { fds = [], env = {} }: CommandOptions = {}): ChildProcess {
    const enter = ['--target', String(this.#pid), '--mount', '--net', '--ipc', '--pid', '--', ...command];
    return spawn('nsenter', enter, {
      stdio: ['ignore', 'pipe', 'pipe', ...fds],
      env: { ...environment(), HOME: this.folder, TMPDIR: this.folder, ...env },
    });
  }

  /** Runs a command to its end. Throws with its own words when it fails. */
  async run(command: readonly string[], options: CommandOptions = {}): Promise<string> {
    const child = this.start(command, options);
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      stderr += chunk;
    });
    const status = await new Promise<number | null>((done) => child.on('close', done));
    if (status === 0) return stdout;
    throw new Error(`${command.join(' ')}: status ${status}\n${stderr}`);
  }

  /** Ends everything in it. Throws when something is left. */
  async close(): Promise<void> {
    open.delete(this);
    this.#shell.stdin?.end();
    const status = await this.#ended;
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(this.folder));
    const processes = processIds().filter((pid) => argumentsOf(pid).some((argument) => argument.includes(this.token)));
    const left = [...mounts, ...processes.map((pid) => `process ${pid}`), ...this.#errors];
    if (status !== 0 || left.length > 0) throw new Error(`left behind: ${left.join('\n')} (status ${status})`);
  }
}

/** Without what would reach into a client: Node's own settings, and a daemon that is elsewhere. */
function environment(): NodeJS.ProcessEnv {
  const theirs = /^(NODE_|npm_|DOCKER_|CONTAINERD_|CONTAINER_|XDG_|DBUS_|SECCOMPC_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !theirs.test(name)));
}
