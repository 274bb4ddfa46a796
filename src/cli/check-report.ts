/** What `seccompc check` shows besides the verdict: the log of the checker (--log) and what the filter costs (--cost). */
import { list as listing, type RawInsn } from '../bpf/index.ts';
import { checkLog } from '../kernel/index.ts';
import type { Endian } from '../num/index.ts';
import type { Cost } from '../view/index.ts';

const slots = (mask: number): string =>
  mask === 0xffff
    ? 'all'
    : [...Array(16).keys()]
        .filter((i) => mask & (1 << i))
        .map((i) => `M${i}`)
        .join(' ') || 'none';

/** One line for each instruction: what it is, what was asked of it, which slots are stored before it. */
export function logLines(insns: readonly RawInsn[], endian: Endian): readonly string[] {
  const { lines, refusal } = checkLog(insns);
  const texts = listing(insns, endian);
  return lines.map(({ pc, asked, stored }) => {
    const mark = refusal?.pc === pc ? '!!' : '  ';
    const memory = stored === undefined ? '' : `; stored: ${slots(stored)}`;
    return `${mark}${String(pc).padStart(5)}: ${(texts[pc]?.text ?? '').padEnd(30)} ${asked.join(', ')}${memory}`;
  });
}

export function costLines(cost: Cost): readonly string[] {
  const lines = [
    `  ${cost.instructions} instructions, ${cost.ebpfLength} after conversion to eBPF; ${cost.budgetLeft} of 32768 left for further filters`,
    `  longest path: ${cost.longestPath} instructions`,
  ];
  if (cost.arches.length === 0)
    lines.push('  the program asks for no architecture: name one with --arch for the cost of its calls');
  for (const a of cost.arches) {
    const why = a.arch === 'x32' ? ' (the kernel caches no x32 call)' : '';
    lines.push(`  ${a.arch}: ${a.cached} of ${a.calls} calls never run the filter on Linux 5.11 and later${why}`);
    if (a.allowedUncached.length > 0 && a.arch !== 'x32') {
      lines.push(`    allowed, yet not cached: ${a.allowedUncached.join(', ')}`);
    }
    for (const c of a.argumentChecked)
      lines.push(`    ${c.name} looks at arguments: ${c.steps} instructions when they are 0`);
  }
  return lines;
}
