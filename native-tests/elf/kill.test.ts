/**
 * `seccompc build --into` killed at random moments while it rewrites a file of 100 MB: the file is always the old one or
 * the new one, whole, and the next run goes through. A run that is not killed says how long one takes.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../../test/suite.ts';
import { inFreshFolder, withoutLinux } from '../support.ts';

const ROUNDS = process.env.SECCOMPC_LONG ? 200 : 12;
const COMMAND = 'dist/seccompc.mjs';
const PROFILES = ['no-network', 'go-service'] as const;
const SIZE = 100 << 20;

const hashOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

/** node itself, with zeros behind it that a section names: an ELF of at least 100 MB that still starts. */
function bigElf(path: string): void {
  copyFileSync(process.execPath, path);
  chmodSync(path, 0o755);
  const more = SIZE - readFileSync(path).length;
  if (more <= 0) return;
  const pad = `${path}.pad`;
  writeFileSync(pad, Buffer.alloc(more + (4 << 20), 7));
  const added = spawnSync(process.execPath, [COMMAND, 'elf', 'add', path, pad, '--section', '.pad']);
  assert.is(added.status, 0, String(added.stderr));
  rmSync(pad);
}

const argsFor = (profile: string, path: string) => [COMMAND, 'build', `profiles/${profile}.jsonc`, '--into', path];

/** Runs the command, and kills it after so many milliseconds; true when the kill came before its end. */
function killed(args: readonly string[], after: number): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: 'ignore' });
    const timer = setTimeout(() => child.kill('SIGKILL'), after);
    child.on('exit', (_, signal) => {
      clearTimeout(timer);
      resolve(signal === 'SIGKILL');
    });
  });
}

suite('native-tests/elf/kill', (test) => {
  const absent =
    withoutLinux() ?? (process.arch === 'x64' || process.arch === 'arm64' ? undefined : 'no profile for it');
  test.needs(absent, `the command killed at ${ROUNDS} moments`, () =>
    inFreshFolder(async (folder) => {
      const path = join(folder, 'big');
      bigElf(path);
      const hashes: string[] = [];
      let time = 0;
      for (const profile of PROFILES) {
        const start = performance.now();
        const done = spawnSync(process.execPath, argsFor(profile, path));
        time = performance.now() - start;
        assert.is(done.status, 0, String(done.stderr));
        hashes.push(hashOf(path));
      }
      assert.is(new Set(hashes).size, PROFILES.length);

      let [kills, changes] = [0, 0];
      let now = hashes.at(-1);
      for (let round = 0; round < ROUNDS; round++) {
        // Most of a run is the start of node; the moments that matter are those behind.
        const after = time * (0.2 + Math.random());
        if (await killed(argsFor(PROFILES[round % PROFILES.length]!, path), after)) kills += 1;
        const found = hashOf(path);
        assert.ok(hashes.includes(found), `round ${round}, killed after ${after} ms: neither the old file nor the new`);
        if (found !== now) changes += 1;
        now = found;
        for (const name of readdirSync(folder)) if (name !== 'big') rmSync(join(folder, name));
      }
      assert.ok(kills >= ROUNDS / 4, `only ${kills} of ${ROUNDS} were killed in time`);
      assert.ok(ROUNDS < 50 || changes > 0, 'no run was ever done');
      assert.is(spawnSync(process.execPath, argsFor(PROFILES[0], path)).status, 0);
      assert.is(hashOf(path), hashes[0]);
      assert.is(spawnSync(path, ['-e', 'process.exit(7)']).status, 7);
    }),
  );
});
