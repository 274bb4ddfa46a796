/** A profile in every form that some client takes, made by the command as built. */
import { copyFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { type Policy, parseProfile, type ResolveOptions, resolvePolicy } from '../../src/policy/index.ts';
import { seccompc } from '../support.ts';
import type { Material } from './client.ts';
import { NAMES, SECOND, type TestedProfile } from './profiles.ts';
import { ownFolder, program } from './programs.ts';

/** Docker and podman judge minKernel by the kernel that runs. */
const KERNEL = release().split('.').slice(0, 2).join('.');

/** The dialect cannot deny socketcall where it allows socket for some arguments: libseccomp makes that of it. */
const ALLOW_MULTIPLEXED = ['--multiplexed', 'allow'];

/** What every reading of a profile here has in common, as options of the command. */
export function optionsOf({ arches }: TestedProfile): readonly string[] {
  return ['--arch', arches.join(','), '--kernel', KERNEL];
}

/** The same for the library. */
export function policyOf({ text, arches }: TestedProfile, options: ResolveOptions = {}): Policy {
  return resolvePolicy(parseProfile(text), { arches, kernel: KERNEL, ...options });
}

/** Runs the command; throws with what it says when it fails. */
export function must(...args: readonly string[]): string {
  const { status, stdout, stderr } = seccompc(args);
  if (status !== 0) throw new Error(`seccompc ${args.join(' ')}: status ${status}\n${stderr}`);
  return stdout;
}

const made = new Map<TestedProfile, Material>();

/** The files of `profile`, written once. */
export function materialOf(profile: TestedProfile): Material {
  const known = made.get(profile) ?? make(profile);
  made.set(profile, known);
  return known;
}

function make(profile: TestedProfile): Material {
  const at = (name: string) => join(ownFolder(), `${profile.name.replace(/\W/g, '-')}.${name}`);
  const options = optionsOf(profile);
  const [source, second] = [at('jsonc'), at('second.json')];
  writeFileSync(source, profile.text);
  writeFileSync(second, SECOND);
  const files = {
    bpf: at('bpf'),
    second: at('second.bpf'),
    launcher: at('launcher'),
    reader: at('reader'),
    enforced: at('enforced'),
    oci: at('oci.json'),
    docker: at('docker.json'),
  };
  must('build', source, ...options, '-o', files.bpf);
  must('build', second, ...options, '-o', files.second);
  must('launcher', source, ...options, '-o', files.launcher);
  must('launcher', '--descriptor', '--arch', profile.arches[0] ?? '', '-o', files.reader);
  must('build', source, ...options, '--into', program('witness'), '--enforce', '-o', files.enforced);
  must('export', source, '--format', 'oci', ...options, ...ALLOW_MULTIPLEXED, '-o', files.oci);
  if (profile.isDockers) writeFileSync(files.docker, profile.text);
  else copyFileSync(files.oci, files.docker);
  const base64 = must('export', files.bpf, '--format', 'base64').trim();
  return { ...files, base64, denied: NAMES };
}
