/**
 * Where the boxes of a decision tree stand. Of the two ways on from a test, the one with fewer tests goes to the right, in
 * the same row; the other one goes on below, in the same column. So a tree of n tests is at most log2(n) columns wide, and a
 * list of a thousand comparisons is one column. What leads to the right from one column begins at one line. What is
 * too large to go to the right, what several ways lead to, and what an architecture begins with stands as a tree of its own
 * further down, and the ways lead to its number.
 */
import type { TreeBox, TreeShown } from '../protocol.ts';

export interface Placed {
  readonly pc: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly text: string;
  readonly note: string;
  readonly look: 'test' | 'answer' | 'reference';
  readonly effect: string;
  /** The test that leads to it here; -1 where a tree begins. */
  readonly from: number;
}

export interface Way {
  readonly from: number;
  readonly to: number;
  readonly label: 'yes' | 'no';
  /** 'right': along a row; 'down': along a column. */
  readonly go: 'right' | 'down';
  readonly x: number;
  readonly y: number;
  readonly length: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Placed[];
  readonly ways: readonly Way[];
  /** Where the trees behind the first one begin. */
  readonly titles: readonly { readonly pc: number; readonly y: number; readonly text: string }[];
}

export const HEIGHT = 26;
const ROW = 42;
const GAP = 40;
const MARGIN = 12;
/** A tree of more tests does not go to the right. */
const MOST_RIGHT = 8;
const CHARACTER = 7.3;
/** From the left edge of a box to the line that leads down from it. */
const INDENT = 18;

/** Boxes below one another. */
interface Column {
  /** Whose boxes lead to it. */
  readonly left: Column | undefined;
  /** Of its widest box. */
  width: number;
  x: number;
}

interface Cell {
  readonly box: TreeBox;
  readonly column: Column;
  readonly row: number;
  readonly look: Placed['look'];
}

interface Link {
  readonly from: Cell;
  readonly to: Cell;
  readonly label: Way['label'];
  readonly go: Way['go'];
}

const label = ({ text, note }: TreeBox): string => (note === '' ? text : `${text}  ${note}`);

const textOf = ({ box, look }: Cell): string => (look === 'reference' ? `to ${box.pc}` : label(box));
const widthOf = (cell: Cell): number => 20 + Math.ceil(textOf(cell).length * CHARACTER);

/** 'nr < 200' of 'nr ≥ 200'. */
function opposite(text: string): string {
  return text.replace(/ (=|≥|>|≠)(?= \S+(?: or \S+)*$)/, (_, sign: keyof typeof TURNED) => ` ${TURNED[sign]}`);
}

const TURNED = { '=': '≠', '≥': '<', '>': '≤', '≠': '=' } as const;

class Trees {
  readonly #boxes: ReadonlyMap<number, TreeBox>;
  readonly #sizes = new Map<number, number>();
  /** Each behind the one that leads to it. */
  readonly columns: Column[] = [];
  readonly cells: Cell[] = [];
  /** Too large to go to the right of where they belong. */
  apart: { readonly pc: number; readonly title: string }[] = [];
  readonly links: Link[] = [];

  constructor(boxes: readonly TreeBox[]) {
    this.#boxes = new Map(boxes.map((box) => [box.pc, box]));
    // Ways lead ahead only, so whatever a test leads to has its size before the test.
    for (const box of [...boxes].sort((a, b) => b.pc - a.pc)) {
      if (box.yes >= 0) this.#sizes.set(box.pc, 1 + this.#size(box.yes) + this.#size(box.no));
    }
  }

  /** Tests below and with this one, as far as they stand in the same tree. */
  #size(pc: number): number {
    return this.#boxes.get(pc)?.title ? 0 : (this.#sizes.get(pc) ?? 0);
  }

  /** Places the tree of a test; the row behind it comes back. */
  place(pc: number, row: number): number {
    const root = this.#cell(pc, this.#column(undefined), row, 'test');
    return root === undefined ? row : this.#grow(root);
  }

  #grow(root: Cell): number {
    let from = root;
    for (;;) {
      const { box, column, row } = from;
      if (from.look !== 'test') return row + 1;
      const isYesRight = this.#size(box.yes) <= this.#size(box.no);
      const [right, down] = isYesRight ? [box.yes, box.no] : [box.no, box.yes];
      const isApart = this.#size(right) > MOST_RIGHT;
      if (isApart) this.apart.push({ pc: right, title: `where ${isYesRight ? box.text : opposite(box.text)}` });
      const beside = this.#cell(right, this.#column(column), row, isApart ? 'reference' : undefined);
      if (beside === undefined) return row + 1;
      this.links.push({ from, to: beside, label: isYesRight ? 'yes' : 'no', go: 'right' });
      const next = this.#grow(beside);
      const below = this.#cell(down, column, next);
      if (below === undefined) return next;
      this.links.push({ from, to: below, label: isYesRight ? 'no' : 'yes', go: 'down' });
      from = below;
    }
  }

  #column(left: Column | undefined): Column {
    const column: Column = { left, width: 0, x: MARGIN };
    this.columns.push(column);
    return column;
  }

  #cell(pc: number, column: Column, row: number, given?: Placed['look']): Cell | undefined {
    const box = this.#boxes.get(pc);
    if (box === undefined) return undefined;
    const look = box.yes < 0 ? 'answer' : (given ?? (box.title === '' ? 'test' : 'reference'));
    const cell: Cell = { box, column, row, look };
    column.width = Math.max(column.width, widthOf(cell));
    this.cells.push(cell);
    return cell;
  }
}

export function layoutOf({ boxes, root }: TreeShown): Layout {
  const trees = new Trees(boxes);
  const roots: { readonly pc: number; readonly title: string }[] = boxes
    .filter(({ title, pc }) => title !== '' || pc === root)
    .sort((a, b) => a.pc - b.pc);
  const titles: { pc: number; y: number; text: string }[] = [];
  let row = 0;
  for (let next = roots.shift(); next !== undefined; next = roots.shift()) {
    const { pc, title } = next;
    if (pc !== root) {
      titles.push({ pc, y: MARGIN + row * ROW + ROW / 2, text: `${pc}, ${title}` });
      row += 1;
    }
    row = trees.place(pc, row);
    roots.unshift(...trees.apart);
    trees.apart = [];
  }
  for (const column of trees.columns) {
    if (column.left !== undefined) column.x = column.left.x + column.left.width + GAP;
  }
  const leading = new Map(trees.links.map(({ from, to }) => [to, from.box.pc]));
  const at = new Map<Cell, Placed>();
  for (const cell of trees.cells) {
    const { box, column, row: line, look } = cell;
    const isReference = look === 'reference';
    at.set(cell, {
      pc: box.pc,
      x: column.x,
      y: MARGIN + line * ROW,
      width: widthOf(cell),
      text: isReference ? `to ${box.pc}` : box.text,
      note: isReference ? '' : box.note,
      look,
      effect: box.effect ?? '',
      from: leading.get(cell) ?? -1,
    });
  }
  const ways = trees.links.map(({ from, to, label: word, go }): Way => {
    const [a, b] = [at.get(from) as Placed, at.get(to) as Placed];
    const ends = { from: from.box.pc, to: to.box.pc, label: word, go };
    if (go === 'right') return { ...ends, x: a.x + a.width, y: a.y + HEIGHT / 2, length: b.x - a.x - a.width };
    return { ...ends, x: a.x + INDENT, y: a.y + HEIGHT, length: b.y - a.y - HEIGHT };
  });
  const placed = [...at.values()];
  return {
    width: MARGIN + Math.max(0, ...placed.map(({ x, width }) => x + width)),
    height: MARGIN + row * ROW,
    boxes: placed,
    ways,
    titles,
  };
}
