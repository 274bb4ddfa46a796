/**
 * The command as it is built, called many times in one process: `node command-server.mjs COMMAND REQUESTS REPLIES`. A request is
 * the folder and the arguments, each with a NUL behind it; the reply is the exit status. Both are FIFOs. Standard output
 * and error are the file that the shell of a block writes to.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';

const [command, requests, replies] = process.argv.slice(2);

class Ended extends Error {}
process.exit = (status) => {
  process.exitCode = status ?? process.exitCode ?? 0;
  throw new Ended();
};

for (let call = 0; ; call++) {
  const [folder, ...args] = (await readFile(requests, 'utf8')).split('\0').slice(0, -1);
  process.chdir(folder);
  process.argv.splice(1, process.argv.length, command, ...args);
  process.exitCode = undefined;
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners('error');
  try {
    // The entry runs when it is loaded: with another query it is loaded anew, and what it imports is not.
    await import(`${pathToFileURL(command)}?${call}`);
  } catch (error) {
    if (!(error instanceof Ended)) {
      console.error(error);
      process.exitCode = 70;
    }
  }
  await writeFile(replies, `${process.exitCode ?? 0}\n`);
}
