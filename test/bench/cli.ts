/**
 * `npm run bench -- cli [ROUNDS]`: how long the command takes to answer, as multiples of the emptiest start of node, all in
 * turn: whatever disturbs one round disturbs every row of it. The profile is Docker's default where it is at hand, else
 * profiles/container-default.jsonc, which is as large.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { benchFile } from './native.ts';

const DOCKER = '../shared/data/profiles/docker-default.json';
const OURS = 'profiles/container-default.jsonc';
const ROUNDS = 21;
/** NODE_EXTRA_CA_CERTS makes every start of node read a certificate store. */
const { NODE_EXTRA_CA_CERTS: _, ...ENV } = process.env;

function rows(profile: string): Readonly<Record<string, readonly string[]>> {
  const command = 'dist/seccompc.mjs';
  const build = [command, 'build', profile, '--arch', 'x86_64'];
  return {
    'node -e 0': ['-e', '0'],
    '--version': [command, '--version'],
    'build --help': [command, 'build', '--help'],
    'build (search, check, proof)': build,
    'build -o FILE': [...build, '-o', benchFile('filter.bpf')],
    'build --fast': [...build, '--fast'],
    'build, three ABIs': [...build.slice(0, -1), 'x86_64,i386,x32'],
    explain: [command, 'explain', profile, 'socket', '38', '--arch', 'x86_64'],
    lint: [command, 'lint', profile, '--arch', 'x86_64'],
    'diff with itself': [command, 'diff', profile, profile, '--arch', 'x86_64'],
  };
}

/** Milliseconds from start to end; throws where it does not end with 0 or with findings. */
function timed(args: readonly string[]): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { env: ENV });
  const took = performance.now() - start;
  if (status !== 0 && status !== 1) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return took;
}

const median = (times: readonly number[]): number => [...times].sort((a, b) => a - b)[times.length >> 1] ?? Number.NaN;

export default function bench([rounds = String(ROUNDS)]: readonly string[]): string {
  const profile = existsSync(DOCKER) ? DOCKER : OURS;
  const commands = Object.entries(rows(profile));
  const times = new Map<string, number[]>(commands.map(([name]) => [name, []]));
  for (let round = 0; round < Number(rounds); round++) {
    for (const [name, args] of commands) times.get(name)?.push(timed(args));
  }
  const empty = times.get('node -e 0') ?? [];
  const table = [...times].map(([name, all]) => {
    // Of each round by itself, so that a slow minute does not count for one row alone.
    const ratio = median(all.map((ms, round) => ms / (empty[round] ?? Number.NaN)));
    return `| ${name} | ${median(all).toFixed(0)} | ${Math.min(...all).toFixed(0)} | ${ratio.toFixed(2)} |`;
  });
  const head = `${profile}, ${rounds} rounds, node ${process.version}`;
  return [head, '', '| command | median ms | least ms | x node -e 0 |', '|--|--|--|--|', ...table].join('\n');
}
