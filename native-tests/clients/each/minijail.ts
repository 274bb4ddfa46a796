/** minijail: raw programs. Debian 12 has no package of it; whoever has built it gets it tested. */
import { join } from 'node:path';
import type { Client, Run } from '../client.ts';

const jailed = ({ box, words }: Run, ...options: readonly string[]) => ({
  command: ['minijail0', '-n', ...options, '--', join(box.root, 'witness'), ...words],
});

export const MINIJAIL: Client = {
  name: 'minijail0',
  programs: ['minijail0'],
  packages: [],
  version: ['minijail0', '-h'],
  free: (run) => jailed(run),
  forms: [
    {
      name: '--seccomp-bpf-binary FILE',
      makes: 'program',
      start: (run, { bpf }) => jailed(run, '--seccomp-bpf-binary', bpf),
    },
  ],
};
