import {
  appendFileSync,
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { applyEdit, type Edit, sourceOf } from '../../src/elf/index.ts';
import { type OpenedElf, openElf, rewrite } from '../../src/host/elf-file.ts';
import { suite, throwsCode } from '../suite.ts';

const MIB = 1 << 20;
const posix = process.platform === 'win32' ? 'needs POSIX files' : undefined;
const linux = process.platform === 'linux' ? undefined : 'this is not Linux';

/** Bytes that differ from place to place. */
const BYTES = Buffer.alloc(3 * MIB);
for (let i = 0; i < BYTES.length; i += 4) BYTES.writeUInt32LE(Math.imul(i, 0x9e37_79b1) >>> 0, i);

function inFolder(body: (folder: string) => void): () => void {
  return () => {
    const folder = mkdtempSync(join(tmpdir(), 'seccompc-file-'));
    try {
      body(folder);
      const stray = readdirSync(folder, { recursive: true }).filter((name) => String(name).startsWith('.seccompc-'));
      assert.equal(stray, []);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

function withOpened<T>(path: string, body: (opened: OpenedElf) => T): T {
  const opened = openElf(path);
  try {
    return body(opened);
  } finally {
    opened.close();
  }
}

const same = (path: string, expected: Uint8Array, what = 'the file') =>
  assert.is(Buffer.compare(readFileSync(path), expected), 0, `${what} has other bytes`);

/** Keeps all and appends one byte. */
const longer = (size: number): Edit => ({
  keep: size,
  patches: [],
  pieces: [{ byteOffset: size, bytes: Uint8Array.of(1) }],
  size: size + 1,
});

/** Edits as elf/ makes them, of a file of `size` bytes, with places near the borders of the buffers. */
function edits(size: number): fc.Arbitrary<Edit> {
  const border = fc.constantFrom(0, 1, MIB - 1, MIB, MIB + 1, 2 * MIB, size - 1, size).filter((n) => n <= size);
  const place = fc.oneof(border, fc.integer({ min: 0, max: size }));
  const gap = fc.oneof({ weight: 9, arbitrary: fc.nat(70) }, { weight: 1, arbitrary: fc.nat(200_000) });
  const patch = fc.tuple(place, fc.uint8Array({ minLength: 1, maxLength: 40 }));
  return fc
    .record({
      keep: place,
      patches: fc.array(patch, { maxLength: 4 }),
      pieces: fc.array(fc.tuple(gap, fc.uint8Array({ maxLength: 40 })), { maxLength: 4 }),
      rest: fc.option(fc.tuple(place, place)),
      end: gap,
    })
    .map(({ keep, patches, pieces, rest, end }) => {
      let at = keep;
      const placed = pieces.map(([space, bytes]) => {
        const byteOffset = at + space;
        at = byteOffset + bytes.length;
        return { byteOffset, bytes };
      });
      const [from, to] = rest === null ? [0, 0] : [Math.min(...rest), Math.max(...rest)];
      return {
        keep,
        patches: patches
          .map(([byteOffset, bytes]) => ({ byteOffset, bytes }))
          .filter((p) => p.byteOffset + p.bytes.length <= keep),
        pieces: placed,
        ...(rest !== null && { rest: { from, to } }),
        // With a rest nothing lies between it and the last piece; without, zeros may end the file.
        size: rest === null ? at + end : at + to - from,
      };
    });
}

/** What another process does between opening and writing; `a` is the file that was opened. */
const meanwhile: readonly { name: string; change: (a: string, b: string) => void; inBytes: boolean }[] = [
  { name: 'grew', change: (a) => appendFileSync(a, 'x'), inBytes: true },
  { name: 'shrank', change: (a) => truncateSync(a, 1000), inBytes: true },
  { name: 'was touched', change: (a) => utimesSync(a, 5, 5), inBytes: true },
  { name: 'was removed', change: (a) => rmSync(a), inBytes: false },
  {
    name: 'was replaced',
    change: (a, b) => {
      writeFileSync(`${b}.other`, readFileSync(a));
      renameSync(`${b}.other`, a);
    },
    inBytes: false,
  },
  {
    name: 'became a link to another file',
    change: (a, b) => {
      renameSync(a, `${a}.away`);
      symlinkSync(b, a);
    },
    inBytes: false,
  },
];

suite('host/elf-file', (test) => {
  test(
    'pieces are those of the file, and stay so',
    inFolder((folder) => {
      const path = join(folder, 'file');
      writeFileSync(path, BYTES);
      withOpened(path, ({ source, size }) => {
        assert.is(size, BYTES.length);
        const range = fc.tuple(fc.nat(size), fc.oneof(fc.nat(300), fc.nat(200_000)));
        fc.assert(
          fc.property(fc.array(range, { minLength: 1, maxLength: 8 }), (ranges) => {
            const inside = ranges.map(([at, length]) => [at, Math.min(length, size - at)] as const);
            const read = inside.map(([at, length]) => source.read(at, length));
            const expected = inside.map(([at, length]) => sourceOf(BYTES).read(at, length));
            for (const [i, bytes] of read.entries()) assert.is(Buffer.compare(bytes, expected[i]!), 0);
          }),
        );
      });
    }),
  );

  test.needs(
    linux,
    'a file of 5 GB costs what is read of it',
    inFolder((folder) => {
      const path = join(folder, 'file');
      writeFileSync(path, 'x');
      truncateSync(path, 5e9);
      withOpened(path, ({ source, size, isSparse }) => {
        assert.equal([size, isSparse], [5e9, true]);
        assert.equal([...source.read(5e9 - 3, 3)], [0, 0, 0]);
        throwsCode(() => source.read(0, 4e9), 'INPUT_TOO_LARGE');
      });
    }),
  );
  test(
    'a file that was cut meanwhile cannot be read',
    inFolder((folder) => {
      const path = join(folder, 'file');
      writeFileSync(path, BYTES);
      withOpened(path, ({ source }) => {
        truncateSync(path, 100);
        throwsCode(() => source.read(50, 100), 'INPUT_UNREADABLE');
      });
    }),
  );
  test.needs(
    linux,
    'reading leaves no trace in the time of access',
    inFolder((folder) => {
      const path = join(folder, 'file');
      writeFileSync(path, BYTES);
      utimesSync(path, 1000, 1000);
      withOpened(path, ({ source }) => source.read(0, 100));
      assert.is(statSync(path).atimeMs, 1_000_000);
    }),
  );

  for (const [name, path] of [
    ['a missing file', '/nowhere/at/all'],
    ['a folder', '/'],
    ['nothing', ''],
  ] as const) {
    test(`${name} cannot be read`, () => throwsCode(() => openElf(path), 'INPUT_UNREADABLE'));
  }
  test.needs(posix, 'what is no file is read whole, and not changed in place', () => {
    const opened = openElf('/dev/null');
    assert.equal([opened.size, opened.stamp, opened.fd], [0, undefined, undefined]);
    throwsCode(() => rewrite(opened, longer(0)), 'OUTPUT_UNWRITABLE');
  });

  for (const kind of ['in place', 'to another path', 'of a sparse file'] as const) {
    test(
      `a rewrite is what applyEdit makes: ${kind}`,
      inFolder((folder) => {
        const [path, other] = [join(folder, 'file'), join(folder, 'other')];
        const sizes = fc.constantFrom(1, 100, MIB - 1, MIB, MIB + 1, 2 * MIB + 12_345);
        const cases = sizes.chain((size) => fc.tuple(fc.constant(size), edits(size)));
        fc.assert(
          fc.property(cases, ([size, edit]) => {
            const bytes = kind === 'of a sparse file' ? holed(size) : BYTES.subarray(0, size);
            writeFileSync(path, bytes);
            withOpened(path, (opened) => {
              const from = kind === 'of a sparse file' ? { ...opened, isSparse: true } : opened;
              rewrite(from, edit, kind === 'to another path' ? other : undefined);
            });
            same(kind === 'to another path' ? other : path, applyEdit(bytes, edit), 'the result');
            if (kind === 'to another path') same(path, bytes, 'the input');
          }),
          { numRuns: 40 },
        );
      }),
    );
  }

  const wrong: readonly { name: string; edit: Edit }[] = [
    { name: 'is shorter than what it holds', edit: { ...longer(100), size: 90 } },
    {
      name: 'places a piece among the kept bytes',
      edit: { ...longer(100), pieces: [{ byteOffset: 9, bytes: BYTES }] },
    },
    { name: 'patches what it drops', edit: { ...longer(100), patches: [{ byteOffset: 99, bytes: Buffer.alloc(2) }] } },
  ];
  for (const { name, edit } of wrong) {
    test(
      `an edit that ${name} is our bug, and changes nothing`,
      inFolder((folder) => {
        const path = join(folder, 'file');
        writeFileSync(path, BYTES.subarray(0, 100));
        assert.throws(() => withOpened(path, (opened) => rewrite(opened, edit)), /seccompc has a bug/);
        same(path, BYTES.subarray(0, 100));
      }),
    );
  }

  for (const { name, change, inBytes } of meanwhile) {
    for (const to of ['in place', 'to another path'] as const) {
      // The opened file is whole as long as its bytes are.
      if (to === 'to another path' && !inBytes) continue;
      test.needs(
        posix,
        `a file that ${name} meanwhile is refused ${to}`,
        inFolder((folder) => {
          const [a, b] = [join(folder, 'a'), join(folder, 'b')];
          writeFileSync(a, BYTES);
          writeFileSync(b, 'a bystander');
          withOpened(a, (opened) => {
            change(a, b);
            const now = readdirSync(folder).map((n) => [n, readFileSync(join(folder, n))] as const);
            const [destination, code] =
              to === 'in place' ? [undefined, 'OUTPUT_UNWRITABLE'] : [join(folder, 'new'), 'INPUT_UNREADABLE'];
            throwsCode(() => rewrite(opened, longer(BYTES.length), destination), code);
            assert.equal(
              readdirSync(folder),
              now.map(([n]) => n),
            );
            for (const [n, bytes] of now) same(join(folder, n), bytes, n);
          });
        }),
      );
    }
  }

  test.needs(
    posix,
    'a link that leads elsewhere by then: named or not, the other file is left alone',
    inFolder((folder) => {
      for (const name of ['a', 'b']) {
        mkdirSync(join(folder, name));
        writeFileSync(join(folder, name, 'file'), name);
      }
      symlinkSync('a', join(folder, 'link'));
      const path = join(folder, 'link', 'file');
      withOpened(path, (opened) => {
        rmSync(join(folder, 'link'));
        symlinkSync('b', join(folder, 'link'));
        throwsCode(() => rewrite(opened, longer(1)), 'OUTPUT_UNWRITABLE');
        throwsCode(() => rewrite(opened, longer(1), path), 'OUTPUT_UNWRITABLE');
        assert.equal(
          ['a', 'b'].map((name) => readFileSync(join(folder, name, 'file'), 'utf8')),
          ['a', 'b'],
        );
        // By the way that leads there still, the file that was opened is replaced.
        assert.is(rewrite(opened, longer(1), join(folder, 'a', 'file')).how, 'replaced');
        assert.is(readFileSync(join(folder, 'a', 'file'), 'utf8'), 'a\u0001');
      });
    }),
  );
  test.needs(
    posix,
    'another name of the opened file counts as the file itself',
    inFolder((folder) => {
      const [path, other] = [join(folder, 'one'), join(folder, 'two')];
      writeFileSync(path, 'old');
      linkSync(path, other);
      withOpened(path, (opened) => {
        appendFileSync(path, '.');
        throwsCode(() => rewrite(opened, longer(3), other), 'OUTPUT_UNWRITABLE');
      });
      withOpened(path, (opened) => assert.is(rewrite(opened, longer(4), other).otherNames, 1));
      assert.equal([readFileSync(path, 'utf8'), readFileSync(other, 'utf8')], ['old.', 'old.\u0001']);
    }),
  );
  test.needs(
    linux,
    'a file that is named by a descriptor is replaced, not written into',
    inFolder((folder) => {
      const path = join(folder, 'file');
      writeFileSync(path, 'old');
      const fd = openSync(path, 'r+');
      const { ino } = statSync(path);
      assert.is(withOpened(`/dev/fd/${fd}`, (opened) => rewrite(opened, longer(3))).path, path);
      closeSync(fd);
      assert.is.not(statSync(path).ino, ino);
      assert.is(readFileSync(path, 'utf8'), 'old\u0001');
    }),
  );
  test.needs(
    posix,
    'a new file takes the mode of the opened one, without set-id, or the one that is asked for',
    inFolder((folder) => {
      const path = join(folder, 'file');
      writeFileSync(path, 'old');
      chmodSync(path, 0o6751);
      withOpened(path, (opened) => {
        rmSync(path);
        rewrite(opened, longer(3), join(folder, 'new'));
        rewrite(opened, longer(3), join(folder, 'newer'), { mode: 0o600 });
      });
      assert.equal(
        ['new', 'newer'].map((name) => statSync(join(folder, name)).mode & 0o7777),
        [0o751, 0o600],
      );
    }),
  );
  test(
    'times are kept when asked for, in a new file too',
    inFolder((folder) => {
      const path = join(folder, 'file');
      writeFileSync(path, 'old');
      utimesSync(path, 1000, 2000);
      withOpened(path, (opened) => {
        rewrite(opened, longer(3), join(folder, 'now'));
        rewrite(opened, longer(3), join(folder, 'then'), { preserveTimestamps: true });
      });
      assert.ok(statSync(join(folder, 'now')).mtimeMs > 2_000_000);
      const { atimeMs, mtimeMs } = statSync(join(folder, 'then'));
      assert.equal([atimeMs, mtimeMs], [1_000_000, 2_000_000]);
    }),
  );
});

/** Every other stretch of about 100 KB is zeros. */
function holed(size: number): Buffer {
  const bytes = Buffer.from(BYTES.subarray(0, size));
  for (let at = 0; at < size; at += 200_000) bytes.fill(0, at, Math.min(at + 100_000, size));
  return bytes;
}
