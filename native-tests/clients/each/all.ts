/** The clients, in the order of the table. */
import type { Client } from '../client.ts';
import { BUBBLEWRAP } from './bwrap.ts';
import { FIREJAIL, NSPAWN } from './by-names.ts';
import { CONTAINERD } from './containerd.ts';
import { DOCKER } from './docker.ts';
import { MINIJAIL } from './minijail.ts';
import { CRUN, RUNC } from './oci.ts';
import { PODMAN } from './podman.ts';

export const CLIENTS: readonly Client[] = [
  BUBBLEWRAP,
  CRUN,
  RUNC,
  PODMAN,
  DOCKER,
  CONTAINERD,
  MINIJAIL,
  FIREJAIL,
  NSPAWN,
];
