/**
 * What a run may write to. No output and no report is a file that the configuration names as something else, nothing is
 * written twice, and no report follows a link out of the repository: the names of reports are well known, and whoever
 * proposes a change can put a link there.
 */
import { existsSync, lstatSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, parse, relative, resolve, sep } from 'node:path';
import type { Config, OutputEntry, Path, ProfileEntry } from '../../config/index.ts';
import { fail, type Source } from '../../diag/index.ts';
import { refuse } from '../../host/unwritable.ts';
import { isBelow, isOfGit, type Places } from './places.ts';

/** Files by whatever name leads to them, those that are not there yet too. Pipes and devices are none. */
class Files {
  readonly #keys = new Set<string>();

  add(path: string): void {
    for (const key of keysOf(path)) this.#keys.add(key);
  }
  has(path: string): boolean {
    return keysOf(path).some((key) => this.#keys.has(key));
  }
}

/** The place without links, and the file itself: another hard link leads to it as well. */
function keysOf(path: string): readonly string[] {
  try {
    const stat = statSync(path, { bigint: true });
    return stat.isFile() ? [realpathSync(path), `${stat.dev}:${stat.ino}`] : [];
  } catch {
    try {
      return [join(realpathSync(dirname(resolve(path))), basename(path))];
    } catch {
      return [resolve(path)];
    }
  }
}

function inputsOf(entry: ProfileEntry): readonly Path[] {
  return [
    entry.profile,
    ...entry.weights,
    ...entry.assertFiles,
    ...entry.traces.flatMap(({ files, baseline }) => [...files, ...(baseline === undefined ? [] : [baseline])]),
    ...entry.programs.map(({ file }) => file),
    ...entry.diffIgnore,
  ];
}

export class Guard {
  readonly #source: Source;
  readonly #places: Places;
  readonly #inputs = new Files();
  readonly #outputs = new Files();
  readonly #twice = new Files();
  readonly #reports = new Files();
  /** Where a link may be anybody's. */
  readonly #territories: readonly string[];

  /** `config` is absent where it has mistakes. */
  constructor(source: Source, config: Config | undefined, places: Places) {
    this.#source = source;
    this.#places = places;
    this.#territories = [...new Set([places.root, topOf(places.root), topOf(realpathSync('.'))])];
    this.#inputs.add(source.name);
    const inPlace = new Files();
    for (const entry of config?.profiles ?? []) {
      for (const path of inputsOf(entry)) this.#inputs.add(places.name(path));
      for (const output of entry.outputs) {
        const name = places.name(output.file);
        const isInPlace = this.#isInPlace(output);
        if (output.into !== undefined && !isInPlace) this.#inputs.add(places.name(output.into));
        // Several filters may go into one file, each into a section of its own.
        if (this.#outputs.has(name) && !(isInPlace && inPlace.has(name))) this.#twice.add(name);
        if (isInPlace) inPlace.add(name);
        this.#outputs.add(name);
      }
    }
  }

  #isInPlace({ file, into }: OutputEntry): boolean {
    if (into === undefined) return false;
    const own = new Files();
    own.add(this.#places.name(file));
    return own.has(this.#places.name(into));
  }

  /** @throws SeccompcError USAGE */
  output({ file }: OutputEntry): void {
    const name = this.#places.name(file);
    const refused = (message: string): never =>
      fail({ code: 'USAGE', source: this.#source, span: file.span, message, help: 'name another file' });
    if (this.#inputs.has(name)) refused('the output would overwrite a file that the configuration reads');
    if (this.#twice.has(name)) refused('two outputs go to this file');
  }

  /** '-' is standard output. To be asked once for each report, before anything is written. @throws SeccompcError USAGE, OUTPUT_UNWRITABLE */
  report(path: string): void {
    if (path === '-') return;
    const refused = (message: string): never => fail({ code: 'USAGE', file: path, message, help: 'name another file' });
    const real = this.#followed(path);
    if (this.#territories.some((top) => isBelow(top, real) && isOfGit(relative(top, real))))
      refused("no report is written into git's own folder");
    if (this.#inputs.has(path) || this.#outputs.has(path))
      refused('the report would overwrite the configuration, or a file that it names');
    if (this.#reports.has(path)) refused('two reports go to this file');
    this.#reports.add(path);
  }

  /** Where a path leads. Its links are followed one by one, as the system does. */
  #followed(path: string): string {
    const whole = isAbsolute(path) ? path : `${process.cwd()}${sep}${path}`;
    const { root } = parse(whole);
    const isOurs = (place: string): boolean => this.#territories.some((top) => isBelow(top, place));
    let at = root;
    for (const part of whole.slice(root.length).split(sep)) {
      const next = join(at, part);
      try {
        if (lstatSync(next, { throwIfNoEntry: false })?.isSymbolicLink() !== true) {
          at = next;
          continue;
        }
        at = realpathSync(next);
      } catch (error) {
        // What is no business of the repository's is told when it is written to: /dev/stdout leads to a pipe.
        if (!isOurs(next)) return next;
        return refuse(path, error);
      }
      if (isOurs(next) && !isOurs(at))
        fail({
          code: 'USAGE',
          file: path,
          message: `the report would leave the repository through the link ${relative('.', next)}`,
          help: 'remove the link, or name the file that it leads to',
        });
    }
    return at;
  }
}

/** The top of the repository that a folder is in, or the folder. */
function topOf(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at;
    if (dirname(at) === at) return folder;
  }
}
