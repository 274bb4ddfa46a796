/** bubblewrap: raw programs from descriptors; and programs of ours that bring their filter along. */
import type { Client, Run } from '../client.ts';
import { program } from '../programs.ts';

const BWRAP = ['bwrap', '--unshare-all', '--die-with-parent'];

/** Every descriptor that is not needed is closed by the shell: bwrap hands on what it has. */
const inRoot = ({ box, words }: Run, ...options: readonly string[]) => [
  ...BWRAP,
  ...['--ro-bind', box.root, '/'],
  ...options,
  '/witness',
  ...words,
];

/** A sandbox in which there is nothing but these files. */
const nothingBut = (files: Readonly<Record<string, string>>, ...command: readonly string[]) => [
  ...BWRAP,
  ...Object.entries(files).flatMap(([path, source]) => ['--ro-bind', source, path]),
  ...command,
];

export const BUBBLEWRAP: Client = {
  name: 'bwrap',
  programs: ['bwrap'],
  packages: ['bubblewrap'],
  version: ['bwrap', '--version'],
  free: (run) => ({ command: inRoot(run) }),
  forms: [
    {
      name: '--seccomp FD',
      makes: 'program',
      start: (run, { bpf }) => ({ command: inRoot(run, '--seccomp', '10'), open: [bpf] }),
    },
    {
      name: '--add-seccomp-fd FD, twice',
      makes: 'two programs',
      start: (run, { bpf, second }) => ({
        command: inRoot(run, '--add-seccomp-fd', '10', '--add-seccomp-fd', '11'),
        open: [bpf, second],
      }),
    },
    {
      name: 'launcher inside, no other files',
      makes: 'program',
      start: ({ words }, { launcher }) => ({
        command: nothingBut(
          { '/launcher': launcher, '/witness': program('witness') },
          '/launcher',
          '/witness',
          ...words,
        ),
      }),
    },
    {
      name: 'launcher inside, filter by FD',
      makes: 'program',
      start: ({ words }, { reader, bpf }) => ({
        command: nothingBut(
          { '/launcher': reader, '/witness': program('witness') },
          '/launcher',
          '10',
          '/witness',
          ...words,
        ),
        open: [bpf],
      }),
    },
    {
      name: 'build --enforce, no other files',
      makes: 'program',
      start: ({ words }, { enforced }) => ({ command: nothingBut({ '/witness': enforced }, '/witness', ...words) }),
    },
  ],
};
