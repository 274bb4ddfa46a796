/**
 * What must be true of a file that a verb gave, told from the bytes before and after with the reader of this folder. The
 * verbs' own checks, records and tables are not asked.
 *
 * Weak spot: in a file that was injected and then damaged, what is "original" is told by what its headers still name.
 * Bytes that nothing names there may come back or go: the old tables, and what stood behind the end of the ELF. A trailer
 * is held against `keep-end` and `keep-offset` only where the file carried no record before.
 */
import { Wrong } from './guard.ts';
import {
  look,
  named,
  nameOf,
  type Range,
  rangeOf,
  type SectionView,
  type SegmentView,
  SIZES,
  type View,
} from './reader.ts';
import { recordList, UNDO } from './record.ts';

/** What was asked for. */
export interface Request {
  /** Sections that the verb puts in, replaces or takes out. */
  readonly names: readonly string[];
  /** True when program headers may change: a section is loaded, or the file was injected before. */
  readonly segments: boolean;
  readonly how: 'inject' | 'remove';
  readonly trailing: 'refuse' | 'keep-end' | 'keep-offset';
}

const PT_NULL = 0;
const PT_LOAD = 1;
const PT_NOTE = 4;
const PT_PHDR = 6;
const PT_PAX_FLAGS = 0x65041580;
const SHF_ALLOC = 2n;

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

export function sameOrWrong(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (same(actual, expected)) return;
  const at = actual.findIndex((byte, i) => byte !== expected[i]);
  const where = at < 0 || at >= expected.length ? `lengths ${actual.length} and ${expected.length}` : `byte ${at}`;
  throw new Wrong(`${what} (${where})`);
}

function need(holds: boolean, what: string): void {
  if (!holds) throw new Wrong(what);
}

/** True when the file has a section of the undo record's name. */
export function isInjected(view: View): boolean {
  return named(view, UNDO).length > 0;
}

/** What an injection brought into a file before that was damaged: by index, since names may be what is damaged. */
export interface Owned {
  readonly sections: readonly SectionView[];
  readonly segments: ReadonlySet<number>;
}

const NOTHING: Owned = { sections: [], segments: new Set() };

/** What is injected into a good file. */
export function ownedIn(view: View): Owned {
  const sections = recordList(view).flatMap((index) => view.sections[index] ?? []);
  if (sections.length === 0) return NOTHING;
  const ours = oursAmong(view, sections, NOTHING);
  return { sections, segments: new Set(view.segments.flatMap((p, i) => (ours.has(p) ? [i] : []))) };
}

/** The injected sections of a damaged file: those with such a name, and those that are still in the injected part. */
export function injectedIn(view: View, names: readonly string[], owned: Owned): readonly SectionView[] {
  if (!isInjected(view)) return [];
  const start = Math.min(...owned.sections.map((s) => s.offset));
  const stands = (s: SectionView) => s.offset >= start && owned.sections.some((o) => o.index === s.index);
  return view.sections.filter((s) => s.type !== 0 && (names.includes(nameOf(view, s) ?? '') || stands(s)));
}

/** The PT_LOADs that an injection brought: they start at the moved program headers or at an injected section. */
function oursAmong(view: View, injected: readonly SectionView[], owned: Owned): ReadonlySet<SegmentView> {
  const starts = new Set([view.phoff, ...injected.map((s) => s.offset)]);
  const isOurs = (p: SegmentView, i: number) => owned.segments.has(i) || (p.flags === 4 && starts.has(p.offset));
  return new Set(view.segments.filter((p, i) => p.type === PT_LOAD && isOurs(p, i)));
}

/** One past the last byte that a segment or a section names, those in `but` left out. */
function contentEnd(view: View, but: (s: SectionView) => boolean, ours: ReadonlySet<SegmentView>): number {
  let end: number = SIZES[view.cls].ehdr;
  for (const s of view.sections.slice(1)) {
    const range = but(s) ? undefined : rangeOf(view, s);
    if (range !== undefined) end = Math.max(end, range.to);
  }
  for (const p of view.segments) {
    // PT_PHDR names a table, and that table may be the injection's.
    if (p.type !== PT_NULL && p.type !== PT_PHDR && p.filesz > 0 && !ours.has(p))
      end = Math.max(end, p.offset + p.filesz);
  }
  return end;
}

/** One past the last byte that anything names, the tables among it. */
export function elfEnd(view: View): number {
  const { phdr, shdr } = SIZES[view.cls];
  const tables = Math.max(
    view.segments.length === 0 ? 0 : view.phoff + view.segments.length * phdr,
    view.shoff + view.sections.length * shdr,
  );
  return Math.max(
    tables,
    contentEnd(view, () => false, new Set()),
  );
}

/** Where kept bytes may differ: header fields that point at tables, and the header of a section that is taken out. */
function changeable(view: View, request: Request): readonly Range[] {
  const wide = view.cls === 64;
  const [phoff, shoff, phnum, shnum] = wide ? [32, 40, 56, 60] : [28, 32, 44, 48];
  const [word, { shdr }] = [view.cls / 8, SIZES[view.cls]];
  const range = (from: number, length: number): Range => ({ from, to: from + length });
  const removed = request.how === 'remove' ? request.names.flatMap((name) => named(view, name)) : [];
  return [
    range(shoff, word),
    range(shnum, 4), // and e_shstrndx
    ...(request.segments ? [range(phoff, word), range(phnum, 2)] : []),
    ...removed.map((s) => range(s.at, shdr)),
  ];
}

/** The first `length` bytes are the same, but for fields that may change and, where segments may, one program header. */
function kept(before: View, after: Uint8Array, length: number, request: Request): void {
  need(after.length >= length, `the file is cut to ${after.length} bytes; ${length} are not the injection's`);
  const allowed = [...changeable(before, request)];
  if (request.segments) {
    const slots = before.segments.map((p) => ({ from: p.at, to: p.at + SIZES[before.cls].phdr }));
    const changed = slots.filter(({ from, to }) => !same(before.bytes.subarray(from, to), after.subarray(from, to)));
    allowed.push(...changed.filter(({ from }) => from < length).slice(0, 1));
  }
  let from = 0;
  for (const range of [...allowed, { from: length, to: length }].sort((a, b) => a.from - b.from)) {
    const to = Math.min(range.from, length);
    if (from < to)
      sameOrWrong(after.subarray(from, to), before.bytes.subarray(from, to), `kept bytes behind ${from} changed`);
    from = Math.max(from, range.to);
  }
}

const SECTION_KEYS = ['type', 'flags', 'addr', 'offset', 'size', 'link', 'info'] as const;
const SEGMENT_KEYS = ['type', 'flags', 'offset', 'vaddr', 'filesz', 'memsz', 'align'] as const;

/** Every section that the request does not name is there: as it was, or with the same data when it was injected. */
function otherSections(before: View, after: View, request: Request, injected: readonly SectionView[]): void {
  // Section 0 is inactive: its fields hold counts where the ELF header has no room for them.
  for (const s of before.sections.slice(1)) {
    const name = nameOf(before, s);
    if (name === undefined || s.index === before.shstrndx || name === UNDO || request.names.includes(name)) continue;
    const now = after.sections[s.index];
    if (now !== undefined && SECTION_KEYS.every((key) => now[key] === s[key]) && nameOf(after, now) === name) continue;
    const moved = injected.includes(s) ? named(after, name) : [];
    const [old, here] = [rangeOf(before, s), moved[0] && rangeOf(after, moved[0])];
    const carried = moved.length === 1 && moved[0]!.type === s.type && old !== undefined && here !== undefined;
    if (carried && same(before.bytes.subarray(old.from, old.to), after.bytes.subarray(here.from, here.to))) continue;
    throw new Wrong(`section ${s.index} ${name} is not what it was`);
  }
}

/** All segments are there, in order; one that a loader does not need may have given its place. */
function otherSegments(
  before: View,
  after: View,
  request: Request,
  injected: readonly SectionView[],
  ours: ReadonlySet<SegmentView>,
): void {
  const names = [...request.names, ...injected.flatMap((s) => nameOf(before, s) ?? [])];
  const injectedNow = names.flatMap((name) => named(after, name));
  const oursNow = oursAmong(after, injectedNow, NOTHING);
  const isOther = (p: SegmentView) => p.type !== PT_PHDR || !request.segments;
  const a = before.segments.filter(isOther);
  const b = after.segments.filter(isOther);
  const equal = (x: SegmentView | undefined, y: SegmentView | undefined) =>
    x !== undefined && y !== undefined && SEGMENT_KEYS.every((key) => x[key] === y[key]);
  const spare = (p: SegmentView | undefined) =>
    request.segments && [PT_NULL, PT_NOTE, PT_PAX_FLAGS].includes(p?.type ?? -1);
  let [i, j, gone, back] = [0, 0, 0, 0];
  while (i < a.length || j < b.length) {
    if (equal(a[i], b[j])) {
      i++;
      j++;
    } else if (i < a.length && ours.has(a[i]!)) i++;
    else if (j < b.length && oursNow.has(b[j]!)) j++;
    else if (spare(b[j]) && back === 0 && (i === a.length || equal(a[i], b[j + 1]))) {
      back++;
      j++;
    } else if (spare(a[i]) && gone === 0) {
      gone++;
      i++;
    } else throw new Wrong(`segment ${i} (now ${j}) is not what it was`);
  }
}

/** What holds for every result. `injected` are the sections of the file before that an injection brought. */
export function judge(
  before: View,
  after: Uint8Array,
  request: Request,
  injected: readonly SectionView[] = [],
  owned: Owned = NOTHING,
): View {
  const now = look(after);
  if (now === undefined) throw new Wrong('the tables of the result cannot be read, or leave the file');
  const wasInjected = isInjected(before);
  const removable = (s: SectionView) => {
    const name = nameOf(before, s) ?? '';
    return s.index === before.shstrndx || name === UNDO || request.names.includes(name) || injected.includes(s);
  };
  const asked = wasInjected ? { ...request, segments: true } : request;
  const ours = wasInjected ? oursAmong(before, before.sections.filter(removable), owned) : new Set<SegmentView>();

  const { bytes } = before;
  if (wasInjected) kept(before, after, contentEnd(before, removable, ours), asked);
  else if (request.how === 'remove') {
    need(after.length >= contentEnd(before, removable, ours), 'the file is cut in front of what is not removed');
    kept(before, after, after.length, request);
  } else if (request.trailing === 'keep-end') {
    const end = elfEnd(before);
    kept(before, after, end, request);
    sameOrWrong(after.subarray(after.length - (bytes.length - end)), bytes.subarray(end), 'the trailer changed');
  } else kept(before, after, bytes.length, request);

  otherSections(before, now, asked, injected);
  otherSegments(before, now, asked, injected, ours);
  return now;
}

/** The section is there once, with this data, at its alignment. */
export function judgeSection(now: View, name: string, data: Uint8Array, align: number): SectionView {
  const [s, second] = named(now, name);
  if (s === undefined || second !== undefined) throw new Wrong(`${name} is there ${s ? 'more than once' : 'no more'}`);
  const range = rangeOf(now, s);
  need(range !== undefined && s.size === data.length, `${name} has no ${data.length} bytes in the file`);
  sameOrWrong(now.bytes.subarray(s.offset, s.offset + s.size), data, `${name} holds other data`);
  need(s.offset % align === 0, `${name} stands at ${s.offset}, no multiple of ${align}`);
  return s;
}

/** The section is mapped: by one read-only PT_LOAD that a kernel and a loader take. */
export function judgeLoaded(before: View, now: View, s: SectionView): void {
  need((s.flags & SHF_ALLOC) !== 0n, 'the loaded section is not SHF_ALLOC');
  const holding = now.segments.filter(
    (p) => p.type === PT_LOAD && p.offset <= s.offset && s.offset + s.size <= p.offset + p.filesz,
  );
  const p = holding.at(-1);
  if (p === undefined) throw new Wrong('no PT_LOAD holds the loaded section');
  need(s.addr - p.vaddr === BigInt(s.offset - p.offset), 'sh_addr is not where the segment maps the section');
  need(p.flags === 4, 'the new segment is not read-only');
  need(p.align >= 0x1000n && (p.align & (p.align - 1n)) === 0n, `p_align is ${p.align}`);
  need((p.vaddr - BigInt(p.offset)) % p.align === 0n, 'p_vaddr and p_offset differ modulo p_align');
  need(p.memsz >= BigInt(p.filesz) && p.offset + p.filesz <= now.bytes.length, 'the segment leaves the file');
  need(p.vaddr + p.memsz <= 1n << BigInt(now.cls), 'the segment leaves the address space');

  const loads = now.segments.filter((q) => q.type === PT_LOAD);
  for (const [i, q] of loads.entries()) {
    const next = loads[i + 1];
    need(next === undefined || q.vaddr <= next.vaddr, `PT_LOAD ${i} and the next one are not sorted`);
    need(next === undefined || q.vaddr + q.memsz <= next.vaddr, `PT_LOAD ${i} and the next one overlap`);
    // No page of the new segment may be one of another: the kernel maps whole pages.
    const apart = q === p || q.vaddr + q.memsz <= p.vaddr - (p.vaddr % p.align);
    need(apart, `a page of the new segment is one of PT_LOAD ${i}`);
  }
  const { phdr } = SIZES[now.cls];
  const tableSize = now.segments.length * phdr;
  if (now.phoff === before.phoff) return;
  const own = now.segments.find((q) => q.type === PT_PHDR);
  const ownNamesIt = own === undefined || (own.offset === now.phoff && own.filesz === tableSize);
  need(ownNamesIt, 'PT_PHDR does not name the program headers');
  // The kernel before 5.18 computes AT_PHDR from e_phoff and the first PT_LOAD, a later one from the PT_LOAD around it.
  const holder = loads.find((q) => q.offset <= now.phoff && now.phoff + tableSize <= q.offset + q.filesz);
  if (holder === undefined) throw new Wrong('no PT_LOAD holds the moved program headers');
  const bias = (q: SegmentView) => q.vaddr - BigInt(q.offset);
  need(bias(holder) === bias(loads[0]!), 'an old kernel would look elsewhere for the moved program headers');
  need(own === undefined || bias(own) === bias(holder), 'PT_PHDR has another address than the program headers');
}
