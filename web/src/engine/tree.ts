/** The decision tree for the page: what stands as a tree of its own has a title. */
import type { Tree } from '../../../src/view/index.ts';
import type { TreeShown } from '../protocol.ts';
import { effectOf } from './shown.ts';

export function treeShown({ nodes, root, shared }: Tree): TreeShown {
  const titles = new Map(shared.map((pc) => [pc, 'where several ways meet']));
  for (const node of nodes.values()) {
    if (node.kind !== 'test' || !node.text.startsWith('arch = ') || nodes.get(node.yes)?.kind !== 'test') continue;
    titles.set(node.yes, `on ${node.text.slice('arch = '.length)}`);
  }
  const boxes = [...nodes.values()].map((node) => {
    const { pc, text } = node;
    const title = titles.get(pc) ?? '';
    if (node.kind === 'test') return { pc, text, note: node.note, yes: node.yes, no: node.no, title };
    const effect = node.word === undefined ? undefined : effectOf(node.word);
    return { pc, text, note: '', effect, yes: -1, no: -1, title: '' };
  });
  return { root, boxes };
}
