/** crun and runc: an OCI bundle with the profile as JSON, or for crun the raw program as an annotation. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client, Run, Start } from '../client.ts';

/** Of those that Docker gives, what a container without a network and devices has a use for. */
const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'KILL', 'SETGID', 'SETUID', 'SYS_CHROOT'];

export interface Filter {
  /** Text of linux.seccomp. */
  readonly seccomp?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Writes the bundle and returns its folder. */
function bundle({ box, id, words }: Run, { seccomp, annotations }: Filter): string {
  const names = CAPABILITIES.map((name) => `CAP_${name}`);
  const config = {
    ociVersion: '1.0.2',
    process: {
      user: { uid: 0, gid: 0 },
      args: ['/witness', ...words],
      env: [],
      cwd: '/',
      noNewPrivileges: true,
      capabilities: { bounding: names, effective: names, permitted: names },
    },
    root: { path: box.root, readonly: true },
    hostname: 'witness',
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
    linux: {
      cgroupsPath: `/${box.place.token}/${id}`,
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      ...(seccomp !== undefined && { seccomp: '<profile>' }),
    },
    ...(annotations && { annotations }),
  };
  const folder = join(box.place.folder, id);
  mkdirSync(folder);
  // As text: 64-bit values would not survive a JavaScript number.
  const text = JSON.stringify(config, null, 1).replace('"<profile>"', () => seccomp ?? '');
  writeFileSync(join(folder, 'config.json'), text);
  return folder;
}

export type Runtime = (run: Run, filter?: Filter) => Start;

const runtime =
  (...command: readonly string[]): Runtime =>
  (run, filter = {}) => ({
    command: [
      ...command,
      '--root',
      join(run.box.place.folder, 'state'),
      'run',
      '--bundle',
      bundle(run, filter),
      run.id,
    ],
  });

const json = (start: Runtime) =>
  ({
    name: 'linux.seccomp (JSON)',
    makes: 'json',
    json: 'oci',
    start: (run, { oci }) => start(run, { seccomp: readFileSync(oci, 'utf8') }),
  }) satisfies Client['forms'][number];

export const crun: Runtime = runtime('crun', '--cgroup-manager=disabled');
export const runc: Runtime = runtime('runc');

export const CRUN: Client = {
  name: 'crun',
  programs: ['crun'],
  packages: ['crun'],
  version: ['crun', '--version'],
  place: { cgroup2: true },
  free: (run) => crun(run),
  forms: [
    json(crun),
    {
      name: 'run.oci.seccomp_bpf_data',
      makes: 'program',
      start: (run, { base64 }) => crun(run, { annotations: { 'run.oci.seccomp_bpf_data': base64 } }),
    },
  ],
};

export const RUNC: Client = {
  name: 'runc',
  programs: ['runc'],
  packages: ['runc'],
  version: ['runc', '--version'],
  free: (run) => runc(run),
  forms: [json(runc)],
  runtime: 'runc',
};
