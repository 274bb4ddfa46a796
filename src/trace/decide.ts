/**
 * What a filter says to a call of which some bits are unknown, exactly: the filter's meaning as a diagram (prove/), with
 * the known bits fixed, has as leaves the words that are possible and no others. Nothing is guessed, and unknown is never
 * taken for zero.
 */
import { type Arch, compareStrictness, SECCOMP_RET_ALLOW, SECCOMP_RET_LOG } from '../arch/index.ts';
import { fail } from '../diag/index.ts';
import { LEVEL_ARGS, LEVEL_INSTRUCTION_POINTER, type Node, Words, within } from '../diagram/index.ts';
import { type U32, u32 } from '../num/index.ts';
import type { Policy } from '../policy/index.ts';
import { coveredArches, meaningOfPolicy, meaningOfProgram, type Subject } from '../prove/index.ts';
import { type Candidate, candidatesOf } from './candidates.ts';
import { Paths } from './path.ts';
import { rulesFor } from './rules.ts';
import type { ReadOptions, TracedArg, TracedCall, Verdict } from './types.ts';

type Program = Exclude<Subject, Policy | { readonly programs: unknown }>;
export type Filter = Policy | Program;

const isPolicy = (filter: Filter): filter is Policy => 'arches' in filter;

/** A filter made ready for many calls. */
export class Decider {
  readonly filter: Filter;
  /** The ABIs that the filter is for. */
  readonly arches: readonly Arch[];
  readonly #words = new Words();
  readonly #root: Node;
  /** By audit token, then number: the meaning for this call alone. */
  readonly #calls = new Map<number, Map<number, Node>>();
  readonly #paths: Paths | undefined;
  readonly #verdicts = new WeakMap<TracedCall, Verdict | 'none'>();
  /** Positions of the rules that deny. */
  readonly #denying: ReadonlySet<number>;

  /** @throws SeccompcError PROOF_UNDECIDED for a program whose meaning takes too much room */
  constructor(filter: Filter) {
    this.filter = filter;
    this.#paths = isPolicy(filter) ? undefined : new Paths(filter);
    const rules = (isPolicy(filter) ? filter.arches : []).flatMap(({ calls }) =>
      [...calls.values()].flatMap((c) => c.rules),
    );
    this.#denying = new Set(
      rules
        .filter(({ action }) => action !== SECCOMP_RET_ALLOW && action !== SECCOMP_RET_LOG)
        .map(({ origin }) => origin.ruleIndex),
    );
    this.arches = isPolicy(filter) ? filter.arches.map(({ arch }) => arch) : coveredArches(filter);
    const made = within(() =>
      isPolicy(filter) ? meaningOfPolicy(filter, this.#words) : meaningOfProgram(filter, this.#words),
    );
    const root = made.ok && made.value.kind === 'leaves' ? made.value.root : undefined;
    this.#root =
      root ??
      fail({
        code: 'PROOF_UNDECIDED',
        message:
          'the filter computes its answers from arguments; what it says to calls that are known in part cannot be worked out',
        help: 'replay against the profile that it was made from',
      });
  }

  /** Arguments that the filter looks at for this call, as a mask: `ReadOptions.wanted`. */
  readonly wanted: NonNullable<ReadOptions['wanted']> = (arch, name, nr) => {
    const call: TracedCall = { id: 0, arch, nr, name, args: [] };
    return candidatesOf(call, this.arches).reduce(
      (mask, { arch: abi, nr: number }) => mask | this.#looksAt(this.#meaning(abi.audit, number)),
      0,
    );
  };

  /** Undefined for a name that no ABI of the filter knows. Decided once for each call. */
  decide(call: TracedCall): Verdict | undefined {
    const known = this.#verdicts.get(call);
    if (known !== undefined) return known === 'none' ? undefined : known;
    const made = this.#judge(call);
    this.#verdicts.set(call, made ?? 'none');
    return made;
  }

  #judge(call: TracedCall): Verdict | undefined {
    const candidates = candidatesOf(call, this.arches);
    if (candidates.length === 0) return undefined;
    const words = new Set(candidates.flatMap((c) => [...this.#possible(c)]));
    const possible = [...words].sort((a, b) => compareStrictness(a, b) || a - b);
    const rules = isPolicy(this.filter) ? rulesFor(this.filter, candidates, words) : [];
    const isBare = call.args.every((arg) => arg === undefined);
    const confidence = possible.length === 1 ? 'exact' : isBare && call.arch !== undefined ? 'names-only' : 'ambiguous';
    const [only, second] = candidates;
    const path = only !== undefined && second === undefined && possible.length === 1 && this.#paths?.of(only);
    return { call, confidence, word: possible[0] as U32, possible, rules, ...(path && { path }) };
  }

  /**
   * A rule added for the call would change what happens: on an ABI that the filter is for, it is, or may be, something else
   * than allowed, and no rule says so, for that one would go on to decide.
   */
  isForRules({ call, rules }: Pick<Verdict, 'call' | 'rules'>): boolean {
    if (rules.some((index) => this.#denying.has(index))) return false;
    const own = candidatesOf(call, this.arches).filter(({ arch }) => this.arches.includes(arch));
    return own.some((candidate) => [...this.#possible(candidate)].some((word) => word !== SECCOMP_RET_ALLOW));
  }

  /** The diagram with architecture and number fixed. */
  #meaning(audit: number, nr: number): Node {
    const byNumber = this.#calls.get(audit) ?? new Map<number, Node>();
    this.#calls.set(audit, byNumber);
    const found = byNumber.get(nr);
    if (found !== undefined) return found;
    const d = this.#words.diagrams;
    const fields = [u32(audit), u32(nr)];
    let node = this.#root;
    while (!d.isLeaf(node) && d.level(node) < LEVEL_INSTRUCTION_POINTER) {
      const level = d.level(node);
      node = ((fields[level >>> 5] as number) >>> (31 - (level & 31))) & 1 ? d.hi(node) : d.lo(node);
    }
    byNumber.set(nr, node);
    return node;
  }

  #looksAt(root: Node): number {
    let mask = 0;
    this.#walk(root, (level) => {
      if (level >= LEVEL_ARGS) mask |= 1 << ((level - LEVEL_ARGS) >>> 6);
      return undefined;
    });
    return mask;
  }

  /** The words that this candidate can get, whatever its unknown bits are. */
  #possible({ arch, nr, args }: Candidate): ReadonlySet<U32> {
    return this.#walk(this.#meaning(arch.audit, nr), (level) =>
      level < LEVEL_ARGS ? undefined : bitOf(args[(level - LEVEL_ARGS) >>> 6], 63 - ((level - LEVEL_ARGS) & 63)),
    );
  }

  /** The leaves that are reached when each bit is 0, 1 or, undefined, either. */
  #walk(root: Node, bit: (level: number) => 0 | 1 | undefined): ReadonlySet<U32> {
    const d = this.#words.diagrams;
    const leaves = new Set<U32>();
    const seen = new Set<Node>();
    const visit = (node: Node): void => {
      if (seen.has(node)) return;
      seen.add(node);
      if (d.isLeaf(node)) {
        leaves.add(d.wordOf(node));
        return;
      }
      const value = bit(d.level(node));
      if (value !== 1) visit(d.lo(node));
      if (value !== 0) visit(d.hi(node));
    };
    visit(root);
    return leaves;
  }
}

function bitOf(arg: TracedArg | undefined, bit: number): 0 | 1 | undefined {
  if (arg === undefined || ((arg.known >> BigInt(bit)) & 1n) === 0n) return undefined;
  return ((arg.value >> BigInt(bit)) & 1n) === 1n ? 1 : 0;
}
