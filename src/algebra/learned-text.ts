/**
 * What was learned as a profile's text, commented. Deterministic: the same traces in the same order give the same bytes.
 * File names and names of calls come from outside; they go into line comments escaped, and into strings as JSON.
 */
import { type Arch, errnoNumber, syscallNumber } from '../arch/index.ts';
import { forTerminal, withoutCommands } from '../diag/index.ts';
import { flatJson, type JsonObject } from '../policy/json-text.ts';
import type { Added, Learned, Narrowed, Seen } from './learn.ts';

const ALLOW = 'SCMP_ACT_ALLOW';
/** Names on one line of a list. */
const WIDTH = 110;

const names = (arches: readonly Arch[]): string => arches.map((a) => a.name).join(', ');
const comment = (text: string, indent = '    '): string => `${indent}// ${withoutCommands(forTerminal(text))}`;

function argsOf({ argIndex, alternatives }: Narrowed): readonly JsonObject[] {
  return alternatives.map(({ mask, value }) =>
    mask === undefined
      ? { index: argIndex, op: 'SCMP_CMP_EQ', value }
      : { index: argIndex, op: 'SCMP_CMP_MASKED_EQ', value: mask, valueTwo: value },
  );
}

/** `x-architectures` where a name exists on ABIs that were not seen to use it. */
function where(list: readonly string[], on: readonly Arch[], all: readonly Arch[]): JsonObject {
  const isFree = all.every((a) => on.includes(a) || list.every((name) => syscallNumber(a, name) === undefined));
  return isFree ? {} : { 'x-architectures': on.map((a) => a.scmp) };
}

function narrowedRules(name: string, narrowed: Narrowed, on: readonly Arch[], all: readonly Arch[]): readonly string[] {
  return argsOf(narrowed).map(
    (arg) => `    ${flatJson({ names: [name], action: ALLOW, ...where([name], on, all), args: [arg] })},`,
  );
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);
const sighting = ({ count, first, free }: Seen): string =>
  `${times(count)}, first ${first.file}:${first.line}${free === undefined ? '' : `; ${free}`}`;

function seenRules({ seen, arches: all }: Learned): readonly string[] {
  const lines: string[] = [];
  const groups = new Map<string, Seen[]>();
  for (const one of seen.filter(({ narrowed }) => narrowed === undefined)) {
    const key = flatJson(where([one.name], one.arches, all));
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  for (const [key, group] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const only = key === '{}' ? '' : `, of ${names(group[0]?.arches ?? [])} alone`;
    const widest = Math.max(...group.map(({ name }) => name.length));
    lines.push(comment(`Seen in the traces${only}.`), '    {', '      "names": [');
    for (const one of group) {
      const text = `${JSON.stringify(one.name)},`.padEnd(widest + 3);
      lines.push(`        ${comment(sighting(one), `${text} `)}`);
    }
    const rest = flatJson({ action: ALLOW, ...where([group[0]?.name ?? ''], group[0]?.arches ?? [], all) });
    lines.push('      ],', `      ${rest.slice(2, -2)},`, '    },');
  }
  for (const one of seen) {
    if (one.narrowed === undefined) continue;
    const { argIndex, what, alternatives } = one.narrowed;
    const isFlags = alternatives[0]?.mask !== undefined;
    const how = isFlags ? `without the ${what}` : `only the values of argument ${argIndex} (${what}) that were seen`;
    lines.push(comment(`${one.name}: ${sighting(one)}; ${how}.`));
    lines.push(...narrowedRules(one.name, one.narrowed, one.arches, all));
  }
  return lines;
}

function filled(list: readonly string[]): readonly string[] {
  const lines: string[] = [];
  let line = '       ';
  for (const name of list) {
    const text = ` ${JSON.stringify(name)},`;
    if (line.length + text.length > WIDTH) {
      lines.push(line);
      line = '       ';
    }
    line += text;
  }
  return [...lines, line];
}

function listRule(said: string, list: readonly string[], more: JsonObject): readonly string[] {
  return [
    comment(said),
    '    {',
    '      "names": [',
    ...filled(list),
    '      ],',
    `      ${flatJson(more).slice(2, -2)},`,
    '    },',
  ];
}

function addedRules(group: Added, all: readonly Arch[]): readonly string[] {
  const { why, names: list, arches: on, narrowed } = group;
  const said = `Not seen. ${why[0]?.toUpperCase()}${why.slice(1)}.`;
  const [name] = list;
  if (narrowed !== undefined && name !== undefined) {
    return [comment(`${said} Without ${narrowed.what}.`), ...narrowedRules(name, narrowed, on, all)];
  }
  return listRule(said, list, { action: ALLOW, ...where(list, on, all) });
}

/** Calls by ABI, where the ABIs of a profile were not seen to make the same ones. */
function differences({ arches, seen }: Learned): readonly string[] {
  if (arches.length < 2) return [];
  return arches.map((arch) => {
    const own = seen.filter((s) => s.arches.includes(arch));
    const alone = own.filter((s) => s.arches.length === 1).map(({ name }) => name);
    return `${arch.name}: ${own.length} calls${alone.length === 0 ? '' : `; seen there alone: ${alone.join(', ')}`}`;
  });
}

/**
 * The commented profile of what was learned: the same text for the same traces.
 * @param learned what `Learning.result` gave
 * @param name what the profile is for, in its first line
 * @returns JSON with comments. Never throws; words from outside are escaped.
 */
export function learnedText(learned: Learned, name: string): string {
  const { arches, sources, left, incomplete, added, enosys } = learned;
  const head = [
    `${name}: learned by seccompc from what was recorded. Calls that were not seen fail with EPERM.`,
    '',
    ...sources.map((s) => `${s.file}: ${s.calls} calls (${s.format})`),
    ...differences(learned),
    ...incomplete.map((why) => `INCOMPLETE: ${why}`),
    ...left.map((what) => `LEFT OUT: ${what}`),
  ];
  const multiplexes = arches.some((a) => ['socketcall', 'ipc'].some((m) => syscallNumber(a, m) !== undefined));
  return [
    ...head.map((line) => comment(line, '').trimEnd()),
    '{',
    '  "defaultAction": "SCMP_ACT_ERRNO",',
    '  "defaultErrnoRet": 1,',
    `  "architectures": ${flatJson(arches.map((a) => a.scmp))},`,
    ...([...learned.seen, ...added].some(({ narrowed }) => narrowed !== undefined)
      ? ['  // Arguments are compared as the kernel uses them: the low half of an int.', '  "x-argWidth": "kernel",']
      : []),
    ...(multiplexes ? ['  "x-multiplexed": "written",'] : []),
    '  "syscalls": [',
    ...seenRules(learned),
    ...added.flatMap((group) => addedRules(group, arches)),
    ...(enosys.length === 0
      ? []
      : listRule('Not seen, and not there as far as the program can tell: libraries then do without.', enosys, {
          action: 'SCMP_ACT_ERRNO',
          ...enosysErrno(arches),
        })),
    '  ],',
    '}',
    '',
  ].join('\n');
}

/** ENOSYS by its number; by its name where the ABIs number it differently. */
function enosysErrno(arches: readonly Arch[]): JsonObject {
  const numbers = new Set(arches.map((a) => errnoNumber('ENOSYS', a)));
  const [number] = numbers;
  return numbers.size === 1 && number !== undefined ? { errnoRet: number } : { errno: 'ENOSYS' };
}
