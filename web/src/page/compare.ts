/** Two inputs side by side: what is loosened, tightened or changed, exactly. */
import type { ChangeShown, Compared, Given, Place } from '../protocol.ts';
import { button, type Child, el, field, select } from './dom.ts';
import { Editor } from './editor.ts';
import type { Engine } from './engine.ts';
import { failure } from './findings.ts';
import { chooser, opened } from './open.ts';
import { SAMPLES } from './samples.ts';
import type { Store } from './state.ts';

const MOST = 500;
/** Texts of more characters are folded. */
const FOLDED = 220;

export interface CompareView {
  readonly panel: HTMLElement;
  readonly take: (file: globalThis.File) => void;
}

export function compareView(store: Store, engine: Engine): CompareView {
  let other: Given | undefined;
  const result = el('div', { class: 'changes', 'aria-live': 'polite' });
  const editor = new Editor('The other profile', 'Paste the other profile here, or open a file.', (text) => {
    other = text.trim() === '' ? undefined : { kind: 'text', name: name(other), text };
    draw();
  });
  const file = el('p', { class: 'notice' });
  const goTo = ({ span }: Place) => span && editor.show(span);
  const draw = () => {
    editor.root.hidden = other?.kind === 'file';
    file.hidden = other?.kind !== 'file';
    file.textContent = other?.kind === 'file' ? `${other.name}, ${other.file.size.toLocaleString('en-US')} bytes` : '';
    compare.disabled = other === undefined || store.state.given === undefined || store.state.work === 'busy';
  };
  const run = async () => {
    if (other === undefined) return;
    result.replaceChildren(el('p', { class: 'calm' }, 'Comparing for all inputs…'));
    try {
      const compared = await engine.ask('compare', { given: other, options: store.state.options });
      result.replaceChildren(...shown(compared));
    } catch (error) {
      result.replaceChildren(failure(error, { goTo }));
    }
  };
  const compare = button('Compare', () => void run(), { class: 'main' });
  const put = async (given: Given) => {
    other = given;
    editor.text = given.kind === 'text' ? given.text : '';
    draw();
    if (!compare.disabled) await run();
  };
  const take = async (chosen: globalThis.File) => put(await opened(chosen));
  const samples = select([['', 'Choose…'], ...SAMPLES.map((s): [string, string] => [s.name, s.title])]);
  samples.addEventListener('change', () => {
    const sample = SAMPLES.find((s) => s.name === samples.value);
    samples.value = '';
    if (sample !== undefined) void put({ kind: 'text', name: sample.name, text: sample.text });
  });
  const open = chooser('Open…', take);
  store.watch(['given', 'work'], draw);
  const panel = el(
    'div',
    { class: 'panel' },
    el(
      'p',
      { class: 'soft' },
      'The input on the left is the old side (A); what you put here is the new one (B). Profiles, programs and ELF files can be mixed.',
    ),
    el('div', { class: 'bar' }, ...open, field('Sample', samples), el('span', { class: 'grow' }), compare),
    editor.root,
    file,
    result,
  );
  return { panel, take: (chosen) => void take(chosen) };
}

const name = (given: Given | undefined): string => given?.name ?? 'other.jsonc';

const WORDS: Readonly<Record<ChangeShown['kind'], string>> = {
  LOOSENED: 'B is less strict',
  TIGHTENED: 'B is stricter',
  CHANGED: 'the same action with other data',
};

function shown({ sides, verdict, words, notes, changes }: Compared): readonly HTMLElement[] {
  const left = changes.length - MOST;
  return [
    el('p', { class: `verdict-line ${verdict}` }, words),
    el('p', { class: 'soft' }, `A: ${sides[0]}`, el('br'), `B: ${sides[1]}`),
    ...notes.map((note) => el('p', { class: 'notice' }, note)),
    el('ul', { class: 'change-list' }, ...changes.slice(0, MOST).map(change)),
    ...(left > 0 ? [el('p', { class: 'soft' }, `and ${left} more`)] : []),
  ];
}

/** A long text behind its beginning. */
function folded(text: string): Child {
  if (text.length <= FOLDED) return text;
  return el('details', {}, el('summary', {}, `${text.slice(0, FOLDED - 40)}…`), text);
}

function change({ kind, change: what, arches, calls, where, example, withoutEffect }: ChangeShown): HTMLLIElement {
  const facts = el('dl', { class: 'facts' }, el('dt', {}, 'Calls'), el('dd', { class: 'mono' }, folded(calls)));
  facts.append(el('dt', {}, 'On'), el('dd', {}, arches));
  if (where !== '') facts.append(el('dt', {}, 'Where'), el('dd', { class: 'mono' }, folded(where)));
  facts.append(el('dt', {}, 'Such as'), el('dd', { class: 'mono' }, example));
  if (withoutEffect)
    facts.append(el('dt', {}, 'Note'), el('dd', {}, 'Without effect: Linux shows these calls to no filter.'));
  const badge = el('strong', { class: `kind ${kind.toLowerCase()}`, title: WORDS[kind] }, kind.toLowerCase());
  return el('li', {}, el('p', { class: 'change-head' }, badge, el('span', { class: 'mono' }, what)), facts);
}
