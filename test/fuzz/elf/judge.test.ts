/** The judge judged: good results with one thing wrong. A judge that lets one of these pass proves nothing. */
import * as assert from 'uvu/assert';
import { SeccompcError } from '../../../src/diag/error.ts';
import { injectSections, type NewSection, removeSection, undoInjection } from '../../../src/elf/index.ts';
import { KINDS, makeElf } from '../../elf/image.ts';
import { suite } from '../../suite.ts';
import { countBuffers, guarded, MOST_BYTES, Wrong } from './guard.ts';
import { injectedIn, judge, judgeLoaded, judgeSection, ownedIn, type Request } from './judge.ts';
import { fieldsOf, look, named, setField, type View } from './reader.ts';
import { sign } from './record.ts';
import { DATA, handMadeSeeds, NAME, type Seed } from './seeds.ts';

/** What `body` is found wrong for. */
function wrong(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    if (error instanceof Wrong) return error.message;
    throw error;
  }
  assert.unreachable('nothing was found wrong');
  return '';
}

const seeds = handMadeSeeds();
const seedOf = (name: string): Seed => seeds.find((s) => s.name === name) ?? assert.unreachable(name)!;
const good = seedOf('64-bit little-endian, no spare header, PT_PHDR').bytes;
const slot = seedOf('64-bit little-endian, PT_NULL').bytes;
const trailer = seedOf('64-bit little-endian, trailer').bytes;
const section: NewSection = { name: NAME, data: DATA, load: true };

/** A result with some fields set; a missing one is an error. */
function withFields(bytes: Uint8Array, changes: Readonly<Record<string, bigint | ((v: View) => bigint)>>): Uint8Array {
  const copy = bytes.slice();
  const view = look(bytes)!;
  for (const [name, value] of Object.entries(changes)) {
    const field = fieldsOf(view).find((f) => f.name === name) ?? assert.unreachable(`no field ${name}`)!;
    setField(copy, view.little, field, typeof value === 'bigint' ? value : value(view));
  }
  return copy;
}

const withByte = (bytes: Uint8Array, at: number): Uint8Array => bytes.with(at, bytes[at]! ^ 0xff);
const offsetOf = (view: View, name: string): number => named(view, name)[0]!.offset;

/** Everything that is asked of an injection of `section`. */
function judgeAll(before: Uint8Array, after: Uint8Array, more: Partial<Request> = {}): void {
  const view = look(before)!;
  const request: Request = { names: [NAME], segments: true, how: 'inject', trailing: 'refuse', ...more };
  const owned = ownedIn(view);
  const now = judge(view, after, request, injectedIn(view, [NAME], owned), owned);
  if (request.how === 'remove') return;
  const found = judgeSection(now, NAME, DATA, 8);
  if (request.segments) judgeLoaded(view, now, found);
}

const moved = injectSections(good, [section]);
const inSlot = injectSections(slot, [section]);
const appended = injectSections(good, [{ ...section, load: false }]);
const kept = injectSections(trailer, [{ ...section, load: false }], { trailing: 'keep-end' });
const append = { segments: false } as const;
const keepEnd = { segments: false, trailing: 'keep-end' } as const;

/** Segment 3 is the second PT_LOAD of the program, segment 4 the new one in both strategies, or 5. */
const rows: readonly { name: string; before?: Uint8Array; after: Uint8Array; more?: Partial<Request>; says: RegExp }[] =
  [
    { name: 'a byte of .text', after: withByte(moved, offsetOf(look(good)!, '.text')), says: /kept bytes/ },
    { name: 'e_entry', after: withFields(moved, { e_entry: 1n }), says: /kept bytes/ },
    {
      name: 'e_phoff of an appended section',
      after: withFields(appended, { e_phoff: 65n }),
      more: append,
      says: /kept/,
    },
    { name: 'the table outside', after: withFields(moved, { e_shoff: 1n << 40n }), says: /cannot be read/ },
    { name: 'the data', after: withByte(moved, offsetOf(look(moved)!, NAME)), says: /other data/ },
    { name: 'the name', after: withFields(moved, { 'shdr[10].sh_name': 0n }), says: /no more/ },
    {
      name: 'the name twice',
      after: withFields(moved, { 'shdr[11].sh_name': (v) => BigInt(named(v, NAME)[0]!.nameAt) }),
      says: /more than once/,
    },
    { name: 'another section', after: withFields(moved, { 'shdr[6].sh_size': 1n }), says: /section 6/ },
    { name: "another section's name", after: withFields(moved, { 'shdr[6].sh_name': 1n }), says: /section 6/ },
    { name: 'another segment', after: withFields(moved, { 'phdr[1].p_vaddr': 0n }), says: /segment/ },
    { name: 'a segment more', after: withFields(moved, { 'phdr[5].p_type': 4n }), says: /segment/ },
    {
      name: 'two headers in place',
      after: withFields(inSlot, { 'phdr[1].p_align': 2n }),
      before: slot,
      says: /kept bytes/,
    },
    { name: 'no PT_LOAD', after: withFields(moved, { 'phdr[4].p_type': 4n }), says: /segment|PT_LOAD/ },
    { name: 'sh_addr', after: withFields(moved, { 'shdr[10].sh_addr': 0x12000n }), says: /sh_addr/ },
    { name: 'no SHF_ALLOC', after: withFields(moved, { 'shdr[10].sh_flags': 0n }), says: /SHF_ALLOC/ },
    {
      name: 'a writable segment',
      after: withFields(inSlot, { 'phdr[5].p_flags': 6n }),
      before: slot,
      says: /segment 5/,
    },
    { name: 'p_align of 3', after: withFields(moved, { 'phdr[4].p_align': 3n }), says: /p_align/ },
    {
      name: 'no congruence',
      after: withFields(inSlot, { 'phdr[5].p_align': 0x100000n }),
      before: slot,
      says: /modulo p_align|a page/,
    },
    { name: 'p_memsz below p_filesz', after: withFields(moved, { 'phdr[4].p_memsz': 1n }), says: /leaves the file/ },
    { name: 'PT_PHDR elsewhere', after: withFields(moved, { 'phdr[0].p_offset': 64n }), says: /PT_PHDR/ },
    {
      name: 'a page of the program',
      after: withFields(inSlot, {
        'phdr[5].p_vaddr': (v) => v.segments[5]!.vaddr - 0x1000n,
        'shdr[10].sh_addr': (v) => named(v, NAME)[0]!.addr - 0x1000n,
      }),
      before: slot,
      says: /a page|overlap/,
    },
    { name: 'cut', after: good.slice(0, -1), says: /cut|cannot be read/ },
    { name: 'the trailer', after: withByte(kept, kept.length - 1), before: trailer, more: keepEnd, says: /trailer/ },
    {
      name: 'the trailer moved',
      after: new Uint8Array([...kept, 0]),
      before: trailer,
      more: keepEnd,
      says: /trailer/,
    },
    {
      name: 'a removal that takes another section',
      before: appended,
      after: withFields(good, { 'shdr[8].sh_type': 0n }),
      more: { how: 'remove' },
      says: /section 8 .comment/,
    },
    {
      name: 'a removal that changes .data',
      before: appended,
      after: withByte(good, offsetOf(look(good)!, '.data')),
      more: { how: 'remove' },
      says: /kept bytes/,
    },
    {
      name: 'a removal that cuts',
      before: moved,
      after: good.slice(0, 100),
      more: { how: 'remove' },
      says: /cut|cannot be read/,
    },
  ];

const calls: readonly { name: string; body: () => unknown; says: RegExp }[] = [
  {
    name: 'another exception',
    body: () => {
      throw new TypeError('x');
    },
    says: /threw TypeError/,
  },
  {
    name: 'a refusal without help',
    body: () => {
      throw new SeccompcError([{ code: 'ELF_SHORT', severity: 'error', message: 'short' }]);
    },
    says: /without help/,
  },
  {
    name: 'a code of another room',
    body: () => {
      throw new SeccompcError([{ code: 'INSN_SHIFT', severity: 'error', message: 'x', help: 'y' }]);
    },
    says: /INSN_SHIFT/,
  },
  {
    name: 'a byte offset that is none',
    body: () => {
      throw new SeccompcError([{ code: 'ELF_SHORT', severity: 'error', message: 'x', help: 'y', byteOffset: 2 ** 60 }]);
    },
    says: /byte offset/,
  },
  { name: 'one large buffer', body: () => new Uint8Array(MOST_BYTES + 1), says: /buffers/ },
  {
    name: 'many buffers',
    body: () => {
      const part = new Uint8Array(MOST_BYTES / 4);
      for (let i = 0; i < 4; i++) part.slice();
    },
    says: /buffers/,
  },
  {
    name: 'a quarter of a second',
    body: () => {
      const begin = process.cpuUsage();
      for (let used = 0; used < 250_000; ) {
        const { user, system } = process.cpuUsage(begin);
        used = user + system;
      }
    },
    says: /takes [23]\d\d ms/,
  },
];

suite('fuzz/judge', (test) => {
  countBuffers();

  test('what the verbs give is taken', () => {
    judgeAll(good, moved);
    judgeAll(slot, inSlot);
    judgeAll(good, appended, append);
    judgeAll(trailer, kept, keepEnd);
    judgeAll(moved, removeSection(moved, NAME), { how: 'remove' });
    judgeAll(inSlot, undoInjection(inSlot), { how: 'remove' });
  });
  for (const r of rows) {
    test(`a result with one thing wrong is found: ${r.name}`, () => {
      assert.match(
        wrong(() => judgeAll(r.before ?? good, r.after, r.more)),
        r.says,
      );
    });
  }
  for (const r of calls) {
    test(`a call that goes wrong is found: ${r.name}`, () => {
      assert.match(
        wrong(() => guarded('verb', new Map(), r.body)),
        r.says,
      );
    });
  }
  test('a call that goes well is not', () => {
    const codes = new Map<string, number>();
    assert.is(
      guarded('verb', codes, () => new Uint8Array(MOST_BYTES / 2).length),
      MOST_BYTES / 2,
    );
    assert.is(
      guarded('verb', codes, () => removeSection(makeElf(KINDS[0]!).bytes, NAME)),
      undefined,
    );
    assert.equal([...codes], [['ELF_SECTION_MISSING', 1]]);
  });

  test('a record that is signed again is read again', () => {
    const view = look(moved)!;
    const [record] = named(view, '.seccompc_undo');
    const range = { from: record!.offset, to: record!.offset + record!.size };
    const copy = moved.slice();
    copy.fill(0, range.to - 32, range.to);
    sign(copy, range);
    assert.equal(copy, moved);
  });
});
