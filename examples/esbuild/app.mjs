/** Runs a command under the bundled filter, in bubblewrap; without a command, writes the filter to standard output. */
import { spawn } from 'node:child_process';
import filter from './tool.seccomp.jsonc';

const command = process.argv.slice(2);
if (command.length === 0) process.stdout.write(filter);
else {
  const child = spawn('bwrap', ['--ro-bind', '/', '/', '--proc', '/proc', '--seccomp', '3', '--', ...command], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
  });
  child.stdio[3].on('error', () => {});
  child.stdio[3].end(filter);
  child.on('close', (status) => {
    process.exitCode = status ?? 1;
  });
}
