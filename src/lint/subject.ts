/** What every family is given: the profile, what it means on each machine, and exact verdicts of single calls. */
import {
  type Arch,
  actionOf,
  dataOf,
  errnoNumber,
  SECCOMP_RET_ALLOW,
  SECCOMP_RET_ERRNO,
  SECCOMP_RET_LOG,
  SECCOMP_RET_TRACE,
  SECCOMP_RET_USER_NOTIF,
  syscallNumber,
} from '../arch/index.ts';
import type { Code, Related, Severity, Span } from '../diag/index.ts';
import { CODES } from '../diag/index.ts';
import type { U32 } from '../num/index.ts';
import type { ArchPolicy, OciProfile, OciRule, Policy } from '../policy/index.ts';
import { wordWithoutRule } from '../policy/index.ts';
import { Judge } from '../prove/index.ts';
import type { Finding, Fix, LintOptions } from './finding.ts';

export const runs = (word: U32): boolean => [SECCOMP_RET_ALLOW, SECCOMP_RET_LOG].some((a) => a === actionOf(word));
/** Neither run nor refused by the filter: somebody else decides. */
const isAsked = (word: U32): boolean => [SECCOMP_RET_USER_NOTIF, SECCOMP_RET_TRACE].some((a) => a === actionOf(word));
const isRefused = (word: U32): boolean => !runs(word) && !isAsked(word);

/** open: runs whatever its arguments are. denied: never runs. partly: depends on the arguments, or on somebody else. */
export type Verdict = 'open' | 'denied' | 'partly';

/** A policy for the ABIs of one machine, and its ABIs' calls judged. */
export class Machine {
  readonly policy: Policy;
  readonly #judge: () => Judge;
  readonly #known = new Map<string, Verdict | undefined>();

  constructor(policy: Policy) {
    this.policy = policy;
    let judge: Judge | undefined;
    this.#judge = () => {
      judge ??= new Judge(policy);
      return judge;
    };
  }

  get arches(): readonly ArchPolicy[] {
    return this.policy.arches;
  }

  /** The one word that a call gets whatever its arguments are; undefined where they count. */
  word(arch: ArchPolicy, nr: number): U32 | undefined {
    const rules = arch.calls.get(nr)?.rules;
    const [first] = rules ?? [];
    if (first === undefined) return wordWithoutRule(this.policy, arch, nr);
    return first.conditions.length === 0 ? first.action : undefined;
  }

  /** Undefined where the ABI has no such call. What cannot be decided is 'partly', of which less is said. */
  verdict(arch: ArchPolicy, name: string): Verdict | undefined {
    const nr = syscallNumber(arch.arch, name);
    if (nr === undefined) return undefined;
    const key = `${arch.arch.name} ${nr}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = this.#verdict(arch, nr);
    this.#known.set(key, made);
    return made;
  }

  #verdict(arch: ArchPolicy, nr: number): Verdict {
    const word = this.word(arch, nr);
    if (word !== undefined) return runs(word) ? 'open' : isRefused(word) ? 'denied' : 'partly';
    const region = { calls: [{ arch: arch.arch.audit, nr }] };
    if (this.#judge().holds({ region, predicate: runs }).holds) return 'open';
    return this.#judge().holds({ region, predicate: isRefused }).holds ? 'denied' : 'partly';
  }

  /** Whether every word that the call gets is ENOSYS: a way to make callers fall back rather than a denial. */
  isEnosys(arch: ArchPolicy, name: string): boolean {
    const nr = syscallNumber(arch.arch, name);
    const word = nr === undefined ? undefined : this.word(arch, nr);
    return word !== undefined && isEnosysWord(word, arch.arch);
  }

  /** The same, or the number that ENOSYS has nearly everywhere: what was meant is plain, whatever it is on this ABI. */
  meansEnosys(arch: ArchPolicy, name: string): boolean {
    const nr = syscallNumber(arch.arch, name);
    const word = nr === undefined ? undefined : this.word(arch, nr);
    const isUsual = word !== undefined && actionOf(word) === SECCOMP_RET_ERRNO && dataOf(word) === USUAL_ENOSYS;
    return isUsual || this.isEnosys(arch, name);
  }
}

/** Not on MIPS (89), parisc (251). */
const USUAL_ENOSYS = 38;

export function isEnosysWord(word: U32, arch: Arch): boolean {
  return actionOf(word) === SECCOMP_RET_ERRNO && dataOf(word) === errnoNumber('ENOSYS', arch);
}

export interface NewFinding {
  readonly code: Code;
  readonly severity?: Severity | undefined;
  readonly span: Span;
  readonly message: string;
  readonly help?: string | undefined;
  readonly related?: readonly Related[] | undefined;
  readonly fix?: Fix | undefined;
}

/** One run of lint. Families add to it; nothing else changes. */
export class Subject {
  readonly profile: OciProfile;
  readonly machines: readonly Machine[];
  readonly options: LintOptions;
  readonly findings: Finding[] = [];

  constructor(profile: OciProfile, machines: readonly Machine[], options: LintOptions) {
    this.profile = profile;
    this.machines = machines;
    this.options = options;
  }

  get text(): string {
    return this.profile.source.text;
  }

  add(finding: NewFinding): void {
    this.findings.push({
      ...finding,
      severity: finding.severity ?? CODES[finding.code].severity,
      source: this.profile.source,
    });
  }

  /** Every ABI with the machine that it belongs to. */
  get abis(): readonly (readonly [Machine, ArchPolicy])[] {
    return this.machines.flatMap((machine) => machine.arches.map((arch) => [machine, arch] as const));
  }

  rule(index: number): OciRule | undefined {
    return this.profile.rules.find((rule) => rule.index === index);
  }

  related(span: Span, message: string): Related {
    return { message, source: this.profile.source, span };
  }

  /** Where a rule that counts on an ABI names the call; undefined where none does. */
  place(arch: ArchPolicy, name: string): Span | undefined {
    const nr = syscallNumber(arch.arch, name);
    const rules = nr === undefined ? [] : (arch.calls.get(nr)?.rules ?? []);
    for (const { origin } of rules) {
      const named = this.rule(origin.ruleIndex)?.names.find(({ value }) => value === name);
      if (named !== undefined && origin.via === undefined) return named.span;
    }
    return undefined;
  }
}

const MOST_LISTED = 8;

/** 'a, b, c and 4 more', each once. */
export function listed(names: Iterable<string>): string {
  const all = [...new Set(names)];
  const rest = all.length - MOST_LISTED;
  return rest > 1 ? `${all.slice(0, MOST_LISTED).join(', ')} and ${rest} more` : all.join(', ');
}
