/** Every call has one category, and no category has what is no call. */
import * as assert from 'uvu/assert';
import { CATEGORIES, categoryOf, syscallNames } from '../../src/arch/index.ts';
import { suite } from '../suite.ts';

suite('arch/categories', (test) => {
  test('every name of any ABI has one', () => {
    assert.equal(
      syscallNames().filter((name) => categoryOf(name) === undefined),
      [],
    );
    assert.ok(CATEGORIES.length > 8);
    for (const [name, category] of [
      ['openat', 'files'],
      ['socket', 'network'],
      ['mmap', 'memory'],
      ['kill', 'signals'],
    ])
      assert.is(categoryOf(name as string), category);
    assert.is(categoryOf('opennat'), undefined);
  });
});
