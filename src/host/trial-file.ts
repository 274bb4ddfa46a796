/**
 * An edited ELF file under a name of its own, to be run once: beside the file that it is made of, where a program finds
 * what it looks for next to itself ($ORIGIN, its data), else where temporary files go. It is gone when the run is over;
 * only SIGKILL leaves it behind.
 */
import { existsSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SeccompcError } from '../diag/error.ts';
import type { Edit } from '../elf/index.ts';
import { type OpenedElf, rewrite } from './elf-file.ts';
import { randomName } from './random-name.ts';

export interface TrialFile {
  readonly path: string;
  /** Not beside the program, since nothing can be written there. */
  readonly elsewhere: boolean;
  readonly remove: () => void;
}

/** @throws SeccompcError OUTPUT_UNWRITABLE when neither folder takes it; INPUT_UNREADABLE */
export function trialFile(opened: OpenedElf, edit: Edit, besides: string): TrialFile {
  const name = `.seccompc-${randomName()}.trial`;
  const at = (folder: string, elsewhere: boolean): TrialFile => {
    const path = join(folder, name);
    const remove = () => rmSync(path, { force: true });
    process.on('exit', remove);
    rewrite(opened, edit, path);
    return { path, elsewhere, remove };
  };
  try {
    return at(dirname(existsSync(besides) ? realpathSync(besides) : besides), false);
  } catch (error) {
    if (!(error instanceof SeccompcError && error.diagnostics.every((d) => d.code === 'OUTPUT_UNWRITABLE')))
      throw error;
    return at(tmpdir(), true);
  }
}
