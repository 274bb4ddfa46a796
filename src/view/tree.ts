/**
 * The decision tree of a program: each test with the two ways on, each answer. What a test looks at is followed forward
 * through the loads before it (jumps lead ahead only, so one pass sees every way); where two ways arrive with different
 * words in A it is called A. Knows architecture and number where every way there has tested them, so that a number has its
 * call's name and a value its constant's.
 */
import { nameOfValue, parametersOf } from '../arch/constants.ts';
import { archesOfAudit, describeWord, X32_SYSCALL_BIT } from '../arch/index.ts';
import { decode, type Insn, wordName } from '../bpf/index.ts';
import type { CheckedProgram } from '../kernel/index.ts';
import { type Endian, hex } from '../num/index.ts';
import { nameOf } from './call.ts';

/** `pc` is that of the first instruction; a test ends with the jump at `jump`. */
export type TreeNode =
  | {
      readonly kind: 'test';
      readonly pc: number;
      readonly jump: number;
      /** 'nr ≥ 135'. */
      readonly text: string;
      /** 'personality', 'family AF_ALG'; '' where there is nothing to say. */
      readonly note: string;
      readonly yes: number;
      readonly no: number;
    }
  | { readonly kind: 'return'; readonly pc: number; readonly text: string; readonly word?: number | undefined };

export interface Tree {
  /** By `pc`; the root is the one of `root`. */
  readonly nodes: ReadonlyMap<number, TreeNode>;
  readonly root: number;
  /** Tests that more than one way leads to, ascending. */
  readonly shared: readonly number[];
}

/** What is known before an instruction on every way there. */
interface Known {
  /** What A holds: 'nr', 'args[0] low & 0xff'. */
  readonly a: string;
  readonly token?: number | undefined;
  readonly nr?: number | undefined;
}

/** What is left of an x32 number. */
const WITHOUT_X32 = 0xbfff_ffff;
const X32_NR = 'x32 nr';
const UNKNOWN: Known = { a: 'A' };
const OPERATORS = { jeq: '=', jgt: '>', jge: '≥', jset: '&' } as const;
const ALU: Readonly<Record<string, string>> = {
  and: '&',
  or: '|',
  xor: '^',
  lsh: '<<',
  rsh: '>>',
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
};

type Jump = Extract<Insn, { readonly op: keyof typeof OPERATORS }>;

function merged(a: Known | undefined, b: Known): Known {
  if (a === undefined) return b;
  return {
    a: a.a === b.a ? a.a : 'A',
    token: a.token === b.token ? a.token : undefined,
    nr: a.nr === b.nr ? a.nr : undefined,
  };
}

/** A after an instruction that is no jump. */
function after(insn: Insn, a: string, endian: Endian): string {
  switch (insn.op) {
    case 'ld':
      if (insn.mode === 'abs') return wordName(insn.off, endian) ?? 'A';
      if (insn.mode === 'imm') return hex(insn.k);
      return insn.mode === 'mem' ? `M[${insn.slot}]` : 'A';
    case 'st':
    case 'stx':
    case 'ldx':
    case 'tax':
      return a;
    default: {
      const operator = ALU[insn.op];
      if (a === 'nr' && insn.op === 'and' && insn.source === 'k' && insn.k === WITHOUT_X32) return X32_NR;
      if (operator === undefined || !('k' in insn) || insn.source !== 'k') return 'A';
      return `${a.includes(' & ') ? `(${a})` : a} ${operator} ${hex(insn.k)}`;
    }
  }
}

function valueText({ a }: Known, k: number): string {
  if (a === 'arch')
    return (
      archesOfAudit(k)
        .map(({ name }) => name)
        .join(' or ') || hex(k)
    );
  if (a === X32_NR) return String(k);
  return a === 'nr' ? (k >= X32_SYSCALL_BIT ? hex(k) : String(k)) : hex(k);
}

/** What a value is called, where that is known. */
function noteOf({ a, token, nr }: Known, k: number, op: Jump['op']): string {
  const arch = token === undefined ? undefined : archesOfAudit(token)[0];
  if (arch === undefined) return '';
  if (op === 'jset' && (a === 'nr' || a === X32_NR)) return k === X32_SYSCALL_BIT ? 'x32' : '';
  if (a === 'nr' || a === X32_NR) return nameOf(arch, a === 'nr' ? k : (k | X32_SYSCALL_BIT) >>> 0) ?? '';
  const argIndex = Number(/^args\[(\d)\] low/.exec(a)?.[1] ?? Number.NaN);
  const call = nr === undefined ? undefined : nameOf(arch, nr);
  const parameter = call === undefined ? undefined : parametersOf(call.replace(/^x32 /, ''), arch)[argIndex];
  if (parameter === undefined) return '';
  const value = parameter.family && k !== 0 ? nameOfValue(parameter.family, BigInt(k), arch) : undefined;
  return value === undefined ? parameter.name : `${parameter.name} ${value}`;
}

const isTest = (insn: Insn | undefined): insn is Jump => insn !== undefined && insn.op in OPERATORS;

/** What is known before each instruction that can be reached. */
function knownBefore(decoded: readonly (Insn | undefined)[], endian: Endian): readonly (Known | undefined)[] {
  const known: (Known | undefined)[] = [UNKNOWN];
  const flow = (to: number, what: Known): void => {
    known[to] = merged(known[to], what);
  };
  for (const [pc, insn] of decoded.entries()) {
    const here = known[pc];
    if (here === undefined || insn === undefined || insn.op === 'ret') continue;
    if (insn.op === 'ja') flow(pc + 1 + insn.skip, here);
    else if (isTest(insn)) {
      const isValue = insn.op === 'jeq' && insn.source === 'k';
      const told = !isValue ? {} : here.a === 'arch' ? { token: insn.k } : here.a === 'nr' ? { nr: insn.k } : {};
      flow(pc + 1 + insn.jt, { ...here, ...told });
      flow(pc + 1 + insn.jf, here);
    } else flow(pc + 1, { ...here, a: after(insn, here.a, endian) });
  }
  return known;
}

/** The tree of a program that the kernel accepts. */
export function treeOf({ insns, endian }: CheckedProgram): Tree {
  const decoded = insns.map(decode);
  const known = knownBefore(decoded, endian);
  const start = (pc: number): number => {
    let at = pc;
    for (let insn = decoded[at]; insn?.op === 'ja'; insn = decoded[at]) at += 1 + insn.skip;
    return at;
  };
  const nodeAt = (pc: number): TreeNode => {
    let at = pc;
    let here = known[pc] ?? UNKNOWN;
    for (;;) {
      const insn = decoded[at];
      if (insn?.op === 'ret') {
        const fixed = insn.source === 'k';
        return {
          kind: 'return',
          pc,
          text: fixed ? describeWord(insn.k) : `the word in ${here.a}`,
          ...(fixed && { word: insn.k }),
        };
      }
      if (isTest(insn)) {
        const value = insn.source === 'k' ? valueText(here, insn.k) : 'X';
        const note = insn.source === 'k' ? noteOf(here, insn.k, insn.op) : '';
        const ways = { yes: start(at + 1 + insn.jt), no: start(at + 1 + insn.jf) };
        return {
          kind: 'test',
          pc,
          jump: at,
          text: `${here.a} ${OPERATORS[insn.op]} ${value}${insn.op === 'jset' ? ' ≠ 0' : ''}`,
          note,
          ...ways,
        };
      }
      if (insn !== undefined && insn.op !== 'ja') here = { ...here, a: after(insn, here.a, endian) };
      at = insn?.op === 'ja' ? start(at) : at + 1;
    }
  };
  const nodes = new Map<number, TreeNode>();
  const ways = new Map<number, number>();
  const root = start(0);
  const waiting = [root];
  for (let pc = waiting.pop(); pc !== undefined; pc = waiting.pop()) {
    if (nodes.has(pc)) continue;
    const node = nodeAt(pc);
    nodes.set(pc, node);
    if (node.kind === 'return') continue;
    for (const to of [node.yes, node.no]) {
      ways.set(to, (ways.get(to) ?? 0) + 1);
      waiting.push(to);
    }
  }
  const shared = [...nodes.values()].filter(({ kind, pc }) => kind === 'test' && (ways.get(pc) ?? 0) > 1);
  return { nodes, root, shared: shared.map(({ pc }) => pc).sort((a, b) => a - b) };
}

/** The nodes that a call passes, by the instructions that it runs (`trace`). */
export function nodesOnPath({ nodes, root }: Tree, pcs: readonly number[]): readonly number[] {
  const found: number[] = [];
  for (let pc: number | undefined = root; pc !== undefined; ) {
    const node = nodes.get(pc);
    found.push(pc);
    if (node === undefined || node.kind === 'return') break;
    const { jump, yes, no } = node;
    // Between a jump and where it leads lie unconditional jumps alone, and no node begins with one.
    pc = pcs.slice(pcs.indexOf(jump) + 1).find((at) => at === yes || at === no);
  }
  return found;
}
