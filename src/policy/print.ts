/**
 * A policy back as a profile's text: one rule for all calls that are decided alike, everything that options, capabilities
 * and the kernel version decided worked in. `"x-"` keys say what the dialect cannot (docs/semantics.md).
 *
 * Each call's rules are brought into an order of our own (canonical.ts). Where that order means nothing, rules of different
 * calls that say the same become one rule of the text. Where it does, the rules of a call stay together, behind all others,
 * and the text as a whole is to be read by "the first rule that holds decides".
 *
 * A rule is restricted to a part of the architectures only where it must be: one that lacks the call is not in the way.
 * The dialect's own `includes.arches` speaks of machines; where ABIs of one machine differ, it takes `x-architectures`.
 */
import {
  ARCHES,
  type Arch,
  type ArchName,
  compareStrictness,
  isNarrowParameter,
  syscallName,
  syscallNumber,
} from '../arch/index.ts';
import { unreachable } from '../diag/index.ts';
import type { U32 } from '../num/index.ts';
import { type CanonicalRules, canonicalRules, conditionKey, type Standing } from './canonical.ts';
import { fileJson, flatJson, type JsonObject } from './json-text.ts';
import { selectedCall } from './multiplex.ts';
import { actionKeys, conditionKeys, topKeys } from './print-keys.ts';
import { machineOf } from './resolve.ts';
import type { ArchPolicy, Condition, Policy } from './types.ts';

/** One rule of the text, but for its names and where it holds. */
interface Body {
  readonly json: JsonObject;
  readonly text: string;
  readonly action: U32;
  /** Sorts by conditions; '' for none. */
  readonly key: string;
}

/** A rule, or where their order matters all rules, for calls on ABIs where nothing else is said of them. */
interface Entry {
  readonly ordered: boolean;
  readonly bodies: readonly Body[];
  readonly where: JsonObject;
  readonly names: string[];
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** What always holds first, the most lenient before all; then by calls; last the calls whose rules have an order. */
function compareEntries(a: Entry, b: Entry): number {
  const [x, y] = [a.bodies[0] as Body, b.bodies[0] as Body];
  const byNames = compareTexts(a.names.join(' '), b.names.join(' '));
  return (
    Number(a.ordered) - Number(b.ordered) ||
    Number(x.key !== '') - Number(y.key !== '') ||
    (x.key === '' ? compareStrictness(y.action, x.action) : byNames) ||
    compareTexts(x.key, y.key) ||
    x.action - y.action ||
    compareTexts(flatJson(a.where), flatJson(b.where)) ||
    byNames
  );
}

/** What is said of one name on one ABI. */
interface Said {
  readonly ordered: boolean;
  readonly bodies: readonly Body[];
  readonly texts: ReadonlySet<string>;
  /** Where several names have one number, one stands for all. */
  readonly isMain: boolean;
  /** ENOSYS stands in front of all rules for it. */
  readonly hidden: boolean;
}

const NO_RULES: CanonicalRules = { rules: [], ordered: false };

function mainName(arch: Arch, nr: number): string {
  return syscallName(arch, nr) ?? unreachable(`a policy has rules for ${arch.name}'s call ${nr}, which has no name`);
}

class RuleTexts {
  readonly #arches: readonly ArchPolicy[];
  readonly #calls: ReadonlyMap<ArchPolicy, ReadonlyMap<number, CanonicalRules>>;
  /** Some condition on a 64-bit ABI compares 32 bits: the text says so once, and of each exception for itself. */
  readonly kernelWidth: boolean;

  constructor(arches: readonly ArchPolicy[]) {
    this.#arches = arches;
    this.#calls = new Map(
      arches.map((a) => {
        const calls = [...a.calls.values()].map((c) => [c.nr, canonicalRules(c.rules, a.defaultAction)] as const);
        return [a, new Map(calls.filter(([, { rules }]) => rules.length > 0))];
      }),
    );
    this.kernelWidth = [...this.#calls].some(
      ([{ arch }, calls]) =>
        arch.wordBits === 64 &&
        [...calls.values()].some(({ rules }) => rules.some((r) => r.conditions.some((c) => c.narrow))),
    );
  }

  entries(): readonly Entry[] {
    const names = [...this.#calls].flatMap(([{ arch }, calls]) => [...calls.keys()].map((nr) => mainName(arch, nr)));
    const found = new Map<string, Entry>();
    for (const name of [...new Set(names)].sort()) {
      const said = this.#arches.map((a) => [a.arch, this.#said(a, name)] as const);
      for (const [, here] of said) {
        if (!here?.isMain) continue;
        for (const bodies of here.ordered ? [here.bodies] : here.bodies.map((body) => [body])) {
          const says = (s: Said) =>
            // Hidden rules decide nothing, but several with conditions could still contradict each other there.
            (s.hidden && bodies.every((b) => b.key === '')) ||
            (s.ordered === here.ordered &&
              bodies.every((b) => s.texts.has(b.text)) &&
              (!s.ordered || s.bodies.every((b, i) => b.text === bodies[i]?.text)));
          const where = this.#where(said, says);
          const id = [flatJson(where), here.ordered, ...bodies.map((b) => b.text)].join('\n');
          const entry = found.get(id) ?? { ordered: here.ordered, bodies, where, names: [] };
          if (entry.names.at(-1) !== name) entry.names.push(name);
          found.set(id, entry);
        }
      }
    }
    return [...found.values()].sort(compareEntries);
  }

  /** Undefined where the ABI lacks the name. */
  #said(a: ArchPolicy, name: string): Said | undefined {
    const nr = syscallNumber(a.arch, name);
    if (nr === undefined) return undefined;
    const hidden = a.enosys !== undefined && (nr > a.enosys.above || (a.enosys.zero && nr === 0));
    const { rules, ordered } = this.#calls.get(a)?.get(nr) ?? NO_RULES;
    const bodies = rules.map((rule) => this.#body(a.arch, name, rule, ordered));
    const isMain = bodies.length > 0 && mainName(a.arch, nr) === name;
    return { ordered, bodies, texts: new Set(bodies.map((b) => b.text)), isMain, hidden };
  }

  #body(arch: Arch, name: string, { action, conditions }: Standing, ordered: boolean): Body {
    const widths = conditions.map((c) => this.#width(arch, name, c));
    const args = conditions.map((c, i) => conditionKeys(c, widths[i]));
    const comment = ordered && conditions.length === 0 ? 'otherwise' : selectedCall(name, conditions);
    const json = { comment, ...actionKeys(action), args: args.length > 0 ? args : undefined };
    const key = conditions.map((c, i) => `${conditionKey({ ...c, narrow: false })} ${widths[i] ?? ''}`).join(', ');
    return { json, text: flatJson(json), action, key };
  }

  /** The width that must be said; undefined where it is understood. */
  #width(arch: Arch, name: string, { argIndex, narrow }: Condition): number | undefined {
    const usual = arch.wordBits === 32 || (this.kernelWidth && isNarrowParameter(arch, name, argIndex));
    return narrow === usual ? undefined : narrow ? 32 : 64;
  }

  /** The ABIs for which the name must be in the rule, by machines where those are whole; nothing where all may have it. */
  #where(said: readonly (readonly [Arch, Said | undefined])[], says: (s: Said) => boolean): JsonObject {
    const all = said.map(([arch]) => arch);
    const may = new Set(said.flatMap(([arch, s]) => (s === undefined || says(s) ? [arch] : [])));
    const must = said.flatMap(([arch, s]) => (s?.isMain && says(s) ? [arch] : []));
    if (may.size === all.length) return {};
    const machines = new Set(must.map((arch) => machineOf(arch, all)));
    const isWhole = (machine: ArchName) => all.every((arch) => machineOf(arch, all) !== machine || may.has(arch));
    return [...machines].every(isWhole)
      ? { includes: { arches: [...machines].map((name) => ARCHES.get(name)?.goNames[0] ?? name) } }
      : { 'x-architectures': must.map((arch) => arch.scmp) };
  }
}

/**
 * The normalized text of a policy: a profile (JSON, the dialect of `parseProfile`) that means the same. Parsed, and
 * resolved without options or with the policy's architectures, it gives a policy with the same word for every call, and
 * that policy prints as the same text. Nothing goes into it but what the policy decides: no path, time or version.
 *
 * The same text comes of profiles that differ in layout, comments, the order of names, of architectures and of flags;
 * in the order of rules and conditions, where that order decides nothing; in rules and names that stand there twice, are
 * never asked, say what would happen anyway, or name calls that the architectures lack; in whether one rule says
 * something or several do; in whether an option, a key, a capability, an architecture or a kernel version made it so.
 *
 * Not the same text, though they may mean the same: conditions that are written differently (less than 5, at most 4; a
 * range cut elsewhere); rules whose conditions never hold, or that several others together make superfluous; calls with
 * more contradicting rules than canonical.ts looks at. `x-assert` and the listener are no part of a policy.
 * @param policy what `resolvePolicy` gave
 * @returns JSON, with a line break at its end. Never throws.
 */
export function printPolicy(policy: Policy): string {
  const order = [...ARCHES.keys()];
  const arches = policy.arches.toSorted((a, b) => order.indexOf(a.arch.name) - order.indexOf(b.arch.name));
  const texts = new RuleTexts(arches);
  const entries = texts.entries();
  const reading = { kernelWidth: texts.kernelWidth, ordered: entries.some((e) => e.ordered) };
  const syscalls = entries.flatMap(({ bodies, names, where }) =>
    bodies.map(({ json: { args, ...said } }) => ({ ...said, names, ...where, args })),
  );
  return fileJson({ ...topKeys(policy, arches, reading), syscalls });
}
