/**
 * Kernels of other machines: Debian's packages, downloaded by apt under a configuration of its own (nothing of this
 * system's package state is touched) and unpacked, never installed. They stay in the user's cache folder.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface Image {
  /** Debian's name of the machine. */
  readonly debian: string;
  /** The release that has a kernel for it. */
  readonly suite: string;
  /** A meta-package that depends on today's kernel. */
  readonly meta: string;
}

/** A reason instead of a path: the machine is then skipped by name. */
export type Found = { readonly path: string } | { readonly why: string };

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'seccompc', 'kernels');
}

/** The kernel in this folder, if one is complete: a name is given only after everything is there. */
function kernelIn(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  const name = readdirSync(folder).find((file) => /^vmlinu[xz]-/.test(file));
  return name === undefined ? undefined : join(folder, name);
}

function said(command: string, args: readonly string[], env: NodeJS.ProcessEnv, cwd?: string): string | undefined {
  const done = spawnSync(command, args, { encoding: 'utf8', env, cwd, timeout: 300_000 });
  return done.status === 0 ? done.stdout : undefined;
}

/** Where this system's own Debian packages come from. */
function mirror(): string | undefined {
  const format = ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages', 'Origin: Debian'];
  return said('apt-get', format, process.env)?.split('\n')[0] || undefined;
}

/** A configuration in which apt knows one foreign machine, one release, and no installed package. */
function privateApt(folder: string, { debian, suite }: Image, uri: string): NodeJS.ProcessEnv {
  for (const name of ['lists/partial', 'archives/partial', 'none']) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'status'), '');
  writeFileSync(join(folder, 'sources.list'), `deb [signed-by=${KEYRING} arch=${debian}] ${uri} ${suite} main\n`);
  const config = {
    'Dir::Etc::SourceList': join(folder, 'sources.list'),
    'Dir::Etc::SourceParts': join(folder, 'none'),
    'Dir::State::Lists': join(folder, 'lists'),
    'Dir::State::Status': join(folder, 'status'),
    'Dir::Cache': folder,
    'Dir::Cache::Archives': join(folder, 'archives'),
    'APT::Architecture': debian,
    'Acquire::Languages': 'none',
    // An older index, signed like any other, has a kernel that is as good; mirrors of testing lag behind.
    'Acquire::Check-Valid-Until': 'false',
    ...(process.getuid?.() === 0 && { 'APT::Sandbox::User': 'root' }),
  };
  const path = join(folder, 'apt.conf');
  const lines = Object.entries(config).map(([key, value]) => `${key} "${value}";\n`);
  writeFileSync(path, `${lines.join('')}APT::Architectures { "${debian}"; };\n`);
  return { ...process.env, APT_CONFIG: path, LC_ALL: 'C' };
}

function download(folder: string, image: Image, uri: string): string | undefined {
  const env = privateApt(folder, image, uri);
  if (said('apt-get', ['update', '-qq'], env) === undefined) return undefined;
  const dependency = (of: string, kind: string) => {
    const depends = said('apt-cache', ['depends', `${of}:${image.debian}`], env) ?? '';
    return new RegExp(`Depends: (linux-${kind}-[^:\\s]+)`).exec(depends)?.[1];
  };
  const versioned = dependency(image.meta, 'image');
  if (versioned === undefined) return undefined;
  // From Debian 14 on the kernel itself is in a package of its own.
  const name = dependency(versioned, 'binary') ?? versioned;
  if (said('apt-get', ['download', '-qq', `${name}:${image.debian}`], env, folder) === undefined) return undefined;
  const deb = readdirSync(folder).find((file) => file.endsWith('.deb'));
  const unpacked = join(folder, 'unpacked');
  if (deb === undefined || said('dpkg-deb', ['-x', join(folder, deb), unpacked], env) === undefined) return undefined;
  return kernelIn(join(unpacked, 'boot')) ?? kernelAmongModules(join(unpacked, 'usr', 'lib', 'modules'));
}

/** Debian 14 has it as /usr/lib/modules/VERSION/vmlinuz. */
function kernelAmongModules(folder: string): string | undefined {
  const [version] = existsSync(folder) ? readdirSync(folder) : [];
  const name = version && readdirSync(join(folder, version)).find((file) => /^vmlinu[xz]$/.test(file));
  if (!name) return undefined;
  const named = join(folder, `${name}-${version}`);
  renameSync(join(folder, version, name), named);
  return named;
}

/** The kernel of this machine, downloaded when it is not there yet. */
export function kernelImage(image: Image): Found {
  const folder = join(cacheFolder(), `${image.suite}-${image.meta}-${image.debian}`);
  const cached = kernelIn(folder);
  if (cached !== undefined) return { path: cached };
  const uri = mirror();
  if (uri === undefined) return { why: 'no kernel is cached, and apt has no Debian archive to get one from' };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const work = mkdtempSync(join(cacheFolder(), 'download-'));
  try {
    const kernel = download(work, image, uri);
    if (kernel === undefined)
      return { why: `${image.meta} of Debian ${image.suite} (${image.debian}) is out of reach` };
    const path = join(folder, kernel.slice(kernel.lastIndexOf('/') + 1));
    renameSync(kernel, path);
    return { path };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
