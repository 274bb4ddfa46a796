/** The answer in one look: what it is, how large, how long, proved or not; and what is going on. */
import { button, byId, el } from './dom.ts';
import { counts } from './findings.ts';
import { SAMPLES } from './samples.ts';
import { given, type SourceView } from './source.ts';
import type { State, Store } from './state.ts';

interface Tile {
  readonly term: string;
  readonly value: string;
  readonly look?: string;
}

function tilesOf({ parts: { about, findings = [], program, proof }, failed }: State): readonly Tile[] {
  const all = [...failed, ...findings];
  const worst = (['error', 'warning', 'note'] as const).find((s) => all.some((f) => f.severity === s));
  const cost = program?.cost;
  const averages = cost?.arches.map((a) => a.averagePath) ?? [];
  const average = averages.reduce((sum, n) => sum + n, 0) / averages.length;
  return [
    { term: 'Findings', value: counts(all), look: worst ?? 'good' },
    ...(about === undefined || about.arches.length === 0 ? [] : [{ term: 'For', value: about.arches.join(', ') }]),
    ...(cost === undefined
      ? []
      : [
          { term: 'Instructions', value: String(cost.instructions) },
          {
            term: 'Steps per call',
            value: `${averages.length > 0 ? `${average.toFixed(1)} avg, ` : ''}${cost.longestPath} max`,
          },
        ]),
    ...(proof === undefined || proof.state === 'none'
      ? []
      : [{ term: 'Proof', value: PROOF[proof.state], look: proof.state === 'proved' ? 'good' : 'error' }]),
  ];
}

const PROOF = {
  proved: 'proved equal',
  disproved: 'not equal',
  undecided: 'undecided',
} as const;

/** One sentence for those who do not see the tiles. */
function spoken(state: State): string {
  if (state.work === 'busy') return state.parts.about === undefined ? 'Looking at it…' : 'Proving for each call…';
  if (state.work === 'cancelled') return 'Cancelled.';
  if (state.isAsked) return 'Working…';
  if (state.given === undefined) return '';
  const tiles = tilesOf(state);
  return tiles.length === 0
    ? ''
    : `${state.parts.about?.what ?? 'Looked at'}: ${tiles.map(({ term, value }) => `${term.toLowerCase()}: ${value}`).join('; ')}.`;
}

export function summaryView(store: Store, source: SourceView, cancel: () => void, again: () => void): void {
  const status = byId('status');
  const tiles = byId('summary');
  const welcome = byId('welcome');
  const stop = button('Cancel', cancel, { class: 'small' });
  const retry = button('Look again', again, { class: 'small' });
  const text = el('span', {});
  status.append(text);
  byId('work').append(stop, retry);
  const list = byId('samples');
  list.append(
    ...SAMPLES.map((sample) => {
      const open = button(sample.title, () => source.take(given(sample)), { class: 'link' });
      return el('li', {}, open, el('span', { class: 'soft' }, sample.about));
    }),
  );
  store.watch(['given', 'parts', 'work', 'failed', 'isAsked'], (state) => {
    const said = spoken(state);
    if (text.textContent !== said) text.textContent = said;
    status.classList.toggle('unseen', state.work === 'idle' && !state.isAsked);
    stop.hidden = state.work !== 'busy' && !state.isAsked;
    retry.hidden = state.work !== 'cancelled';
    welcome.hidden = state.given !== undefined;
    byId('looked').hidden = state.given === undefined;
    const made = tilesOf(state).map(({ term, value, look = '' }) =>
      el('div', { class: `tile ${look}` }, el('dt', {}, term), el('dd', {}, value)),
    );
    tiles.replaceChildren(...(state.parts.about === undefined && state.failed.length === 0 ? [] : made));
    byId('looked').setAttribute('aria-busy', String(state.work === 'busy'));
  });
}
