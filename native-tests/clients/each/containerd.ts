/** containerd, by its own command ctr, with runc below it: plain OCI JSON. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Box, Client, Run } from '../client.ts';
import { startDaemon } from './daemon.ts';

const socket = ({ place }: Box) => join(place.folder, 'containerd.sock');

const ctr = ({ box, id, words }: Run, ...options: readonly string[]) => ({
  command: [
    ...['ctr', '--address', socket(box), 'run', '--rm', '--cgroup', `/${box.place.token}/${id}`],
    ...[...options, '--rootfs', box.root, id, '/witness', ...words],
  ],
});

async function prepare(box: Box): Promise<void> {
  const at = (name: string) => join(box.place.folder, name);
  const config = at('containerd.toml');
  const lines = [
    'version = 2',
    `root = ${JSON.stringify(at('containerd'))}`,
    `state = ${JSON.stringify(at('containerd-state'))}`,
    // The one listens on a network, the other writes to /opt.
    'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]',
    '[grpc]',
    `address = ${JSON.stringify(socket(box))}`,
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  await startDaemon(box.place, ['containerd', '--config', config], ['ctr', '--address', socket(box), 'version']);
}

export const CONTAINERD: Client = {
  name: 'containerd',
  programs: ['containerd', 'ctr', 'runc'],
  packages: ['containerd', 'runc'],
  version: ['containerd', '--version'],
  prepare,
  free: (run) => ctr(run),
  forms: [
    {
      name: 'ctr run --seccomp-profile FILE',
      makes: 'json',
      json: 'oci',
      start: (run, { oci }) => ctr(run, '--seccomp', '--seccomp-profile', oci),
    },
  ],
  runtime: 'runc',
};
