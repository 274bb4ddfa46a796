/** The one hostile corpus as titles of exported sources: compilers of three languages see a comment, each time. */
import { join } from 'node:path';
import { exportFilter } from '../../src/build/index.ts';
import type { FormatName } from '../../src/formats/index.ts';
import { suite } from '../../test/suite.ts';
import { HOSTILE } from '../../test/support/hostile.ts';
import { must } from '../elf/tools.ts';
import { inFreshFolder, withoutLinux, withoutTool } from '../support.ts';
import { OWN, policyFor, STRICT, writeFiles } from './support.ts';

const without = (tool: string) => () => withoutLinux() ?? withoutTool(tool);
const policy = policyFor(OWN);
const sourceOf = (format: FormatName, title: string) =>
  new TextDecoder().decode(exportFilter(format, { policy }, { title }).bytes);

/** A file for each text, by its number; returns their paths. */
function sources(folder: string, formats: readonly FormatName[], ending: string): readonly string[] {
  const files = new Map<string, string>();
  for (const format of formats)
    for (const [i, title] of HOSTILE.entries()) files.set(`${format}-${i}.${ending}`, sourceOf(format, title));
  writeFiles(folder, Object.fromEntries(files));
  return [...files.keys()].map((name) => join(folder, name));
}

suite('native/formats/hostile', (test) => {
  test.needs(without('gcc'), 'gcc, with every warning', () =>
    inFreshFolder((folder) => {
      const paths = sources(folder, ['c-section', 'c-loader', 'c-array'], 'c');
      must([
        'gcc',
        ...STRICT,
        '-Wno-unused-function',
        '-Wno-unused-variable',
        '-Wcomment',
        '-Wtrigraphs',
        '-fsyntax-only',
        ...paths,
      ]);
    }),
  );
  test.needs(without('gofmt'), 'gofmt', () =>
    inFreshFolder((folder) => {
      must(['gofmt', '-e', '-l', ...sources(folder, ['go', 'go-loader'], 'go')]);
    }),
  );
  test.needs(without('rustc'), 'rustc', () =>
    inFreshFolder((folder) => {
      const paths = sources(folder, ['rust'], 'rs');
      const modules = paths.map((path, i) => `#[path = ${JSON.stringify(path)}] pub mod m${i};`);
      writeFiles(folder, { 'all.rs': modules.join('\n') });
      must([
        'rustc',
        '--edition',
        '2018',
        '--crate-type',
        'lib',
        '--emit',
        'metadata',
        '-o',
        join(folder, 'all.rmeta'),
        join(folder, 'all.rs'),
      ]);
    }),
  );
});
