import { spawnSync } from 'node:child_process';
import fs, {
  lutimesSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { replaceFile } from '../../src/host/atomic-write.ts';
import { claimPrefix, thisProcess } from '../../src/host/claim.ts';
import { suite, throwsCode } from '../suite.ts';

const MINUTE = 60_000;
const linux = process.platform === 'linux' ? undefined : 'this is not Linux';

/** A claim's text with some of its words replaced: process, start, namespace, boot. */
function claimOf(words: Partial<Record<'pid' | 'start' | 'namespace' | 'boot', string | number>>): string {
  const [pid, start, namespace, boot] = thisProcess().split(' ');
  return Object.values({ pid, start, namespace, boot, ...words }).join(' ');
}

const dead = (words: Parameters<typeof claimOf>[0] = {}) => claimOf({ pid: spawnSync('true').pid, start: 1, ...words });

interface Row {
  readonly name: string;
  /** Claims of rank 0 and up, and how many minutes ago each was made. */
  readonly claims: () => readonly (readonly [text: string, minutes?: number])[];
  readonly holds: boolean;
}

const rows: readonly Row[] = [
  { name: 'none', claims: () => [], holds: false },
  { name: 'a process that has ended', claims: () => [[dead()]], holds: false },
  { name: 'two that have ended', claims: () => [[dead()], [dead()]], holds: false },
  { name: 'a process whose number another one has now', claims: () => [[claimOf({ start: 1 })]], holds: false },
  { name: 'a living process', claims: () => [[claimOf({})]], holds: true },
  { name: 'one that has ended, and its living successor', claims: () => [[dead()], [claimOf({})]], holds: true },
  { name: 'a living process, half an hour ago', claims: () => [[claimOf({}), 30]], holds: false },
  // Their number means nothing here, so it does not matter that no process has it.
  { name: 'another PID namespace', claims: () => [[dead({ namespace: 'pid:[1]' })]], holds: true },
  { name: 'another machine, or before a restart', claims: () => [[dead({ boot: 'x' })]], holds: true },
  { name: 'another machine, 9 minutes ago', claims: () => [[dead({ boot: 'x' }), 9]], holds: true },
  { name: 'another machine, 11 minutes ago', claims: () => [[dead({ boot: 'x' }), 11]], holds: false },
  { name: 'words of somebody else', claims: () => [['nowhere']], holds: true },
];

/** A folder with one file in it, and the name of a claim on its version. */
function inFolder(body: (path: string, claim: (rank: number) => string, folder: string) => void): () => void {
  return () => {
    const folder = mkdtempSync(join(tmpdir(), 'seccompc-claim-'));
    try {
      const path = join(folder, 'target');
      writeFileSync(path, 'old');
      const prefix = claimPrefix('target', statSync(path, { bigint: true }));
      body(path, (rank) => join(folder, `${prefix}.${rank}.claim`), folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

suite('host/claim', (test) => {
  for (const { name, claims, holds } of rows) {
    test.needs(
      linux,
      `claimed by ${name}: ${holds ? 'refused' : 'replaced'}`,
      inFolder((path, claim, folder) => {
        const made = claims();
        for (const [rank, [text, minutes = 0]] of made.entries()) {
          symlinkSync(text, claim(rank));
          const at = new Date(Date.now() - minutes * MINUTE);
          lutimesSync(claim(rank), at, at);
        }
        if (holds) throwsCode(() => replaceFile(path, Buffer.from('new')), 'OUTPUT_UNWRITABLE');
        else replaceFile(path, Buffer.from('new'));
        assert.is(readFileSync(path, 'utf8'), holds ? 'old' : 'new');
        // A claim of another is never taken away while it may count.
        const left = readdirSync(folder).filter((n) => n !== 'target');
        assert.is(left.length, holds ? made.length : 0);
        if (holds) for (const [rank, [text]] of made.entries()) assert.is(readlinkSync(claim(rank)), text);
      }),
    );
  }

  test.needs(
    linux,
    'while the name changes hands there is a claim, and it is of this process',
    inFolder((path, claim) => {
      const seen: string[] = [];
      withPatched('renameSync', (original, ...args) => {
        seen.push(readlinkSync(claim(0)));
        return original(...args);
      })(() => replaceFile(path, Buffer.from('new')));
      assert.equal(seen, [thisProcess()]);
    }),
  );
  test.needs(
    linux,
    'one who meets the claim loses; the file is that of the holder',
    inFolder((path, _, folder) => {
      withPatched('renameSync', (original, ...args) => {
        // The last look is behind the holder: without a claim, both would replace the file.
        if (!String(args[1]).endsWith('/target') || readFileSync(String(args[0]), 'utf8') !== 'first') return;
        throwsCode(() => replaceFile(path, Buffer.from('second')), 'OUTPUT_UNWRITABLE');
        return original(...args);
      })(() => replaceFile(path, Buffer.from('first')));
      assert.is(readFileSync(path, 'utf8'), 'first');
      assert.equal(readdirSync(folder), ['target']);
    }),
  );
  test.needs(
    linux,
    'a rename that fails leaves no claim',
    inFolder((path, _, folder) => {
      withPatched('renameSync', () => {
        throw Object.assign(new Error('rename'), { code: 'EBUSY', syscall: 'rename' });
      })(() => throwsCode(() => replaceFile(path, Buffer.from('new')), 'OUTPUT_UNWRITABLE'));
      assert.equal(readdirSync(folder), ['target']);
    }),
  );
  test.needs(
    linux,
    'where no links can be made the file is replaced all the same',
    inFolder((path) => {
      withPatched('symlinkSync', () => {
        throw Object.assign(new Error('symlink'), { code: 'EPERM', syscall: 'symlink' });
      })(() => replaceFile(path, Buffer.from('new')));
      assert.is(readFileSync(path, 'utf8'), 'new');
    }),
  );
});

type Call = (...args: readonly unknown[]) => unknown;

/** Runs a body while a function of node:fs is another one. */
function withPatched(name: 'renameSync' | 'symlinkSync', other: (original: Call, ...args: unknown[]) => unknown) {
  return (body: () => void): void => {
    const original = fs[name] as Call;
    const set = (value: unknown) => {
      Object.assign(fs, { [name]: value });
      syncBuiltinESMExports();
    };
    set((...args: unknown[]) => other(original, ...args));
    try {
      body();
    } finally {
      set(original);
    }
  };
}
