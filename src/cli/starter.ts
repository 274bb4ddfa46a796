/** A file to begin with, and the schema beside it that editors explain it by: both are written, or neither. */
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fail } from '../diag/index.ts';
import { replaceFile } from '../host/atomic-write.ts';
import { isSameFile } from '../host/destination.ts';
import { readInput } from '../host/input.ts';
import { isFolder, isThere } from '../host/output-folder.ts';
import { unwritable } from '../host/unwritable.ts';

export interface Starter {
  readonly path: string;
  readonly text: string;
  /** The schema, which goes into the same folder under this name. */
  readonly schema?: { readonly name: string; readonly json: unknown } | undefined;
  /** Whether what is there may be overwritten. */
  readonly force: boolean;
  /** What to do where something is there. */
  readonly help: string;
}

/** Gives the paths that hold the file and the schema now. @throws SeccompcError OUTPUT_UNWRITABLE, USAGE */
export function writeStarter({ path, text, schema, force, help }: Starter): readonly string[] {
  const bytes = new TextEncoder().encode(text);
  if (!force && isThere(path)) refuse(path, 'is there already', help);
  if (schema === undefined) {
    replaceFile(path, bytes);
    return [path];
  }
  const beside = join(dirname(path), schema.name);
  if (join(path) === beside || isSameFile(path, beside))
    fail({
      code: 'USAGE',
      file: path,
      message: 'is where the schema goes, which would overwrite it',
      help: 'name another file',
    });
  for (const each of [path, beside]) if (isFolder(each)) unwritable(each, 'is a folder', 'name another file');
  if (statSync(dirname(path), { throwIfNoEntry: false }) === undefined)
    unwritable(path, 'cannot be created: its folder does not exist', 'create the folder first');
  const content = new TextEncoder().encode(`${JSON.stringify(schema.json)}\n`);
  const isSame = isThere(beside) && holds(beside, content);
  if (isThere(beside) && !isSame && !force)
    refuse(beside, 'is there already, and is not the schema that goes with it', help);
  // The schema first: should the other fail, the next run finds one that is the same, and is not stopped by it.
  if (!isSame) replaceFile(beside, content);
  replaceFile(path, bytes);
  return [path, beside];
}

/** A link that leads nowhere, and what is no plain file, hold nothing. */
function holds(path: string, content: Uint8Array): boolean {
  const isPlain = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  return isPlain && Buffer.compare(readInput(path).bytes, content) === 0;
}

function refuse(file: string, message: string, help: string): never {
  return fail({ code: 'OUTPUT_UNWRITABLE', file, message, help });
}
