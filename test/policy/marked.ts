/**
 * Profile texts that say themselves where something is wrong: « and » stand around the place of each expected finding,
 * in the order of the text. Line and column are counted here in the plainest way, not by the code under test.
 */
import * as assert from 'uvu/assert';
import { type Diagnostic, toJson } from '../../src/diag/index.ts';

export interface Place {
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly column: number;
}

/** The text without its marks, and the places that they stood around. */
export function unmarked(marked: string): { readonly text: string; readonly places: readonly Place[] } {
  let text = '';
  const open: Omit<Place, 'end'>[] = [];
  const places: Place[] = [];
  let line = 1;
  let column = 1;
  for (const c of marked) {
    if (c === '«') open.push({ start: text.length, line, column });
    else if (c === '»') {
      const begun = open.pop();
      if (begun === undefined) throw new Error('» without «');
      places.push({ ...begun, end: text.length });
    } else {
      text += c;
      if (c === '\n') {
        line += 1;
        column = 1;
      } else column += 1;
    }
  }
  return { text, places: places.sort((a, b) => a.start - b.start) };
}

/** The findings have these codes, in the order of the text, each at its marked place. */
export function foundAt(
  found: readonly Diagnostic[],
  codes: readonly string[],
  places: readonly Place[],
  text: string,
): void {
  const seen = found.map((d) => `${d.code} ${d.span?.start}-${d.span?.end}`);
  const wanted = codes.map((code, i) => `${code} ${places[i]?.start}-${places[i]?.end}`);
  assert.equal(seen, wanted, text);
  found.forEach((d, i) => {
    const data = toJson(d);
    assert.equal([data.line, data.column], [places[i]?.line, places[i]?.column], `${d.code} in ${text}`);
  });
}
