/**
 * The page: one state, views that draw it, and an engine that works it out. Nothing leaves the page, nothing is kept when it
 * is closed, and its address never changes.
 */
import type { Menu, Parts, Place } from '../protocol.ts';
import { compareView } from './compare.ts';
import { byId, el } from './dom.ts';
import { downloadView } from './download.ts';
import { Cancelled, Engine, Refused } from './engine.ts';
import { drawFindings } from './findings.ts';
import { opened } from './open.ts';
import { optionsView } from './options.ts';
import { programView } from './program.ts';
import { replayView } from './replay.ts';
import { dropping, pasting, sourceView } from './source.ts';
import { Store } from './state.ts';
import { summaryView } from './summary.ts';
import { tableView } from './table.ts';
import { tabs } from './tabs.ts';
import { themeButton } from './theme.ts';
import { treeView } from './tree.ts';
import { tryView } from './try.ts';

const store = new Store();
const ready = (menu: Menu) => {
  store.set({ menu });
  byId('version').textContent = `seccompc ${menu.version}`;
  document.documentElement.dataset.ready = 'yes';
};
const engine = new Engine(ready, (isAsked) => store.set({ isAsked }));

/** Counts what was asked to be looked at: answers to older questions are dropped. */
let turn = 0;

async function look(): Promise<void> {
  turn += 1;
  const mine = turn;
  if (engine.isBusy) engine.cancel();
  const { given, options } = store.state;
  if (given === undefined) {
    store.set({ parts: {}, failed: [], work: 'idle', tried: undefined });
    return;
  }
  store.set({ work: 'busy', failed: [] });
  let isFirst = true;
  const take = (part: Partial<Parts>) => {
    if (mine !== turn) return;
    store.set({ parts: isFirst ? part : { ...store.state.parts, ...part } });
    isFirst = false;
  };
  try {
    await engine.ask('analyse', { given, options }, take);
    if (mine === turn) store.set({ work: 'idle' });
    if (mine === turn && store.state.parts.about?.kind === 'bare-elf' && given.kind === 'file') {
      store.set({ target: { name: given.name, file: given.file } });
    }
  } catch (error) {
    if (mine !== turn || error instanceof Cancelled) return;
    const failed = error instanceof Refused ? error.findings : [];
    store.set({ parts: isFirst ? {} : store.state.parts, failed, work: 'idle', tab: 'findings' });
  }
}

/** What was asked about the input is given up, or the input itself. An engine that is ended has forgotten it. */
function cancel(): void {
  turn += 1;
  engine.cancel();
  if (store.state.work === 'busy') store.set({ parts: {}, work: 'cancelled', tried: undefined });
  else void look();
}

const source = sourceView(store, () => void look());
const open = (tab: string) => store.set({ tab });
const goTo = (place: Place): void => {
  if (place.span !== undefined) source.goTo(place);
  else if (place.pc !== undefined) {
    open('program');
    program.show(place.pc);
  }
};
const mend = async (which: number | 'all'): Promise<void> => {
  try {
    const { text } = await engine.ask('mend', { which });
    source.replace(text);
  } catch (error) {
    if (error instanceof Refused) store.set({ failed: error.findings });
  }
};

const findings = el('div', { class: 'panel' });
const program = programView(store);
const trying = tryView(store, engine, goTo, open);
const compare = compareView(store, engine);
const download = downloadView(store, engine, goTo);
const replay = replayView(store, engine, goTo);
const badge = tabs(store, [
  { name: 'findings', title: 'Findings', panel: findings },
  { name: 'table', title: 'Calls', panel: tableView(store, trying.ask) },
  { name: 'try', title: 'Try a call', panel: trying.panel },
  { name: 'tree', title: 'Tree', panel: treeView(store, goTo) },
  { name: 'program', title: 'Program', panel: program.panel },
  { name: 'compare', title: 'Compare', panel: compare.panel },
  { name: 'download', title: 'Download', panel: download.panel },
  { name: 'replay', title: 'Replay', panel: replay.panel },
]);
store.watchTab('findings', ['parts', 'failed'], (state) => {
  drawFindings(findings, state, { goTo, mend: (which) => void mend(which) });
});
store.watch(['parts', 'failed'], (state) => {
  const n = state.failed.length + (state.parts.findings?.length ?? 0);
  badge('findings', n === 0 ? '' : String(n));
});
summaryView(store, source, cancel, () => void look());
optionsView(store, byId('options'));
store.watch(['options'], () => store.state.given !== undefined && void look());

/** A file that is dropped goes where it fits. */
dropping(async (file) => {
  const { tab, given, options, parts } = store.state;
  if (tab === 'compare' && given !== undefined) return compare.take(file);
  if (tab === 'replay' && given !== undefined) return replay.take(file);
  const dropped = await opened(file);
  // Beside a profile, an ELF file without a filter is what the filter is to go into.
  if (parts.about?.kind === 'profile' && dropped.kind === 'file' && store.state.work !== 'busy') {
    const kind = await engine.ask('kind', { given: dropped, options }).catch(() => undefined);
    if (kind === 'bare-elf' || (kind === 'elf' && tab === 'download')) {
      open('download');
      return download.take(file);
    }
  }
  source.take(dropped);
});
pasting(source.take);
// A link would change the page's address.
byId('skip').addEventListener('click', () => byId('results').focus());
themeButton(byId<HTMLButtonElement>('theme'));
