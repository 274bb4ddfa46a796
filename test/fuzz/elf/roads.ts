/**
 * What is done with each mutant: reading, then one of the roads below, each with its judge. A road ends early when a verb
 * refuses; what a verb gives has to pass every check of judge.ts, go back to the mutant byte for byte when it is
 * taken out, and stay the same when it is done twice.
 */
import type { Draw } from '../../../native-tests/kernel/draw.ts';
import {
  extractSection,
  type InjectOptions,
  injectSections,
  isBeneath,
  type NewSection,
  readElf,
  removeSection,
  undoInjection,
} from '../../../src/elf/index.ts';
import { type Codes, guarded, must, Wrong } from './guard.ts';
import {
  injectedIn,
  isInjected,
  judge,
  judgeLoaded,
  judgeSection,
  type Owned,
  ownedIn,
  type Request,
  sameOrWrong,
} from './judge.ts';
import { drawMutant, type Family, targetOf } from './mutate.ts';
import { look, nameOf } from './reader.ts';
import { DATA, NAME } from './seeds.ts';

/** Every name under which a seed or a road injects something. */
const INJECTED: readonly string[] = [NAME, '.other', '.new', '.second'];
/** Small, so that most cases are: the default of 16 MiB is drawn now and then. */
const SMALL_PADDING = 1 << 16;
const LARGE: Uint8Array = Uint8Array.from({ length: 40_000 }, (_, i) => (i * 7) & 0xff);

/** What a road can use of its case. */
export interface Case {
  readonly bytes: Uint8Array;
  /** What was injected into the file before it was damaged. */
  readonly owned: Owned;
  readonly draw: Draw;
  readonly codes: Codes;
  /** How often each road ended in a judged result. */
  readonly done: Map<string, number>;
  /** Mutations on the way, for a report. */
  readonly steps: string[];
}

/** Reads all that can be read. Both readers have to see the same tables. */
function readAll({ bytes, codes, draw }: Case): void {
  const elf = guarded('readElf', codes, () => readElf(bytes));
  if (elf === undefined) return;
  const view = look(bytes);
  if (view === undefined) throw new Wrong('readElf reads what leaves the file');
  const { sections, segments } = elf;
  if (sections.length !== view.sections.length || segments.length !== view.segments.length) {
    throw new Wrong(`${sections.length} sections, ${segments.length} segments; the second reader sees others`);
  }
  for (const s of sections) {
    const name = guarded('name', codes, () => s.name);
    const second = nameOf(view, view.sections[s.index]!);
    if (name === undefined || second === undefined || /[^\0-\x7f]/.test(second)) continue;
    if (name !== second) throw new Wrong(`section ${s.index} is ${name} to readElf and ${second} to the second reader`);
  }
  guarded('isBeneath', codes, () => isBeneath(elf, NAME));
  const drawn = sections.length > 0 ? nameOf(view, view.sections[draw.below(sections.length)]!) : undefined;
  for (const name of [NAME, drawn ?? '.text']) {
    const data = guarded('extractSection', codes, () => extractSection(bytes, name));
    const here = data && view.sections.find((s) => nameOf(view, s) === name);
    if (data === undefined || here === undefined) continue;
    sameOrWrong(data, bytes.subarray(here.offset, here.offset + here.size), `${name} is not what is there`);
  }
}

type Inject = InjectOptions & { readonly trailing?: Request['trailing'] };

/** Injects, judges the result, and holds it against its own undoing and its repetition. */
function inject(c: Case, bytes: Uint8Array, sections: readonly NewSection[], options: Inject): Uint8Array | undefined {
  const before = look(bytes);
  const after = guarded('injectSections', c.codes, () => injectSections(bytes, sections, options));
  if (after === undefined) return undefined;
  if (before === undefined) throw new Wrong('injectSections takes a file that leaves itself');
  // Nothing is put in, and nothing that was stays: the file before, and no record is left.
  if (sections.length === 0 && after.length !== bytes.length) {
    const undone = isInjected(before) ? guarded('undoInjection', c.codes, () => undoInjection(bytes)) : bytes;
    if (undone !== undefined && undone.length === after.length) {
      sameOrWrong(after, undone, 'taking out the last section gives another file than undoing');
      return after;
    }
  }
  if (sections.length === 0 && !isInjected(before)) {
    sameOrWrong(after, bytes, 'putting nothing in gives another file');
    return after;
  }
  const names = [...sections.map((s) => s.name), ...(options.without ?? [])];
  const segments = sections.some((s) => s.load);
  const request: Request = { names, segments, how: 'inject', trailing: options.trailing ?? 'refuse' };
  const now = judge(before, after, request, injectedIn(before, INJECTED, c.owned), c.owned);
  for (const s of sections) {
    const found = judgeSection(now, s.name, s.data, s.align ?? 8);
    if (s.load) judgeLoaded(before, now, found);
    const held = must('extractSection', () => extractSection(after, s.name));
    sameOrWrong(held, s.data, 'extractSection gives other data');
  }
  const again = must('injecting again', () => injectSections(after, sections, { ...options, replace: true }));
  sameOrWrong(again, after, 'injecting again gives another file');

  const undoAgain = () => must('undoInjection', () => undoInjection(after));
  const gone = 'undoing gives another file than the one before';
  if (isInjected(before)) {
    const undone = guarded('undoInjection', c.codes, () => undoInjection(bytes));
    if (undone !== undefined) sameOrWrong(undoAgain(), undone, gone);
  } else if (c.draw.oneIn(2) || sections.length === 0) {
    sameOrWrong(undoAgain(), bytes, gone);
  } else {
    let rest = after;
    for (const s of c.draw.oneIn(2) ? sections : [...sections].reverse()) {
      const still = rest;
      rest = must('removeSection', () => removeSection(still, s.name));
    }
    sameOrWrong(rest, bytes, 'removing what was added gives another file than the one before');
  }
  return after;
}

/** Takes a section out and judges the result. */
function remove(c: Case, bytes: Uint8Array, name: string): Uint8Array | undefined {
  const before = look(bytes);
  const after = guarded('removeSection', c.codes, () => removeSection(bytes, name));
  if (after === undefined) return undefined;
  if (before === undefined) throw new Wrong('removeSection takes a file that leaves itself');
  const request: Request = { names: [name], segments: false, how: 'remove', trailing: 'refuse' };
  judge(before, after, request, injectedIn(before, INJECTED, c.owned), c.owned);
  return after;
}

/** All that was injected taken out. */
function undo(c: Case, bytes: Uint8Array): Uint8Array | undefined {
  const before = look(bytes);
  const after = guarded('undoInjection', c.codes, () => undoInjection(bytes));
  if (after === undefined) return undefined;
  if (before === undefined) throw new Wrong('undoInjection takes a file that leaves itself');
  const injected = injectedIn(before, INJECTED, c.owned);
  const names = [...INJECTED, ...injected.flatMap((s) => nameOf(before, s) ?? [])];
  judge(before, after, { names, segments: true, how: 'remove', trailing: 'refuse' }, injected, c.owned);
  return after;
}

function section(draw: Draw, name: string, load: boolean): NewSection {
  const data = draw.oneIn(40) ? LARGE : draw.oneIn(8) ? new Uint8Array() : DATA;
  if (!draw.oneIn(4)) return { name, data, load };
  return { name, data, load, align: draw.pick([1, 4, 64, 4096]), entrySize: 0, type: 7, flags: 0x10 };
}

const padding = (draw: Draw) => (draw.oneIn(64) ? {} : { maxPadding: SMALL_PADDING });

type Road = (c: Case) => Uint8Array | undefined;

const adding =
  (load: boolean, options: Inject = {}): Road =>
  (c) =>
    inject(c, c.bytes, [section(c.draw, '.new', load)], { ...options, ...padding(c.draw) });

const several: Road = (c) => {
  const sections = [section(c.draw, '.new', c.draw.oneIn(2)), section(c.draw, '.second', c.draw.oneIn(2))];
  return inject(c, c.bytes, sections, { ...padding(c.draw), ...(c.draw.oneIn(2) && { trailing: 'keep-offset' }) });
};

const replacing =
  (name: string): Road =>
  (c) =>
    inject(c, c.bytes, [section(c.draw, name, c.draw.oneIn(2))], { ...padding(c.draw), replace: true });

/** Injects, damages the result, then does something with that. */
const chain =
  (then: (c: Case, bytes: Uint8Array) => Uint8Array | undefined): Road =>
  (c) => {
    const trailing = c.draw.pick(['refuse', 'keep-end', 'keep-offset'] as const);
    const options = { ...padding(c.draw), trailing, replace: true };
    const added = inject(c, c.bytes, [section(c.draw, NAME, c.draw.oneIn(2))], options);
    const target = added && targetOf(added, false);
    if (target === undefined) return undefined;
    const { family, text, bytes } = drawMutant(target, c.draw);
    c.steps.push(`then ${family}: ${text}`);
    const input = bytes.slice();
    const result = then({ ...c, owned: ownedIn(target.view) }, bytes);
    sameOrWrong(bytes, input, 'the input was written to');
    return result;
  };

export const ROADS: ReadonlyMap<string, Road> = new Map<string, Road>([
  ['append', adding(false)],
  ['load', adding(true)],
  ['append, keep-end', adding(false, { trailing: 'keep-end' })],
  ['load, keep-end', adding(true, { trailing: 'keep-end' })],
  ['append, keep-offset', adding(false, { trailing: 'keep-offset' })],
  ['load, keep-offset', adding(true, { trailing: 'keep-offset' })],
  ['several', several],
  ['replace', replacing(NAME)],
  ['replace another', replacing('.comment')],
  ['remove', (c) => remove(c, c.bytes, NAME)],
  ['remove another', (c) => remove(c, c.bytes, c.draw.pick(['.comment', '.other', '.data', '.strtab']))],
  ['undo', (c) => undo(c, c.bytes)],
  ['without', (c) => inject(c, c.bytes, [], { ...padding(c.draw), without: [c.draw.pick([NAME, '.other'])] })],
  ['chain, remove', chain((c, bytes) => remove(c, bytes, NAME))],
  ['chain, undo', chain(undo)],
  ['chain, replace', chain((c, bytes) => replacing(NAME)({ ...c, bytes }))],
  ['chain, add', chain((c, bytes) => adding(c.draw.oneIn(2))({ ...c, bytes }))],
]);

/** What is drawn half of the time for a file whose undo record is damaged. */
const UNDOING = ['remove', 'undo', 'replace', 'without'];

/** Reads the mutant and goes one road with it; true when that gave a file. Throws Wrong. */
export function travel(c: Case, family: Family): boolean {
  const input = c.bytes.slice();
  readAll(c);
  const undoing = ['record', 'records', 'lies'].includes(family) && c.draw.oneIn(2);
  const name = c.draw.pick(undoing ? UNDOING : [...ROADS.keys()]);
  c.steps.push(`road ${name}`);
  const accepted = ROADS.get(name)!(c) !== undefined;
  if (accepted) c.done.set(name, (c.done.get(name) ?? 0) + 1);
  sameOrWrong(c.bytes, input, 'the input was written to');
  return accepted;
}
