/** A profile in every form that some client takes, made by the command as built, and each when it is first asked for. */
import { readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { type Policy, parseProfile, type ResolveOptions, resolvePolicy } from '../../src/policy/index.ts';
import { seccompc } from '../support.ts';
import { SECOND, type TestedProfile } from './profiles.ts';
import { ownFolder, program } from './programs.ts';

/** Docker and podman judge minKernel by the kernel that runs. */
const KERNEL = release().split('.').slice(0, 2).join('.');

/** The dialect cannot deny socketcall where it allows socket for some arguments: libseccomp makes that of it. */
const ALLOW_MULTIPLEXED = ['--multiplexed', 'allow'];

/** What every reading of a profile here has in common. */
export function policyOf({ text, arches }: TestedProfile, options: ResolveOptions = {}): Policy {
  return resolvePolicy(parseProfile(text), { arches, kernel: KERNEL, ...options });
}

/** Runs the command; throws with what it says when it fails. */
export function must(...args: readonly string[]): string {
  const { status, stdout, stderr } = seccompc(args);
  if (status !== 0) throw new Error(`seccompc ${args.join(' ')}: status ${status}\n${stderr}`);
  return stdout;
}

export class Material {
  readonly #profile: TestedProfile;
  readonly #prefix: string;
  readonly #options: readonly string[];
  readonly #made = new Set<string>();

  constructor(profile: TestedProfile) {
    this.#profile = profile;
    this.#prefix = join(ownFolder(), profile.name.replace(/\W/g, '-'));
    this.#options = ['--arch', profile.arches.join(','), '--kernel', KERNEL];
  }

  /** Path of a file that `make` writes the first time. */
  #file(name: string, make: (path: string) => void): string {
    const path = `${this.#prefix}.${name}`;
    if (!this.#made.has(name)) make(path);
    this.#made.add(name);
    return path;
  }

  get #source(): string {
    return this.#file('jsonc', (path) => writeFileSync(path, this.#profile.text));
  }

  /** Our program. */
  get bpf(): string {
    return this.#file('bpf', (path) => must('build', this.#source, ...this.#options, '-o', path));
  }

  /** A second program, which denies one more call. */
  get second(): string {
    const source = this.#file('second.json', (path) => writeFileSync(path, SECOND));
    return this.#file('second.bpf', (path) => must('build', source, ...this.#options, '-o', path));
  }

  /** The program as base64. */
  get base64(): string {
    const path = this.#file('base64', (to) => must('export', this.bpf, '--format', 'base64', '-o', to));
    return readFileSync(path, 'utf8').trim();
  }

  /** An executable that installs the program and becomes another one. */
  get launcher(): string {
    return this.#file('launcher', (path) => must('launcher', this.#source, ...this.#options, '-o', path));
  }

  /** One that reads the program from a descriptor. */
  get reader(): string {
    const arch = this.#profile.arches[0] ?? '';
    return this.#file('reader', (path) => must('launcher', '--descriptor', '--arch', arch, '-o', path));
  }

  /** A witness that installs the program itself. */
  get enforced(): string {
    const into = ['--into', program('witness'), '--enforce'];
    return this.#file('enforced', (path) => must('build', this.#source, ...this.#options, ...into, '-o', path));
  }

  /** Plain OCI JSON. */
  get oci(): string {
    const options = [...this.#options, ...ALLOW_MULTIPLEXED];
    return this.#file('oci.json', (path) => must('export', this.#source, '--format', 'oci', ...options, '-o', path));
  }

  /** JSON for Docker and podman: the profile itself when that is in their dialect. */
  get docker(): string {
    return this.#profile.isDockers ? this.#source : this.oci;
  }
}

const materials = new Map<TestedProfile, Material>();

export function materialOf(profile: TestedProfile): Material {
  const known = materials.get(profile) ?? new Material(profile);
  materials.set(profile, known);
  return known;
}
