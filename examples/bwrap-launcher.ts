/**
 * Runs one static program in a sandbox in which there are no other files: bubblewrap gives it its own namespaces, and a
 * launcher, made here in this process, installs the filter and becomes the program. The launcher is an executable
 * of about 1 KB that needs no library and no shell. It too goes through a pipe and never lies on the disk.
 *
 *     node examples/bwrap-launcher.ts profiles/no-network.jsonc /bin/busybox uname
 *
 * The same launcher works where nothing takes a filter: under chroot, in an image, behind ssh or systemd.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { basename } from 'node:path';
import { archOfNode, compile, parseProfile, resolvePolicy } from 'seccompc';
import { launcher } from 'seccompc/launcher';

function launcherOf(path: string): Uint8Array {
  const profile = parseProfile(readFileSync(path, 'utf8'), { file: path });
  const own = archOfNode(process.arch, endianness() === 'LE' ? 'little' : 'big');
  if (own === undefined) throw new Error(`no launcher for ${process.arch}`);
  const policy = resolvePolicy(profile, { arches: [own.name] });
  return launcher(compile(policy), { arch: own.name, flags: policy.flags });
}

function sandbox(bytes: Uint8Array, [program, ...words]: readonly [string, ...string[]]): Promise<number> {
  const inside = `/${basename(program)}`;
  const files = ['--perms', '0555', '--ro-bind-data', '3', '/launcher', '--ro-bind', program, inside];
  const apart = ['--unshare-all', '--new-session', '--die-with-parent', '--clearenv'];
  const child = spawn('bwrap', [...apart, ...files, '--', '/launcher', inside, ...words], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
  });
  const pipe = child.stdio[3];
  if (pipe === null || pipe === undefined || !('end' in pipe)) throw new Error('no pipe to bwrap');
  pipe.on('error', () => {});
  pipe.end(bytes);
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (status) => done(status ?? 1));
  });
}

const [profile, program, ...words] = process.argv.slice(2);
if (profile === undefined || program === undefined) {
  console.error('usage: bwrap-launcher.ts PROFILE PROGRAM [ARGUMENT...]');
  process.exitCode = 2;
} else {
  process.exitCode = await sandbox(launcherOf(profile), [program, ...words]);
}
