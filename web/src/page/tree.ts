/** The decision tree as a picture that can be moved and zoomed, and in words. */
import type { Place, TreeBox, TreeShown, Tried } from '../protocol.ts';
import { button, el, plural, svg } from './dom.ts';
import type { Store } from './state.ts';
import { HEIGHT, type Layout, layoutOf, type Placed, type Way } from './tree-layout.ts';

/** More boxes than that are no picture any more. */
const MOST = 2500;
const STEPS = [0.4, 0.55, 0.75, 1, 1.3, 1.7];

export function treeView(store: Store, goTo: (place: Place) => void): HTMLElement {
  const panel = el('div', { class: 'panel' });
  const frame = el('div', {
    class: 'tree-frame',
    tabindex: 0,
    role: 'region',
    'aria-label': 'Picture of the decision tree, scrolls',
  });
  const words = el('details', { class: 'tree-words' });
  let layout: Layout | undefined;
  let picture: SVGSVGElement | undefined;
  let scale = 1;
  const zoom = (to: number) => {
    if (layout === undefined || picture === undefined) return;
    scale = to;
    picture.setAttribute('width', String(Math.round(layout.width * scale)));
    picture.setAttribute('height', String(Math.round(layout.height * scale)));
  };
  const fit = () => layout && zoom(Math.min(1, Math.max(0.4, (frame.clientWidth - 4) / layout.width)));
  const bar = el(
    'div',
    { class: 'bar' },
    el(
      'p',
      { class: 'grow soft' },
      'Answers and smaller ways on go to the right, larger ones down. The call that was tried is marked.',
    ),
    button('−', () => zoom(STEPS.findLast((s) => s < scale) ?? scale), { 'aria-label': 'Smaller', class: 'small' }),
    button('+', () => zoom(STEPS.find((s) => s > scale) ?? scale), { 'aria-label': 'Larger', class: 'small' }),
    button('Fit', () => fit(), { 'aria-label': 'Fit the width', class: 'small' }),
  );
  drag(frame);
  store.watchTab('tree', ['parts', 'tried'], ({ parts: { tree }, tried }) => {
    layout = undefined;
    picture = undefined;
    bar.hidden = frame.hidden = words.hidden = tree === undefined;
    if (tree === undefined) {
      panel.replaceChildren(el('p', { class: 'calm' }, 'There is no valid filter to draw: the findings say why.'));
      return;
    }
    words.replaceChildren(el('summary', {}, 'The tree in words'), inWords(tree, goTo));
    if (tree.boxes.length > MOST) {
      const why = `${plural(tree.boxes.length, 'test and answer', 'tests and answers')} are too many for a picture; the words and the program have them all.`;
      panel.replaceChildren(el('p', { class: 'notice' }, why), words);
      return;
    }
    layout = layoutOf(tree);
    const at = new Map(layout.titles.map(({ pc, y }) => [pc, y]));
    picture = draw(layout, tree, tried, (pc) => frame.scrollTo({ top: ((at.get(pc) ?? 0) - 20) * scale, left: 0 }));
    frame.replaceChildren(picture);
    panel.replaceChildren(bar, frame, words);
    zoom(1);
  });
  return panel;
}

/** Moves what lies in a frame with the mouse; fingers do it anyway. */
function drag(frame: HTMLElement): void {
  frame.addEventListener('pointerdown', (down) => {
    if (down.pointerType !== 'mouse' || down.button !== 0) return;
    const from = { left: frame.scrollLeft + down.clientX, top: frame.scrollTop + down.clientY };
    const move = (event: PointerEvent) => {
      frame.scrollLeft = from.left - event.clientX;
      frame.scrollTop = from.top - event.clientY;
    };
    frame.setPointerCapture(down.pointerId);
    frame.addEventListener('pointermove', move);
    frame.addEventListener('pointerup', () => frame.removeEventListener('pointermove', move), { once: true });
  });
}

function draw(
  layout: Layout,
  { boxes }: TreeShown,
  tried: Tried | undefined,
  follow: (pc: number) => void,
): SVGSVGElement {
  const on = new Set(tried?.boxes ?? []);
  const tests = boxes.filter(({ yes }) => yes >= 0).length;
  const about = `Decision tree of ${plural(tests, 'test')}. Below it, the same in words.`;
  /** An answer stands at the end of many ways. */
  const isOn = (from: number, to: number) =>
    on.has(to) && (from < 0 || tried?.boxes[tried.boxes.indexOf(to) - 1] === from);
  return svg(
    'svg',
    { viewBox: `0 0 ${layout.width} ${layout.height}`, role: 'img', 'aria-label': about },
    ...layout.titles.map(({ y, text }) => svg('text', { x: 12, y: y + 8, class: 'title' }, text)),
    ...layout.ways.map((way) => wayOf(way, isOn(way.from, way.to))),
    ...layout.boxes.map((box) => boxOf(box, isOn(box.from, box.pc), follow)),
  );
}

function wayOf({ x, y, length, label, go }: Way, isOn: boolean): SVGGElement {
  const isRight = go === 'right';
  const d = isRight ? `M${x} ${y}h${length - 5}` : `M${x} ${y}v${length - 5}`;
  const tip = isRight ? `M${x + length - 6} ${y - 4}l5 4l-5 4` : `M${x - 4} ${y + length - 6}l4 5l4 -5`;
  const at = isRight ? { x: x + 8, y: y - 4 } : { x: x + 6, y: y + 11 };
  return svg(
    'g',
    { class: isOn ? 'way on' : 'way' },
    svg('path', { d }),
    svg('path', { d: tip }),
    svg('text', at, label),
  );
}

function boxOf(
  { x, y, width, text, note, look, effect, pc }: Placed,
  isOn: boolean,
  follow: (pc: number) => void,
): SVGGElement {
  const words = svg('text', { x: x + 10, y: y + 17 }, text);
  if (note !== '') words.append(svg('tspan', { class: 'note' }, `  ${note}`));
  const group = svg(
    'g',
    { class: `box ${look} ${effect}${isOn ? ' on' : ''}` },
    svg('title', {}, `instruction ${pc}`),
    svg('rect', { x, y, width, height: HEIGHT, rx: look === 'test' ? 4 : 13 }),
    ...(isOn && look === 'test' ? [svg('path', { class: 'tick', d: `M${x} ${y + 3}v${HEIGHT - 6}` })] : []),
    words,
  );
  if (look === 'reference') group.addEventListener('click', () => follow(pc));
  return group;
}

function inWords({ boxes, root }: TreeShown, goTo: (place: Place) => void): HTMLElement {
  const by = new Map(boxes.map((box) => [box.pc, box]));
  const way = (pc: number): string => {
    const box = by.get(pc);
    return box === undefined ? '' : box.yes < 0 ? box.text : `go to ${pc}`;
  };
  const tests = boxes.filter(({ yes }) => yes >= 0).sort((a, b) => a.pc - b.pc);
  if (tests.length === 0) return el('p', {}, `Every call gets ${by.get(root)?.text ?? 'the same answer'}.`);
  const caption = `The decision tree, test by test; it begins at ${root}${tests.length > MOST ? `. The first ${MOST} of ${tests.length} tests.` : ''}`;
  const row = ({ pc, text, note, yes, no }: TreeBox) =>
    el(
      'tr',
      {},
      el(
        'th',
        { scope: 'row' },
        button(String(pc), () => goTo({ words: '', pc }), { class: 'link' }),
      ),
      el('td', { 'data-label': 'test' }, note === '' ? text : `${text} (${note})`),
      el('td', { 'data-label': 'yes' }, way(yes)),
      el('td', { 'data-label': 'no' }, way(no)),
    );
  return el(
    'table',
    { class: 'words' },
    el('caption', tests.length > MOST ? {} : { class: 'unseen' }, caption),
    el('thead', {}, el('tr', {}, ...['At', 'Is it so?', 'If yes', 'If no'].map((h) => el('th', { scope: 'col' }, h)))),
    el('tbody', {}, ...tests.slice(0, MOST).map(row)),
  );
}
