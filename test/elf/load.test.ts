/**
 * Loaded sections in hand-made files: where the segment goes, which header it takes, and every reason not to. Real
 * programs are native-tests/elf's; here each rule is broken alone.
 */
import * as assert from 'uvu/assert';
import { addSection, injectSections, readElf, removeSection, type Section } from '../../src/elf/index.ts';
import { suite, throwsCode } from '../suite.ts';
import { differences, type Field, KINDS, makeElf, sameBytes } from './image.ts';

const NAME = '.seccomp_rules';
const DATA = Uint8Array.from({ length: 40 }, (_, i) => 200 - i);
const load = (bytes: Uint8Array, options = {}) => addSection(bytes, { name: NAME, data: DATA, load: true }, options);

const PT = { null: 0, load: 1, interp: 3, note: 4, phdr: 6, property: 0x6474e553, pax: 0x65041580 };
/** A second PT_LOAD, of the file's first page, at the next page but one. */
const second = (change = {}) => ({
  'phdr[1].p_type': PT.load,
  'phdr[1].p_flags': 6,
  'phdr[1].p_vaddr': 0x12000,
  'phdr[1].p_filesz': 16,
  'phdr[1].p_memsz': 0x100,
  'phdr[1].p_align': 0x1000,
  ...change,
});

/** The header that the new segment takes; undefined when the table moves. `segments` headers, the first a PT_LOAD. */
const slots = [
  { name: 'PT_NULL', segments: 2, change: {}, slot: 1 },
  { name: 'an empty PT_PAX_FLAGS', segments: 2, change: { 'phdr[1].p_type': PT.pax }, slot: 1 },
  { name: 'PT_PAX_FLAGS with bytes', segments: 2, change: { 'phdr[1].p_type': PT.pax, 'phdr[1].p_filesz': 4 } },
  {
    name: 'the note that PT_GNU_PROPERTY repeats',
    segments: 3,
    change: { 'phdr[1].p_type': PT.note, 'phdr[1].p_filesz': 8, 'phdr[2].p_type': PT.property, 'phdr[2].p_filesz': 8 },
    slot: 1,
  },
  {
    name: 'a note of its own',
    segments: 3,
    change: { 'phdr[1].p_type': PT.note, 'phdr[1].p_filesz': 4, 'phdr[2].p_type': PT.property, 'phdr[2].p_filesz': 8 },
  },
  { name: 'PT_NULL in front of a PT_LOAD', segments: 3, change: { 'phdr[1].p_type': 0, 'phdr[2].p_type': PT.load } },
  { name: 'no header to spare', segments: 1, change: {} },
  { name: 'no header to spare, PT_PHDR', segments: 2, change: { 'phdr[1].p_type': PT.phdr } },
];

const refused = [
  { name: 'no PT_LOAD', change: { 'phdr[0].p_type': PT.note }, code: 'ELF_NO_LOAD', at: 'e_phnum' },
  {
    name: 'more bytes in the file than in memory',
    change: { 'phdr[0].p_memsz': 1 },
    code: 'ELF_SEGMENT_MEMSZ',
    at: 'phdr[0].p_filesz',
  },
  { name: 'an alignment of 3', change: { 'phdr[0].p_align': 3 }, code: 'ELF_SEGMENT_ALIGN', at: 'phdr[0].p_align' },
  {
    name: 'an address of another page offset',
    change: { 'phdr[0].p_vaddr': 0x10008 },
    code: 'ELF_SEGMENT_CONGRUENCE',
    at: 'phdr[0].p_vaddr',
  },
  {
    name: 'segments out of order',
    change: second({ 'phdr[1].p_vaddr': 0x3000 }),
    code: 'ELF_SEGMENTS_UNSORTED',
    at: 'phdr[1].p_vaddr',
  },
  {
    name: 'segments that overlap',
    change: second({ 'phdr[0].p_memsz': 0x2001 }),
    code: 'ELF_SEGMENTS_OVERLAP',
    at: 'phdr[1].p_vaddr',
  },
  {
    name: 'two interpreters',
    change: { 'phdr[1].p_type': PT.interp, 'phdr[2].p_type': PT.interp },
    code: 'ELF_SEGMENT_TWICE',
    at: 'phdr[2].p_type',
  },
  {
    name: 'two PT_PHDR',
    change: { 'phdr[1].p_type': PT.phdr, 'phdr[2].p_type': PT.phdr },
    code: 'ELF_SEGMENT_TWICE',
    at: 'phdr[2].p_type',
  },
];

/** Checks, from the headers alone, that the section is mapped where its header says. */
function isMapped(bytes: Uint8Array): Section {
  const elf = readElf(bytes);
  const s = elf.sections.find((one) => one.name === NAME)!;
  const holding = elf.segments.filter(
    (p) => p.p_type === PT.load && p.p_offset <= s.sh_offset && s.sh_offset + s.sh_size <= p.p_offset + p.p_filesz,
  );
  assert.is(holding.length, 1);
  const [p] = holding;
  assert.is(p!.p_vaddr + s.sh_offset - p!.p_offset, s.sh_addr);
  assert.is(p!.p_flags, 4);
  assert.is(p!.p_filesz, p!.p_memsz);
  assert.is((p!.p_vaddr - p!.p_offset) % p!.p_align, 0n);
  assert.is(s.sh_flags, 2n);
  assert.is(s.sh_addr % 8n, 0n);
  const loads = elf.segments.filter((one) => one.p_type === PT.load);
  assert.is(loads.at(-1), p, 'it is the last in the table and in memory');
  const page = (address: bigint) => address / p!.p_align;
  for (const one of loads.slice(0, -1))
    assert.ok(page(p!.p_vaddr) > page(one.p_vaddr + one.p_memsz - 1n), 'shares no page');
  sameBytes(bytes.subarray(Number(s.sh_offset), Number(s.sh_offset + s.sh_size)), DATA);
  return s;
}

suite('elf/load', (test) => {
  for (const kind of KINDS) {
    for (const r of slots) {
      test(`${kind.name}: ${r.name}: ${r.slot === undefined ? 'the table moves' : 'the slot is taken'}`, () => {
        const image = makeElf({ ...kind, segments: r.segments });
        const isSecond = Object.hasOwn(r.change, 'phdr[2].p_type') && !Object.hasOwn(r.change, 'phdr[2].p_filesz');
        const before = image.with(
          isSecond ? { ...r.change, 'phdr[2].p_vaddr': 0x20000, 'phdr[2].p_memsz': 16 } : r.change,
        );
        const after = load(before);
        isMapped(after);
        const [old, now] = [readElf(before), readElf(after)];
        if (r.slot !== undefined) {
          assert.is(now.header.e_phoff, old.header.e_phoff);
          assert.is(now.segments[r.slot]!.p_type, PT.load);
          const others = (list: typeof old.segments) => list.filter((_, i) => i !== r.slot);
          assert.equal(others(now.segments), others(old.segments));
        } else {
          assert.is(now.segments.length, old.segments.length + 1);
          const base = old.segments[0]!.p_vaddr - old.segments[0]!.p_offset;
          const own = now.segments.find((p) => p.p_type === PT.phdr);
          if (own) assert.is(own.p_vaddr, base + now.header.e_phoff);
          const holds = now.segments.find((p) => p.p_type === PT.load && p.p_offset === now.header.e_phoff);
          assert.is(holds!.p_vaddr, base + now.header.e_phoff, 'Linux before 5.18 finds the table by e_phoff');
        }
        sameBytes(removeSection(after, NAME), before);
        sameBytes(load(after, { replace: true }), after);
      });
    }

    for (const r of refused) {
      test(`${kind.name}: ${r.name} is refused`, () => {
        const image = makeElf({ ...kind, segments: 3 });
        const field: Field = image.fields.find((f) => f.name === r.at)!;
        throwsCode(() => load(image.with(r.change)), r.code);
        try {
          load(image.with(r.change));
        } catch (error) {
          const [d] = (error as { diagnostics: readonly { byteOffset: number }[] }).diagnostics;
          assert.is(d!.byteOffset, field.at);
        }
        // What is neither read nor touched is no reason: the same file takes a section that is not loaded.
        addSection(image.with(r.change), { name: NAME, data: DATA });
      });
    }

    test(`${kind.name}: no room above the program is refused`, () => {
      // With the slot behind it the segment would wrap; a moved table would stand that far into the file.
      const top = kind.cls === 64 ? 0xffff_ffff_ffff_f000n : 0xffff_f000n;
      const high = second({ 'phdr[1].p_vaddr': top, 'phdr[1].p_filesz': 0 });
      throwsCode(() => load(makeElf({ ...kind, segments: 3 }).with(high)), 'ELF_ADDRESS_SPACE');
      throwsCode(() => load(makeElf({ ...kind, segments: 2 }).with(high)), 'ELF_PADDING');
      const beyond = { ...high, 'phdr[1].p_memsz': 0x1001 };
      throwsCode(() => load(makeElf({ ...kind, segments: 2 }).with(beyond)), 'ELF_ADDRESS_SPACE');
    });

    test(`${kind.name}: an object is refused`, () => {
      throwsCode(() => load(makeElf({ ...kind, segments: 0 }).bytes), 'ELF_NOT_PROGRAM');
    });

    test(`${kind.name}: .bss up to the padding allowed, and beyond`, () => {
      const image = makeElf({ ...kind });
      const bss = (size: number) => image.with({ 'phdr[0].p_memsz': size });
      const after = load(bss(0x50_0000));
      isMapped(after);
      assert.ok(after.length > 0x50_0000 && after.length < 0x51_0000);
      throwsCode(() => load(bss(0x50_0000), { maxPadding: 0x40_0000 }), 'ELF_PADDING');
      throwsCode(() => load(bss(0x4000_0000)), 'ELF_PADDING');
      // A slot needs no padding at all.
      const spare = makeElf({ ...kind, segments: 2 }).with({ 'phdr[0].p_memsz': 0x4000_0000 });
      assert.ok(load(spare).length < 0x4000);
      isMapped(load(spare));
    });

    test(`${kind.name}: loaded and not loaded together`, () => {
      const { bytes } = makeElf({ ...kind });
      const both = injectSections(bytes, [
        { name: '.note', data: DATA, type: 7, align: 4, entrySize: 0 },
        { name: NAME, data: DATA, load: true },
        { name: '.profile', data: DATA.subarray(3), align: 1, entrySize: 0, load: true },
      ]);
      isMapped(both);
      const profile = readElf(both).sections.find((s) => s.name === '.profile')!;
      assert.is(profile.sh_flags, 2n);
      assert.is(readElf(both).sections.find((s) => s.name === '.note')!.sh_addr, 0n);
      sameBytes(removeSection(removeSection(removeSection(both, NAME), '.profile'), '.note'), bytes);
      // Loaded, then not loaded: as if never loaded.
      sameBytes(
        addSection(load(bytes), { name: NAME, data: DATA }, { replace: true }),
        addSection(bytes, { name: NAME, data: DATA }),
      );
    });

    for (const trailing of ['keep-end', 'keep-offset'] as const) {
      test(`${kind.name}: data behind the ELF, ${trailing}`, () => {
        const tail = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7) & 0xff);
        const image = makeElf({ ...kind, trailing: tail });
        for (const isLoaded of [false, true]) {
          const section = { name: NAME, data: DATA, load: isLoaded };
          throwsCode(() => addSection(image.bytes, section), 'ELF_TRAILING');
          const after = addSection(image.bytes, section, { trailing });
          if (isLoaded) isMapped(after);
          if (trailing === 'keep-end') sameBytes(after.subarray(-tail.length), tail);
          else if (!isLoaded) assert.equal(differences(image.bytes, after, kind), []);
          sameBytes(addSection(after, section, { replace: true }), after, 'as it was injected, unless stated');
          sameBytes(removeSection(after, NAME), image.bytes);
          const other = trailing === 'keep-end' ? 'keep-offset' : 'keep-end';
          throwsCode(() => addSection(after, section, { replace: true, trailing: other }), 'ELF_TRAILING');
        }
      });
    }
  }
});
