/**
 * The file layer from outside: killed at any moment, raced by another of its kind, led astray by links, out of space.
 * The driver (rewrite-driver.ts) runs it in processes of their own; node:crypto, readelf and the kernel judge.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { program } from '../../test/host/program.ts';
import { suite } from '../../test/suite.ts';
import { inFreshFolder, withoutLinux } from '../support.ts';
import { absent, must } from './tools.ts';

const LONG = Boolean(process.env.SECCOMPC_LONG);
const MIB = 1 << 20;
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;

interface Answer {
  readonly how: string;
  readonly otherNames: number;
  readonly done: number;
  readonly refusals: number;
  readonly milliseconds: number;
  readonly kilobytes: number;
}

interface Driven {
  readonly signal: NodeJS.Signals | null;
  /** What it printed: its answer as JSON, or the codes and messages of a refusal. */
  readonly said: string;
  readonly answer: Answer;
}

const entry = 'native-tests/elf/rewrite-driver.ts';

async function start(...args: readonly string[]): Promise<ChildProcess> {
  return spawn(process.execPath, [await program(entry), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function ended(child: ChildProcess): Promise<Driven> {
  let said = '';
  child.stderr!.on('data', (text) => {
    said += text;
  });
  child.stdout!.resume();
  const [, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    child.on('close', (...how) => resolve(how)),
  );
  return { signal, said, answer: said.startsWith('{') ? JSON.parse(said) : {} };
}

async function drive(...args: readonly string[]): Promise<Driven> {
  return ended(await start(...args));
}

/** Under a shell command, in which `"$@"` is the driver's call. */
async function driveUnder(shell: string, args: readonly string[], options: { uid?: number } = {}) {
  const ids = options.uid === undefined ? {} : { uid: options.uid, gid: options.uid };
  const words = [process.execPath, await program(entry), ...args];
  return spawnSync('sh', ['-c', shell, 'sh', ...words], { maxBuffer: 64 * MIB, timeout: 60_000, ...ids });
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const temporaries = (folder: string) => readdirSync(folder).filter((name) => name.startsWith('.seccompc-'));

/** 100 MB that compress to nothing: every MiB differs from the others. */
function bigFile(path: string): void {
  const block = randomBytes(MIB);
  const fd = openSync(path, 'w');
  for (let i = 0; i < 100; i++) {
    block.writeUInt32LE(i, 4 * i);
    writeSync(fd, block);
  }
  closeSync(fd);
}

/** What the driver's `grow` makes of a file, worked out here. */
function grown(old: Buffer): Buffer {
  const bytes = Buffer.concat([old, Buffer.alloc(3), Buffer.from('a piece')]);
  bytes.write('GROWN', MIB - 2);
  return bytes;
}

const endings = [
  { signal: 'SIGKILL', rounds: LONG ? 200 : 20, leaves: true },
  { signal: 'SIGINT', rounds: LONG ? 20 : 3, leaves: false },
  { signal: 'SIGTERM', rounds: LONG ? 20 : 3, leaves: false },
] as const;

/** Swaps LINK between two targets as fast as it can. */
const FLIP = `
  const { renameSync, symlinkSync } = require('node:fs');
  const [link, ...targets] = process.argv.slice(1);
  for (let i = 0; ; i++) {
    symlinkSync(targets[i % 2], link + '.next');
    renameSync(link + '.next', link);
  }
`;

const detours = [
  { name: 'the link', link: 'program', targets: ['a/program', 'b/program'], path: 'program' },
  { name: 'a folder of its path', link: 'current', targets: ['a', 'b'], path: 'current/program' },
] as const;

suite('native-tests/elf/files', (test) => {
  for (const { signal, rounds, leaves } of endings) {
    test.needs(withoutLinux(), `${signal} at any moment leaves the old file or the new one, whole`, () =>
      inFreshFolder(async (folder) => {
        const [spare, path] = [join(folder, 'spare'), join(folder, 'target')];
        bigFile(spare);
        const old = readFileSync(spare);
        const sums = [sha256(old), sha256(grown(old))];
        copyFileSync(spare, path);
        const { answer } = await drive('grow', path);
        assert.is(sums.indexOf(sha256(readFileSync(path))), 1);

        let left = 0;
        const seen = [0, 0];
        for (let round = 0; round < rounds; round++) {
          if (round === 0 || statSync(path).size !== old.length) copyFileSync(spare, path);
          chmodSync(path, 0o751);
          const child = await start('grow', path);
          const end = ended(child);
          await new Promise((resolve) => child.stdout!.once('data', resolve));
          // Over the whole time that it takes, and a little more.
          await after((1.1 * answer.milliseconds * (round + Math.random())) / rounds);
          child.kill(signal);
          await end;
          const at = sums.indexOf(sha256(readFileSync(path)));
          assert.not.equal(at, -1, `round ${round}: neither the old file nor the new one`);
          assert.is(statSync(path).mode & 0o7777, 0o751);
          seen[at]! += 1;
          for (const name of temporaries(folder)) {
            left += 1;
            rmSync(join(folder, name));
          }
        }
        // A temporary file shows that the signal came in the middle.
        if (leaves) assert.ok(left > 0 && seen[0]! > 0, `old ${seen[0]}, new ${seen[1]}, temporary files ${left}`);
        else assert.is(left, 0, 'a temporary file was left');
      }),
    );
  }

  for (const verb of ['add', 'claims']) {
    const how = verb === 'add' ? '' : ', over the claims of dead processes';
    test.needs(absent('readelf', 'true'), `three that inject at once lose nothing${how}`, () =>
      inFreshFolder(async (folder) => {
        const path = join(folder, 'program');
        copyFileSync('/bin/true', path);
        const names = [1, 2, 3].map((i) => Array.from({ length: LONG ? 120 : 25 }, (_, n) => `.by${i}.${n}`));
        const runs = await Promise.all(names.map((list) => drive(verb, path, ...list)));
        for (const run of runs) assert.match(run.said, /^\{/);
        assert.ok(
          runs.some((run) => run.answer.refusals > 0),
          'they never met',
        );
        const there = [...must(['readelf', '-S', '-W', path]).matchAll(/ (\.by\S+) /g)].map((m) => m[1]);
        assert.equal(there.sort(), names.flat().sort());
        must([path]);
        assert.equal(
          temporaries(folder).filter((name) => verb === 'add' || !name.endsWith('.0.claim')),
          [],
        );
      }),
    );
  }

  for (const { name, link, targets, path } of detours) {
    test.needs(withoutLinux(), `${name} swapped meanwhile: nothing else is written to`, () =>
      inFreshFolder(async (folder) => {
        const letters = ['A', 'B'];
        for (const [i, at] of ['a', 'b'].entries()) {
          mkdirSync(join(folder, at));
          writeFileSync(join(folder, at, 'program'), letters[i]!.repeat(70_000));
        }
        symlinkSync(targets[0], join(folder, link));
        const flipping = spawn(process.execPath, ['-e', FLIP, join(folder, link), ...targets], { stdio: 'ignore' });
        const { answer, said } = await drive('count', join(folder, path), LONG ? '3000' : '300');
        flipping.kill('SIGKILL');
        assert.ok(answer.done > 0 && answer.refusals > 0, said);
        for (const [i, at] of ['a', 'b'].entries()) {
          const now = readFileSync(join(folder, at, 'program'), 'utf8');
          assert.match(now.slice(8, 16), /^\d{8}$/);
          assert.ok(now.slice(0, 8) + now.slice(16) === letters[i]!.repeat(69_992), `${at} holds the other file`);
          assert.equal(readdirSync(join(folder, at)), ['program']);
        }
      }),
    );
  }

  test.needs(absent('sleep', 'readelf'), 'a program is replaced while it runs, and goes on', () =>
    inFreshFolder(async (folder) => {
      const path = join(folder, 'program');
      copyFileSync('/bin/sleep', path);
      const running = spawn(path, ['30'], { stdio: 'ignore' });
      await new Promise((resolve) => running.on('spawn', resolve));
      const { said } = await drive('add', path, '.while');
      assert.match(said, /^\{/);
      assert.is(running.exitCode, null);
      assert.ok(running.kill('SIGKILL'));
      assert.match(must(['readelf', '-S', '-W', path]), / \.while /);
      must([path, '0']);
    }),
  );

  test('another name of the file still leads to the old one, and the result says so', () =>
    inFreshFolder(async (folder) => {
      const [path, other] = [join(folder, 'one'), join(folder, 'two')];
      writeFileSync(path, Buffer.alloc(2 * MIB, 1));
      linkSync(path, other);
      const { answer } = await drive('grow', path);
      assert.is(answer.otherNames, 1);
      assert.equal(readFileSync(other), Buffer.alloc(2 * MIB, 1));
      assert.is(statSync(path).size, 2 * MIB + 10);
    }));

  test('through pipes, in and out', () =>
    inFreshFolder(async (folder) => {
      const [path, out] = [join(folder, 'in'), join(folder, 'out')];
      writeFileSync(path, randomBytes(3 * MIB + 5));
      const expected = sha256(grown(readFileSync(path)));
      // The driver's first line goes out before.
      const piped = await driveUnder('"$@" | tail -c +8', ['copy', path, '-']);
      assert.is(sha256(piped.stdout), expected);
      const shell = `cat ${path} | "$@"`;
      await driveUnder(shell, ['copy', '-', out]);
      assert.is(sha256(readFileSync(out)), expected);
      const named = await driveUnder(`mkfifo ${folder}/p; cat ${folder}/p >${out} & "$@"; wait`, [
        'copy',
        path,
        `${folder}/p`,
      ]);
      assert.match(String(named.stderr), /"how":"through"/);
      assert.is(sha256(readFileSync(out)), expected);
      const inPlace = await driveUnder(shell, ['grow', '-']);
      assert.match(String(inPlace.stderr), /^OUTPUT_UNWRITABLE .* in place/);
    }));

  const mounts = () =>
    isRoot && spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0
      ? undefined
      : 'needs the right to mount';
  const asNobody = () => {
    if (!isRoot) return 'needs root';
    const ran = spawnSync(process.execPath, ['--version'], { uid: NOBODY, gid: NOBODY });
    return ran.status === 0 ? undefined : `user ${NOBODY} cannot run ${process.release.name}`;
  };
  const failures = [
    {
      name: 'no space for a second copy',
      absent: mounts,
      shell: (f: string) =>
        `unshare -m sh -c 'mount -t tmpfs -o size=5m none ${f} && cp ${f}-spare ${f}/target && "$@"; ls -A ${f}; cmp ${f}-spare ${f}/target' sh "$@"`,
      why: /^OUTPUT_UNWRITABLE .*no space left/,
    },
    {
      name: 'a read-only file system',
      absent: mounts,
      shell: (f: string) =>
        `unshare -m sh -c 'mount --bind -o ro ${f} ${f} && mount -o remount,bind,ro ${f} && "$@"; ls -A ${f}; cmp ${f}-spare ${f}/target' sh "$@"`,
      why: /^OUTPUT_UNWRITABLE .*read-only/,
    },
    {
      name: 'a limit on file sizes',
      absent: () => withoutLinux(),
      shell: (f: string) => `(ulimit -f 8; exec "$@"); ls -A ${f}; cmp ${f}-spare ${f}/target`,
      why: /^OUTPUT_UNWRITABLE .*larger than the limit/,
    },
    {
      name: 'a folder that may not be written to',
      absent: asNobody,
      uid: NOBODY,
      shell: (f: string) => `"$@"; ls -A ${f}; cmp ${f}-spare ${f}/target`,
      why: /^OUTPUT_UNWRITABLE .*permission denied/,
    },
  ] as const;
  for (const f of failures) {
    test.needs(f.absent, `${f.name}: refused, the old file is whole and alone`, () =>
      inFreshFolder(async (parent) => {
        const folder = join(parent, 'folder');
        mkdirSync(folder, { mode: 0o755 });
        writeFileSync(`${folder}-spare`, randomBytes(3 * MIB));
        copyFileSync(`${folder}-spare`, join(folder, 'target'));
        chmodSync(parent, 0o755);
        const uid = 'uid' in f ? { uid: f.uid } : {};
        const done = await driveUnder(f.shell(folder), ['grow', join(folder, 'target')], uid);
        assert.match(String(done.stderr), f.why);
        assert.is(String(done.stdout), 'begins\ntarget\n');
        assert.is(done.status, 0);
      }),
    );
  }

  test.needs(withoutLinux(), 'memory does not grow with the file', () =>
    inFreshFolder(async (folder) => {
      const [small, big] = [join(folder, 'small'), join(folder, 'big')];
      writeFileSync(small, randomBytes(2 * MIB));
      bigFile(big);
      const [little, much] = [await drive('grow', small), await drive('grow', big)];
      const more = much.answer.kilobytes - little.answer.kilobytes;
      assert.ok(more < 8 * 1024, `${much.answer.kilobytes} KB for 100 MiB, ${little.answer.kilobytes} KB for 2 MiB`);
    }),
  );

  test.needs(withoutLinux(), 'a sparse file stays sparse', () =>
    inFreshFolder(async (folder) => {
      const path = join(folder, 'sparse');
      writeFileSync(path, randomBytes(3 * MIB));
      truncateSync(path, 200 * MIB);
      const old = readFileSync(path);
      assert.ok(statSync(path).blocks * 512 < 4 * MIB, 'the file system of the test knows no holes');
      await drive('grow', path);
      assert.ok(statSync(path).blocks * 512 < 5 * MIB, `${statSync(path).blocks * 512} bytes`);
      assert.is(sha256(readFileSync(path)), sha256(grown(old)));
    }),
  );
});
