/** What `seccompc prove` says about assertions: which hold, and the calls that break the others. */
import { describeWord } from '../arch/index.ts';
import { type Assertion, type Breach, describeCall, type Outcome, proveAssertions } from '../assert/index.ts';
import { forTerminal, positionAt } from '../diag/index.ts';
import { hex } from '../num/index.ts';
import { decide, type Policy } from '../policy/index.ts';
import type { Subject } from '../prove/index.ts';
import type { Terminal } from './terminal.ts';

/** A statement broken in more forms than this is broken; the rest are counted. */
const MOST_SHOWN = 6;

export interface Asserted {
  readonly outcomes: readonly Outcome[];
  /** 0 all hold, 1 some fail, 3 some are undecided. */
  readonly status: number;
}

function place(assertion: Assertion): string {
  const { source, span } = assertion.written;
  const { line, column } = positionAt(source.text, span.start);
  return `${forTerminal(source.name)}:${line}:${column}`;
}

/** Where the profile decides so: 'syscalls[3] at p.json:16:5'. */
function ruleOf(policy: Policy, { data }: Breach): string {
  const { reason, rule } = decide(policy, data);
  if (rule === undefined) {
    return reason === 'default'
      ? 'no rule, the default action'
      : 'no rule, an architecture that the profile does not name';
  }
  const { line, column } = positionAt(policy.source.text, rule.origin.span.start);
  const via = rule.origin.via === undefined ? '' : ` through the rule for ${rule.origin.via}`;
  return `syscalls[${rule.origin.ruleIndex}] at ${forTerminal(policy.source.name)}:${line}:${column}${via}`;
}

const FORMS: Readonly<Record<Breach['form'], string>> = {
  direct: '',
  'in-memory': ', whose arguments lie in memory here, where no filter can look',
  multiplexed: ', in the multiplexed form, whose arguments no filter can see',
  'other-number': ', a number of another MIPS ABI, whose calls the kernel makes for this one too',
  'unknown-arch': ', on an architecture token that no ABI has',
};

/** The call, what it gets, and the rule that decides. */
export function breachLines(breach: Breach, policy: Policy | undefined): readonly string[] {
  const { data, word, form, arch } = breach;
  return [
    `  ${describeCall(data)} gets ${describeWord(word, arch)}${FORMS[form]}`,
    ...(policy ? [`    decided by: ${ruleOf(policy, breach)}`] : []),
  ];
}

/** What breaks or hides a statement, below its own line. */
function detailLines(outcome: Outcome, policy: Policy | undefined): readonly string[] {
  switch (outcome.kind) {
    case 'holds':
      return [];
    case 'fails': {
      const { breaches } = outcome;
      const more = breaches.length - MOST_SHOWN;
      return [
        ...breaches.slice(0, MOST_SHOWN).flatMap((b) => breachLines(b, policy)),
        ...(more > 0 ? [`  and in ${more} more forms`] : []),
      ];
    }
    case 'unfiltered':
      return [`  Linux shows ${outcome.call} on x86_64 to no filter: none can deny it`];
    case 'undecided':
      return [`  ${outcome.why}`];
    default:
      return outcome satisfies never;
  }
}

const WORDS: Readonly<Record<Outcome['kind'], string>> = {
  holds: 'holds',
  fails: 'FAILS',
  unfiltered: 'FAILS',
  undecided: 'undecided',
};

function showOutcome(outcome: Outcome, policy: Policy | undefined, terminal: Terminal): void {
  const { assertion, kind } = outcome;
  const empty = kind === 'holds' && outcome.vacuous ? ' (no ABI here has the call)' : '';
  const where = kind === 'holds' ? '' : `  [${place(assertion)}]`;
  terminal.line(`${WORDS[kind]}: ${forTerminal(assertion.written.text)}${empty}${where}`);
  for (const text of detailLines(outcome, policy)) terminal.line(text);
}

function statusOf(outcomes: readonly Outcome[]): number {
  if (outcomes.some(({ kind }) => kind === 'fails' || kind === 'unfiltered')) return 1;
  return outcomes.some(({ kind }) => kind === 'undecided') ? 3 : 0;
}

/** Proves statements about a subject and shows the outcome; `policy` tells which rule decides. */
export function showAssertions(
  subject: Subject,
  assertions: readonly Assertion[],
  options: { readonly policy?: Policy | undefined } & NonNullable<Parameters<typeof proveAssertions>[2]>,
  terminal: Terminal,
): Asserted {
  const outcomes = proveAssertions(subject, assertions, options);
  for (const outcome of outcomes) showOutcome(outcome, options.policy, terminal);
  const held = outcomes.filter(({ kind }) => kind === 'holds').length;
  if (outcomes.length > 0) {
    terminal.line(
      held === outcomes.length
        ? `assertions: all ${held} hold, for all values`
        : `assertions: ${outcomes.length - held} of ${outcomes.length} do not hold`,
    );
  }
  return { outcomes, status: statusOf(outcomes) };
}

export function assertionData(outcome: Outcome, policy: Policy | undefined): Record<string, unknown> {
  const { assertion, kind } = outcome;
  const { source, span } = assertion.written;
  const { line, column } = positionAt(source.text, span.start);
  const breach = (b: Breach) => ({
    call: describeCall(b.data),
    form: b.form,
    arch: hex(b.data.arch),
    abi: b.arch?.name ?? null,
    nr: b.data.nr,
    args: b.data.args.map(hex),
    action: describeWord(b.word, b.arch),
    word: b.word,
    count: String(b.count),
    ...(policy && { rule: decide(policy, b.data).rule?.origin ?? null }),
  });
  return {
    statement: assertion.written.text,
    file: source.name,
    line,
    column,
    outcome: kind,
    ...(kind === 'holds' && { vacuous: outcome.vacuous }),
    ...(kind === 'fails' && { breaches: outcome.breaches.map(breach) }),
    ...(kind === 'unfiltered' && { why: `Linux shows ${outcome.call} on x86_64 to no filter` }),
    ...(kind === 'undecided' && { why: outcome.why }),
  };
}
