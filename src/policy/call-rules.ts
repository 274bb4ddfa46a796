/** All rules for one call of one ABI, and which of them decides. */
import {
  type Arch,
  compareStrictness,
  describeWord,
  isNarrowParameter,
  type SeccompData,
  syscallNumber,
} from '../arch/index.ts';
import { hex, type U32, U64_MAX } from '../num/index.ts';
import { implies } from './conditions.ts';
import type { Findings } from './conditions-of.ts';
import { type Multiplexer, SELECTOR_MASK } from './multiplex.ts';
import { overlaps } from './overlaps.ts';
import type { ArgWidth, Condition, Multiplexed, PolicyRule, ResolveOptions, RuleOrder } from './types.ts';

function key(rule: PolicyRule): string {
  const conditions = rule.conditions.map((c) => `${c.argIndex}${c.op}${c.mask}/${c.value}/${c.narrow}`).sort();
  return `${rule.action} ${conditions.join(' ')}`;
}

/** Beyond this many rules of one call nobody is told which of them are superfluous. */
const MOST_COMPARED = 200;
/** Pairs of rules of one call that are looked at; beyond, whoever wrote them must say how conflicts are settled. */
const MOST_PAIRS = 2_000_000;
/** More than this many conflicts of one call are not listed. */
const MOST_CONFLICTS = 1000;

export class CallRules {
  readonly name: string;
  readonly #arch: Arch;
  readonly #defaultAction: U32;
  readonly #onConflict: NonNullable<ResolveOptions['onConflict']>;
  /** The first rule of the text that holds decides, with or without conditions: all of them stand in #conditional. */
  readonly #firstMatch: boolean;
  readonly #findings: Findings;
  #always: PolicyRule | undefined;
  readonly #conditional = new Map<string, PolicyRule>();
  /** Decisions about multiplexed calls that come before everything else. */
  readonly #first: PolicyRule[] = [];

  constructor(
    arch: Arch,
    name: string,
    defaultAction: U32,
    settings: { readonly onConflict: NonNullable<ResolveOptions['onConflict']>; readonly ruleOrder: RuleOrder },
    findings: Findings,
  ) {
    this.#arch = arch;
    this.name = name;
    this.#defaultAction = defaultAction;
    this.#onConflict = settings.onConflict;
    this.#firstMatch = settings.ruleOrder === 'first-match';
    this.#findings = findings;
  }

  add(rule: PolicyRule): void {
    if (rule.conditions.length > 0 || this.#firstMatch) {
      const id = key(rule);
      const known = this.#conditional.get(id);
      if (known === undefined || rule.origin.ruleIndex < known.origin.ruleIndex) this.#conditional.set(id, rule);
      return;
    }
    if (this.#always === undefined) {
      this.#always = rule;
      return;
    }
    if (this.#always.action === rule.action) return;
    this.#findings.add(
      {
        code: 'RULE_DUPLICATE',
        span: rule.origin.span,
        message: `${this.name} has a rule already: ${describeWord(this.#always.action)} counts, ${describeWord(rule.action)} is ignored`,
        related: [{ message: 'the first rule counts', source: this.#findings.source, span: this.#always.origin.span }],
      },
      String(this.#always.origin.ruleIndex),
    );
  }

  /** In the order of the profile. Rules carried over to a multiplexer come late; what counts is where they stand there. */
  #inOrder(): readonly PolicyRule[] {
    return [...this.#conditional.values()].sort((a, b) => a.origin.ruleIndex - b.origin.ruleIndex);
  }

  /** The rules in the order in which the first match decides. */
  settle(): readonly PolicyRule[] {
    const conditional = this.#inOrder();
    if (this.#firstMatch) return [...this.#first, ...this.#upToAlways(conditional, true)];
    if (this.#always) {
      for (const rule of conditional) if (rule.action !== this.#always.action) this.#reportShadowed(rule, this.#always);
      return [...this.#first, this.#always];
    }
    if (this.#onConflict === 'error') this.#reportConflicts(conditional);
    this.#reportSubsumed(conditional);
    const ordered =
      this.#onConflict === 'strictest'
        ? conditional.toSorted((a, b) => compareStrictness(a.action, b.action))
        : conditional;
    return [...this.#first, ...ordered];
  }

  /** First match: what stands behind a rule without conditions is never asked. */
  #upToAlways(rules: readonly PolicyRule[], report: boolean): readonly PolicyRule[] {
    const at = rules.findIndex((r) => r.conditions.length === 0);
    const always = rules[at];
    if (always === undefined) return rules;
    for (const rule of report ? rules.slice(at + 1) : []) {
      if (rule.action !== always.action) this.#reportShadowed(rule, always);
    }
    return rules.slice(0, at + 1);
  }

  /** Rules that another one with the same action makes superfluous. */
  #reportSubsumed(rules: readonly PolicyRule[]): void {
    if (rules.length > MOST_COMPARED) return;
    for (const rule of rules) {
      const other = rules.find(
        (r) =>
          r.origin.ruleIndex !== rule.origin.ruleIndex &&
          r.action === rule.action &&
          implies(rule.conditions, r.conditions) &&
          // Of two that say the same the later one is superfluous.
          (r.origin.ruleIndex < rule.origin.ruleIndex || !implies(r.conditions, rule.conditions)),
      );
      if (other === undefined || rule.origin.via !== undefined || other.origin.via !== undefined) continue;
      this.#findings.add(
        {
          code: 'RULE_SUBSUMED',
          span: rule.origin.span,
          message: `every ${this.name} that this rule matches is matched by another one with the same action`,
          related: [{ message: 'the wider rule', source: this.#findings.source, span: other.origin.span }],
        },
        String(other.origin.ruleIndex),
      );
    }
  }

  #reportShadowed(rule: PolicyRule, always: PolicyRule): void {
    this.#findings.add(
      {
        code: 'RULE_SHADOWED',
        span: rule.origin.span,
        message: `for ${this.name} the rule without conditions decides (${describeWord(always.action)}), so this one (${describeWord(rule.action)}) does nothing`,
        related: [{ message: 'the rule without conditions', source: this.#findings.source, span: always.origin.span }],
      },
      String(always.origin.ruleIndex),
    );
  }

  #reportConflicts(rules: readonly PolicyRule[]): void {
    let found = 0;
    const gaveUpAt = overlaps(rules, MOST_PAIRS, (earlier, later, example) => {
      this.#reportConflict(earlier, later, example);
      found += 1;
      return found < MOST_CONFLICTS;
    });
    if (gaveUpAt !== undefined) this.#reportTooMany(gaveUpAt, rules.length);
  }

  #reportTooMany(rule: PolicyRule, count: number): void {
    this.#findings.add({
      code: 'RULE_CONFLICT',
      span: rule.origin.span,
      message: `${this.name} has ${count} rules with conditions and different actions, too many to compare each with each`,
      help: 'say how overlapping ones are settled: --on-conflict first or strictest',
    });
  }

  #reportConflict(earlier: PolicyRule, later: PolicyRule, example: SeccompData['args']): void {
    const used = Math.max(...earlier.conditions.map((c) => c.argIndex), ...later.conditions.map((c) => c.argIndex));
    this.#findings.add(
      {
        code: 'RULE_CONFLICT',
        span: later.origin.span,
        message: `two rules with different actions match ${this.name}(${example
          .slice(0, used + 1)
          .map(hex)
          .join(', ')}): ${describeWord(earlier.action)} and ${describeWord(later.action)}`,
        help: 'which one libseccomp takes depends on its internal tree; make the conditions exclude each other, or choose --on-conflict first or strictest',
        related: [{ message: 'the other rule', source: this.#findings.source, span: earlier.origin.span }],
      },
      String(earlier.origin.ruleIndex),
    );
  }

  /**
   * What this multiplexer (socketcall, ipc) gets for one call behind it, from the rules for that call. Its arguments are
   * out of sight, so conditional rules cannot be carried over: 'allow' drops the conditions, as libseccomp does; 'deny'
   * takes the strictest of what the rules and the default action say.
   */
  addMultiplexed(
    direct: CallRules,
    form: { readonly multiplexer: Multiplexer; readonly selector: number },
    mode: Multiplexed,
    argWidth: ArgWidth,
  ): void {
    const rules = direct.#always ? [direct.#always] : this.#upToAlways(direct.#inOrder(), false);
    const [first] = rules;
    if (first === undefined) return;
    const conditional = first.conditions.length > 0;
    const candidates =
      conditional && mode === 'deny'
        ? [...rules.map((r) => r.action), this.#defaultAction]
        : rules.map((r) => r.action);
    const action = candidates.reduce((a, b) => (compareStrictness(b, a) < 0 ? b : a));
    const origin = { ...first.origin, via: direct.name };
    const looser = compareStrictness(action, this.#defaultAction) > 0;
    const rule = { action, conditions: [this.#selector(form, looser, argWidth)], origin };
    if (conditional && mode === 'deny') {
      this.#first.push(rule);
      return;
    }
    if (conditional) this.#reportBypass(direct, form.multiplexer, first, looser);
    if (action !== this.#defaultAction || this.#firstMatch) this.add(rule);
  }

  /** An allowed selector is compared whole; a denied one by what the kernel looks at, so that no other bit hides it. */
  #selector(
    form: { readonly multiplexer: Multiplexer; readonly selector: number },
    looser: boolean,
    argWidth: ArgWidth,
  ): Condition {
    const narrow =
      this.#arch.wordBits === 32 || (argWidth === 'kernel' && isNarrowParameter(this.#arch, form.multiplexer, 0));
    const value = BigInt(form.selector);
    return looser
      ? { argIndex: 0, op: 'eq', value, mask: U64_MAX, narrow }
      : { argIndex: 0, op: 'masked_eq', value, mask: SELECTOR_MASK[form.multiplexer], narrow };
  }

  #reportBypass(direct: CallRules, multiplexer: Multiplexer, rule: PolicyRule, looser: boolean): void {
    const alsoDirect = syscallNumber(this.#arch, direct.name) !== undefined;
    this.#findings.add(
      {
        code: 'SOCKETCALL_BYPASS',
        span: rule.origin.span,
        message: `on ${this.#arch.name} ${direct.name} ${alsoDirect ? 'can also be' : 'is'} made through ${multiplexer}, whose arguments a filter cannot see: there it is ${looser ? 'allowed' : 'decided'} whatever they are`,
        help: 'deny the multiplexed form: --multiplexed deny, or "x-multiplexed": "deny" in the profile; modern C libraries use the direct call',
      },
      direct.name,
    );
  }
}
