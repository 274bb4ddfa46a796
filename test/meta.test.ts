/** Tests about the tests and the package: nothing that could pass by not running. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { VERSION } from '../src/cli/version.ts';
import { CODES } from '../src/diag/index.ts';
import { suite } from './suite.ts';

const below = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .sort();

const testFiles = ['test', 'native-tests'].flatMap(below).filter((name) => name.endsWith('.test.ts'));
const sources = below('src').filter((name) => name.endsWith('.ts'));

suite('meta', (test) => {
  test('every test file declares a suite through test/suite.ts, which runs and counts it', () => {
    for (const file of testFiles) {
      const text = readFileSync(file, 'utf8');
      assert.match(text, /from '(\.\.?\/)+(test\/)?suite\.ts'/, file);
      assert.match(text, /\n(await )?suite\(/, file);
      assert.not.match(text, /\btest\.only\b/, file);
    }
    assert.ok(testFiles.length > 10);
  });

  test('every code is used, and only codes of the list are', () => {
    const text = sources
      .filter((name) => !name.endsWith('codes.ts'))
      .map((name) => readFileSync(name, 'utf8'))
      .join('\n');
    const unused = Object.keys(CODES).filter((code) => !text.includes(`'${code}'`));
    assert.equal(unused, []);
  });

  test('the version of the command is the version of the package', () => {
    assert.is(VERSION, JSON.parse(readFileSync('package.json', 'utf8')).version);
  });

  test('what the package exports is what the build makes', () => {
    const { exports, bin } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      exports: Record<string, string | Record<string, string>>;
      bin: Record<string, string>;
    };
    const paths = [
      ...Object.values(exports).flatMap((e) => (typeof e === 'string' ? [e] : Object.values(e))),
      ...Object.values(bin),
    ];
    for (const path of paths) {
      const source = path.replace(/^\.\/dist\//, 'src/').replace(/(\.d\.ts|\.js)$/, '.ts');
      assert.ok(existsSync(source) || existsSync(path) || path.endsWith('seccompc.mjs'), path);
    }
  });
});
