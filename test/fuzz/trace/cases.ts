/**
 * Case numbers: a log of some dozen lines, most of them changed, read as the format of most of them, as another, or as
 * what it looks like. The same seed and number give the same case on every machine, except for every fourth case where
 * recorded logs are at hand.
 */
import { type Draw, drawFrom } from '../../../native-tests/kernel/draw.ts';
import { type Policy, parseProfile, resolvePolicy } from '../../../src/policy/index.ts';
import { Decider, TRACE_FORMATS, type TraceFormat } from '../../../src/trace/index.ts';
import { LINE_MAX } from '../../../src/trace/lines.ts';
import { judge, Wrong } from './judge.ts';
import { FAMILIES, type Family, logOf, mutate } from './mutate.ts';
import { BY_HAND, type Lines, recorded } from './seeds.ts';

export interface Plan {
  readonly byHand: readonly Lines[];
  readonly recorded: readonly Lines[];
  readonly policy: Policy;
}

/** Looks at arguments of many calls, in both widths. */
const PROFILE = `{ "defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], "syscalls": [
  { "names": ["read", "write", "openat", "execve", "futex"], "action": "SCMP_ACT_ALLOW" },
  { "names": ["socket", "ioctl"], "action": "SCMP_ACT_ALLOW", "args": [{ "index": 0, "value": 2, "op": "SCMP_CMP_LE" }] },
  { "names": ["clone", "mmap"], "action": "SCMP_ACT_ALLOW", "args": [{ "index": 2, "value": 7, "valueTwo": 3, "op": "SCMP_CMP_MASKED_EQ" }] },
  { "names": ["getpid"], "action": "SCMP_ACT_KILL_PROCESS" }, { "names": ["close"], "action": "SCMP_ACT_LOG" } ] }`;

export function makePlan(withRecorded: boolean): Plan {
  return {
    byHand: BY_HAND,
    recorded: withRecorded ? recorded() : [],
    policy: resolvePolicy(parseProfile(PROFILE), { arches: ['x86_64', 'i386'] }),
  };
}

export interface Failure {
  readonly number: number;
  readonly what: string;
  readonly recipe: readonly string[];
  readonly bytes: Uint8Array;
}

/** What a stretch of cases came to. */
export interface Tally {
  cases: number;
  /** Lines in all, and those that were changed. */
  lines: number;
  changed: number;
  /** Of a mutation: lines, and how many cases with it gave calls. */
  readonly families: Map<string, { cases: number; accepted: number }>;
  readonly codes: Map<string, number>;
  /** By format: calls, unread lines. */
  readonly done: Map<string, number>;
  readonly failures: Failure[];
}

export function newTally(): Tally {
  const families = new Map<string, { cases: number; accepted: number }>(
    FAMILIES.map((family: Family) => [family, { cases: 0, accepted: 0 }]),
  );
  return { cases: 0, lines: 0, changed: 0, families, codes: new Map(), done: new Map(), failures: [] };
}

const RECORDED = 4;
const [FEW, MANY] = [20, 80];

interface Log {
  readonly bytes: Buffer;
  readonly format: TraceFormat | undefined;
  readonly lines: number;
  readonly changed: number;
  readonly families: ReadonlySet<Family>;
  readonly recipe: readonly string[];
}

function logFor(plan: Plan, number: number, draw: Draw): Log {
  const isRecorded = number % RECORDED === RECORDED - 1 && plan.recorded.length > 0;
  const own = draw.pick(isRecorded ? plan.recorded : plan.byHand);
  const any = () => draw.pick(draw.pick(plan.byHand).lines);
  const [kept, order] = [draw.pick([0, 2, 10, 11]), draw.pick([6, 60])];
  const families = new Set<Family>();
  const lines: Buffer[] = [];
  let changed = 0;
  const count = FEW + draw.below(MANY - FEW);
  let next = draw.below(own.lines.length);
  for (let i = 0; i < count; i++) {
    // Mostly in the order of the recorder: a half of a call finds its other half.
    next = draw.oneIn(order) ? draw.below(own.lines.length) : (next + 1) % own.lines.length;
    const line = draw.oneIn(2 * order) ? any() : (own.lines[next] as Buffer);
    if (draw.below(12) < kept) {
      lines.push(line);
      continue;
    }
    const made = mutate(line, draw, any);
    for (const family of made.families) families.add(family);
    lines.push(made.line);
    changed += 1;
  }
  const bytes = logOf(lines, draw, LINE_MAX - 2 + draw.below(6));
  const format = draw.pick([own.format, own.format, own.format, draw.pick(TRACE_FORMATS), undefined, undefined]);
  const recipe = [own.name, `${count} lines, ${changed} changed, read as ${format ?? 'what it is'}`];
  return { bytes, format, lines: count, changed, families, recipe };
}

/** Every so many cases are replayed, too. */
const REPLAYED = 8;

/** One case; what is wrong with it goes into the tally. Returns what was done. */
export async function runCase(plan: Plan, seed: number, number: number, tally: Tally): Promise<readonly string[]> {
  const draw = drawFrom(Math.imul(number + 1, 0x85ebca6b) ^ seed);
  const log = logFor(plan, number, draw);
  tally.cases += 1;
  tally.lines += log.lines;
  tally.changed += log.changed;
  const add = (map: Map<string, number>, key: string, n: number) => map.set(key, (map.get(key) ?? 0) + n);
  try {
    const decider = number % REPLAYED === 0 ? new Decider(plan.policy) : undefined;
    const { calls, unread, code } = await judge(log.bytes, { format: log.format }, draw, decider);
    for (const family of log.families) {
      const sums = tally.families.get(family)!;
      sums.cases += 1;
      if (calls > 0) sums.accepted += 1;
    }
    if (code !== undefined) add(tally.codes, code, 1);
    add(tally.done, `${log.format ?? 'recognised'}: calls`, calls);
    add(tally.done, `${log.format ?? 'recognised'}: unread lines`, unread);
  } catch (error) {
    const what = error instanceof Wrong ? error.message : `the campaign itself: ${(error as Error).stack}`;
    tally.failures.push({ number, what, recipe: log.recipe, bytes: log.bytes });
  }
  return log.recipe;
}

/** The failures of a tally as one text; empty for none. */
export function failuresOf(tally: Tally): string {
  const shown = tally.failures.slice(0, 5).map((f) => `${f.number}: ${f.what}\n  ${f.recipe.join('\n  ')}`);
  return tally.failures.length === 0 ? '' : `${tally.failures.length} failed\n${shown.join('\n')}`;
}
