/**
 * The files that a configuration names. Paths are relative to its folder and stay below it (or below --root), wherever
 * links lead: what is in a repository may be anybody's, and a report shows lines of the files that it is about.
 */
import { realpathSync, statSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import type { Path } from '../../config/index.ts';
import { fail, quoted, type Source } from '../../diag/index.ts';
import { readInput, textOf } from '../../host/input.ts';

export class Places {
  readonly #config: Source;
  readonly #folder: string;
  /** Without any link in it. */
  readonly #root: string;

  /** `root`: the folder that paths may not leave, instead of the configuration's own. @throws SeccompcError USAGE */
  constructor(config: Source, root: string | undefined) {
    this.#config = config;
    this.#folder = dirname(resolve(config.name));
    try {
      this.#root = realpathSync(root ?? this.#folder);
    } catch {
      this.#root = fail({ code: 'USAGE', message: `--root ${quoted(root ?? '')} is no folder here` });
    }
  }

  /** Where git is asked. */
  get folder(): string {
    return this.#folder;
  }

  #refuse(path: Path, code: 'CONFIG_PATH' | 'INPUT_UNREADABLE', message: string, help?: string): never {
    return fail({ code, source: this.#config, span: path.span, message, help });
  }

  #inside(path: Path, real: string): void {
    const below = this.#root.endsWith(sep) ? this.#root : this.#root + sep;
    if (real === this.#root || real.startsWith(below)) return;
    this.#refuse(
      path,
      'CONFIG_PATH',
      `${quoted(path.value)} leads out of ${quoted(relative('.', this.#root) || '.')}`,
      '--root FOLDER allows a larger one; a configuration cannot allow it to itself',
    );
  }

  /** As it is shown: relative to where the command runs. */
  name(path: Path): string {
    return relative('.', resolve(this.#folder, path.value)) || '.';
  }

  /** A plain file to read. @throws SeccompcError INPUT_UNREADABLE, CONFIG_PATH */
  input(path: Path): string {
    const at = resolve(this.#folder, path.value);
    let real: string;
    let isFile: boolean;
    try {
      real = realpathSync(at);
      isFile = statSync(real).isFile();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
      return this.#refuse(
        path,
        'INPUT_UNREADABLE',
        `${quoted(path.value)}: ${why}`,
        'paths are relative to the configuration',
      );
    }
    this.#inside(path, real);
    if (!isFile) this.#refuse(path, 'INPUT_UNREADABLE', `${quoted(path.value)} is no plain file`);
    return this.name(path);
  }

  text(path: Path): Source {
    return textOf(readInput(this.input(path)));
  }

  /** A file to write, which need not be there. Its folder must. @throws SeccompcError INPUT_UNREADABLE, CONFIG_PATH */
  output(path: Path): { readonly name: string; readonly isThere: boolean } {
    const at = resolve(this.#folder, path.value);
    let folder: string;
    try {
      folder = realpathSync(dirname(at));
    } catch {
      return this.#refuse(
        path,
        'INPUT_UNREADABLE',
        `${quoted(dirname(path.value))} is no folder`,
        'make it, then run this again',
      );
    }
    this.#inside(path, folder);
    if (statSync(at, { throwIfNoEntry: false }) === undefined) return { name: this.name(path), isThere: false };
    return { name: this.input(path), isThere: true };
  }
}
