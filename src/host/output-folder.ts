/** A folder that several outputs go into. */
import { lstatSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { fail } from '../diag/index.ts';
import { codeOf, refuse } from './unwritable.ts';

/** What is there as a folder, or is named as one: with a slash at its end. */
export function isFolder(path: string): boolean {
  return path.endsWith('/') || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** A link that leads nowhere is there too. */
export function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/**
 * Makes the folder where it is not there yet. What an earlier run left, and this one would not replace, could be taken
 * for this one's: such a folder is refused.
 * @throws SeccompcError OUTPUT_UNWRITABLE, USAGE
 */
export function prepareFolder(path: string, names: readonly string[], isOurs: (name: string) => boolean): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') refuse(path, error);
  }
  let left: string | undefined;
  try {
    left = readdirSync(path).find((name) => isOurs(name) && !names.includes(name));
  } catch (error) {
    refuse(path, error);
  }
  if (left === undefined) return;
  fail({
    code: 'USAGE',
    file: path,
    message: `holds ${left} already, which this run does not write: nobody could tell the two apart`,
    help: 'name an empty folder, or one that is not there yet',
  });
}
