/** The options of meaning: what the profile is read for. */
import type { Options } from '../protocol.ts';
import { el, field, select } from './dom.ts';
import { NO_OPTIONS, type Store } from './state.ts';

type Word = Exclude<keyof Options, 'arches'>;
type Choices = readonly (readonly [string, string])[];

const SELECTS: readonly { readonly key: Word; readonly label: string; readonly choices: Choices }[] = [
  {
    key: 'caps',
    label: 'Capabilities held',
    choices: [
      ['', 'Docker’s default set'],
      ['none', 'none'],
      ['all', 'all'],
    ],
  },
  {
    key: 'argWidth',
    label: 'Arguments are compared',
    choices: [
      ['', 'as the profile says'],
      ['oci', 'by 64 bits (oci)'],
      ['kernel', 'as the kernel uses them'],
    ],
  },
  {
    key: 'multiplexed',
    label: 'socketcall and ipc',
    choices: [
      ['', 'as the profile says'],
      ['allow', 'allow'],
      ['deny', 'deny'],
      ['written', 'as written'],
    ],
  },
  {
    key: 'unknownArch',
    label: 'Architectures not named',
    choices: [
      ['', 'as the profile says'],
      ['kill-process', 'kill the process'],
      ['kill', 'kill the thread'],
      ['errno', 'fail with an errno'],
    ],
  },
  {
    key: 'onConflict',
    label: 'Rules that conflict',
    choices: [
      ['', 'are an error'],
      ['first', 'the first decides'],
      ['strictest', 'the strictest decides'],
    ],
  },
  {
    key: 'ruleOrder',
    label: 'Order of the rules',
    choices: [
      ['', 'as the profile says'],
      ['oci', 'as runc has it'],
      ['first-match', 'the first match decides'],
    ],
  },
  {
    key: 'enosysAbove',
    label: 'Numbers above the largest listed',
    choices: [
      ['', 'as the profile says'],
      ['yes', 'fail with ENOSYS'],
    ],
  },
  {
    key: 'strict',
    label: 'Unknown names',
    choices: [
      ['', 'are errors where they open'],
      ['yes', 'are always errors'],
    ],
  },
  {
    key: 'runtime',
    label: 'Doubtful profiles',
    choices: [
      ['', 'are read strictly'],
      ['runc', 'are read as by runc'],
    ],
  },
];

export function optionsView(store: Store, place: HTMLElement): void {
  const change = (part: Partial<Options>) => store.set({ options: { ...store.state.options, ...part } });
  const selects = SELECTS.map(({ key, label, choices }) => {
    const made = select(choices);
    made.addEventListener('change', () => change({ [key]: made.value }));
    return { key, made, field: field(label, made) };
  });
  const texts = (['kernel', 'cap'] as const).map((key) => {
    const made = el('input', {
      autocomplete: 'off',
      autocapitalize: 'off',
      spellcheck: 'false',
      placeholder: key === 'kernel' ? '6.1' : 'NET_ADMIN',
    });
    made.addEventListener('change', () => change({ [key]: made.value.trim() }));
    const label = key === 'kernel' ? 'Kernel version' : 'Capabilities besides';
    return { key, made, field: field(label, made) };
  });
  const boxes = el('div', { class: 'arches' });
  const summary = el('summary', {});
  const reset = el('button', { type: 'button', class: 'small' }, 'As at first');
  reset.addEventListener('click', () => store.set({ options: NO_OPTIONS }));
  place.append(
    summary,
    el('fieldset', {}, el('legend', {}, 'Architectures (none chosen: the profile’s own)'), boxes),
    el('div', { class: 'controls' }, ...[...texts, ...selects].map((one) => one.field)),
    el('p', {}, reset),
  );
  store.watch(['menu'], ({ menu }) => {
    boxes.replaceChildren(
      ...(menu?.arches ?? []).map((name) => {
        const box = el('input', { type: 'checkbox', id: `arch-${name}`, value: name });
        box.addEventListener('change', () => change({ arches: chosen(boxes) }));
        return el('span', { class: 'check' }, box, el('label', { for: box.id }, name));
      }),
    );
  });
  store.watch(['options'], ({ options }) => {
    for (const { key, made } of [...selects, ...texts]) made.value = options[key];
    for (const box of boxes.querySelectorAll('input')) box.checked = options.arches.includes(box.value);
    summary.textContent = `Options: ${inWords(options)}`;
  });
}

const chosen = (boxes: HTMLElement): readonly string[] =>
  [...boxes.querySelectorAll('input')].filter(({ checked }) => checked).map(({ value }) => value);

function inWords(options: Options): string {
  const set = SELECTS.filter(({ key }) => options[key] !== '').map(({ key, label, choices }) => {
    return `${label.toLowerCase()}: ${choices.find(([value]) => value === options[key])?.[1] ?? options[key]}`;
  });
  const words = [
    ...(options.arches.length > 0 ? [options.arches.join(', ')] : []),
    ...(options.kernel === '' ? [] : [`Linux ${options.kernel}`]),
    ...(options.cap === '' ? [] : [`with ${options.cap}`]),
    ...set,
  ];
  return words.length === 0 ? 'as the profile says' : words.join('; ');
}
