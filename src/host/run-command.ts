/** What a command's name leads to, as a shell and env(1) have it. @see POSIX, "Command Search and Execution" */
import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../diag/index.ts';
import { codeOf } from './unwritable.ts';

/** Where commands are looked for when nobody says: confstr(_CS_PATH). */
const DEFAULT_PATH = '/bin:/usr/bin';

/** 'EACCES' for what is there and cannot be run, 'ENOENT' for what is not there; undefined for a program. */
function faultOf(path: string): string | undefined {
  try {
    if (!statSync(path).isFile()) return 'EACCES';
    accessSync(path, constants.X_OK);
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

/**
 * $PATH without the folders that depend on where we stand: tools that we start for ourselves must not be what lies about in
 * somebody's repository.
 */
export function absolutePath(): string {
  const folders = (process.env.PATH ?? DEFAULT_PATH).split(':').filter((folder) => folder.startsWith('/'));
  // An empty $PATH would mean where we stand.
  return folders.join(':') || '/';
}

/**
 * The path to execute: the name itself where it has a slash, else the first program of that name in $PATH.
 * @throws SeccompcError COMMAND_MISSING, COMMAND_UNABLE
 */
export function findCommand(name: string, path: string = process.env.PATH ?? DEFAULT_PATH): string {
  const places = name.includes('/')
    ? [name]
    : path.split(':').map((folder) => join(folder === '' ? '.' : folder, name));
  const faults = new Map<string, string>();
  for (const place of name === '' ? [] : places) {
    const fault = faultOf(place);
    // A name without a slash would be looked for again.
    if (fault === undefined) return place.includes('/') ? place : `./${place}`;
    faults.set(place, fault);
  }
  const there = [...faults].find(([, fault]) => fault !== 'ENOENT' && fault !== 'ENOTDIR');
  if (there !== undefined) {
    const [place, fault] = there;
    const message = fault === 'EACCES' ? 'is no program that may be run (EACCES)' : `cannot be run (${fault})`;
    return fail({ code: 'COMMAND_UNABLE', file: place, message });
  }
  const where = name.includes('/') ? 'there is no such file' : 'it is in no folder of $PATH';
  return fail({ code: 'COMMAND_MISSING', file: name, message: `not found: ${where}` });
}
