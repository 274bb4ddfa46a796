/**
 * `npm run bench -- trace [MEGABYTES]`: a long strace log replayed against profiles/container-default.jsonc by the command,
 * beside `grep -c` on the same file, in turn. The log is made of recorded ones, again and again, with other process
 * numbers: those of ../shared where they are, else what strace records here. Behind it every other format, a tenth as long,
 * made of the lines that test/fuzz begins with, each time with other serials and processes; once each.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, statSync, writeSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { BY_HAND, type Lines } from '../fuzz/trace/seeds.ts';
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

/** Texts of a log's lines again and again; no event, and no process, is the same as one before. */
function makeOther(path: string, size: number, { lines }: Lines): void {
  const text = `${lines.map((line) => line.toString('latin1')).join('\n')}\n`;
  const fd = openSync(path, 'w');
  for (let written = 0, n = 1; written < size; ) {
    let part = '';
    for (; part.length < 1 << 20; n++) {
      // As many digits as before: the journal's export form has lengths.
      part += text
        .replaceAll('1795291371', String(1_795_291_371 + n))
        .replace(/\bpid=70\b/g, `pid=${10 + (n % 90)}`)
        .replace(/\b730[67]\b/g, (tid) => String(Number(tid) - (n % 5000)));
    }
    writeSync(fd, Buffer.from(part, 'latin1'));
    written += part.length;
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

const replaying = (file: string, ...more: readonly string[]) => [
  process.execPath,
  'dist/seccompc.mjs',
  'replay',
  PROFILE,
  file,
  '--arch',
  'x86_64,i386',
  '--format',
  'json',
  ...more,
];

function otherFormat(log: Lines, size: number): string {
  const file = benchFile('long.log');
  makeOther(file, size, log);
  const { seconds, peak, stdout } = timed(replaying(file, '--trace-format', log.format));
  const { calls, unread } = JSON.parse(stdout).sources[0] as { readonly calls: number; readonly unread: number };
  const speed = statSync(file).size / 1e6 / seconds;
  return `| ${log.name} | ${seconds.toFixed(2)} | ${speed.toFixed(0)} | ${peak.toFixed(0)} MB | ${calls} | ${unread} |`;
}

export default function bench(args: readonly string[] = []): string {
  const megabytes = Number(args[0] ?? 1000);
  const recorded = sources();
  if (typeof recorded === 'string') return recorded;
  const file = benchFile('long.strace');
  makeLog(file, megabytes * 1e6, recorded);
  const size = statSync(file).size / 1e6;
  const runs = Array.from({ length: ROUNDS }, () => ({
    replay: timed(replaying(file)),
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
    '',
    `The other formats, ${(megabytes / 10).toFixed(0)} MB each, once`,
    '',
    '| | seconds | MB/s | peak memory | calls | unread |',
    '|---|---|---|---|---|---|',
    ...BY_HAND.filter(({ format }) => format !== 'strace').map((log) => otherFormat(log, megabytes * 1e5)),
  ].join('\n');
}
