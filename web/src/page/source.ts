/** Where an input comes from: pasted, typed, chosen, dropped anywhere on the page, or one of the samples. */
import type { Given, Place } from '../protocol.ts';
import { button, byId, el, field, select } from './dom.ts';
import { Editor } from './editor.ts';
import { chooser, opened } from './open.ts';
import { SAMPLES, type Sample } from './samples.ts';
import type { Store } from './state.ts';

export interface SourceView {
  /** Shows a place of the text. */
  readonly goTo: (place: Place) => void;
  /** Puts in a text that was mended; the one before can be had back. */
  readonly replace: (text: string) => void;
  readonly take: (given: Given) => void;
}

const PLACEHOLDER = `Paste a seccomp profile here,
or drop a file anywhere:

  a profile (JSON with comments)
  an ELF program
  a raw filter
  assembler text`;
/** Until somebody has stopped typing, in milliseconds. */
const PAUSE = 400;

export function sourceView(store: Store, look: () => void): SourceView {
  const place = byId('source-body');
  let timer: ReturnType<typeof setTimeout> | undefined;
  let before: string | undefined;
  const name = byId('source-name');
  const editor = new Editor('Profile or assembler text', PLACEHOLDER, (text) => {
    clearTimeout(timer);
    before = undefined;
    const last = store.state.given;
    timer = setTimeout(() => {
      store.set({
        given:
          text.trim() === ''
            ? undefined
            : { kind: 'text', name: last?.kind === 'text' ? last.name : 'profile.jsonc', text },
      });
      look();
    }, PAUSE);
    undo.hidden = true;
  });
  const card = el('div', { class: 'file-card' });
  const take = (given: Given | undefined) => {
    clearTimeout(timer);
    editor.text = given?.kind === 'text' ? given.text : '';
    before = undefined;
    undo.hidden = true;
    // A text area has its own line breaks: offsets are those of what it holds.
    store.set({ given: given?.kind === 'text' ? { ...given, text: editor.text } : given, tried: undefined });
    look();
  };
  const undo = button(
    'Undo the fix',
    () => {
      const last = store.state.given;
      if (before !== undefined && last?.kind === 'text') take({ ...last, text: before });
    },
    { class: 'small' },
  );
  undo.hidden = true;
  const samples = select([['', 'Choose…'], ...SAMPLES.map((s): [string, string] => [s.name, s.title])]);
  samples.addEventListener('change', () => {
    const sample = SAMPLES.find((s) => s.name === samples.value);
    samples.value = '';
    if (sample !== undefined) take(given(sample));
  });
  const clear = button('Clear', () => {
    take(undefined);
    editor.area.focus();
  });
  place.append(
    el(
      'div',
      { class: 'bar' },
      ...chooser('Open a file…', async (file) => take(await opened(file))),
      field('Sample', samples),
      el('span', { class: 'grow' }),
      undo,
      clear,
    ),
    editor.root,
    card,
  );
  store.watch(['given', 'parts'], ({ given: now, parts: { about } }) => {
    const isFile = now?.kind === 'file';
    editor.root.hidden = isFile && about?.embedded === undefined;
    card.hidden = !isFile;
    clear.disabled = now === undefined;
    name.textContent = now?.name ?? '';
    if (isFile) drawCard(card, now, about?.what ?? '');
    editor.area.readOnly = isFile;
    if (isFile && about?.embedded !== undefined && editor.text !== about.embedded) editor.text = about.embedded;
  });
  store.watch(['parts'], ({ parts: { findings = [] } }) => editor.mark(findings));
  return {
    goTo: ({ span }) => span && editor.show(span),
    replace: (text) => {
      const last = editor.text;
      const now = store.state.given;
      if (now?.kind !== 'text') return;
      take({ ...now, text });
      before = last;
      undo.hidden = false;
    },
    take,
  };
}

function drawCard(card: HTMLElement, { name, file }: Extract<Given, { kind: 'file' }>, what: string): void {
  card.replaceChildren(
    el('strong', {}, name),
    el(
      'span',
      { class: 'soft' },
      [what, `${file.size.toLocaleString('en-US')} bytes`].filter((text) => text !== '').join(', '),
    ),
  );
}

export const given = ({ name, text }: Sample): Given => ({ kind: 'text', name, text });

/** A text pasted where nothing takes it. */
export function pasting(take: (given: Given) => void): void {
  document.addEventListener('paste', (event) => {
    const text = event.clipboardData?.getData('text/plain') ?? '';
    const target = event.target as HTMLInputElement | HTMLTextAreaElement;
    if (text === '' || (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && !target.readOnly)) return;
    event.preventDefault();
    take({ kind: 'text', name: 'profile.jsonc', text });
  });
}

/** Files dropped anywhere. */
export function dropping(take: (file: globalThis.File) => void): void {
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
  let depth = 0;
  const mark = () => document.body.classList.toggle('dropping', depth > 0);
  document.addEventListener('dragenter', (event) => {
    if (!hasFiles(event)) return;
    depth += 1;
    mark();
  });
  document.addEventListener('dragleave', () => {
    depth = Math.max(0, depth - 1);
    mark();
  });
  document.addEventListener('dragover', (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  document.addEventListener('drop', (event) => {
    depth = 0;
    mark();
    const [file] = event.dataTransfer?.files ?? [];
    if (file === undefined) return;
    event.preventDefault();
    take(file);
  });
}
