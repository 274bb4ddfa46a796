/** Finds and reads what the generator needs. `root` is the project's folder. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The one data file below ../shared/data/syscalls with this prefix. */
function dataFile(root, prefix) {
  const folder = join(root, '..', 'shared', 'data', 'syscalls');
  const names = existsSync(folder)
    ? readdirSync(folder).filter((name) => name.startsWith(prefix) && name.endsWith('.csv'))
    : [];
  if (names.length !== 1) return undefined;
  return join(folder, names[0]);
}

/** Why the generator cannot run here; undefined when it can. */
export function absent(root) {
  for (const prefix of ['hrw-', 'since-'])
    if (dataFile(root, prefix) === undefined)
      return `../shared/data/syscalls/${prefix}*.csv is not beside this checkout; the committed tables stay as they are`;
  return undefined;
}

export function readNumbersCsv(root) {
  return readFileSync(dataFile(root, 'hrw-'), 'utf8');
}

export function readInputs(root) {
  return {
    numbersCsv: readNumbersCsv(root),
    sinceCsv: readFileSync(dataFile(root, 'since-'), 'utf8'),
    headersJson: readFileSync(join(root, 'native-tests', 'gen', 'headers.json'), 'utf8'),
    typesJson: readFileSync(join(root, 'native-tests', 'gen', 'types.json'), 'utf8'),
  };
}
