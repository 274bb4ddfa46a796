/** What of a file may differ from the file before: by bytes, and by what readelf lists. */
import * as assert from 'uvu/assert';
import type { Listed, ListedLoad, Listing } from './judges.ts';

/** How a section was put in. */
export type Mode = 'append' | 'load';

export function same(left: Uint8Array, right: Uint8Array, what: string): void {
  assert.ok(Buffer.compare(left, right) === 0, what);
}

/** A field of the ELF header: offset and size in each class. @see gABI 4.1 chapter 4 */
const FIELDS = [
  { name: 'e_phoff', when: 'load', 32: [28, 4], 64: [32, 8] },
  { name: 'e_shoff', when: 'append', 32: [32, 4], 64: [40, 8] },
  { name: 'e_phnum', when: 'load', 32: [44, 2], 64: [56, 2] },
  { name: 'e_shnum', when: 'append', 32: [48, 2], 64: [60, 2] },
  { name: 'e_shstrndx', when: 'append', 32: [50, 2], 64: [62, 2] },
] as const;

/**
 * Every byte is where it was, but for those fields and, when a section is loaded and the table of segments stays, one
 * program header. The last `trailer` bytes are the last ones again.
 */
export function originalBytesStay(
  bytes: Buffer,
  after: Buffer,
  { class: cls, phoff, phnum, phentsize }: Listing,
  how: { readonly mode: Mode; readonly moved: boolean; readonly trailer: number },
): void {
  const kept = bytes.length - how.trailer;
  same(after.subarray(after.length - how.trailer), bytes.subarray(kept), 'the trailer is not at the end');
  const own = bytes.subarray(0, kept);
  const masked = Buffer.from(after.subarray(0, kept));
  for (const field of FIELDS) {
    const [at, size] = field[cls];
    if (how.mode === 'load' || field.when === 'append') own.copy(masked, at, at, at + size);
  }
  const slots = Array.from({ length: phnum }, (_, i) => phoff + i * phentsize);
  const changed = slots.filter((at) => own.compare(masked, at, at + phentsize, at, at + phentsize) !== 0);
  assert.is(changed.length, how.mode === 'load' && !how.moved ? 1 : 0, 'program headers changed');
  for (const at of changed) own.copy(masked, at, at, at + phentsize);
  same(masked, own, 'original bytes changed');
}

/**
 * The section as readelf lists it. One that is not loaded has no address and no flag, and no segment knows of it; a
 * loaded one lies in one read-only PT_LOAD of its own. Every other section and PT_LOAD is listed as before, in its place.
 */
export function listedSection(before: Listing, after: Listing, name: string, size: number, mode: Mode): Listed {
  const [section, second] = after.sections.filter((s) => s.name === name);
  if (section === undefined || second !== undefined) throw new Error(`readelf does not list one ${name}`);
  assert.equal([section.type, section.size, section.offset % 8], ['PROGBITS', size, 0]);
  const others = before.sections.filter((s) => s.name !== '.shstrtab');
  assert.equal(
    after.sections.slice(0, before.sections.length).filter((s) => s.name !== '.shstrtab'),
    others,
  );
  if (mode === 'append') {
    assert.equal([section.address, section.flags, after.loads], [0n, '', before.loads]);
    return section;
  }
  assert.is(section.flags, 'A');
  const holds = (p: ListedLoad) => section.address >= p.address && section.address < p.address + p.memorySize;
  const [own, more] = after.loads.filter(holds);
  if (own === undefined || more !== undefined) throw new Error('the section does not lie in one PT_LOAD');
  assert.equal([own.flags, own.memorySize], ['R  ', own.fileSize]);
  assert.is(BigInt(section.offset) - own.offset, section.address - own.address);
  assert.ok(section.address + BigInt(section.size) <= own.address + own.fileSize);
  assert.equal(
    after.loads.filter((p) => p !== own),
    before.loads,
  );
  return section;
}
