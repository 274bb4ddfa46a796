/**
 * The files that a configuration names. Paths are relative to its folder and stay below it (or below --root), wherever
 * links lead: what is in a repository may be anybody's, and a report shows lines of the files that it is about.
 */
import { lstatSync, realpathSync, statSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import type { Path } from '../../config/index.ts';
import { fail, quoted, type Source } from '../../diag/index.ts';
import { readInput, textOf } from '../../host/input.ts';
import { codeOf } from '../../host/unwritable.ts';

export const isBelow = (folder: string, path: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

/**
 * Whether a path has git's own folder in it: what is written there runs at the next command of git's, and what is read
 * there may hold credentials. In any case, and by the other names that git knows of file systems that fold names.
 */
export const isOfGit = (path: string): boolean =>
  path.split(/[\\/]/).some((part) => {
    const [name = ''] = part.replace(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, '').split(':');
    return /^(\.git|git~\d+)[ .]*$/i.test(name);
  });

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

  /** Without any link in it: the folder that paths may not leave. */
  get root(): string {
    return this.#root;
  }

  #refuse(path: Path, code: 'CONFIG_PATH' | 'INPUT_UNREADABLE', message: string, help?: string): never {
    return fail({ code, source: this.#config, span: path.span, message, help });
  }

  #inside(path: Path, real: string): void {
    if (isBelow(this.#root, real)) {
      if (!isOfGit(relative(this.#root, real)) && !isOfGit(path.value)) return;
      this.#refuse(path, 'CONFIG_PATH', `${quoted(path.value)} is in git's own folder`, 'name a file outside of it');
    }
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
      if (!statSync(folder).isDirectory()) throw new Error('a file');
    } catch {
      return this.#refuse(
        path,
        'INPUT_UNREADABLE',
        `${quoted(dirname(path.value))} is no folder`,
        'make it, then run this again',
      );
    }
    this.#inside(path, folder);
    let isThere: boolean;
    try {
      // A link that leads nowhere is there, and refused as an input is.
      isThere = lstatSync(at, { throwIfNoEntry: false }) !== undefined;
    } catch (error) {
      return this.#refuse(path, 'INPUT_UNREADABLE', `${quoted(path.value)} cannot be reached (${codeOf(error)})`);
    }
    return { name: isThere ? this.input(path) : this.name(path), isThere };
  }
}
