/** What is allowed, denied or conditional, by category, for one architecture at a time. */
import type { Row } from '../../../src/view/index.ts';
import type { Parts } from '../protocol.ts';
import { button, el, field, plural, select } from './dom.ts';
import type { Store } from './state.ts';

type Standing = 'allowed' | 'conditional' | 'denied';
const TITLES: Readonly<Record<Standing, string>> = {
  allowed: 'Allowed',
  conditional: 'Depends',
  denied: 'Denied',
};
const STANDINGS: readonly Standing[] = ['allowed', 'conditional', 'denied'];

export function tableView(store: Store, tryCall: (call: string, arch: string) => void): HTMLElement {
  const panel = el('div', { class: 'panel' });
  const arch = select([]);
  const search = el('input', { type: 'search', autocomplete: 'off', placeholder: 'socket' });
  const shown = el('p', { class: 'soft', role: 'status' });
  const place = el('div', {});
  const controls = el('div', { class: 'controls' }, field('Architecture', arch), field('Find a call', search), shown);
  const draw = () => {
    const { tables = [] } = store.state.parts;
    const table = tables.find((one) => one.arch === arch.value) ?? tables[0];
    controls.hidden = table === undefined;
    if (table === undefined) {
      const isComing = store.state.work === 'busy' && store.state.parts.program?.cost !== undefined;
      place.replaceChildren(
        el(
          'p',
          { class: 'calm' },
          isComing ? 'Proving for each call…' : 'There is no valid filter to show: the findings say why.',
        ),
      );
      return;
    }
    const words = search.value.trim().toLowerCase();
    const rows = table.rows.map((row) => filtered(row, words)).filter((row) => total(row) > 0);
    const sum = (of: Standing) => rows.reduce((n, row) => n + row[of].length, 0);
    shown.textContent = `${sum('allowed')} allowed, ${sum('conditional')} by their arguments, ${sum('denied')} denied`;
    place.replaceChildren(
      rows.length === 0
        ? el('p', { class: 'calm' }, 'No call of that name.')
        : tableOf(rows, (call) => tryCall(call, table.arch)),
    );
  };
  arch.addEventListener('change', draw);
  search.addEventListener('input', draw);
  store.watchTab('table', ['parts', 'work'], ({ parts }) => {
    offer(arch, parts.tables);
    draw();
  });
  panel.append(
    el('p', { class: 'soft' }, 'Each call is judged for all argument values, by proof. Choose one to try it.'),
    controls,
    place,
  );
  return panel;
}

function offer(arch: HTMLSelectElement, tables: Parts['tables'] = []): void {
  const names = tables.map((t) => t.arch);
  if ([...arch.options].map((o) => o.value).join() === names.join()) return;
  const before = arch.value;
  arch.replaceChildren(...names.map((name) => el('option', { value: name }, name)));
  if (names.includes(before)) arch.value = before;
}

const total = (row: Row): number => row.allowed.length + row.conditional.length + row.denied.length;

function filtered(row: Row, words: string): Row {
  if (words === '') return row;
  const keep = (name: string) => name.includes(words);
  return {
    ...row,
    allowed: row.allowed.filter(keep),
    conditional: row.conditional.filter(({ name }) => keep(name)),
    denied: row.denied.filter(keep),
  };
}

/** More rules of one call than these are folded. */
const FOLDED = 4;

function rules(when: readonly string[]): HTMLElement {
  const lines = when.map((text) => el('span', { class: 'when' }, text));
  if (lines.length <= FOLDED) return el('div', {}, ...lines);
  return el('details', { class: 'soft' }, el('summary', {}, plural(lines.length, 'rule')), ...lines);
}

function tableOf(rows: readonly Row[], tryCall: (call: string) => void): HTMLTableElement {
  const call = (name: string) => button(name, () => tryCall(name), { class: 'call' });
  const names = (row: Row, of: Standing): HTMLElement => {
    if (of !== 'conditional') return el('div', { class: 'names' }, ...row[of].map(call));
    const each = row.conditional.map(({ name, when }) => el('div', { class: 'conditional' }, call(name), rules(when)));
    return el('div', {}, ...each);
  };
  const body = (row: Row): HTMLTableSectionElement => {
    const there = STANDINGS.filter((of) => row[of].length > 0);
    const lines = there.map((of, i) => {
      const standing = el(
        'td',
        { class: `standing ${of}` },
        TITLES[of],
        ' ',
        el('span', { class: 'soft' }, String(row[of].length)),
      );
      const head = el('th', { scope: 'rowgroup', rowspan: there.length }, row.category);
      return el('tr', {}, i === 0 && head, standing, el('td', {}, names(row, of)));
    });
    return el('tbody', {}, ...lines);
  };
  const heads = ['Category', 'Standing', 'Calls'].map((text) => el('th', { scope: 'col' }, text));
  return el(
    'table',
    { class: 'calls' },
    el('caption', { class: 'unseen' }, 'System calls by category'),
    el('thead', { class: 'unseen' }, el('tr', {}, ...heads)),
    ...rows.map(body),
  );
}
