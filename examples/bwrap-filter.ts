/**
 * Runs a command in bubblewrap under a seccomp profile. The filter is compiled here, in this process, and handed over
 * through a pipe: no file, no other program.
 *
 *     node examples/bwrap-filter.ts profiles/no-network.jsonc curl http://example.org
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { archOfNode, compile, parseProfile, resolvePolicy } from 'seccompc';

/** The filter of a profile for the machine that this runs on, as bytes that seccomp(2) and bwrap take. */
function filterOf(path: string): Uint8Array {
  const profile = parseProfile(readFileSync(path, 'utf8'), { file: path });
  const own = archOfNode(process.arch, endianness() === 'LE' ? 'little' : 'big');
  if (own === undefined) throw new Error(`no filter for ${process.arch}`);
  // Calls through other ABIs (32-bit programs) kill the process; name them here to let them in.
  const policy = resolvePolicy(profile, { arches: [own.name] });
  // Compiled, accepted by the checker, and proved equal to the profile; else this throws.
  return compile(policy).bytes;
}

/** Starts the command; its exit status, or 128 and the number of the signal that ended it. */
function sandbox(filter: Uint8Array, command: readonly string[]): Promise<number> {
  const view = ['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--tmpfs', '/tmp'];
  const apart = ['--unshare-all', '--new-session', '--die-with-parent'];
  const child = spawn('bwrap', [...view, ...apart, '--seccomp', '3', '--', ...command], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
  });
  const pipe = child.stdio[3];
  if (pipe === null || pipe === undefined || !('end' in pipe)) throw new Error('no pipe to bwrap');
  // bwrap may end before it has read everything: its exit status says why.
  pipe.on('error', () => {});
  pipe.end(filter);
  return new Promise((done, fail) => {
    child.on('error', fail);
    // bwrap gives a command that a signal ended the status 128 + the signal's number.
    child.on('close', (status) => done(status ?? 1));
  });
}

const [profile, ...command] = process.argv.slice(2);
if (profile === undefined || command.length === 0) {
  console.error('usage: bwrap-filter.ts PROFILE COMMAND [ARGUMENT...]');
  process.exitCode = 2;
} else {
  process.exitCode = await sandbox(filterOf(profile), command);
}
