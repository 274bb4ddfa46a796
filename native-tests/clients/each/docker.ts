/** Docker: a daemon of the test's own, with containerd and runc below it; profiles in its own dialect. */
import { join } from 'node:path';
import type { Box, Client, Run } from '../client.ts';
import { startDaemon } from './daemon.ts';

const IMAGE = 'witness:1';

const env = ({ place }: Box) => ({
  DOCKER_HOST: `unix://${join(place.folder, 'docker.sock')}`,
  DOCKER_CONFIG: join(place.folder, 'docker-config'),
});

const docker = ({ box, id, words }: Run, profile: string) => ({
  command: [
    ...['docker', 'run', '--rm', '--name', id, '--network', 'none', '--log-driver', 'none'],
    ...['--security-opt', `seccomp=${profile}`, IMAGE, '/witness', ...words],
  ],
  env: env(box),
});

async function prepare(box: Box): Promise<void> {
  const { place, root } = box;
  const at = (name: string) => join(place.folder, name);
  const command = [
    ...['dockerd', '--data-root', at('docker'), '--exec-root', at('docker-exec'), '--pidfile', at('docker.pid')],
    ...['--host', env(box).DOCKER_HOST, '--cgroup-parent', `/${place.token}`, '--storage-driver', 'vfs'],
    ...['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false'],
  ];
  await startDaemon(place, command, ['docker', 'version'], env(box));
  await place.run(['sh', '-c', 'tar -C "$1" -c . | docker import - "$2"', 'sh', root, IMAGE], { env: env(box) });
}

export const DOCKER: Client = {
  name: 'dockerd',
  programs: ['dockerd', 'docker', 'containerd', 'runc'],
  packages: ['docker.io', 'containerd', 'runc'],
  version: ['dockerd', '--version'],
  prepare,
  free: (run) => docker(run, 'unconfined'),
  forms: [
    {
      name: '--security-opt seccomp=FILE',
      makes: 'json',
      json: 'docker',
      start: (run, material) => docker(run, material.docker),
    },
  ],
  runtime: 'runc',
};
