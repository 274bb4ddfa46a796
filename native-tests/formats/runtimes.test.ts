/** Exported profiles and annotations under container runtimes: what the kernel answers is what the profile says. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { exportFilter } from '../../src/build/index.ts';
import { parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { suite } from '../../test/suite.ts';
import { run } from '../elf/tools.ts';
import { inFreshFolder, withoutLinux, withoutTool } from '../support.ts';

/** x86_64's getppid, and personality with what the kernel takes of its argument and what it does not. */
const SCRIPT = `import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for call in [(110,), (135, 8), (135, 0x100000008), (135, 0xffffffff), (39,)]:
    ctypes.set_errno(0)
    failed = libc.syscall(*[ctypes.c_long(a) for a in call]) == -1
    print(ctypes.get_errno() if failed else "runs", end=" ")
`;
const FREE = 'runs runs runs runs runs ';
const CONFINED = '77 5 5 runs runs ';

const policy = resolvePolicy(
  parseProfile(
    JSON.stringify({
      defaultAction: 'SCMP_ACT_ALLOW',
      'x-argWidth': 'kernel',
      syscalls: [
        { names: ['getppid'], action: 'SCMP_ACT_ERRNO', errnoRet: 77 },
        {
          names: ['personality'],
          action: 'SCMP_ACT_ERRNO',
          errnoRet: 5,
          args: [{ index: 0, value: 8, op: 'SCMP_CMP_EQ' }],
        },
      ],
    }),
  ),
  { arches: ['x86_64'] },
);
const exported = (format: 'oci' | 'k8s-localhost' | 'oci-annotation') =>
  JSON.parse(new TextDecoder().decode(exportFilter(format, { policy }).bytes));

const linux = { namespaces: [{ type: 'pid' }, { type: 'mount' }] };
const bundle = (more: object) => ({
  ociVersion: '1.0.2',
  process: {
    user: { uid: 0, gid: 0 },
    args: ['python3', '-c', SCRIPT],
    cwd: '/',
    env: ['PATH=/usr/bin:/bin'],
    noNewPrivileges: true,
  },
  root: { path: 'rootfs', readonly: true },
  mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
  linux,
  ...more,
});

const rows = [
  {
    name: 'crun takes the profile',
    runtime: ['crun', '--cgroup-manager=disabled'],
    config: { linux: { ...linux, seccomp: exported('oci') } },
  },
  {
    name: 'crun takes the annotation',
    runtime: ['crun', '--cgroup-manager=disabled'],
    config: exported('oci-annotation'),
  },
  {
    name: 'runc takes the profile',
    runtime: ['runc'],
    config: { linux: { ...linux, seccomp: exported('k8s-localhost') } },
  },
] as const;

/** Runs the script; undefined where the runtime cannot run anything here. */
function answers(runtime: readonly string[], config: object, folder: string): string | undefined {
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  const ran = run([
    'unshare',
    '--mount',
    '--propagation',
    'private',
    'bash',
    'native-tests/formats/runtime.sh',
    folder,
    ...runtime,
  ]);
  return ran.status === 0 ? ran.stdout : undefined;
}

function absent(runtime: readonly string[]): string | undefined {
  const tools = [runtime[0] as string, 'unshare', 'python3'].map(withoutTool).find((why) => why !== undefined);
  return withoutLinux('x64') ?? tools ?? (process.getuid?.() === 0 ? undefined : 'not root');
}

suite('native/formats/runtimes', (test) => {
  for (const { name, runtime, config } of rows) {
    test.needs(
      () => absent(runtime),
      name,
      () =>
        inFreshFolder((folder) => {
          // The judge first: without a filter every call runs, or the runtime does not work here at all.
          assert.is(answers(runtime, bundle({}), folder), FREE);
          assert.is(answers(runtime, bundle(config), folder), CONFINED);
        }),
    );
  }
});
