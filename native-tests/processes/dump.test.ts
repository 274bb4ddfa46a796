/** `seccompc dump` on processes that got their filters in every way there is: byte for byte what was installed. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../../test/suite.ts';
import { absent, freshPath } from '../machine/tools.ts';
import {
  allowing,
  answering,
  carrier,
  carrying,
  filterFiles,
  hexOf,
  isArm,
  judged,
  longest,
  noRestart,
  program,
  read,
  root,
  underBwrap,
} from './carriers.ts';
import { type Ended, execute, isNamed, profileOf, seccompc, statusOf, with_ } from './support.ts';

interface Dumped {
  readonly ok: boolean;
  readonly pid: number;
  readonly threads: readonly {
    readonly tid: number;
    readonly name: string;
    readonly mode: string;
    readonly carries: number;
    readonly filters: readonly {
      readonly index: number;
      readonly length: number;
      readonly flags: readonly string[];
      readonly output: string | null;
    }[];
  }[];
}

const dump = (tid: number, ...more: readonly string[]): Ended => seccompc(['dump', '--pid', String(tid), ...more]);

function good(ran: Ended): Ended {
  assert.is(ran.status, 0, ran.stderr);
  return ran;
}

const dataOf = (ran: Ended): Dumped => JSON.parse(good(ran).stdout) as Dumped;

/** Dump, judge and whoever installed them say the same. */
function carries(tid: number, installed: readonly Uint8Array[], flags: readonly number[] = []): void {
  const hex = installed.map(hexOf);
  assert.equal(read(tid), hex);
  assert.equal(
    judged(tid),
    hex.map((text, i) => ({ hex: text, flags: flags[i] ?? 0 })),
  );
}

const NUMBERS = isArm ? { uname: 160, getppid: 173 } : { uname: 63, getppid: 110 };
const built = (profile: string): Uint8Array => {
  const path = freshPath();
  good(seccompc(['build', profile, '--arch', isArm ? 'aarch64' : 'x86_64', '-o', path]));
  return readFileSync(path);
};
const open = profileOf({ uname: 'SCMP_ACT_ERRNO', mount: 'SCMP_ACT_KILL_PROCESS' });
const logging = profileOf({ uname: 'SCMP_ACT_ERRNO' }, { flags: ['SECCOMP_FILTER_FLAG_LOG'] });

suite('native/processes/dump', (test) => {
  test.needs(root, 'a C program: three filters, one of 4096 instructions, one with LOG', () => {
    const uname = answering(NUMBERS.uname, 0x5_0001);
    const [first, second, third] = filterFiles(uname, longest, allowing) as [string, string, string];
    return carrying(carrier(first, second, '--log', third, 'read', '0'), ({ pid }) => {
      carries(pid, [uname, longest, allowing], [0, 0, 2]);
      const { stdout } = good(dump(pid));
      assert.match(stdout, /^process \d+ \('file\d+'\): 3 filters\n {2}filter 0 \(the oldest\): 4 instructions/);
      assert.match(stdout, /\n {2}filter 2 \(the newest\): 1 instruction, 8 bytes, flag LOG\n/);
    });
  });
  test.needs(root, 'seccompc run, and what run was given', () => {
    const command = ['run', open, '--', '/bin/sh', '-c', 'echo ready $$ 0; exec sleep 60'];
    return carrying([process.execPath, 'dist/seccompc.mjs', ...command], ({ pid }) => {
      carries(pid, [built(open)]);
      assert.is(statusOf(pid, 'Name'), 'sleep');
    });
  });
  test.needs(root, 'a launcher, with LOG', () => {
    const launcher = freshPath();
    good(seccompc(['launcher', logging, '--arch', isArm ? 'aarch64' : 'x86_64', '-o', launcher]));
    return with_([launcher, '/bin/sleep', '60'], isNamed('sleep'), (pid) => carries(pid, [built(logging)], [2]));
  });
  test.needs(root, 'a program that enforces its own filter', () => {
    const [source, enforced] = [carrier()[0] as string, freshPath()];
    good(seccompc(['build', open, '--into', source, '--enforce', '-o', enforced]));
    const section = freshPath();
    good(seccompc(['elf', 'extract', enforced, '-o', section]));
    const more = answering(NUMBERS.getppid, 0x5_0002);
    return carrying([enforced, ...filterFiles(more), 'read', '0'], ({ pid }) => {
      carries(pid, [readFileSync(section), more]);
    });
  });
  test.needs(root ?? absent('bwrap'), 'bubblewrap with two filters', () => {
    const [one, two] = [answering(NUMBERS.uname, 0x5_0001), answering(NUMBERS.getppid, 0x5_0002)];
    return underBwrap([one, two], (pid) => carries(pid, [one, two]));
  });
  test.needs(root, 'libseccomp', () => {
    const exported = freshPath();
    return carrying([program('libseccomp.c', '-lseccomp'), exported], ({ pid }) => {
      carries(pid, [readFileSync(exported)]);
    });
  });

  test.needs(root, 'each thread carries its own', () => {
    const more = answering(NUMBERS.getppid, 0x5_0002);
    const [common, own] = filterFiles(noRestart, more) as [string, string];
    return carrying(carrier(common, '--thread', own, 'read', '0'), ({ pid, tid }) => {
      carries(pid, [noRestart]);
      carries(tid, [noRestart, more]);
      assert.match(good(dump(pid)).stderr, /warning PROCESS_THREADS 1 other threads .*: \d+\n/);
      const { threads } = dataOf(dump(pid, '--threads', '--json'));
      assert.equal(
        threads.map((t) => [t.tid, t.carries]),
        [
          [pid, 1],
          [tid, 2],
        ],
      );
      // By the number of either thread.
      assert.equal(dataOf(dump(tid, '--threads', '--json')).threads, threads);
      assert.is(dataOf(dump(tid, '--json')).pid, pid);
      const folder = freshPath();
      good(dump(pid, '--threads', '-o', `${folder}/`));
      assert.equal(readdirSync(folder).sort(), [
        `thread-${pid}-filter-0.bpf`,
        ...[0, 1].map((i) => `thread-${tid}-filter-${i}.bpf`),
      ]);
    });
  });
  test.needs(root, 'one thread without any', () => {
    const [common] = filterFiles(allowing) as [string];
    return carrying(carrier('--bare-thread', common, 'read', '0'), ({ pid, tid }) => {
      const { stderr, stdout } = good(dump(pid, '--threads'));
      assert.match(stderr, new RegExp(`warning PROCESS_UNFILTERED thread ${tid} of process ${pid} `));
      assert.match(stdout, new RegExp(`thread ${tid} of process ${pid} \\('file\\d+'\\): no filter\n`));
      assert.is(dump(tid).status, 1);
    });
  });
  test.needs(root, 'the main thread has ended: --threads takes the others', () =>
    carrying(carrier(...filterFiles(allowing), '--thread', ...filterFiles(allowing), 'leave', '0'), ({ pid, tid }) => {
      const main = dump(pid);
      assert.match(main.stderr, /error PROCESS_ENDED .*\n {3}help: 1 other threads of it live/);
      assert.is(main.status, 3);
      assert.equal(
        dataOf(dump(pid, '--threads', '--json')).threads.map((t) => t.tid),
        [tid],
      );
    }),
  );

  test.needs(root, 'where the programs go', () => {
    const programs = [noRestart, allowing];
    return carrying(carrier(...filterFiles(...programs), 'read', '0'), ({ pid }) => {
      const file = freshPath();
      good(dump(pid, '--index', '1', '-o', file));
      assert.equal(readFileSync(file), Buffer.from(allowing));
      const command = `${process.execPath} dist/seccompc.mjs`;
      const out = execute('sh', ['-c', `${command} dump --pid ${pid} --index 0 -o - | od -An -tx1 -v`]);
      assert.is(out.stdout.replace(/\s/g, ''), hexOf(noRestart));
      const piped = execute('sh', ['-c', `${command} dump --pid ${pid} --index 0 | ${command} disasm -`]);
      assert.match(piped.stdout, /KILL_PROCESS/);

      const several = dump(pid, '-o', file);
      assert.match(several.stderr, /error FILTER_SEVERAL there are 2 filters, and a file takes one/);
      assert.is(several.status, 2);
      assert.equal(readFileSync(file), Buffer.from(allowing));
      assert.is(dump(pid, '--format', 'raw').status, 2);
      const none = dump(pid, '--index', '2');
      assert.match(none.stderr, /error FILTER_INDEX .*0 \(the oldest\) to 1 \(the newest\)/);
      assert.is(none.status, 2);

      const fresh = freshPath();
      good(dump(pid, '-o', fresh));
      assert.equal(readdirSync(fresh).sort(), ['filter-0.bpf', 'filter-1.bpf']);
      const folder = freshPath();
      mkdirSync(folder);
      writeFileSync(join(folder, 'notes.txt'), '');
      good(dump(pid, '-o', folder));
      good(dump(pid, '-o', folder));
      assert.equal(readdirSync(folder).sort(), ['filter-0.bpf', 'filter-1.bpf', 'notes.txt']);
      writeFileSync(join(folder, 'filter-2.bpf'), '');
      const left = dump(pid, '-o', folder);
      assert.match(left.stderr, /error USAGE holds filter-2.bpf already/);
      assert.is(left.status, 2);
      assert.is(dump(pid, '-o', '/nowhere/at/all/').status, 2);
      const json = dataOf(dump(pid, '--json', '-o', `${freshPath()}/`));
      assert.match(json.threads[0]?.filters[1]?.output ?? '', /filter-1\.bpf$/);
    });
  });
  test.needs(root, 'ready for disasm, diff, prove; as assembler text and JSON', () => {
    const command = ['run', open, '--', '/bin/sh', '-c', 'echo ready $$ 0; exec sleep 60'];
    return carrying([process.execPath, 'dist/seccompc.mjs', ...command], ({ pid }) => {
      const raw = freshPath();
      good(dump(pid, '-o', raw));
      const arch = ['--arch', isArm ? 'aarch64' : 'x86_64'];
      assert.match(good(seccompc(['prove', open, raw, ...arch])).stdout, /^proved/);
      assert.match(good(seccompc(['diff', open, raw, ...arch])).stdout, /no difference/);
      const listing = good(seccompc(['disasm', raw])).stdout;
      const asm = freshPath();
      good(dump(pid, '--format', 'asm', '-o', asm));
      assert.is(readFileSync(asm, 'utf8'), listing);
      const shown = good(dump(pid, '--format', 'asm'));
      assert.match(shown.stdout, /^; filter 0 of 1 of process \d+ \('sleep'\): \d+ instructions/);
      assert.ok(shown.stdout.endsWith(listing));
      const json = freshPath();
      good(dump(pid, '--format', 'json', '-o', json));
      const { endian, instructions } = JSON.parse(readFileSync(json, 'utf8')) as Record<string, unknown[]>;
      assert.equal([endian, instructions?.length], ['little', readFileSync(raw).length / 8]);
    });
  });
  test.needs(root, 'as many filters as a kernel takes', () => {
    const files = filterFiles(...Array.from({ length: 1000 }, (_, i) => answering(10_000 + i, 0x5_0000 + (i % 4096))));
    return carrying(carrier(...files, 'read', '0'), ({ pid }) => {
      const found = read(pid);
      assert.equal([found.length, new Set(found).size], [1000, 1000]);
      assert.is(found[999], hexOf(answering(10_999, 0x5_0000 + 999)));
    });
  });
  test.needs(root, 'a hostile name', () => {
    const words = ['--name', '\x1b[31mab\u202e', ...filterFiles(allowing), 'read', '0'];
    return carrying(carrier(...words), ({ pid }) => {
      for (const more of [[], ['--json'], ['--format', 'asm']]) {
        const { stdout } = good(dump(pid, ...more));
        assert.not.match(stdout, /[\x1b\u202e]/);
        assert.match(stdout, /31mab/);
      }
    });
  });
});
