/** A recorded trace against the filter. */
import type { Place, Replayed, ReplayRow } from '../protocol.ts';
import { el, field, plural, select } from './dom.ts';
import type { Engine } from './engine.ts';
import { failure, placeLink } from './findings.ts';
import { chooser } from './open.ts';
import type { Store } from './state.ts';

export interface ReplayView {
  readonly panel: HTMLElement;
  readonly take: (file: globalThis.File) => void;
}

export function replayView(store: Store, engine: Engine, goTo: (place: Place) => void): ReplayView {
  const result = el('div', { 'aria-live': 'polite' });
  const arch = select([]);
  let last: globalThis.File | undefined;
  const take = async (file: globalThis.File) => {
    last = file;
    result.replaceChildren(el('p', { class: 'calm' }, `Reading ${file.name}…`));
    try {
      result.replaceChildren(...shown(await engine.ask('replay', { file, name: file.name, arch: arch.value }), goTo));
    } catch (error) {
      result.replaceChildren(failure(error, { goTo }));
    }
  };
  arch.addEventListener('change', () => last !== undefined && void take(last));
  store.watch(['parts'], ({ parts: { about } }) => {
    const names = about?.tryable ?? [];
    if ([...arch.options].length === names.length + 1) return;
    arch.replaceChildren(
      ...['', ...names].map((name) => el('option', { value: name }, name === '' ? 'not known' : name)),
    );
  });
  // What was found is about the filter that is no more.
  store.watch(['parts'], ({ work }) => work === 'busy' && result.replaceChildren());
  const panel = el(
    'div',
    { class: 'panel' },
    el(
      'p',
      { class: 'soft' },
      'A trace of strace, perf, ftrace, bpftrace, the audit log or the journal, packed by gzip or not: what would the filter have said to its calls? Exact where the trace tells enough, ambiguous where it does not.',
    ),
    el(
      'div',
      { class: 'bar' },
      ...chooser('Open a trace…', (file) => void take(file)),
      field('Architecture where it tells none', arch),
    ),
    result,
  );
  return { panel, take: (file) => void take(file) };
}

function shown({ words, totals, rows, left, notes }: Replayed, goTo: (place: Place) => void): readonly HTMLElement[] {
  const tiles = totals.map(([what, n]) =>
    el('div', { class: `tile ${n > 0 ? what : ''}` }, el('dt', {}, what), el('dd', {}, n.toLocaleString('en-US'))),
  );
  return [
    el('p', {}, words),
    el('dl', { class: 'tiles' }, ...tiles),
    ...notes.map((note) => el('p', { class: 'notice' }, note)),
    rows.length === 0
      ? el('p', { class: 'calm' }, 'Nothing would have been denied.')
      : el('ul', { class: 'change-list' }, ...rows.map((row) => line(row, goTo))),
    ...(left > 0 ? [el('p', { class: 'soft' }, `and ${plural(left, 'finding')} more`)] : []),
  ];
}

function line(
  { kind, call, action, count, why, allowing, rule }: ReplayRow,
  goTo: (place: Place) => void,
): HTMLLIElement {
  const facts = el('dl', { class: 'facts' }, el('dt', {}, 'Times'), el('dd', {}, count.toLocaleString('en-US')));
  const reason = el('dd', {}, why);
  if (rule !== undefined) reason.append(' ', placeLink(rule, goTo) as Node);
  facts.append(el('dt', {}, 'Why'), reason);
  if (allowing !== '') facts.append(el('dt', {}, 'To allow it'), el('dd', { class: 'mono' }, allowing));
  const badge = el('strong', { class: `kind ${kind}` }, kind);
  return el(
    'li',
    {},
    el('p', { class: 'change-head' }, badge, el('span', { class: 'mono' }, `${call}: ${action}`)),
    facts,
  );
}
