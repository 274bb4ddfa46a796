/**
 * What a replaced file keeps besides its bytes. Python sets and reads extended attributes, which Node cannot: outside
 * judges of owner, mode, file capabilities, ACLs, user attributes and times.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../suite.ts';
import { program } from './program.ts';

const NOBODY = 65534;
const SIZE = 2 << 20;

/** Names and values of the attributes of the files, as hexadecimal. */
const SHOW = `
import os, sys
for path in sys.argv[1:]:
    for name in sorted(os.listxattr(path)):
        print(name, os.getxattr(path, name).hex())
`;

/** PATH, then NAME HEX of each attribute. */
const SET = `
import os, sys
for name, value in zip(sys.argv[2::2], sys.argv[3::2]):
    os.setxattr(sys.argv[1], name, bytes.fromhex(value))
`;

function python(script: string, ...args: readonly string[]): string {
  const done = spawnSync('python3', ['-c', script, ...args], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(done.stderr);
  return done.stdout;
}

/** vfs_cap_data, revision 2: cap_net_raw, effective and permitted. @see capabilities(7) */
const CAPABILITY = ['security.capability', '0100000200200000000000000000000000000000'] as const;
const NOTE = ['user.note', '68656c6c6f'] as const;
/** u::rwx u:1000:r-x g::r-- m::r-x o::--x: tag and permissions in 16 bits, id in 32. @see Linux posix_acl_xattr.h */
const ACL = [
  'system.posix_acl_access',
  '02000000' + '01000700ffffffff' + '02000500e8030000' + '04000400ffffffff' + '10000500ffffffff' + '20000100ffffffff',
] as const;
/** What a folder gives to every new file in it: u:1000:rwx. */
const INHERITED = [
  'system.posix_acl_default',
  '02000000' + '01000700ffffffff' + '02000700e8030000' + '04000500ffffffff' + '10000700ffffffff' + '20000500ffffffff',
] as const;

type Attribute = readonly [name: string, hex: string];

const works = (...attributes: readonly Attribute[]) => {
  if (process.platform !== 'linux') return 'this is not Linux';
  if (process.getuid?.() !== 0) return 'needs root';
  if (!/GNU coreutils/.test(String(spawnSync('cp', ['--version']).stdout))) return 'GNU cp is not installed';
  const folder = mkdtempSync(join(tmpdir(), 'seccompc-xattr-'));
  try {
    python(SET, folder, ...attributes.flat());
  } catch {
    return 'python3 or the file system has no extended attributes';
  } finally {
    rmSync(folder, { recursive: true });
  }
  return undefined;
};

function setAttributes(path: string, attributes: readonly Attribute[]): void {
  python(SET, path, ...attributes.flat());
}

function fileWith(path: string, ...attributes: readonly Attribute[]): string {
  writeFileSync(path, Buffer.alloc(SIZE, 7));
  if (attributes.length > 0) setAttributes(path, attributes);
  return path;
}

interface State {
  readonly attributes: string;
  readonly owner: readonly number[];
  readonly mode: number;
  readonly times: readonly bigint[];
}

function state(path: string): State {
  const { uid, gid, mode } = statSync(path);
  const { atimeNs, mtimeNs } = statSync(path, { bigint: true });
  return { attributes: python(SHOW, path), owner: [uid, gid], mode: mode & 0o7777, times: [atimeNs, mtimeNs] };
}

interface Grown {
  readonly ownerKept: boolean;
  readonly lost?: string;
}

/** Rewrites the file in a process of its own; `before` stands before the command in a shell. */
async function grow(path: string, options: { uid?: number; before?: string; args?: readonly string[] } = {}) {
  const { before = '', args = [], uid } = options;
  const words = [process.execPath, await program('native-tests/elf/rewrite-driver.ts'), 'grow', path, ...args];
  const ids = uid === undefined ? {} : { uid, gid: uid };
  const done = spawnSync('sh', ['-c', `${before} "$@"`, 'sh', ...words], { encoding: 'utf8', ...ids });
  if (done.status !== 0) throw new Error(done.stderr);
  assert.is(statSync(path).size, SIZE + 10, 'it was not rewritten');
  return JSON.parse(done.stderr) as Grown;
}

function inFolder(body: (folder: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), 'seccompc-attributes-'));
    try {
      chmodSync(folder, 0o777);
      await body(folder);
      const stray = readdirSync(folder, { recursive: true }).filter((name) => String(name).startsWith('.seccompc'));
      assert.equal(stray, []);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

const kept: readonly { name: string; attributes: readonly Attribute[]; mode: number }[] = [
  { name: 'none', attributes: [], mode: 0o640 },
  { name: 'none, set-user-id', attributes: [], mode: 0o4755 },
  { name: 'a file capability', attributes: [CAPABILITY], mode: 0o755 },
  { name: 'user attributes of a file that nobody may write', attributes: [NOTE], mode: 0o444 },
  { name: 'an access control list', attributes: [ACL], mode: 0o751 },
  { name: 'all of them, and set-user-id', attributes: [CAPABILITY, NOTE, ACL], mode: 0o4751 },
];

suite('host/attributes', (test) => {
  for (const { name, attributes, mode } of kept) {
    test.needs(
      () => works(...attributes),
      `kept with owner and mode: ${name}`,
      inFolder(async (folder) => {
        const path = fileWith(join(folder, 'target'));
        chownSync(path, 1234, 4321);
        chmodSync(path, mode);
        setAttributes(path, attributes);
        const before = state(path);
        assert.is(before.attributes.split('\n').length - 1, attributes.length);
        const done = await grow(path);
        assert.is(done.lost, undefined);
        assert.ok(done.ownerKept);
        const { times, ...now } = state(path);
        assert.equal(now, { attributes: before.attributes, owner: before.owner, mode: before.mode });
        assert.ok(times[1]! > before.times[1]!);
      }),
    );
  }

  test.needs(
    () => works(INHERITED),
    'what the folder gives to new files does not open one that had none of it',
    inFolder(async (folder) => {
      const path = fileWith(join(folder, 'target'));
      chmodSync(path, 0o640);
      setAttributes(folder, [INHERITED]);
      await grow(path);
      assert.is(python(SHOW, path), '');
      assert.is(statSync(path).mode & 0o7777, 0o640);
    }),
  );

  test.needs(
    works,
    'times are kept to the nanosecond when asked for',
    inFolder(async (folder) => {
      const path = fileWith(join(folder, 'target'));
      spawnSync('touch', ['-a', '-d', '2001-02-03 04:05:06.123456789', path]);
      spawnSync('touch', ['-m', '-d', '1999-12-31 23:59:59.987654321', path]);
      const { times } = state(path);
      assert.is(times[0]! % 1000n, 789n);
      await grow(path, { args: ['-p'] });
      assert.equal(state(path).times, times);
    }),
  );
  test.needs(
    works,
    'without GNU cp times are kept to a microsecond',
    inFolder(async (folder) => {
      const path = fileWith(join(folder, 'target'));
      utimesSync(path, 1_000_000_000.25, 1_100_000_000.75);
      await grow(path, { args: ['-p'], before: 'PATH=/nowhere' });
      const [accessed, modified] = state(path).times;
      assert.ok(accessed! / 1000n === 1_000_000_000_250_000n && modified! / 1000n === 1_100_000_000_750_000n);
    }),
  );

  test.needs(
    () => works(CAPABILITY, NOTE),
    'who may not set file capabilities is told that they are lost, and keeps the rest',
    inFolder(async (folder) => {
      const path = fileWith(join(folder, 'target'));
      chownSync(path, NOBODY, NOBODY);
      chmodSync(path, 0o444);
      setAttributes(path, [CAPABILITY, NOTE]);
      const { lost } = await grow(path, { uid: NOBODY });
      assert.is(lost, 'the extended attributes security.capability');
      assert.is(python(SHOW, path), `${NOTE.join(' ')}\n`);
    }),
  );
  test.needs(
    () => works(ACL),
    "another owner's file: neither the owner nor an access control list is kept",
    inFolder(async (folder) => {
      const path = fileWith(join(folder, 'target'), ACL);
      chmodSync(path, 0o4755);
      const done = await grow(path, { uid: NOBODY });
      assert.is(done.ownerKept, false);
      assert.is(done.lost, undefined);
      const { attributes, mode, owner } = state(path);
      assert.equal([attributes, mode, owner], ['', 0o755, [NOBODY, NOBODY]]);
    }),
  );

  const fakes = [
    { name: 'no cp', make: () => {} },
    {
      name: 'a cp that is not GNU',
      make: (bin: string) => {
        writeFileSync(join(bin, 'cp'), '#!/bin/sh\necho "BusyBox v1.36.1 multi-call binary."\n', { mode: 0o755 });
      },
    },
    {
      name: 'a cp that fails',
      make: (bin: string) => {
        writeFileSync(join(bin, 'cp'), '#!/bin/sh\necho "cp (GNU coreutils) 9.1"; test "$1" = --version\n', {
          mode: 0o755,
        });
      },
    },
  ];
  for (const { name, make } of fakes) {
    test.needs(
      works,
      `${name}: the file is replaced, and what may be lost is said`,
      inFolder(async (folder) => {
        const path = fileWith(join(folder, 'target'));
        chmodSync(path, 0o751);
        const bin = join(folder, 'bin');
        mkdirSync(bin);
        make(bin);
        assert.match((await grow(path, { before: `PATH=${bin}` })).lost!, /if it had any/);
        assert.is(statSync(path).mode & 0o7777, 0o751);
      }),
    );
  }
  test.needs(
    works,
    'gnucp stands in where cp is not GNU',
    inFolder(async (folder) => {
      const path = fileWith(join(folder, 'target'), NOTE);
      const bin = join(folder, 'bin');
      mkdirSync(bin);
      writeFileSync(join(bin, 'cp'), '#!/bin/sh\necho "cp (uutils coreutils) 0.2.2"\n', { mode: 0o755 });
      const real = String(spawnSync('sh', ['-c', 'command -v cp']).stdout).trim();
      copyFileSync(real, join(bin, 'gnucp'));
      assert.is((await grow(path, { before: `PATH=${bin}` })).lost, undefined);
      assert.is(python(SHOW, path), `${NOTE.join(' ')}\n`);
    }),
  );

  const ramfs = () =>
    works() ??
    (spawnSync('unshare', ['-m', 'mount', '-t', 'ramfs', 'none', '/mnt']).status === 0
      ? undefined
      : 'needs the right to mount ramfs');
  test.needs(
    ramfs,
    'a file system without extended attributes: nothing is lost',
    inFolder(async (folder) => {
      const words = [process.execPath, await program('native-tests/elf/rewrite-driver.ts'), 'grow', `${folder}/f`];
      const inside = `mount -t ramfs none ${folder} && head -c ${SIZE} /dev/zero > ${folder}/f && "$@"`;
      const done = spawnSync('unshare', ['-m', 'sh', '-c', inside, 'sh', ...words], { encoding: 'utf8' });
      const answer = JSON.parse(done.stderr) as Grown;
      assert.equal([answer.ownerKept, answer.lost], [true, undefined]);
    }),
  );
});
