/** The clients that are small enough for every run: bubblewrap, crun and runc; and what must be left when they are gone. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { suite } from '../../test/suite.ts';
import { seccompc } from '../support.ts';
import { BUBBLEWRAP } from './each/bwrap.ts';
import { CRUN, crun, type Filter, RUNC, runc } from './each/oci.ts';
import { type Material, materialOf } from './material.ts';
import { argumentsOf, Place, processIds } from './place.ts';
import { PROFILES } from './profiles.ts';
import { ownFolder } from './programs.ts';
import { casesOf, Session, withoutClient } from './session.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const SMALL = [BUBBLEWRAP, CRUN, RUNC];

suite('native/clients/small', (test) => {
  for (const client of SMALL) {
    for (const profile of PROFILES) {
      const all = casesOf(client).filter((one) => one.profile === profile);
      // Every form once; the table of `npm run test:clients` has the rest.
      const cases = profile === PROFILES[0] ? all : all.slice(0, 2);
      const absent = withoutClient(client) ?? profile.absent;
      test.needs(absent, `${client.name}, ${profile.name}: every call is decided as the profile says`, () =>
        Session.with(client, async (session) => {
          for (const one of cases) {
            try {
              await session.try(one);
            } catch (error) {
              throw new Error(`${one.form.name}: ${error instanceof Error ? error.message : error}`);
            }
          }
        }),
      );
    }
  }

  test.needs(withoutClient(BUBBLEWRAP), 'seccompc dump and verify see what the kernel holds', () =>
    Session.with(BUBBLEWRAP, async (session) => {
      const [profile] = PROFILES;
      const material = materialOf(profile!);
      const both = BUBBLEWRAP.forms.find(({ makes }) => makes === 'two programs');
      const folder = join(ownFolder(), 'dumped');
      const { filters } = await session.observe(
        (run) => both!.start(run, material),
        [],
        (pid) => {
          mkdirSync(folder);
          const dumped = seccompc(['dump', '--pid', String(pid), '-o', folder]);
          assert.is(dumped.status, 0, dumped.stderr);
          const verified = seccompc(['verify', '--pid', String(pid), material.bpf, '--fail-on', 'loosened']);
          assert.is(verified.status, 0, verified.stderr);
        },
      );
      const files = [0, 1].map((i) => readFileSync(join(folder, `filter-${i}.bpf`)));
      assert.equal(
        files.map((f) => f.toString('hex')),
        filters.map((f) => Buffer.from(f).toString('hex')),
      );
    }),
  );

  const annotated = (material: Material): Filter => ({
    seccomp: readFileSync(material.oci, 'utf8'),
    annotations: { 'run.oci.seccomp_bpf_data': material.base64 },
  });
  test.needs(withoutClient(CRUN), 'crun: beside an annotation the JSON is not used', () =>
    Session.with(CRUN, async (session) => {
      const material = materialOf(PROFILES[0]!);
      const { filters } = await session.observe((run) => crun(run, annotated(material)), []);
      assert.equal(filters.map(hex), [hex(readFileSync(material.bpf))]);
    }),
  );
  test.needs(withoutClient(RUNC), 'runc: an annotation is not seen', () =>
    Session.with(RUNC, async (session) => {
      const { annotations } = annotated(materialOf(PROFILES[0]!));
      const { filters } = await session.observe((run) => runc(run, { ...(annotations && { annotations }) }), []);
      assert.equal(filters, []);
    }),
  );

  for (const pids of [true, false]) {
    const title = `whoever started a place may die: nothing is left, ${pids ? 'with' : 'without'} its own process ids`;
    test.needs(withoutClient(RUNC), title, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'seccompc-clients-'));
      const token = `seccompc-clients-${process.pid}-${pids}`;
      const words = [folder, token, ...(pids ? ['pids'] : [])];
      const shell = spawn('bash', ['native-tests/clients/place.sh', ...words], {
        stdio: ['pipe', 'pipe', 'inherit'],
        detached: true,
      });
      const ready = await new Promise<string>((done) => shell.stdout.once('data', (chunk) => done(String(chunk))));
      const pid = /^ready (\d+)$/m.exec(ready)?.[1];
      assert.ok(pid, ready);
      // A process that nobody waits for, a cgroup, a mount.
      const script = `
        mount -t tmpfs tmpfs "$1"
        for file in /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/*/cgroup.procs; do
          [ ! -e "$file" ] || { mkdir "$(dirname "$file")/$2"; break; }
        done
        exec -a "sleep $2" sleep 600`;
      spawn('nsenter', ['--target', pid, '--mount', '--net', '--pid', 'bash', '-c', script, 'bash', folder, token], {
        stdio: 'ignore',
      });
      const running = () => processIds().filter((id) => argumentsOf(id).some((a) => a.includes(token)));
      for (let i = 0; i < 100 && running().length < 2; i++) await after(50);
      const ended = new Promise<number | null>((done) => shell.on('close', done));
      shell.stdin.end();
      assert.is(await ended, 0);
      assert.equal(running(), []);
      assert.not(existsSync(folder));
      assert.not(readFileSync('/proc/self/mountinfo', 'utf8').includes(folder));
    });
  }

  test.needs(withoutClient(RUNC), 'a place is as it is said to be', async () => {
    const place = await Place.open();
    try {
      const told = await place.run(['sh', '-c', 'touch /etc/left 2>&1; wc -l < /proc/net/route; ls -A /run']);
      // At most the heading: there is no way to anywhere. mount(8) leaves a folder.
      assert.match(told, /Read-only file system\n[01]\n(mount\n)?$/);
    } finally {
      await place.close();
    }
  });
});
