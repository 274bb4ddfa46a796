/**
 * Two policies as one: what either allows, or what both allow, for every architecture, number and argument value.
 *
 * What is meant is said first, as a diagram: for each call the looser (merge) or the stricter (intersect) of the two words.
 * Then rules are found for it, printed as a profile, and that text is read again: its meaning must be the same diagram.
 */
import { ARCHES, type Arch, actionOf, SECCOMP_RET_USER_NOTIF, syscallName, syscallsOf } from '../arch/index.ts';
import { Diagnostics, fail, SeccompcError } from '../diag/index.ts';
import {
  type Diagrams,
  fix,
  LEVEL_ARCH,
  LEVEL_NR,
  leavesOf,
  type Node,
  partition,
  Words,
  within,
} from '../diagram/index.ts';
import type { U32 } from '../num/index.ts';
import {
  type ArchPolicy,
  type CallPolicy,
  type Policy,
  parseProfile,
  printPolicy,
  resolvePolicy,
  wordWithoutRule,
} from '../policy/index.ts';
import { stubAbove } from '../policy/resolve.ts';
import { differing, meaningOfPolicy, type ProveOptions } from '../prove/index.ts';
import { combinedRules, combinedWord, type How, type SideCall } from './combined-rules.ts';

export interface CombineOptions extends ProveOptions {
  /**
   * Calls for which only "the first rule that holds decides" will do are written so, with `x-ruleOrder`, which no other
   * reader of profiles knows. Else they are refused.
   */
  readonly extensions?: boolean | undefined;
}

export interface Combined {
  /** The profile's text: the dialect of `parseProfile`. */
  readonly text: string;
  /** What that text means, resolved for its own architectures. */
  readonly policy: Policy;
  /** Keys of the text that only seccompc reads. */
  readonly extensions: readonly string[];
}

/**
 * One profile that allows what either of two policies allows, exact on arguments, proved.
 * @param a decides where only the errno differs
 * @param b for the same byte order
 * @param options `extensions`: `x-ruleOrder` may be used
 * @returns its text, and the policy that the text means
 * @throws SeccompcError ARCH_BYTE_ORDER, COMBINE_EMPTY, COMBINE_INEXPRESSIBLE (with the calls), PROOF_UNDECIDED
 */
export function merge(a: Policy, b: Policy, options: CombineOptions = {}): Combined {
  return combine('merge', a, b, options);
}

/**
 * One profile that allows what both of two policies allow, exact on arguments, proved.
 * @param a decides where only the errno differs
 * @param b for the same byte order
 * @param options `extensions`: `x-ruleOrder` may be used
 * @returns its text, and the policy that the text means
 * @throws SeccompcError ARCH_BYTE_ORDER, COMBINE_EMPTY, COMBINE_INEXPRESSIBLE (with the calls), PROOF_UNDECIDED
 */
export function intersect(a: Policy, b: Policy, options: CombineOptions = {}): Combined {
  return combine('intersect', a, b, options);
}

/**
 * The profile of both.
 *
 * @throws SeccompcError ARCH_BYTE_ORDER; COMBINE_INEXPRESSIBLE with the calls that the dialect has no words for;
 *   PROOF_UNDECIDED where the comparison takes more work than its limit. Nothing is returned that was not proved.
 */
export function combine(how: How, a: Policy, b: Policy, options: CombineOptions = {}): Combined {
  if (a.endian !== b.endian) {
    fail({
      code: 'ARCH_BYTE_ORDER',
      message: `${a.source.name} is for ${a.endian}-endian machines, ${b.source.name} for ${b.endian}-endian ones`,
    });
  }
  const words = new Words(options);
  const done = within(() => new Combining(how, a, b, words, options).result());
  if (done.ok) return done.value;
  return fail({ code: 'PROOF_UNDECIDED', message: `the comparison takes more than ${done.most} ${done.limit}` });
}

const LAST_NUMBER = 0xffff_ffffn;
const NR = { firstLevel: LEVEL_NR, width: 32 };
const MOST_PIECES = 1 << 14;

class Combining {
  readonly #how: How;
  readonly #a: Policy;
  readonly #b: Policy;
  readonly #words: Words;
  readonly #d: Diagrams;
  readonly #options: CombineOptions;
  readonly #meant: Node;
  readonly #problems = new Diagnostics();
  /** Calls that need `x-ruleOrder`. */
  readonly #ordered: string[] = [];

  constructor(how: How, a: Policy, b: Policy, words: Words, options: CombineOptions) {
    this.#how = how;
    this.#a = a;
    this.#b = b;
    this.#words = words;
    this.#d = words.diagrams;
    this.#options = options;
    this.#meant = this.#d.apply(this.#rootOf(a), this.#rootOf(b), (l, r) => combinedWord(how, l as U32, r as U32));
  }

  #rootOf(policy: Policy): Node {
    const meaning = meaningOfPolicy(policy, this.#words);
    if (meaning.kind === 'leaves') return meaning.root;
    return fail({ code: 'PROOF_UNDECIDED', message: 'a policy has more result words than a diagram has room for' });
  }

  result(): Combined {
    const unknownArch = combinedWord(this.#how, this.#a.unknownArch, this.#b.unknownArch);
    const named = new Set([...this.#a.arches, ...this.#b.arches].map(({ arch }) => arch));
    const all = [...ARCHES.values()].filter((arch) => named.has(arch));
    const isBoth = (arch: Arch) => [this.#a, this.#b].every((p) => this.#side(p, arch) !== undefined);
    const arches = all
      .map((arch) => this.#archPolicy(arch))
      .filter((made) => isBoth(made.arch) || !saysOnly(made, unknownArch));
    this.#checkDefaults(arches);
    this.#checkNotify(arches);
    if (this.#ordered.length > 0 && this.#options.extensions !== true) {
      for (const call of this.#ordered) {
        this.#problems.add({
          code: 'COMBINE_INEXPRESSIBLE',
          message: `${call}: the dialect has no rules for what the two profiles come to (a range, or rules in an order)`,
          help: '--extensions writes it with "x-ruleOrder", which only seccompc reads',
        });
      }
    }
    this.#problems.throwIfErrors();
    if (arches.length === 0) {
      fail({
        code: 'COMBINE_EMPTY',
        message: 'the two profiles have no architecture in common',
      });
    }
    const policy: Policy = {
      source: { name: '<combined>', text: '' },
      endian: this.#a.endian,
      arches,
      unknownArch,
      profileArches: arches.map(({ arch }) => arch),
      flags: this.#flags(),
      argWidth: 'oci',
      multiplexed: 'written',
      diagnostics: [],
    };
    return this.#proved(printPolicy(policy), policy);
  }

  /** SPEC_ALLOW gives up a protection, so both must want it where both must allow; all others are kept. */
  #flags(): readonly string[] {
    const [a, b] = [this.#a.flags, this.#b.flags];
    const isLoosening = (flag: string) => flag.endsWith('SPEC_ALLOW');
    return [...new Set([...a, ...b])].filter(
      (flag) => this.#how === 'merge' || !isLoosening(flag) || (a.includes(flag) && b.includes(flag)),
    );
  }

  #side(policy: Policy, arch: Arch): ArchPolicy | undefined {
    return policy.arches.find((own) => own.arch === arch);
  }

  #archPolicy(arch: Arch): ArchPolicy {
    const defaults = [this.#a, this.#b].map((p) => this.#side(p, arch)?.defaultAction ?? p.unknownArch) as [U32, U32];
    const defaultAction = combinedWord(this.#how, ...defaults);
    const d = this.#d;
    const root = fix(d, this.#meant, LEVEL_ARCH, arch.audit);
    const above = this.#stub(arch, root, defaultAction);
    const enosys = above === undefined ? undefined : stubAbove(arch, above);
    const numbers = new Set<number>(syscallsOf(arch).values());
    for (const p of [this.#a, this.#b]) for (const nr of this.#side(p, arch)?.calls.keys() ?? []) numbers.add(nr);
    const calls = new Map<number, CallPolicy>();
    for (const nr of [...numbers].sort((x, y) => x - y)) {
      const meant = fix(d, root, LEVEL_NR, nr);
      if (enosys !== undefined && (nr > enosys.above || (enosys.zero && nr === 0))) continue;
      if (d.isLeaf(meant) && d.wordOf(meant) === defaultAction) continue;
      const name = syscallName(arch, nr) ?? `number ${nr}`;
      const sides = [this.#a, this.#b].map((p) => this.#sideCall(p, arch, nr)) as [SideCall, SideCall];
      const found = combinedRules(d, this.#how, { defaultAction }, sides, meant, [...leavesOf(d, meant)]);
      if (found === undefined) {
        this.#problems.add({
          code: 'COMBINE_INEXPRESSIBLE',
          message: `${name} on ${arch.name}: no rules were found for what the two profiles come to`,
        });
        continue;
      }
      if (found.ordered) this.#ordered.push(`${name} on ${arch.name}`);
      calls.set(nr, { nr, name, rules: found.rules });
    }
    return { arch, defaultAction, calls, inactive: [], enosys };
  }

  #sideCall(policy: Policy, arch: Arch, nr: number): SideCall {
    const side = this.#side(policy, arch);
    if (side === undefined) return { rules: [], otherwise: policy.unknownArch };
    const call = side.calls.get(nr);
    return { rules: call?.rules ?? [], otherwise: call ? side.defaultAction : wordWithoutRule(policy, side, nr) };
  }

  /** Above which number all of this ABI's get ENOSYS, where they do. */
  #stub(arch: Arch, root: Node, defaultAction: U32): number | undefined {
    const d = this.#d;
    const { word } = stubAbove(arch, 0);
    const pieces = partition(d, root, NR, MOST_PIECES);
    if (word === defaultAction || pieces === undefined) return undefined;
    // x32's numbers are those with bit 30; x86_64's own end below it. -1, the last, is neither's.
    const top = arch.name === 'x86_64' ? 0x3fff_ffffn : LAST_NUMBER - 1n;
    let above: bigint | undefined;
    for (const { values, rest } of pieces) {
      if (values.kind !== 'range' || values.first > top) continue;
      above = d.isLeaf(rest) && d.wordOf(rest) === word ? (above ?? values.first - 1n) : undefined;
    }
    return above === undefined || above < 1n ? undefined : Number(above);
  }

  /** A profile has one default action for all ABIs. */
  #checkDefaults(arches: readonly ArchPolicy[]): void {
    const [first] = arches;
    const other = arches.find((a) => actionOf(a.defaultAction) !== actionOf(first?.defaultAction ?? 0));
    if (first === undefined || other === undefined) return;
    this.#problems.add({
      code: 'COMBINE_INEXPRESSIBLE',
      message: `calls without a rule come to different actions on ${first.arch.name} and ${other.arch.name}; a profile has one default action`,
      help: 'name the architectures that both profiles are for: --arch',
    });
  }

  /** Whose supervisor would be asked? */
  #checkNotify(arches: readonly ArchPolicy[]): void {
    for (const { arch, calls } of arches) {
      for (const { name, rules } of calls.values()) {
        if (!rules.some(({ action }) => actionOf(action) === SECCOMP_RET_USER_NOTIF)) continue;
        this.#problems.add({
          code: 'COMBINE_INEXPRESSIBLE',
          message: `${name} on ${arch.name} asks a supervisor (NOTIFY); whose, the result could not say`,
        });
      }
    }
  }

  /** The text as its readers will understand it, if that is what was meant. */
  #proved(text: string, policy: Policy): Combined {
    const read = resolvePolicy(parseProfile(text, { file: '<combined>' }));
    const root = this.#rootOf(read);
    if (differing(this.#words, { kind: 'leaves', root }, { kind: 'leaves', root: this.#meant }) !== 0) {
      throw new SeccompcError([this.#unlike(read, policy)]);
    }
    const extensions = [...new Set([...text.matchAll(/"(x-[A-Za-z]+)":/g)].map(([, key]) => key as string))];
    return { text, policy: read, extensions };
  }

  /** What the text would have said otherwise: numbers without a name, mostly. */
  #unlike(read: Policy, policy: Policy): ConstructorParameters<typeof SeccompcError>[0][number] {
    const d = this.#d;
    const differs = differing(
      this.#words,
      { kind: 'leaves', root: this.#rootOf(read) },
      { kind: 'leaves', root: this.#meant },
    );
    const where = policy.arches.flatMap(({ arch }) => {
      const root = fix(d, differs, LEVEL_ARCH, arch.audit);
      const piece = partition(d, root, NR, MOST_PIECES, 0 as Node)?.find(({ rest }) => rest !== 0);
      if (piece === undefined) return [];
      const { values } = piece;
      const nr = values.kind === 'range' ? Number(values.first) : undefined;
      const name = nr === undefined ? undefined : (syscallName(arch, nr) ?? `number ${nr}`);
      return [`${name ?? 'some numbers'} on ${arch.name}`];
    });
    return {
      code: 'COMBINE_INEXPRESSIBLE',
      severity: 'error',
      message: `${where[0] ?? 'architectures not named'}: no profile can say what the two come to there`,
    };
  }
}

/** True where an ABI gets what unknown ones get anyway. */
function saysOnly(arch: ArchPolicy, word: U32): boolean {
  return arch.defaultAction === word && arch.calls.size === 0 && arch.enosys === undefined;
}
