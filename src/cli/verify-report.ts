/** What `seccompc verify` found, as lines and as data. */
import { describeWord } from '../arch/index.ts';
import { describeCall } from '../assert/index.ts';
import { forTerminal } from '../diag/index.ts';
import { threadText } from '../host/process-refusal.ts';
import type { ThreadStatus } from '../host/process-status.ts';
import { tally } from '../view/index.ts';
import { carriedText, modeOf } from './carried.ts';
import { groupData, groupLines } from './diff-show.ts';
import { outsideLine } from './prove.ts';
import type { Comparison, Expected } from './verify-compare.ts';
import { noNewPrivs, threadList } from './verify-confined.ts';

/** More groups of changes than this are for `seccompc diff`. */
const MOST_GROUPS = 20;
const MOST_FILTERS = 20;

export function confinedLines(threads: readonly ThreadStatus[]): readonly string[] {
  const [first] = threads;
  if (first === undefined) return [];
  const main = threads.find(({ tid, pid }) => tid === pid) ?? first;
  const filtered = threads.filter((thread) => modeOf(thread) === 'filter');
  const numbers = [...new Set(filtered.map(({ filters }) => filters))];
  const [number] = numbers;
  const carried = number === undefined || numbers.length > 1 ? 'filters' : `${number} filter${number === 1 ? '' : 's'}`;
  const each = carried !== 'filters' && filtered.length > 1 ? ' each' : '';
  const privileges = { unknown: 'unknown', true: 'set', false: 'not set' }[String(noNewPrivs(threads) ?? 'unknown')];
  return [
    `${forTerminal(threadText(main))}: ${countText(threads, filtered)} ${carried}${each}; no_new_privs is ${privileges}`,
  ];
}

/** '3 threads, 2 of them with'. */
function countText(all: readonly ThreadStatus[], filtered: readonly ThreadStatus[]): string {
  const count = all.length === 1 ? '1 thread' : `${all.length} threads`;
  if (filtered.length === all.length) return `${count} with`;
  return filtered.length === 0 ? `${count} without` : `${count}, ${filtered.length} of them with`;
}

/** 'looser', 'tighter', 'other data', or several of these. */
export function directionOf({ groups }: Comparison): readonly string[] {
  const kinds = new Set(groups.map(({ kind }) => kind));
  return [
    ...(kinds.has('LOOSENED') ? ['looser'] : []),
    ...(kinds.has('TIGHTENED') ? ['tighter'] : []),
    ...(kinds.has('CHANGED') ? ['other data'] : []),
  ];
}

function whoText(threads: readonly ThreadStatus[], isAll: boolean): string {
  if (isAll) return threads.length === 1 ? 'it carries' : 'every thread carries';
  return threads.length === 1
    ? `thread ${threads[0]?.tid} carries`
    : `threads ${threadList(threads.map(({ tid }) => tid))} carry`;
}

/** `isAll`: there are no other threads. */
export function comparisonLines(comparison: Comparison, expected: Expected, isAll: boolean): readonly string[] {
  const { name, what, subject } = expected;
  const { threads, filters, equal, undecided, outside, groups, equalAlone, otherArches } = comparison;
  const side = `${forTerminal(name)} (${what})`;
  const head = [
    `${whoText(threads, isAll)}:`,
    ...filters.slice(0, MOST_FILTERS).map((filter) => `  filter ${filter.index}: ${carriedText(filter)}`),
    ...(filters.length > MOST_FILTERS ? [`  and ${filters.length - MOST_FILTERS} more`] : []),
  ];
  if (undecided !== undefined) return [...head, `undecided: ${undecided}. Nothing is claimed.`];
  const together = filters.length === 1 ? 'it gives' : 'together they give';
  if (equal) {
    return [
      ...head,
      `equal to ${side}: ${together} every call the same word, for all 2^512 inputs`,
      ...(outside ? [outsideLine(outside)] : []),
    ];
  }
  const shown = groups.slice(0, MOST_GROUPS);
  const more = groups.length - shown.length;
  return [
    ...head,
    `NOT EQUAL to ${side}: ${directionOf(comparison).join(', ')} (${tally(groups)})`,
    ...counterexampleLines(comparison),
    ...equalAlone.map((index) => `  filter ${index} alone is equal to it: the others make the whole tighter`),
    ...(otherArches && 'arches' in subject
      ? [
          `  the filters are for ${otherArches.join(', ')}: --arch ${otherArches.join(',')} reads the profile for the same`,
        ]
      : []),
    ...shown.flatMap((group) => ['', ...groupLines(group)]),
    ...(more > 0 ? ['', `${more} more; seccompc dump and seccompc diff show all`] : []),
  ];
}

function counterexampleLines({ groups }: Comparison): readonly string[] {
  const example = groups[0]?.example;
  if (example === undefined) return [];
  const [wanted, carried] = example.words;
  return [`  ${describeCall(example.data)}: should get ${describeWord(wanted)}, gets ${describeWord(carried)}`];
}

export function threadData({ tid, name, seccomp, filters, noNewPrivs: set }: ThreadStatus): Record<string, unknown> {
  const mode = modeOf({ seccomp } as ThreadStatus);
  return { tid, name, mode, filters: filters ?? null, noNewPrivs: set ?? null };
}

export function comparisonData(comparison: Comparison): Record<string, unknown> {
  const { threads, filters, equal, undecided, groups, equalAlone, otherArches } = comparison;
  return {
    threads: threads.map(({ tid }) => tid),
    filters: filters.map(({ index, insns, bytes, log }) => ({ index, length: insns.length, bytes: bytes.length, log })),
    equal: undecided === undefined ? equal : null,
    ...(undecided !== undefined && { why: undecided }),
    direction: directionOf(comparison),
    equalAlone,
    otherArches: otherArches ?? null,
    changes: groups.map(groupData),
  };
}
