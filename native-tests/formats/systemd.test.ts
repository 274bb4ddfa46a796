/** Exported drop-ins under systemd itself: units run confined, and what systemd adds to allowlists is not in them. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { ArchName } from '../../src/arch/index.ts';
import { exportFilter } from '../../src/build/index.ts';
import type { Lossy } from '../../src/formats/index.ts';
import { parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { suite } from '../../test/suite.ts';
import { run } from '../elf/tools.ts';
import { inFreshFolder, withoutLinux, withoutTool } from '../support.ts';
import { HOSTILE } from './support.ts';

const SYSTEMD = '/lib/systemd/systemd';
const NAMESPACES = ['unshare', '--mount', '--pid', '--fork', '--propagation', 'private'];

function absent(): string | undefined {
  const tools = ['unshare', 'python3', 'systemctl'].map(withoutTool).find((why) => why !== undefined);
  if (withoutLinux('x64') ?? tools) return withoutLinux('x64') ?? tools;
  if (!existsSync(SYSTEMD)) return `${SYSTEMD} is not installed`;
  const probe = run([
    ...NAMESPACES,
    'sh',
    '-c',
    'mount -t tmpfs none /run && mount -t cgroup2 none /mnt && mkdir /mnt/$$ && rmdir /mnt/$$',
  ]);
  return probe.status === 0 ? undefined : 'no cgroup2 can be mounted here';
}

/** Makes raw calls and prints the result or the errno of each; which are x86_64's. */
const CALLS = { getpid: [39], getppid: [110], unshare: [272, 0], personality: [135, 0xffff_ffff], clone3: [435, 0, 0] };
const SCRIPT = `import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for name, call in ${JSON.stringify(CALLS)}.items():
    ctypes.set_errno(0)
    failed = libc.syscall(*[ctypes.c_long(a) for a in call]) == -1
    print(name, ctypes.get_errno() if failed else "runs")
`;

function dropIn(profile: string, arch: ArchName, lossy: Lossy): Uint8Array {
  const policy = resolvePolicy(parseProfile(profile, { file: HOSTILE }), { arches: [arch] });
  return exportFilter('systemd', { policy }, { lossy }).bytes;
}

// getppid and getpid are among what systemd allows by itself.
const ALLOWLIST = readFileSync('profiles/container-default.jsonc', 'utf8').replace(/"getppid",/, '');
const DENYLIST = JSON.stringify({
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [
    { names: ['getppid'], action: 'SCMP_ACT_ERRNO', errnoRet: 77 },
    { names: ['personality'], action: 'SCMP_ACT_ERRNO', args: [{ index: 0, value: 8, op: 'SCMP_CMP_EQ' }] },
  ],
});

const UNITS: readonly {
  readonly name: string;
  readonly drop: Uint8Array;
  /** Of the script; undefined where the unit must not start. */
  readonly says: string | undefined;
}[] = [
  {
    name: 'stricter',
    drop: dropIn(ALLOWLIST, 'x86_64', 'stricter'),
    says: 'getpid runs\ngetppid 1\nunshare 1\npersonality 1\nclone3 38\n',
  },
  {
    name: 'looser',
    drop: dropIn(ALLOWLIST, 'x86_64', 'looser'),
    says: 'getpid runs\ngetppid 1\nunshare 1\npersonality runs\nclone3 38\n',
  },
  {
    name: 'denylist',
    drop: dropIn(DENYLIST, 'x86_64', 'stricter'),
    says: 'getpid runs\ngetppid 77\nunshare runs\npersonality 1\nclone3 22\n',
  },
  { name: 'foreign', drop: dropIn(DENYLIST, 's390x', 'stricter'), says: undefined },
];

suite('native/formats/systemd', (test) => {
  test.needs(absent, 'units run under the filter, and not on another machine', () =>
    inFreshFolder((folder) => {
      const script = join(folder, 'calls.py');
      writeFileSync(script, SCRIPT);
      const output = (name: string) => join(folder, `${name}.out`);
      for (const { name, drop } of UNITS) {
        mkdirSync(join(folder, `${name}.service.d`));
        writeFileSync(join(folder, `${name}.service.d`, 'seccomp.conf'), drop);
        writeFileSync(
          join(folder, `${name}.service`),
          // What the unit says by itself must not widen an allowlist.
          `[Service]\nType=oneshot\nExecStart=/usr/bin/python3 ${script}\nStandardOutput=file:${output(name)}\nSystemCallFilter=getppid unshare\n`,
        );
      }
      const services = UNITS.map(({ name }) => `${name}.service`);
      const ran = run([...NAMESPACES, 'bash', 'native-tests/formats/systemd.sh', folder, ...services]);
      for (const { name, says } of UNITS) {
        const said = existsSync(output(name)) ? readFileSync(output(name), 'utf8') : undefined;
        assert.is(said, says, `${name}\n${ran.stdout}${ran.stderr}`);
      }
    }),
  );
});
