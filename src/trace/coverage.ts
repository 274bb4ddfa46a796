/** What of a profile a trace used: rules, names, values; and which calls it leaves open that nobody made. */
import { actionOf, DANGERS, SECCOMP_RET_ALLOW, SECCOMP_RET_LOG } from '../arch/index.ts';
import type { Condition, Policy } from '../policy/index.ts';
import { holds } from './rules.ts';
import type { Coverage, TracedCall, Verdict } from './types.ts';

export interface Hits {
  readonly verdict: Verdict;
  readonly count: number;
}

interface Rule {
  readonly names: Set<string>;
  readonly conditions: Condition[];
}

/** Every rule in force for some ABI, by its position in the profile. */
function rulesOf(policy: Policy): ReadonlyMap<number, Rule> {
  const rules = new Map<number, Rule>();
  for (const { calls } of policy.arches) {
    for (const call of calls.values()) {
      for (const { origin, conditions } of call.rules) {
        const rule = rules.get(origin.ruleIndex) ?? { names: new Set<string>(), conditions: [] };
        rules.set(origin.ruleIndex, rule);
        rule.names.add(origin.via ?? call.name);
        rule.conditions.push(...conditions);
      }
    }
  }
  return new Map([...rules].sort(([a], [b]) => a - b));
}

const isOpen = (word: number) => actionOf(word) === SECCOMP_RET_ALLOW || actionOf(word) === SECCOMP_RET_LOG;

export function coverageOf(policy: Policy, hits: readonly Hits[]): Coverage {
  const made = new Map<string, TracedCall[]>();
  for (const { verdict } of hits) made.set(verdict.call.name, [...(made.get(verdict.call.name) ?? []), verdict.call]);
  const rules = [...rulesOf(policy)].map(([ruleIndex, rule]) => {
    const own = hits.filter(({ verdict }) => verdict.rules.includes(ruleIndex));
    const isSure = ({ verdict }: Hits) => verdict.confidence === 'exact' && verdict.rules.length === 1;
    const count = (of: readonly Hits[]) => of.reduce((n, hit) => n + hit.count, 0);
    return {
      ruleIndex,
      names: [...rule.names],
      hits: count(own.filter(isSure)),
      possibleHits: count(own.filter((hit) => !isSure(hit))),
      unused: [...rule.names].filter((name) => !made.has(name)),
      unseen: unseen(rule, made),
    };
  });
  return { rules, unusedCalls: unusedCalls(policy, made) };
}

/** Values that conditions compare with, and that no event can have had. */
function unseen(rule: Rule, made: ReadonlyMap<string, readonly TracedCall[]>): Coverage['rules'][number]['unseen'] {
  const calls = [...rule.names].flatMap((name) => made.get(name) ?? []);
  const found = new Map<string, { argIndex: number; value: bigint }>();
  for (const condition of rule.conditions) {
    const { argIndex, value, op } = condition;
    const isEquality = op === 'masked_eq' || op === 'eq' || op === 'ne';
    const equality: Condition = op === 'ne' ? { ...condition, op: 'eq' } : condition;
    if (!isEquality || calls.some((call) => holds(equality, call.args[argIndex]) !== 'no')) continue;
    found.set(`${argIndex}:${value}`, { argIndex, value });
  }
  return [...found.values()];
}

/** Calls that rules let through, for some arguments at least, and that no event had; the dangerous ones first. */
function unusedCalls(policy: Policy, made: ReadonlyMap<string, unknown>): Coverage['unusedCalls'] {
  const open = new Map<string, string[]>();
  for (const { arch, calls } of policy.arches) {
    for (const call of calls.values()) {
      if (made.has(call.name) || !call.rules.some((rule) => isOpen(rule.action))) continue;
      open.set(call.name, [...(open.get(call.name) ?? []), arch.name]);
    }
  }
  return [...open]
    .map(([name, arches]) => {
      const danger = DANGERS.get(name);
      return { name, arches, danger: danger?.grade ?? 0, ...(danger && { why: danger.why }) };
    })
    .sort((a, b) => b.danger - a.danger || (a.name < b.name ? -1 : 1));
}
