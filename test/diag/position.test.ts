/** Lines and columns against a count by hand, over texts full of line ends. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { positionAt } from '../../src/diag/index.ts';
import { suite } from '../suite.ts';
import { processorClock } from '../support/time.ts';

/** Walks the text from its beginning. */
function byHand(text: string, offset: number): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let i = 0; i < offset; i++) {
    const ends = text[i] === '\n' || (text[i] === '\r' && text[i + 1] !== '\n');
    if (ends) {
      line += 1;
      start = i + 1;
    }
  }
  return { line, column: [...text.slice(start, offset)].length + 1 };
}

suite('diag/position', (test) => {
  const rows: readonly (readonly [text: string, offset: number, line: number, column: number])[] = [
    ['', 0, 1, 1],
    ['a', 0, 1, 1],
    ['a', 1, 1, 2],
    ['a\nb', 1, 1, 2],
    ['a\nb', 2, 2, 1],
    ['a\r\nb', 3, 2, 1],
    ['a\rb', 2, 2, 1],
    ['\n\n\n', 3, 4, 1],
    ['🐧x', 2, 1, 2],
    ['\t\tx', 2, 1, 3],
    ['abc', 99, 1, 4],
    ['abc', -1, 1, 1],
  ];
  for (const [text, offset, line, column] of rows) {
    test(`${JSON.stringify(text)} at ${offset}`, () => {
      const found = positionAt(text, offset);
      assert.equal([found.line, found.column], [line, column]);
    });
  }

  test('any text, any offset', () => {
    const text = fc
      .array(fc.constantFrom('a', '\t', '\n', '\r', '\r\n', '🐧', '\u2028', '\ud800'), { maxLength: 40 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.nat(60), (t, at) => {
        const offset = Math.min(at, t.length);
        // Between the two halves of a line end is no place.
        if (t[offset] === '\n' && t[offset - 1] === '\r') return;
        const found = positionAt(t, offset);
        const { line, column } = byHand(t, offset);
        assert.equal([found.line, found.column], [line, column], JSON.stringify([t, offset]));
        assert.ok(found.lineStart <= offset && offset <= found.lineEnd);
        assert.not.match(t.slice(found.lineStart, found.lineEnd), /[\r\n]/);
      }),
      { numRuns: 3000 },
    );
  });

  test('two texts in turn, and a million lines in good time', () => {
    const long = 'x\n'.repeat(1_000_000);
    const taken = processorClock();
    for (let i = 0; i < 1000; i++) assert.is(positionAt(long, 2 * i * 997).line, i * 997 + 1);
    assert.ok(taken() < 2000);
    assert.is(positionAt('a\nb', 2).line, 2);
    assert.is(positionAt(long, 4).line, 3);
  });
});
