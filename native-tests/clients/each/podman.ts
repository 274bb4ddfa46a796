/** podman, with crun below it: JSON in Docker's dialect, or crun's annotation. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Client, Run } from '../client.ts';

function podman({ box, id, words }: Run, ...options: readonly string[]) {
  const folder = join(box.place.folder, 'podman');
  mkdirSync(folder, { recursive: true });
  const own = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--tmpdir', join(folder, 'tmp')];
  return {
    command: [
      ...['podman', ...own, '--events-backend=none', '--runtime=crun', 'run', '--rm', '--name', id],
      // What this needs besides is a place without systemd's cgroups, and limits that need no right to be raised.
      ...['--network=none', '--cgroups=disabled', '--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'],
      ...[...options, '--rootfs', box.root, '/witness', ...words],
    ],
  };
}

export const PODMAN: Client = {
  name: 'podman',
  programs: ['podman', 'crun', 'conmon'],
  packages: ['podman', 'crun', 'conmon'],
  version: ['podman', '--version'],
  place: { cgroup2: true },
  free: (run) => podman(run, '--security-opt', 'seccomp=unconfined'),
  forms: [
    {
      name: '--security-opt seccomp=FILE',
      makes: 'json',
      json: 'docker',
      start: (run, { docker }) => podman(run, '--security-opt', `seccomp=${docker}`),
    },
    {
      name: '--annotation run.oci.seccomp_bpf_data',
      makes: 'program',
      start: (run, { base64 }) =>
        podman(run, ...['--security-opt', 'seccomp=unconfined', '--annotation', `run.oci.seccomp_bpf_data=${base64}`]),
    },
  ],
};
