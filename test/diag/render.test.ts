/** Code frames and their data: the places of all kinds, long lines, hostile text. */
import * as assert from 'uvu/assert';
import {
  COLOUR,
  type Diagnostic,
  Diagnostics,
  fail,
  forTerminal,
  jsonForTerminal,
  PLAIN,
  quoted,
  render,
  SeccompcError,
  toJson,
  unreachable,
} from '../../src/diag/index.ts';
import { golden } from '../golden.ts';
import { suite, throwsCode } from '../suite.ts';

const text = `{
\t"defaultAction": "SCMP_ACT_ALOW", // 🐧
  "long": "${'x'.repeat(300)}", "here": 1,
  "esc": "\u001b[2J\u009b\u202e" , "after": 2
}
`;
const source = { name: 'dir/p\u001b[31m.json', text };
const spanOf = (piece: string) => ({ start: text.indexOf(piece), end: text.indexOf(piece) + piece.length });
const base = { code: 'USAGE', severity: 'error', message: 'what is wrong' } as const;

const rows: readonly { readonly name: string; readonly d: Diagnostic }[] = [
  { name: 'no place', d: base },
  { name: 'a file', d: { ...base, file: 'a.elf' } },
  { name: 'an instruction', d: { ...base, file: 'a.bpf', pc: 12, severity: 'warning' } },
  { name: 'a byte', d: { ...base, file: 'a.elf', byteOffset: 4660, severity: 'note', help: 'do something' } },
  { name: 'a span behind a tab', d: { ...base, source, span: spanOf('"SCMP_ACT_ALOW"') } },
  { name: 'a span far along a line', d: { ...base, source, span: spanOf('"here"') } },
  { name: 'a span that is very long', d: { ...base, source, span: spanOf('x'.repeat(300)) } },
  { name: 'a span over several lines', d: { ...base, source, span: { start: 0, end: text.length } } },
  { name: 'an empty span', d: { ...base, source, span: { start: 0, end: 0 } } },
  { name: 'a line break', d: { ...base, source, span: { start: 1, end: 2 } } },
  { name: 'the end of the text', d: { ...base, source, span: { start: text.length, end: text.length } } },
  { name: 'behind hostile text', d: { ...base, source, span: spanOf('"after"') } },
  { name: 'on hostile text', d: { ...base, source, span: spanOf('\u001b[2J') } },
  {
    name: 'related places',
    d: {
      ...base,
      source,
      span: spanOf('"here"'),
      related: [
        { message: 'the other', source, span: spanOf('"esc"') },
        { message: 'and', pc: 3 },
      ],
      help: 'merge them',
    },
  },
  { name: 'hostile message and help', d: { ...base, message: 'a\u001b]0;title\u0007b\nc', help: '\u2028\u200b' } },
];

suite('diag/render', (test) => {
  test('all rows as they are printed', () => {
    golden('diag/render.txt', rows.map(({ name, d }) => `== ${name}\n${render(d, PLAIN)}\n`).join(''));
  });

  for (const { name, d } of rows) {
    test(`${name}: nothing hostile passes, coloured or not`, () => {
      assert.not.match(render(d, PLAIN), /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u2028\u202e]/);
      const coloured = render(d, COLOUR);
      assert.is(coloured.replace(/\u001b\[\d+m/g, ''), render(d, PLAIN), 'colour is all that colour adds');
      for (const line of coloured.split('\n')) assert.is((line.match(/\u001b\[/g) ?? []).length % 2, 0);
    });

    test(`${name}: the data survives JSON and keeps the offsets`, () => {
      const data = JSON.parse(jsonForTerminal(toJson(d)));
      assert.is(data.code, d.code);
      assert.is(data.message, d.message);
      assert.equal(data.span, d.span);
      assert.is(data.pc, d.pc);
      assert.is(data.byteOffset, d.byteOffset);
      assert.is(data.related?.length, d.related?.length);
    });
  }
});

suite('diag/escape', (test) => {
  test('every character: what is left as it is neither controls, reorders nor hides', () => {
    for (let code = 0; code <= 0x10ffff; code++) {
      const c = String.fromCodePoint(code);
      const shown = forTerminal(c);
      const hidden = /^[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]$|\p{Bidi_Control}/u.test(c) || (code >= 0xe0000 && code <= 0xe007f);
      if (hidden) assert.match(shown, /^\\([nrt]|x[0-9a-f]{2}|u\{[0-9a-f]+\})$/);
      else if (shown !== c) assert.match(c, /\p{Cf}|\p{Cn}/u);
    }
  });

  test('jsonForTerminal: the same value, no hostile character', () => {
    const value = { a: ['\u009b31m', '\u202e', '🐧', '\ud800', '\n', '\u{e0041}', '\u007f'], 'k\u200b': 1 };
    const written = jsonForTerminal(value, 2);
    assert.equal(JSON.parse(written), value);
    assert.not.match(written, /[\u007f-\u009f\u200b\u202e]/);
    assert.ok(written.includes('🐧'));
    assert.ok(written.split('\n').length > 5, 'indented');
  });

  test('quoted cuts what would flood', () => {
    assert.is(quoted('read'), "'read'");
    assert.ok(quoted('x'.repeat(100_000)).length < 100);
    assert.is(quoted('\u001b'), "'\\x1b'");
  });
});

suite('diag/collector', (test) => {
  test('sorted by place, what has none first, equal places in the order of adding', () => {
    const all = new Diagnostics();
    const at = (start: number, message: string) =>
      all.add({ code: 'USAGE', message, source, span: { start, end: start } });
    at(5, 'c');
    at(1, 'a');
    at(5, 'd');
    at(1, 'b');
    all.add({ code: 'ARCH_MISSING', message: 'first' });
    assert.equal(
      all.sorted.map((d) => d.message),
      ['first', 'a', 'b', 'c', 'd'],
    );
  });

  test('severity: the code has one, which can be overruled', () => {
    const all = new Diagnostics();
    all.add({ code: 'KEY_UNKNOWN', message: '' });
    assert.not.ok(all.hasErrors);
    all.throwIfErrors();
    all.add({ code: 'KEY_UNKNOWN', message: '', severity: 'error' });
    throwsCode(() => all.throwIfErrors(), 'KEY_UNKNOWN');
  });

  test('a flood is cut, errors are kept, and that there was more is said last', () => {
    const all = new Diagnostics();
    for (let i = 0; i < 5000; i++)
      all.add({ code: 'KEY_UNKNOWN', message: String(i), source, span: { start: i, end: i } });
    all.add({ code: 'USAGE', message: 'the error' });
    const merged = new Diagnostics();
    merged.addAll(all.sorted);
    for (const list of [all.sorted, merged.sorted]) {
      assert.is(list.filter((d) => d.severity === 'error').length, 1);
      assert.is(list.filter((d) => d.code === 'KEY_UNKNOWN').length, 1000);
      assert.is(list.at(-1)?.code, 'MORE');
    }
  });

  test('fail throws one, unreachable is our own bug', () => {
    throwsCode(() => fail({ code: 'ELF_MAGIC', message: '' }), 'ELF_MAGIC');
    try {
      unreachable('why');
      assert.unreachable();
    } catch (error) {
      assert.not.instance(error, SeccompcError);
      assert.match((error as Error).message, /bug: why/);
    }
  });
});
