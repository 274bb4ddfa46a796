/**
 * A program as a JavaScript function over the sixteen words. Each block stands behind a labelled block that ends where it
 * starts, so a forward jump is a `break`; programs with too many blocks for that (the parser recurses) become a loop over
 * a state. The text holds numbers and fixed words only: every number is formatted here from typed arrays.
 */
import { unreachable } from '../diag/index.ts';
import { type Block, blocksOf, type Exit, exitTargets } from './blocks.ts';
import type { Code } from './program.ts';

/** Beyond this many nested labels V8's parser would run out of stack. */
const MOST_LABELS = 200;

const OPERATORS: Readonly<Record<number, string>> = {
  4: '+',
  20: '-',
  68: '|',
  84: '&',
  100: '<<',
  116: '>>>',
  164: '^',
};

/** A whole number as text, whatever it was: nothing else can enter the generated code. */
const n = (value: number): string => String(value >>> 0);

function statement(code: number, k: number): string {
  const operand = code & 0x08 ? 'x' : n(k);
  switch (code & ~0x08) {
    case 0x04:
    case 0x14:
    case 0x44:
    case 0x54:
    case 0x64:
    case 0x74:
    case 0xa4:
      return `a=(a${OPERATORS[code & ~0x08]}${operand})>>>0;`;
    case 0x24:
      return `a=Math.imul(a,${operand})>>>0;`;
    case 0x34:
      return code & 0x08 ? 'if(x===0)return 0;a=a/x>>>0;' : `a=a/${n(k)}>>>0;`;
    case 0x84:
      return 'a=-a>>>0;';
    default:
  }
  switch (code) {
    case 0x20:
      return `a=w[${n(k >>> 2)}];`;
    case 0x00:
      return `a=${n(k)};`;
    case 0x01:
      return `x=${n(k)};`;
    case 0x60:
      return `a=m${n(k)};`;
    case 0x61:
      return `x=m${n(k)};`;
    case 0x80:
      return 'a=64;';
    case 0x81:
      return 'x=64;';
    case 0x02:
      return `m${n(k)}=a;`;
    case 0x03:
      return `m${n(k)}=x;`;
    case 0x07:
      return 'x=a;';
    case 0x87:
      return 'a=x;';
    default:
      return unreachable(`opcode ${code} passed the checker`);
  }
}

function condition(code: number, k: number): string {
  const operand = code & 0x08 ? 'x' : n(k);
  switch (code & ~0x08) {
    case 0x15:
      return `a===${operand}`;
    case 0x25:
      return `a>${operand}`;
    case 0x35:
      return `a>=${operand}`;
    case 0x45:
      return `(a&${operand})!==0`;
    default:
      return unreachable(`opcode ${code} is no jump`);
  }
}

function exitText(exit: Exit, go: (target: number) => string): string {
  switch (exit.kind) {
    case 'ret':
      return `return ${n(exit.k)};`;
    case 'ret-a':
      return 'return a;';
    case 'goto':
      return go(exit.target);
    case 'branch':
      return `if(${condition(exit.code, exit.k)}){${go(exit.yes)}}else{${go(exit.no)}}`;
    case 'switch': {
      const byTarget = new Map<number, number[]>();
      for (const { k, target } of exit.keys) byTarget.set(target, [...(byTarget.get(target) ?? []), k]);
      const cases = [...byTarget].map(([target, keys]) => `${keys.map((k) => `case ${n(k)}:`).join('')}${go(target)}`);
      return `switch(a){${cases.join('')}default:${go(exit.no)}}`;
    }
    default:
      return exit satisfies never;
  }
}

function straight({ code, k }: Code, block: Block): string {
  let text = '';
  for (let pc = block.start; pc < block.end; pc++) text += statement(code[pc] ?? 0, k[pc] ?? 0);
  return text;
}

/** A jump to a block that only returns is the return itself. */
function shortcut(blocks: readonly Block[]): ReadonlyMap<number, string> {
  const returns = new Map<number, string>();
  for (const { start, end, exit } of blocks) {
    if (start === end && exit.kind === 'ret') returns.set(start, `return ${n(exit.k)};`);
  }
  return returns;
}

function labelled(program: Code, blocks: readonly Block[], returns: ReadonlyMap<number, string>): string {
  const targets = new Set(blocks.flatMap((b) => exitTargets(b.exit)).filter((t) => !returns.has(t)));
  const labels = blocks.map((b) => b.start).filter((start) => targets.has(start));
  const opening = labels
    .toReversed()
    .map((start) => `L${n(start)}:{`)
    .join('');
  const bodies = blocks
    .filter((b) => !returns.has(b.start))
    .map((b) => {
      const closing = targets.has(b.start) ? '}' : '';
      return `${closing}${straight(program, b)}${exitText(b.exit, (t) => returns.get(t) ?? `break L${n(t)};`)}\n`;
    });
  return opening + bodies.join('');
}

function stateMachine(program: Code, blocks: readonly Block[], returns: ReadonlyMap<number, string>): string {
  const cases = blocks
    .filter((b) => !returns.has(b.start))
    .map(
      (b) =>
        `case ${n(b.start)}:${straight(program, b)}${exitText(b.exit, (t) => returns.get(t) ?? `s=${n(t)};continue;`)}\n`,
    );
  return `let s=0;for(;;)switch(s){${cases.join('')}}`;
}

/** The body of a function of `w` (sixteen words) that returns the result word. */
export function javascriptOf(program: Code): string {
  const blocks = blocksOf(program);
  const returns = shortcut(blocks);
  const slots = [
    ...new Set([...program.code].map((c, pc) => (c === 0x02 || c === 0x03 ? (program.k[pc] ?? 0) : -1))),
  ].filter((s) => s >= 0);
  const variables = ['a=0', 'x=0', ...slots.map((slot) => `m${n(slot)}=0`)].join(',');
  const form = blocks.length > MOST_LABELS ? stateMachine : labelled;
  // Block 0 may itself be a plain return.
  return `'use strict';let ${variables};${returns.get(0) ?? ''}${form(program, blocks, returns)}`;
}
