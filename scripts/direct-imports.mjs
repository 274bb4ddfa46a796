/**
 * A plugin for esbuild: a name that a module takes from a room's index.ts is taken from the file that has it. esbuild
 * shares out files between entry points by what can be reached from each, so with index.ts in between every command would
 * load every room that it touches, as a whole. An index.ts holds nothing but exports; what it has of its own stays there.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

const IMPORT = /^import \{([^}]*)\} from '(\.[^']*\/index\.ts)';/gm;
const EXPORT = /^export \{([^}]*)\} from '(\.[^']*)';/gm;
const EXPORT_ALL = /^export \* from '(\.[^']*)';/gm;
const DECLARED = /^export (?:const|function|class) (\w+)/gm;

const listed = (names) =>
  names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '));
/** 'a as b' as [a, b]; 'a' as [a, a]. */
const renamed = (name) => {
  const [from, to = from] = name.split(' as ');
  return [from, to];
};

/** Name to [file, name there], of one index.ts. */
function exportsOf(index) {
  const text = readFileSync(index, 'utf8');
  const found = new Map();
  for (const [, names, path] of text.matchAll(EXPORT)) {
    for (const [from, to] of listed(names).map(renamed)) found.set(to, [resolve(dirname(index), path), from]);
  }
  for (const [, path] of text.matchAll(EXPORT_ALL)) {
    const file = resolve(dirname(index), path);
    for (const [, name] of readFileSync(file, 'utf8').matchAll(DECLARED)) found.set(name, [file, name]);
  }
  return found;
}

export const directImports = {
  name: 'direct-imports',
  setup({ onLoad }) {
    const indexes = new Map();
    /** Through one index.ts after the other, to the file that has the name. */
    const source = (index, name) => {
      if (!indexes.has(index)) indexes.set(index, exportsOf(index));
      const found = indexes.get(index).get(name);
      if (found === undefined) return [index, name];
      return found[0].endsWith('/index.ts') ? source(...found) : found;
    };
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
      const contents = readFileSync(path, 'utf8').replace(IMPORT, (_, names, index) =>
        listed(names)
          .map(renamed)
          .map(([from, to]) => [...source(resolve(dirname(path), index), from), to])
          .map(([file, from, to]) => `import { ${from} as ${to} } from ${JSON.stringify(file)};`)
          // On one line, so that places in messages stay those of the file.
          .join(' '),
      );
      return { contents, loader: 'ts' };
    });
  },
};
