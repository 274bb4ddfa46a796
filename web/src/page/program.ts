/** The program, instruction by instruction, with the way of a call that was tried; and what it costs. */
import type { Program, Tried } from '../protocol.ts';
import { el, plural } from './dom.ts';
import type { Store } from './state.ts';

export interface ProgramView {
  readonly panel: HTMLElement;
  /** Brings an instruction into view. */
  readonly show: (pc: number) => void;
}

/** The kernel takes 4096; of what is no program more is not drawn. */
const MOST = 5000;

export function programView(store: Store): ProgramView {
  const panel = el('div', { class: 'panel' });
  const rows = new Map<number, HTMLElement>();
  store.watchTab('program', ['parts', 'tried'], ({ parts: { program }, tried }) => {
    rows.clear();
    if (program === undefined || program.lines.length === 0) {
      panel.replaceChildren(el('p', { class: 'calm' }, 'There is no program to show.'));
      return;
    }
    panel.replaceChildren(...costOf(program), ...about(tried), listing(program, tried, rows));
  });
  return {
    panel,
    show: (pc) => {
      const row = rows.get(pc);
      row?.scrollIntoView({ block: 'center' });
      row?.focus({ preventScroll: true });
    },
  };
}

function about(tried: Tried | undefined): readonly HTMLElement[] {
  if (tried === undefined) return [];
  const text = `Marked: the ${plural(tried.pcs.length, 'instruction')} that ran for ${tried.call}, which gets ${tried.action}.`;
  return [el('p', { class: 'notice' }, text)];
}

function listing({ lines }: Program, tried: Tried | undefined, rows: Map<number, HTMLElement>): HTMLElement {
  const ran = new Set(tried?.pcs ?? []);
  const made = lines.slice(0, MOST).map(({ pc, label, text, comment }) => {
    const isOn = ran.has(pc);
    const row = el(
      'tr',
      { class: isOn ? 'on' : '', tabindex: -1 },
      el('td', { class: 'ran' }, isOn ? '▸' : '', el('span', { class: 'unseen' }, isOn ? 'ran' : '')),
      el('td', { class: 'pc' }, String(pc)),
      el('td', { class: 'label' }, label === '' ? '' : `${label}:`),
      el('td', {}, text),
      el('td', { class: 'comment' }, comment === '' ? '' : `; ${comment}`),
    );
    rows.set(pc, row);
    return row;
  });
  const heads = ['Ran', 'At', 'Label', 'Instruction', 'Remark'];
  return el(
    'div',
    { class: 'listing-frame', tabindex: 0, role: 'region', 'aria-label': 'Program, scrolls' },
    el(
      'table',
      { class: 'listing' },
      el('caption', { class: 'unseen' }, 'Instructions'),
      el('thead', { class: 'unseen' }, el('tr', {}, ...heads.map((head) => el('th', { scope: 'col' }, head)))),
      el('tbody', {}, ...made),
    ),
  );
}

function costOf({ cost, bytes, digest }: Program): readonly HTMLElement[] {
  if (cost === undefined) return [];
  const head = ['Architecture', 'Average', 'Never run the filter', 'Look at arguments'];
  const table = el(
    'table',
    { class: 'cost' },
    el('caption', { class: 'unseen' }, 'Cost by architecture'),
    el('thead', {}, el('tr', {}, ...head.map((h) => el('th', { scope: 'col' }, h)))),
    el(
      'tbody',
      {},
      ...cost.arches.map((a) =>
        el(
          'tr',
          {},
          el('th', { scope: 'row' }, a.arch),
          el('td', { 'data-label': 'average' }, `${a.averagePath.toFixed(1)} instructions`),
          el('td', { 'data-label': 'never run the filter' }, `${a.cached} of ${a.calls} calls`),
          el('td', { 'data-label': 'look at arguments' }, a.argumentChecked.map((c) => c.name).join(', ') || 'none'),
        ),
      ),
    ),
  );
  const facts = `${plural(cost.instructions, 'instruction')}, ${bytes.toLocaleString('en-US')} bytes; ${cost.ebpfLength} instructions as eBPF, after which ${cost.budgetLeft.toLocaleString('en-US')} of 32,768 are left for further filters. No call runs more than ${cost.longestPath}.`;
  return [
    el('p', {}, facts),
    table,
    el(
      'p',
      { class: 'soft' },
      'Averages are over all calls of the architecture with zero arguments. Calls that are allowed whatever their arguments never run the filter on Linux 5.11 and later.',
    ),
    el('p', { class: 'soft digest' }, 'SHA-256 ', el('code', {}, digest)),
  ];
}
