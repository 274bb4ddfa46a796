/**
 * What is still to be decided of one call: rules in order, each a set of terms, and what holds where none matches.
 * States are put into one form, so that different ways to the same question meet.
 */
import type { Node } from './graph.ts';
import type { Known, Term } from './words.ts';

export interface Rule {
  /** Ascending by number, each once; all must hold. */
  readonly terms: readonly NumberedTerm[];
  readonly action: Node;
}

export interface State {
  readonly rules: readonly Rule[];
  readonly otherwise: Node;
  readonly key: string;
}

/** A term with the number under which equal terms are one. */
export interface NumberedTerm {
  readonly id: number;
  readonly term: Term;
}

/** Above this many rules only the cheap simplifications are made. */
const MANY = 48;

export class Terms {
  readonly #known = new Map<string, NumberedTerm>();

  number(term: Term): NumberedTerm {
    const key = keyOf(term);
    const found = this.#known.get(key) ?? { id: this.#known.size, term };
    this.#known.set(key, found);
    return found;
  }

  /** The rule with its terms replaced; undefined when one of them cannot hold. */
  rule(action: Node, terms: Iterable<Known | NumberedTerm>): Rule | undefined {
    const kept: NumberedTerm[] = [];
    for (const term of terms) {
      if (term === false) return undefined;
      if (term === true) continue;
      const numbered = 'id' in term ? term : this.number(term);
      let place = kept.length;
      while (place > 0 && (kept[place - 1] as NumberedTerm).id > numbered.id) place -= 1;
      if (kept[place - 1]?.id !== numbered.id) kept.splice(place, 0, numbered);
    }
    return { action, terms: kept };
  }
}

function keyOf(term: Term): string {
  switch (term.kind) {
    case 'range':
      return `r${term.off},${term.from},${term.to},${term.inside}`;
    case 'mask':
      return `m${term.off},${term.mask},${term.value}`;
    case 'pair':
      return `p${term.high},${term.k},${term.below},${term.above},${keyOf(term.equal)}`;
    default:
      return term satisfies never;
  }
}

const ruleKey = (rule: Rule): string => `${rule.action.id}:${rule.terms.map((t) => t.id).join(' ')}`;

/** True when whatever meets `narrower` meets `wider` too. */
function covers(wider: Rule, narrower: Rule): boolean {
  return wider.terms.every((t) => narrower.terms.some((other) => other.id === t.id));
}

/** Rules that never decide, and runs of one action in one order. */
export function stateOf(rules: readonly Rule[], otherwise: Node): State {
  const always = rules.findIndex((r) => r.terms.length === 0);
  const final = always < 0 ? otherwise : (rules[always] as Rule).action;
  let end = always < 0 ? rules.length : always;
  while (end > 0 && (rules[end - 1] as Rule).action === final) end -= 1;
  const kept: Rule[] = [];
  for (let from = 0; from < end; ) {
    const { action } = rules[from] as Rule;
    let to = from;
    while (to < end && (rules[to] as Rule).action === action) to += 1;
    kept.push(...runOf(rules.slice(from, to), kept));
    from = to;
  }
  return { rules: kept, otherwise: final, key: `${kept.map(ruleKey).join(';')}/${final.id}` };
}

/** Rules of one action that follow each other: their order has no meaning, and one that another covers is not needed. */
function runOf(run: readonly Rule[], before: readonly Rule[]): readonly Rule[] {
  const distinct = [...new Map(run.map((r) => [ruleKey(r), r] as const)).entries()];
  distinct.sort(([a], [b]) => (a < b ? -1 : 1));
  const rules = distinct.map(([, rule]) => rule);
  if (rules.length + before.length > MANY) return rules;
  return rules.filter(
    (rule, i) => !before.some((b) => covers(b, rule)) && !rules.some((other, j) => i !== j && covers(other, rule)),
  );
}
