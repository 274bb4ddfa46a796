/** One call put to the filter: name or number, architecture, arguments; the answer, why, and the instructions that ran. */
import type { Place, Tried } from '../protocol.ts';
import { button, el, field, plural, select } from './dom.ts';
import type { Engine } from './engine.ts';
import { failure, placeLink } from './findings.ts';
import type { Store } from './state.ts';

const ARGUMENTS = 6;
/** Until somebody has stopped typing, in milliseconds. */
const PAUSE = 200;

export interface TryView {
  readonly panel: HTMLElement;
  readonly ask: (call: string, arch: string) => void;
}

export function tryView(
  store: Store,
  engine: Engine,
  goTo: (place: Place) => void,
  open: (tab: string) => void,
): TryView {
  const arch = select([]);
  const names = el('datalist', { id: 'call-names' });
  const call = el('input', {
    list: names.id,
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
    placeholder: 'socket, 41 or 0x29',
  });
  const args = Array.from({ length: ARGUMENTS }, (_, i) => {
    const list = el('datalist', { id: `constants-${i}` });
    const input = el('input', {
      list: list.id,
      autocomplete: 'off',
      autocapitalize: 'off',
      spellcheck: 'false',
      placeholder: '0',
    });
    const made = field(`Argument ${i}`, input);
    return { list, input, label: made.querySelector('label') as HTMLLabelElement, made };
  });
  const answer = el('div', { class: 'answer', 'aria-live': 'polite' });
  const form = el(
    'form',
    { class: 'try' },
    el('div', { class: 'controls' }, field('Call', call, 'A name or a number.'), field('Architecture', arch)),
    el(
      'fieldset',
      {},
      el('legend', {}, 'Arguments'),
      el(
        'p',
        { class: 'hint' },
        'Numbers (38, 0x26, -1) or constants (AF_ALG, CLONE_NEWUSER|CLONE_NEWPID); left empty: 0.',
      ),
      el('div', { class: 'arguments' }, ...args.map(({ made }) => made)),
    ),
    names,
    ...args.map(({ list }) => list),
  );
  const panel = el('div', { class: 'panel' }, form, answer);

  let named = '';
  /** The form says what the parameters of the call are. */
  const nameParameters = async () => {
    const wanted = `${call.value.trim()} ${arch.value}`;
    if (wanted === named) return;
    named = wanted;
    const known = await engine.ask('parameters', { call: call.value.trim(), arch: arch.value });
    if (named !== wanted) return;
    for (const [i, { label, list }] of args.entries()) {
      const parameter = known[i];
      label.textContent = parameter === undefined ? `Argument ${i}` : `${i}: ${parameter.name}`;
      list.replaceChildren(...(parameter?.constants ?? []).map((value) => el('option', { value })));
    }
  };
  const run = async () => {
    if (call.value.trim() === '' || store.state.parts.program?.cost === undefined || store.state.work === 'busy') {
      if (store.state.tried !== undefined) store.set({ tried: undefined });
      answer.replaceChildren(...waiting(store));
      return;
    }
    try {
      await nameParameters();
      const tried = await engine.ask('try', {
        call: call.value,
        arch: arch.value,
        args: args.map(({ input }) => input.value),
      });
      store.set({ tried });
      answer.replaceChildren(...answerOf(tried, goTo, open));
    } catch (error) {
      store.set({ tried: undefined });
      answer.replaceChildren(failure(error, { goTo }));
    }
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(run, PAUSE);
  };
  form.addEventListener('input', soon);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void run();
  });
  store.watch(['menu'], ({ menu }) =>
    names.replaceChildren(...(menu?.calls ?? []).map((value) => el('option', { value }))),
  );
  store.watch(['parts', 'work'], ({ parts: { about }, work }) => {
    const list = about?.tryable ?? [];
    if ([...arch.options].map((o) => o.value).join() !== list.join()) {
      const before = arch.value;
      arch.replaceChildren(...list.map((name) => el('option', { value: name }, name)));
      if (list.includes(before)) arch.value = before;
    }
    if (work !== 'busy') void run();
  });
  return {
    panel,
    ask: (name, on) => {
      call.value = name;
      if ([...arch.options].some(({ value }) => value === on)) arch.value = on;
      for (const { input } of args) input.value = '';
      open('try');
      call.focus();
      void run();
    },
  };
}

function waiting({ state: { parts, work } }: Store): readonly HTMLElement[] {
  if (work === 'busy') return [];
  if (parts.program?.cost === undefined)
    return [el('p', { class: 'calm' }, 'There is no valid filter to ask: the findings say why.')];
  return [
    el(
      'p',
      { class: 'calm' },
      'Name a call to see what happens to it, which rule decides, and which instructions run.',
    ),
  ];
}

function answerOf(tried: Tried, goTo: (place: Place) => void, open: (tab: string) => void): readonly HTMLElement[] {
  const { action, effect, call, outcome, decidedBy, because, rule, notes, pcs, length } = tried;
  const why = el('dd', {}, decidedBy);
  if (rule !== undefined) why.append(', ', placeLink(rule, goTo) as Node);
  const marks = el('dd', {}, `${plural(pcs.length, 'instruction')} of ${length} ran `);
  marks.append(
    button('see them', () => open('program'), { class: 'link' }),
    ' ',
    button('in the tree', () => open('tree'), { class: 'link' }),
  );
  const facts = el('dl', { class: 'facts' }, el('dt', {}, 'Decided by'), why);
  if (because !== '') facts.append(el('dt', {}, 'Because'), el('dd', { class: 'mono' }, because));
  facts.append(el('dt', {}, 'Steps'), marks);
  return [
    el(
      'p',
      { class: 'verdict' },
      el('strong', { class: `action ${effect}` }, action),
      ' ',
      el('span', { class: 'mono' }, call),
    ),
    el('p', {}, outcome),
    facts,
    ...notes.map((note) => el('p', { class: 'notice' }, note)),
  ];
}
