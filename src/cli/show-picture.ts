/** The decision tree of a program as a picture: one row or node for each instruction, an arrow for each jump. */
import { disassemble } from '../bpf/index.ts';
import type { CheckedProgram } from '../kernel/index.ts';

interface Edge {
  readonly from: number;
  readonly to: number;
  readonly when: string;
}

function edges({ insns }: CheckedProgram): readonly Edge[] {
  return insns.flatMap(({ code, jt, jf, k }, pc): Edge[] => {
    if ((code & 7) === 6) return [];
    if (code === 5) return [{ from: pc, to: pc + 1 + k, when: '' }];
    if ((code & 7) !== 5) return [{ from: pc, to: pc + 1, when: '' }];
    return [
      { from: pc, to: pc + 1 + jt, when: 'yes' },
      { from: pc, to: pc + 1 + jf, when: 'no' },
    ];
  });
}

/** One line for each instruction: labels and remarks of the listing belong to the line behind them. */
function lines(program: CheckedProgram): readonly string[] {
  const listing = disassemble(program).split('\n');
  const own = listing
    .map((line) => line.replace(/^\s*\w+:\s*/, '').trim())
    .filter((line) => line !== '' && !/^[;#]/.test(line));
  return own.length === program.length
    ? own
    : program.insns.map((i) => `${i.code} ${i.jt} ${i.jf} 0x${i.k.toString(16)}`);
}

export function toDot(program: CheckedProgram): string {
  const nodes = lines(program).map((line, pc) => `  n${pc} [label=${JSON.stringify(`${pc}: ${line}`)}];`);
  const arrows = edges(program).map(
    ({ from, to, when }) => `  n${from} -> n${to}${when === '' ? '' : ` [label=${when}]`};`,
  );
  return ['digraph filter {', '  node [shape=box, fontname=monospace];', ...nodes, ...arrows, '}', ''].join('\n');
}

const ROW = 20;
const LEFT = 560;
const xml = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

export function toSvg(program: CheckedProgram): string {
  const y = (pc: number) => 20 + pc * ROW;
  const jumps = edges(program).filter(({ from, to }) => to !== from + 1);
  const reach = (e: Edge) => 20 + Math.min(220, (e.to - e.from) * 6);
  const paths = jumps.map((e) => {
    const x = LEFT + reach(e);
    const d = `M${LEFT} ${y(e.from)} C${x} ${y(e.from)} ${x} ${y(e.to)} ${LEFT} ${y(e.to)}`;
    return `<path class="${e.when}" d="${d}"><title>${e.from} to ${e.to}${e.when === '' ? '' : `: ${e.when}`}</title></path>`;
  });
  const texts = lines(program).map((line, pc) => `<text x="10" y="${y(pc) + 4}">${pc}: ${xml(line)}</text>`);
  const height = y(program.length);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LEFT + 260} ${height}" role="img" aria-label="Decision tree of ${program.length} instructions">`,
    '<style>text{font:13px monospace}path{fill:none;stroke:#555}path.yes{stroke:#17692b}path.no{stroke:#a11}</style>',
    `<rect width="100%" height="100%" fill="#fff"/>`,
    ...paths,
    ...texts,
    '</svg>',
    '',
  ].join('\n');
}
