/** Clients that take names of calls and nothing else: what they make of them is theirs. */
import { join } from 'node:path';
import type { Client, Run } from '../client.ts';
import { NAMES } from '../profiles.ts';

const firejail = ({ box, words }: Run, ...options: readonly string[]) => ({
  command: ['firejail', '--quiet', '--noprofile', '--net=none', ...options, join(box.root, 'witness'), ...words],
});

export const FIREJAIL: Client = {
  name: 'firejail',
  programs: ['firejail'],
  packages: ['firejail'],
  version: ['firejail', '--version'],
  // It takes process ids of its own for a sandbox, and then does nothing.
  place: { pids: false },
  free: (run) => firejail(run),
  forms: [
    {
      name: '--seccomp.drop=NAMES',
      makes: 'names',
      start: (run) => firejail(run, `--seccomp.drop=${NAMES.join(',')}`, '--seccomp-error-action=EPERM'),
    },
  ],
};

const nspawn = ({ box, words }: Run, ...options: readonly string[]) => ({
  command: [
    ...['systemd-nspawn', '--quiet', '--register=no', '--keep-unit', '--pipe', '--as-pid2', '--private-network'],
    ...['--directory', box.root, ...options, '/witness', ...words],
  ],
});

export const NSPAWN: Client = {
  name: 'systemd-nspawn',
  programs: ['systemd-nspawn'],
  packages: ['systemd-container'],
  version: ['systemd-nspawn', '--version'],
  free: (run) => nspawn(run),
  forms: [
    {
      name: '--system-call-filter=~NAMES',
      makes: 'names',
      start: (run) => nspawn(run, `--system-call-filter=~${NAMES.join(' ')}`),
    },
  ],
};
