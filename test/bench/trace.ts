/**
 * `npm run bench -- trace [MEGABYTES]`: a long strace log replayed against profiles/container-default.jsonc by the command,
 * beside `grep -c` on the same file, in turn. The log is made of recorded ones, again and again, with other process
 * numbers: those of ../shared where they are, else what strace records here.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, statSync, writeSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { benchFile } from './native.ts';

const RECORDED = '../shared/data/traces/strace';
/** Of processes with numbers in front. */
const WANTED = /^(?:node_http_f|nginx_f_tt|py_hello_f|sh_tree|mt_raw_n|curl_f|hello_go_f|git_f|find_usr|ls_f)\.strace/;
const ROUNDS = 3;
const PROFILE = 'profiles/container-default.jsonc';
const { NODE_EXTRA_CA_CERTS: _, ...ENV } = process.env;

function sources(): readonly Buffer[] | string {
  if (existsSync(RECORDED)) {
    return readdirSync(RECORDED)
      .filter((name) => WANTED.test(name))
      .map((name) => {
        const bytes = readFileSync(`${RECORDED}/${name}`);
        return name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
      });
  }
  const file = benchFile('recorded.strace');
  const done = spawnSync('strace', ['-f', '-n', '-e', 'raw=all', '-o', file, 'sh', '-c', 'ls -lR /usr/share; id'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return done.status === 0 ? [readFileSync(file)] : 'strace is not installed, and there are no recorded traces';
}

/** At least so many bytes, each copy with process numbers of its own. */
function makeLog(path: string, size: number, recorded: readonly Buffer[]): void {
  const texts = recorded.map((bytes) => bytes.toString('latin1'));
  const fd = openSync(path, 'w');
  for (let written = 0, n = 1; written < size; n++) {
    for (const text of texts) {
      const bytes = Buffer.from(
        text.replace(/^\d+ /gm, (pid) => `${Number(pid) + 7 * n} `),
        'latin1',
      );
      writeSync(fd, bytes);
      written += bytes.length;
    }
  }
  closeSync(fd);
}

interface Timed {
  readonly seconds: number;
  readonly peak: number;
  readonly stdout: string;
}

/** /usr/bin/time's place: the shell's own accounting of its child. */
function timed(command: readonly string[]): Timed {
  const watch = `import os,resource,subprocess,sys,time
t=time.time(); p=subprocess.run(sys.argv[1:],stdout=subprocess.PIPE); r=resource.getrusage(resource.RUSAGE_CHILDREN)
sys.stderr.write("%f %d" % (time.time()-t, r.ru_maxrss)); sys.stdout.buffer.write(p.stdout)`;
  const done = spawnSync('python3', ['-c', watch, ...command], { env: ENV, encoding: 'utf8', maxBuffer: 64 << 20 });
  const [seconds, peak] = done.stderr.trim().split(/\s+/).slice(-2).map(Number) as [number, number];
  return { seconds, peak: peak / 1024, stdout: done.stdout };
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] as number;

export default function bench(args: readonly string[] = []): string {
  const megabytes = Number(args[0] ?? 1000);
  const recorded = sources();
  if (typeof recorded === 'string') return recorded;
  const file = benchFile('long.strace');
  makeLog(file, megabytes * 1e6, recorded);
  const size = statSync(file).size / 1e6;
  const ours = [
    process.execPath,
    'dist/seccompc.mjs',
    'replay',
    PROFILE,
    file,
    '--arch',
    'x86_64,i386',
    '--format',
    'json',
  ];
  const runs = Array.from({ length: ROUNDS }, () => ({
    replay: timed(ours),
    grep: timed(['grep', '-c', 'open', file]),
  }));
  const { totals } = JSON.parse(runs[0]!.replay.stdout) as { totals: { events: number; distinct: number } };
  const seconds = median(runs.map(({ replay }) => replay.seconds));
  const grep = median(runs.map((run) => run.grep.seconds));
  return [
    `${size.toFixed(0)} MB of strace, ${totals.events} calls, ${totals.distinct} distinct ones decided; medians of ${ROUNDS}, in turn`,
    '',
    '| | seconds | MB/s | peak memory |',
    '|---|---|---|---|',
    `| seccompc replay | ${seconds.toFixed(2)} | ${(size / seconds).toFixed(0)} | ${Math.max(...runs.map(({ replay }) => replay.peak)).toFixed(0)} MB |`,
    `| grep -c | ${grep.toFixed(2)} | ${(size / grep).toFixed(0)} | |`,
  ].join('\n');
}
