/** `seccompc check --live`, and what asking leaves behind. */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { suite } from '../../test/suite.ts';
import { inFreshFolder, runCommand, seccompc, withoutTool } from '../support.ts';
import { swapProgram } from '../wasi/oracle.ts';
import { kernelAbsent, probeKernel } from './ask.ts';
import { encode } from './programs.ts';

const good = encode([
  [0x20, 0, 0, 0],
  [0x06, 0, 0, 0x7fff0000],
]);
/** mod: classic BPF has it, seccomp refuses it. */
const bad = encode([
  [0x94, 0, 0, 1],
  [0x06, 0, 0, 0x7fff0000],
]);
/** Denies every call, exit_group included: the child that installs it must still end. */
const denying = encode([[0x06, 0, 0, 0x00050001]]);
const live = (bytes: Uint8Array, ...args: readonly string[]) => seccompc(['check', '-', '--live', ...args], bytes);

suite('native/kernel/live', (test) => {
  const absent = kernelAbsent();

  test.needs(absent, 'the kernel accepts it too', () => {
    for (const program of [good, denying]) {
      const { status, stdout, stderr } = live(program);
      assert.is(status, 0, stderr);
      assert.match(stdout, /^this kernel \([^)]+\) accepts it too$/m);
    }
  });
  test.needs(absent, 'the kernel refuses it too', () => {
    const { status, stdout } = live(bad);
    assert.is(status, 1);
    assert.match(stdout, /^this kernel \([^)]+\) refuses it too: EINVAL$/m);
  });
  test.needs(absent, 'as JSON', () => {
    const answers = [good, bad].map((program) => JSON.parse(live(program, '--json').stdout).live);
    assert.equal(
      answers.map(({ asked, accepted, agrees, errno }) => ({ asked, accepted, agrees, errno })),
      [
        { asked: true, accepted: true, agrees: true, errno: undefined },
        { asked: true, accepted: false, agrees: true, errno: 'EINVAL' },
      ],
    );
  });

  const rows = [
    {
      name: 'a program for the other byte order',
      bytes: swapProgram(good),
      args: ['--arch', 's390x'],
      why: /big-endian/,
    },
    { name: 'bytes that are no whole instructions', bytes: good.subarray(0, 13), args: [], why: /whole instructions/ },
    { name: 'more instructions than a kernel can be told', bytes: new Uint8Array(8 * 65_536), args: [], why: /65535/ },
  ];
  for (const { name, bytes, args, why } of rows) {
    test(`${name}: status 3 and the reason`, () => {
      const { status, stderr } = live(bytes, ...args);
      assert.is(status, 3);
      assert.match(stderr, why);
      assert.is(JSON.parse(live(bytes, ...args, '--json').stdout).live.asked, false);
    });
  }

  const inNoexec = (folder: string, script: string) => {
    const mount = 'mount -t tmpfs -o noexec,mode=0700 none "$1" && shift && exec "$@"';
    return runCommand('unshare', [
      ...['--user', '--map-root-user', '--mount', 'sh', '-c', mount, 'sh', folder],
      ...['env', `TMPDIR=${folder}`, ...script.split(' ')],
    ]);
  };
  const noMount = () => {
    if (absent !== undefined) return absent;
    if (withoutTool('unshare') !== undefined) return withoutTool('unshare');
    let why: string | undefined;
    void inFreshFolder((folder) => {
      if (inNoexec(folder, 'true').status !== 0) why = 'this user may not mount in a namespace of its own';
    });
    return why;
  };
  test.needs(noMount, 'a folder mounted noexec: status 3 and the reason', () =>
    inFreshFolder((folder) => {
      const file = join(folder, 'good.bpf');
      const noexec = join(folder, 'noexec');
      writeFileSync(file, good);
      mkdirSync(noexec);
      const { status, stderr } = inNoexec(noexec, `${process.execPath} dist/seccompc.mjs check --live ${file}`);
      assert.is(status, 3, stderr);
      assert.match(stderr, /no program can be run from .* noexec/);
    }),
  );

  test.needs(absent, 'a folder that cannot be written to: the one that the caller names is taken', () =>
    inFreshFolder((folder) => {
      const before = process.env.TMPDIR;
      process.env.TMPDIR = join(folder, 'absent');
      try {
        assert.is(probeKernel([{ programs: [good] }], { folder })[0]?.installs[0], 0);
        assert.throws(() => probeKernel([]), /cannot be written to/);
      } finally {
        if (before === undefined) delete process.env.TMPDIR;
        else process.env.TMPDIR = before;
      }
      assert.equal(readdirSync(folder), []);
    }),
  );
  test.needs(absent, 'a filter that waits meets the time limit, and its child ends with the probe', () => {
    // Every call asks a listener that nobody serves.
    const waiting = encode([[0x06, 0, 0, 0x7fc00000]]);
    const group = { programs: [waiting], flags: 8, calls: [{ nr: 5000 }] };
    assert.throws(() => probeKernel([group], { timeLimit: 300 }), /did not answer within 300 ms/);
  });

  test.needs(absent, 'nothing is left behind, whenever SIGINT comes', () =>
    inFreshFolder(async (folder) => {
      const file = join(folder, 'good.bpf');
      const own = join(folder, 'tmp');
      writeFileSync(file, good);
      mkdirSync(own);
      await Promise.all(
        Array.from({ length: 24 }, async (_, i) => {
          const child = spawn(process.execPath, ['dist/seccompc.mjs', 'check', '--live', file], {
            env: { ...process.env, TMPDIR: own },
            stdio: 'ignore',
          });
          const ended = new Promise((resolve) => child.on('close', resolve));
          await after(10 + 10 * i);
          child.kill('SIGINT');
          await ended;
        }),
      );
      assert.equal(readdirSync(own), []);
    }),
  );
});
