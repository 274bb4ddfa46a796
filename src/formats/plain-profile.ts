/**
 * A policy in the plain dialect, which container runtimes read: rules for all architectures at once, 64-bit comparisons, none
 * of Docker's includes and excludes and none of our keys. What capabilities, kernel version and options decided is worked in.
 *
 * Runtimes read it with libseccomp, and so does our own parser (policy/): rules for socket hold for socketcall as well, where
 * the ABI has it, so what the policy has from there is not said again. The other way round, a rule that the policy has for
 * one ABI only cannot be said. build/ proves the text equal to the policy before anybody gets it.
 */
import { type Arch, compareStrictness, syscallName, syscallNumber } from '../arch/index.ts';
import { type Diagnostic, Diagnostics, fail, unreachable } from '../diag/index.ts';
import type { U32 } from '../num/index.ts';
import { type CanonicalRules, conditionKey } from '../policy/canonical.ts';
import type { ArchPolicy, Condition, Policy, PolicyRule } from '../policy/index.ts';
import { type PlainRule, plainRules, settledRules } from './plain-rules.ts';

/** One rule of the text. */
export interface NamedRule extends PlainRule {
  readonly names: readonly string[];
}

export interface PlainProfile {
  readonly defaultAction: U32;
  readonly arches: readonly Arch[];
  readonly flags: readonly string[];
  readonly listener?: Policy['listener'];
  /** What always holds first. */
  readonly rules: readonly NamedRule[];
}

const LOW = 0xffff_ffffn;
const NO_RULES: CanonicalRules = { rules: [], ordered: false };

type ByNumber = ReadonlyMap<number, CanonicalRules>;

/**
 * Whether readers make this rule of a multiplexer by themselves, of the rules for the call behind it: they give it the
 * strictest action of those.
 */
function isCarried(rule: PolicyRule, a: ArchPolicy): boolean {
  const { via } = rule.origin;
  const nr = via === undefined ? undefined : syscallNumber(a.arch, via);
  if (nr === undefined) return false;
  const { rules } = settledRules(a.calls.get(nr)?.rules ?? [], a.defaultAction);
  const actions = rules.map((r) => r.action).filter((action) => action !== a.defaultAction);
  return actions.length > 0 && actions.reduce((x, y) => (compareStrictness(y, x) < 0 ? y : x)) === rule.action;
}

/** What the policy says of each number of one ABI, but for what readers carry over by themselves. */
function settledCalls(a: ArchPolicy): ByNumber {
  const calls = [...a.calls.values()].map((call) => {
    const own = call.rules.filter((r) => !isCarried(r, a));
    return [call.nr, settledRules(own, a.defaultAction)] as const;
  });
  return new Map(calls.filter(([, { rules }]) => rules.length > 0));
}

/** Rules as a text that two ABIs share when they are decided alike. `of32`: as an ABI of 32-bit arguments reads them. */
function keyOf({ rules, ordered }: CanonicalRules, of32: boolean): string {
  const text = (c: Condition) => conditionKey(of32 ? { ...c, narrow: true } : c);
  return [ordered, ...rules.map((r) => `${r.action} ${r.conditions.map(text).sort().join(', ')}`)].join('\n');
}

/** Rules for 64 bits as they are read where arguments have 32. */
function as32({ rules }: CanonicalRules, defaultAction: U32): CanonicalRules {
  const origin = { ruleIndex: 0, span: { start: 0, end: 0 } };
  const narrow = rules.map((r) => ({ ...r, origin, conditions: r.conditions.map((c) => ({ ...c, narrow: true })) }));
  return settledRules(narrow, defaultAction);
}

interface Here {
  readonly arch: Arch;
  readonly rules: CanonicalRules;
}

function inexpressible(policy: Policy, message: string, help: string): Diagnostic {
  return { code: 'EXPORT_INEXPRESSIBLE', severity: 'error', source: policy.source, message, help };
}

/** The rules for one name, for all ABIs that have it; or why there are none that mean the same on each. */
function rulesFor(
  name: string,
  here: readonly Here[],
  defaultAction: U32,
  policy: Policy,
): readonly PlainRule[] | Diagnostic {
  const base = here.find(({ arch }) => arch.wordBits === 64) ?? here[0] ?? unreachable('a name that no ABI has');
  const is64 = base.arch.wordBits === 64;
  for (const other of here) {
    const of32 = other.arch.wordBits === 32;
    const read = is64 && of32 ? as32(base.rules, defaultAction) : base.rules;
    if (keyOf(read, of32) === keyOf(other.rules, of32)) continue;
    const message = `${name} is decided differently on ${base.arch.name} and ${other.arch.name}, and the dialect has no rules for single architectures`;
    return inexpressible(policy, message, `export for one of them: --arch ${base.arch.name}`);
  }
  const rules = plainRules(base.rules, defaultAction, !is64);
  if (rules === undefined) {
    const help = 'simplify its rules, or install the compiled program instead (--format oci-annotation, bwrap ...)';
    return inexpressible(policy, `the rules for ${name} would take thousands of rules without an order`, help);
  }
  const wide = rules.some((r) => r.comparisons.some((c) => c.value > LOW));
  const narrow = here.find(({ arch }) => arch.wordBits === 32);
  if (wide && narrow) {
    const message = `${name} is compared with more than 32 bits, of which readers of the dialect see only 32 on ${narrow.arch.name}`;
    return inexpressible(policy, message, 'export for 64-bit architectures alone');
  }
  return rules;
}

/** Rules of several names that say the same become one; what always holds comes first, then by name. */
function joined(found: readonly NamedRule[]): readonly NamedRule[] {
  const merged = new Map<string, { readonly rule: PlainRule; readonly names: string[] }>();
  for (const { names, action, comparisons } of found) {
    const id = [action, ...comparisons.map((c) => `${c.argIndex} ${c.op} ${c.value} ${c.mask}`)].join(', ');
    const entry = merged.get(id) ?? { rule: { action, comparisons }, names: [] };
    entry.names.push(...names);
    merged.set(id, entry);
  }
  const rules = [...merged.values()].map(({ rule, names }) => ({ ...rule, names }));
  const isConditional = (r: NamedRule) => Number(r.comparisons.length > 0);
  return rules.toSorted((a, b) => isConditional(a) - isConditional(b));
}

/**
 * The policy as a profile of the plain dialect.
 *
 * @throws SeccompcError EXPORT_INEXPRESSIBLE, one for each call that is decided differently on the policy's ABIs, or whose
 *   rules the dialect has no words for
 */
export function plainProfile(policy: Policy): PlainProfile {
  const [first] = policy.arches;
  if (first === undefined) return unreachable('a policy without architectures');
  const { defaultAction } = first;
  if (policy.arches.some((a) => a.defaultAction !== defaultAction)) {
    return fail({
      code: 'EXPORT_INEXPRESSIBLE',
      source: policy.source,
      message: 'the default errno has different numbers on these architectures, and the dialect has one number for all',
      help: `export for one of them: --arch ${first.arch.name}`,
    });
  }
  const calls = policy.arches.map((a) => ({ arch: a.arch, byNumber: settledCalls(a) }));
  const names = new Set(
    calls.flatMap(({ arch, byNumber }) =>
      [...byNumber.keys()].map((nr) => syscallName(arch, nr) ?? unreachable(`${nr}`)),
    ),
  );
  const diagnostics = new Diagnostics();
  const found: NamedRule[] = [];
  for (const name of [...names].sort()) {
    const here = calls.flatMap(({ arch, byNumber }): readonly Here[] => {
      const nr = syscallNumber(arch, name);
      return nr === undefined ? [] : [{ arch, rules: byNumber.get(nr) ?? NO_RULES }];
    });
    const rules = rulesFor(name, here, defaultAction, policy);
    if ('code' in rules) diagnostics.addAll([rules]);
    else for (const rule of rules) found.push({ ...rule, names: [name] });
  }
  diagnostics.throwIfErrors();
  const { flags, listener } = policy;
  return { defaultAction, arches: policy.arches.map((a) => a.arch), flags, listener, rules: joined(found) };
}
