/**
 * A failed expectation, as test runners show it: an AssertionError with `expected` and `actual`, a message with the place
 * in the profile that decides, and a stack that begins at the test's own line.
 */

import { type Arch, describeWord, type SeccompData, syscallName, UNFILTERED_X86_64 } from '../arch/index.ts';
import { describeCall } from '../assert/describe.ts';
import { list } from '../bpf/index.ts';
import { type Diagnostic, type Related, renderPlain } from '../diag/index.ts';
import { trace } from '../kernel/index.ts';
import type { U32 } from '../num/index.ts';
import { decide, describeCondition, type Policy, readProfile } from '../policy/index.ts';
import type { Side } from './subject.ts';

/** Of a program's path and of rules that do not match so many are shown. */
const MOST_SHOWN = 12;

export interface Facts {
  readonly message: string;
  /** In words: a runner shows the difference. */
  readonly expected: string;
  readonly actual: string;
  readonly operator: 'allows' | 'denies' | 'logs' | 'passes';
  /** The calls that break the expectation, one for each ABI; none of a replay. */
  readonly witnesses?: readonly SeccompData[];
}

/** Thrown by every expectation that does not hold. `name` and `code` are those of node:assert. */
export class HarnessError extends Error {
  override readonly name: string = 'AssertionError';
  readonly code: string = 'ERR_ASSERTION';
  readonly generatedMessage: boolean = false;
  readonly expected: string;
  readonly actual: string;
  readonly operator: Facts['operator'];
  readonly witnesses: readonly SeccompData[];

  /**
   * Made by expectations. Never throws.
   * @param options what was expected, what came, and the calls that show it
   */
  constructor({ message, expected, actual, operator, witnesses = [] }: Facts) {
    super(message);
    this.expected = expected;
    this.actual = actual;
    this.operator = operator;
    this.witnesses = witnesses;
  }
}

/** Where the test called: taken before anything is awaited, since the stack is gone then. */
export interface Caller {
  /** The error with this caller's stack. */
  readonly throw: (facts: Facts) => never;
}

/** `entry`: the function that the test called; its frame and those above it are left out. */
export function callerOf(entry: (...args: never[]) => unknown): Caller {
  const here: { stack?: string } = {};
  Error.captureStackTrace?.(here, entry);
  // Without its first line, which names no error yet.
  const frames = here.stack?.slice(here.stack.indexOf('\n') + 1);
  return {
    throw: (facts) => {
      const error = new HarnessError(facts);
      if (frames !== undefined) error.stack = `${error.name} [${error.code}]: ${error.message}\n${frames}`;
      throw error;
    },
  };
}

/** One call that breaks an expectation, and why the filter answers it so. */
export function breach(side: Side, arch: Arch, data: SeccompData, word: U32, wanted: string): string {
  const base = { code: 'HARNESS_FAILED', severity: 'error' } as const;
  const call = describeCall(data);
  if (arch.name === 'x86_64' && UNFILTERED_X86_64.has(data.nr)) {
    return renderPlain({ ...base, file: side.name, message: `${call} should ${wanted}: Linux shows it to no filter` });
  }
  const message = `${call} should ${wanted}, and gets ${describeWord(word, arch)}`;
  if (side.policy !== undefined) return renderPlain({ ...base, message, ...ruleOf(side.policy, data) });
  if (!('insns' in side.filter)) return renderPlain({ ...base, file: side.name, message });
  const lines = list(side.filter.insns, side.filter.endian);
  const { pcs } = trace(side.filter, data);
  const shown = pcs.slice(-MOST_SHOWN).map((pc) => {
    const { text = '', comment = '' } = lines[pc] ?? {};
    return `  ${String(pc).padStart(5)}: ${text.padEnd(32)}${comment === '' ? '' : `; ${comment}`}`.trimEnd();
  });
  const cut = pcs.length > shown.length ? [`  ${pcs.length - shown.length} instructions before, then`] : [];
  return [renderPlain({ ...base, file: side.name, message }), ...cut, ...shown].join('\n');
}

/** The rule that decides with its place, or the default action, and the rules for this call that do not hold. */
function ruleOf(policy: Policy, data: SeccompData): Partial<Diagnostic> {
  const { source } = policy;
  const { arch, call, rule, reason } = decide(policy, data);
  if (rule !== undefined) {
    const held = rule.conditions.map(describeCondition).join(' and ');
    const via = rule.origin.via === undefined ? '' : ` through the rule for ${rule.origin.via}`;
    const help = `syscalls[${rule.origin.ruleIndex}] decides${via}${held === '' ? '' : `: ${held}`}`;
    return { source, span: rule.origin.span, help };
  }
  if (arch === undefined || reason === 'unknown-arch') {
    return { file: source.name, help: 'no rule decides: the policy does not name this architecture' };
  }
  const name = call?.name ?? syscallName(arch.arch, data.nr);
  const asked = (call?.rules ?? []).map(
    ({ origin, conditions }): Related => ({
      message: `syscalls[${origin.ruleIndex}] does not match: ${conditions.map(describeCondition).join(' and ')}`,
      source,
      span: origin.span,
    }),
  );
  const idle = arch.inactive
    .filter(({ names }) => name !== undefined && names.includes(name))
    .map(({ origin, why }): Related => ({ message: `not in force: it ${why}`, source, span: origin.span }));
  const span = readProfile(source).profile?.defaultAction.span;
  return {
    source,
    ...(span && { span }),
    related: [...asked, ...idle].slice(0, MOST_SHOWN),
    help: 'the default action decides',
  };
}
