/** Tabs by the pattern of the ARIA practices: one stop for Tab, arrows between them, Home and End. */
import { byId, el } from './dom.ts';
import type { Store } from './state.ts';

export interface TabView {
  readonly name: string;
  readonly title: string;
  readonly panel: HTMLElement;
}

export function tabs(store: Store, views: readonly TabView[]): (name: string, badge: string) => void {
  const list = byId('tabs');
  const made = views.map(({ name, title, panel }) => {
    const badge = el('span', { class: 'badge' });
    const tab = el(
      'button',
      { type: 'button', role: 'tab', id: `tab-${name}`, 'aria-controls': `panel-${name}` },
      title,
      badge,
    );
    tab.addEventListener('click', () => store.set({ tab: name }));
    panel.id = `panel-${name}`;
    panel.setAttribute('role', 'tabpanel');
    panel.setAttribute('aria-labelledby', tab.id);
    panel.tabIndex = 0;
    return { name, tab, panel, badge };
  });
  list.append(...made.map(({ tab }) => tab));
  byId('panels').append(...made.map(({ panel }) => panel));
  list.addEventListener('keydown', (event) => {
    const at = made.findIndex(({ name }) => name === store.state.tab);
    const last = made.length - 1;
    const to = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at === 0 ? last : at - 1, Home: 0, End: last }[
      event.key
    ];
    const next = to === undefined ? undefined : made[to];
    if (next === undefined) return;
    event.preventDefault();
    store.set({ tab: next.name });
    next.tab.focus();
  });
  store.watch(['tab'], ({ tab: chosen }) => {
    for (const { name, tab, panel } of made) {
      const isChosen = name === chosen;
      tab.setAttribute('aria-selected', String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      panel.hidden = !isChosen;
      if (isChosen) tab.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    }
  });
  return (name, text) => {
    const found = made.find((one) => one.name === name);
    if (found !== undefined) found.badge.textContent = text;
  };
}
