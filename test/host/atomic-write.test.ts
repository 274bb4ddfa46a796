import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import { type ReplaceOptions, replaceFile } from '../../src/host/atomic-write.ts';
import { suite, throwsCode } from '../suite.ts';
import { program } from './program.ts';

const OLD = Buffer.from('the old file\n');
const NEW = Buffer.from('the new file, which is longer\n');
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;
const asRoot = isRoot ? undefined : 'needs root';
/** Root may do everything, so what permissions forbid is shown by another user, who must be able to run Node. */
const asNobody = () => {
  if (!isRoot) return 'needs root';
  const ran = spawnSync(process.execPath, ['--version'], { uid: NOBODY, gid: NOBODY });
  return ran.status === 0 ? undefined : `user ${NOBODY} cannot run ${process.release.name}`;
};
const posix = process.platform === 'win32' ? 'needs POSIX permissions' : undefined;

/** A folder for one test, gone afterwards; nothing but `left` may be in it then. */
function inFolder(body: (folder: string) => void | Promise<void>): () => Promise<void> {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), 'seccompc-host-'));
    try {
      await body(folder);
      const stray = readdirSync(folder, { recursive: true }).filter((name) => String(name).startsWith('.seccompc-'));
      assert.equal(stray, [], 'a temporary file was left');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

const mode = (path: string) => statSync(path).mode & 0o7777;

function oldFile(folder: string, bits = 0o644): string {
  const path = join(folder, 'target');
  writeFileSync(path, OLD);
  chmodSync(path, bits);
  return path;
}

/** Writes PATH as LENGTH times a BYTE, TIMES times; prints what was done, or the code and message of the refusal. */
const CHILD = `
  import { replaceFile } from './program.mjs';
  const [path, length, byte, times] = process.argv.slice(2);
  for (let i = 0; i < Number(times); i++) {
    try {
      const done = replaceFile(path, new Uint8Array(Number(length)).fill(Number(byte) + i));
      process.stderr.write(JSON.stringify(done) + '\\n');
    } catch (error) {
      process.stderr.write((error.diagnostics?.[0]?.code ?? String(error)) + '\\n' + error.diagnostics?.[0]?.message);
      process.exitCode = 1;
    }
  }
`;

/** The module as a program of its own, for what only another process can show. */
async function child(): Promise<string> {
  const script = join(dirname(await program('src/host/atomic-write.ts')), 'child.mjs');
  writeFileSync(script, CHILD);
  return script;
}

/** Runs `replaceFile` in a child under a shell command, in which `$@` is the call. */
async function runUnder(shell: string, args: readonly (string | number)[], options: { uid?: number } = {}) {
  const script = await child();
  const words = [process.execPath, script, ...args.map(String)];
  const ids = options.uid === undefined ? {} : { uid: options.uid, gid: options.uid };
  return spawnSync('sh', ['-c', shell, 'sh', ...words], { encoding: 'utf8', ...ids });
}

const refused: readonly { name: string; make: (folder: string) => string; options?: ReplaceOptions }[] = [
  { name: 'a folder', make: (folder) => folder },
  { name: 'a new name with a slash behind', make: (folder) => `${folder}/new/` },
  { name: 'a file with a slash behind', make: (folder) => `${oldFile(folder)}/` },
  { name: 'a file in no folder', make: (folder) => join(folder, 'none', 'new') },
  { name: 'a file below a file', make: (folder) => join(oldFile(folder), 'new') },
  { name: 'nothing', make: () => '' },
  { name: 'a name too long', make: (folder) => join(folder, 'x'.repeat(300)) },
  {
    name: 'a link to nothing',
    make: (folder) => {
      symlinkSync('nowhere', join(folder, 'link'));
      return join(folder, 'link');
    },
  },
  {
    name: 'a link to itself',
    make: (folder) => {
      symlinkSync('link', join(folder, 'link'));
      return join(folder, 'link');
    },
  },
];

/** What another process does to the target after it was read. */
const meanwhile: readonly { name: string; change: (path: string) => void }[] = [
  { name: 'grew', change: (path) => writeFileSync(path, 'x', { flag: 'a' }) },
  { name: 'was touched', change: (path) => utimesSync(path, 1, 1) },
  { name: 'was removed', change: (path) => rmSync(path) },
  {
    name: 'was replaced',
    change: (path) => {
      const { atimeMs, mtimeMs } = statSync(path);
      writeFileSync(`${path}.other`, OLD);
      rmSync(path);
      writeFileSync(path, OLD);
      rmSync(`${path}.other`);
      utimesSync(path, atimeMs / 1000, mtimeMs / 1000 + 1);
    },
  },
];

suite('host/atomic-write', (test) => {
  test(
    'a new file has the usual permissions',
    inFolder((folder) => {
      const path = join(folder, 'new');
      assert.equal(replaceFile(path, NEW), { how: 'created', path, ownerKept: true, otherNames: 0 });
      assert.equal(readFileSync(path), NEW);
      assert.is(mode(path), 0o666 & ~process.umask());
    }),
  );

  test.needs(
    posix,
    'a new file takes the mode of the file it is made from, without set-id',
    inFolder((folder) => {
      const likeFile = oldFile(folder, 0o4751);
      replaceFile(join(folder, 'new'), NEW, { likeFile });
      assert.is(mode(join(folder, 'new')), 0o751);
      const fd = openSync(likeFile, 'r');
      replaceFile(join(folder, 'newest'), NEW, { likeFile: fd });
      closeSync(fd);
      assert.is(mode(join(folder, 'newest')), 0o751);
      replaceFile(join(folder, 'newer'), NEW, { likeFile, mode: 0o600 });
      assert.is(mode(join(folder, 'newer')), 0o600);
    }),
  );

  test.needs(
    posix,
    'an old file keeps its mode and gets a new inode',
    inFolder((folder) => {
      const path = oldFile(folder, 0o751);
      const fd = openSync(path, 'r');
      const { ino } = statSync(path);
      assert.equal(replaceFile(path, NEW, { likeFile: '/' }), {
        how: 'replaced',
        path,
        ownerKept: true,
        otherNames: 0,
      });
      assert.is(mode(path), 0o751);
      assert.is.not(statSync(path).ino, ino);
      assert.equal(readFileSync(path), NEW);
      // Who has the old file open (or mapped, as a running program has) goes on with it.
      const still = Buffer.alloc(OLD.length);
      readSync(fd, still, 0, OLD.length, 0);
      closeSync(fd);
      assert.equal(still, OLD);
      replaceFile(path, OLD, { mode: 0o500 });
      assert.is(mode(path), 0o500);
    }),
  );

  test(
    'a symbolic link stays and its file is replaced, in its own folder',
    inFolder((folder) => {
      mkdirSync(join(folder, 'real'));
      const path = oldFile(join(folder, 'real'));
      symlinkSync('real/target', join(folder, 'one'));
      symlinkSync('one', join(folder, 'two'));
      assert.is(replaceFile(join(folder, 'two'), NEW).path, path);
      assert.is(readlinkSync(join(folder, 'two')), 'one');
      assert.ok(lstatSync(path).isFile());
      assert.equal(readFileSync(path), NEW);
    }),
  );

  test.needs(
    process.platform === 'linux' ? undefined : 'needs /proc',
    'a folder that is swapped meanwhile: the file in the old one is replaced, and nothing is left anywhere',
    inFolder((folder) => {
      const [here, away, other] = ['here', 'away', 'other'].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      mkdirSync(here);
      mkdirSync(other);
      const path = oldFile(here);
      oldFile(other);
      replaceFile(path, (out) => {
        renameSync(here, away);
        symlinkSync(other, here);
        out.write(NEW);
      });
      assert.equal(readFileSync(join(away, 'target')), NEW);
      assert.equal(readFileSync(join(other, 'target')), OLD);
    }),
  );

  test(
    'content that fails leaves the old file',
    inFolder((folder) => {
      const path = oldFile(folder);
      const fails = () =>
        replaceFile(path, (out) => {
          out.write(NEW);
          throw new Error('no more');
        });
      assert.throws(fails, /no more/);
      assert.equal(readFileSync(path), OLD);
    }),
  );

  for (const r of refused) {
    test(
      `${r.name} is refused`,
      inFolder((folder) => {
        const path = r.make(folder);
        throwsCode(() => replaceFile(path, NEW, r.options), 'OUTPUT_UNWRITABLE');
        if (existsSync(join(folder, 'target'))) assert.equal(readFileSync(join(folder, 'target')), OLD);
      }),
    );
  }

  test(
    'the file that was read is replaced',
    inFolder((folder) => {
      const path = oldFile(folder);
      replaceFile(path, NEW, { expected: statSync(path, { bigint: true }) });
      assert.equal(readFileSync(path), NEW);
    }),
  );
  for (const r of meanwhile) {
    test(
      `a target that ${r.name} since it was read is refused`,
      inFolder((folder) => {
        const path = oldFile(folder);
        const expected = statSync(path, { bigint: true });
        r.change(path);
        const now = existsSync(path) ? readFileSync(path) : undefined;
        throwsCode(() => replaceFile(path, NEW, { expected }), 'OUTPUT_UNWRITABLE');
        assert.equal(existsSync(path) ? readFileSync(path) : undefined, now);
      }),
    );
  }

  test.needs(
    asRoot,
    'owner, group and set-id bits are kept',
    inFolder((folder) => {
      const path = oldFile(folder);
      chownSync(path, 1234, 4321);
      chmodSync(path, 0o6755);
      assert.ok(replaceFile(path, NEW).ownerKept);
      assert.equal([statSync(path).uid, statSync(path).gid, mode(path)], [1234, 4321, 0o6755]);
    }),
  );

  test.needs(
    asNobody,
    'without the right to give the file away, set-id and group bits are dropped',
    inFolder(async (folder) => {
      chmodSync(folder, 0o777);
      const path = oldFile(folder, 0o6774);
      const done = await runUnder('exec "$@"', [path, 5, 65, 1], { uid: NOBODY });
      assert.match(done.stderr, /"ownerKept":false/);
      assert.equal([statSync(path).uid, statSync(path).gid, mode(path)], [NOBODY, NOBODY, 0o744]);
    }),
  );

  test.needs(
    asNobody,
    'a folder without write permission is refused',
    inFolder(async (folder) => {
      chmodSync(folder, 0o755);
      const path = oldFile(folder, 0o666);
      const done = await runUnder('exec "$@"', [path, 5, 65, 1], { uid: NOBODY });
      assert.match(done.stderr, /^OUTPUT_UNWRITABLE\n.*permission denied/);
      assert.equal(readFileSync(path), OLD);
    }),
  );

  const mounts = isRoot && spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
  test.needs(
    mounts ? undefined : 'needs the right to mount',
    'a full disk leaves the old file and no other',
    inFolder(async (folder) => {
      const mount = `mount -t tmpfs -o size=64k none ${folder} && printf old > ${folder}/f`;
      const shell = `${mount} && "$@"; cat ${folder}/f; ls -A ${folder}`;
      const done = await runUnder(`unshare -m sh -c '${shell}' sh "$@"`, [join(folder, 'f'), 1 << 20, 65, 1]);
      assert.match(done.stderr, /^OUTPUT_UNWRITABLE\n.*no space left/);
      assert.is(done.stdout, 'oldf\n');
    }),
  );
  test.needs(
    mounts ? undefined : 'needs the right to mount',
    'a read-only file system and a mount point are refused',
    inFolder(async (folder) => {
      const path = oldFile(folder);
      const rest = [path, 5, 65, 1];
      const readOnly = `mount --bind -o ro ${folder} ${folder} && mount -o remount,bind,ro ${folder} && "$@"`;
      assert.match(
        (await runUnder(`unshare -m sh -c '${readOnly}' sh "$@"`, rest)).stderr,
        /^OUTPUT_UNWRITABLE\n.*read-only/,
      );
      const mountPoint = `mount --bind ${path} ${path} && "$@"`;
      assert.match(
        (await runUnder(`unshare -m sh -c '${mountPoint}' sh "$@"`, rest)).stderr,
        /^OUTPUT_UNWRITABLE\n.*mount point/,
      );
      assert.equal(readFileSync(path), OLD);
    }),
  );

  test.needs(
    posix,
    'the limit on file sizes leaves the old file',
    inFolder(async (folder) => {
      const path = oldFile(folder);
      const done = await runUnder('ulimit -f 8; exec "$@"', [path, 1 << 20, 65, 1]);
      assert.match(done.stderr, /^OUTPUT_UNWRITABLE\n.*larger than the limit/);
      assert.equal(readFileSync(path), OLD);
    }),
  );

  test.needs(posix, 'a device is written to and stays', () => {
    assert.is(replaceFile('/dev/null', NEW).how, 'through');
    assert.ok(statSync('/dev/null').isCharacterDevice());
  });
  test.needs(existsSync('/dev/full') ? undefined : 'needs /dev/full', 'a full device is refused', () => {
    throwsCode(() => replaceFile('/dev/full', NEW), 'OUTPUT_UNWRITABLE');
  });
  test.needs(
    posix,
    'a named pipe is written to',
    inFolder(async (folder) => {
      const shell = `mkfifo ${folder}/pipe; cat ${folder}/pipe & "$@"; wait`;
      assert.is((await runUnder(shell, [join(folder, 'pipe'), 5, 65, 1])).stdout, 'AAAAA');
      assert.ok(lstatSync(join(folder, 'pipe')).isFIFO());
    }),
  );
  test.needs(
    posix,
    '/dev/stdout is a pipe, or a file that goes on where it was',
    inFolder(async (folder) => {
      assert.is((await runUnder('"$@" | cat', ['/dev/stdout', 5, 65, 1])).stdout, 'AAAAA');
      const path = oldFile(folder);
      await runUnder(`"$@" >> ${path}; "$@" >> ${path}`, ['/dev/fd/1', 5, 65, 1]);
      assert.is(readFileSync(path, 'utf8'), `${OLD}AAAAAAAAAA`);
      const done = await runUnder('"$@" | true', ['/dev/stdout', 1 << 20, 65, 1]);
      assert.match(done.stderr, /^OUTPUT_UNWRITABLE\n.*no reader/);
    }),
  );

  test.needs(
    posix,
    'Ctrl-C takes effect when the file is whole, and leaves no other',
    inFolder(async (folder) => {
      const path = join(folder, 'target');
      const length = 64 << 20;
      const script = await child();
      const running = spawn(process.execPath, [script, path, String(length), '65', '1'], { stdio: 'ignore' });
      const ended = new Promise<NodeJS.Signals | null>((resolve) => running.on('exit', (_, signal) => resolve(signal)));
      while (readdirSync(folder).length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      running.kill('SIGINT');
      assert.is(await ended, 'SIGINT');
      assert.is(statSync(path).size, length);
    }),
  );

  test.needs(posix, 'killed at any moment, the file is the old or the new one, whole', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'seccompc-kill-'));
    const path = join(folder, 'target');
    const length = 4 << 20;
    const script = await child();
    try {
      replaceFile(path, Buffer.alloc(length, 1));
      for (let round = 0; round < 20; round++) {
        const running = spawn(process.execPath, [script, path, String(length), '2', '200'], { stdio: 'ignore' });
        const ended = new Promise((resolve) => running.on('exit', resolve));
        await new Promise((resolve) => setTimeout(resolve, 60 + round * 7));
        running.kill('SIGKILL');
        await ended;
        const now = readFileSync(path);
        assert.is(now.length, length);
        assert.is(Buffer.compare(now, Buffer.alloc(length, now[0])), 0, 'a mixture of two files');
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
