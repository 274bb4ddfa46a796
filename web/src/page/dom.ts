/** Elements. Whatever is put in is text: nothing in the page ever parses markup. */

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;
export type Child = Node | string | undefined | false;

function decorate<E extends Element>(element: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  return decorate(document.createElement(tag), attributes, children);
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  return decorate(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

/** A button that does something; `kind` is its look. */
export function button(text: string, act: () => void, attributes: Attributes = {}): HTMLButtonElement {
  const made = el('button', { type: 'button', ...attributes }, text);
  made.addEventListener('click', act);
  return made;
}

/** An element of the page's own text. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as E;
}

let count = 0;
/** An id that nothing else has. */
export function freshId(): string {
  count += 1;
  return `x${count}`;
}

/** A label with its control below it. */
export function field(label: string, control: HTMLElement, hint?: string): HTMLDivElement {
  if (control.id === '') control.id = freshId();
  const about = hint === undefined ? undefined : el('p', { class: 'hint', id: freshId() }, hint);
  if (about !== undefined) control.setAttribute('aria-describedby', about.id);
  return el('div', { class: 'field' }, el('label', { for: control.id }, label), control, about);
}

export function select(
  choices: readonly (readonly [string, string])[],
  attributes: Attributes = {},
): HTMLSelectElement {
  return el('select', attributes, ...choices.map(([value, text]) => el('option', { value }, text)));
}

export const plural = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`;
