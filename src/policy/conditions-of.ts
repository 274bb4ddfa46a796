/** The conditions of one rule for one call, and what is odd about them, reported once per rule and not per call. */
import { type Arch, compareStrictness, isNarrowParameter } from '../arch/index.ts';
import type { Diagnostics, NewDiagnostic, Source, Span } from '../diag/index.ts';
import { hex, U64_MAX } from '../num/index.ts';
import { exampleArguments } from './conditions.ts';
import type { ArgWidth, Condition, OciCondition, OciRule } from './types.ts';
import { OPS } from './vocabulary.ts';

const LOW = 0xffff_ffffn;

/** Collects findings of many calls and architectures, so that one condition is reported once. */
export class Findings {
  readonly source: Source;
  readonly #diagnostics: Diagnostics;
  readonly #seen = new Set<string>();
  /** Per condition list: how often it was resolved, and how often nothing could match it. */
  readonly #matches = new Map<
    number,
    { readonly span: Span; tried: number; never: number; readonly related: Span | undefined }
  >();

  constructor(source: Source, diagnostics: Diagnostics) {
    this.source = source;
    this.#diagnostics = diagnostics;
  }

  add(d: Omit<NewDiagnostic, 'source'> & { readonly span: Span }, key = ''): void {
    const id = `${d.code} ${d.span.start} ${key}`;
    if (this.#seen.has(id)) return;
    this.#seen.add(id);
    this.#diagnostics.add({ ...d, source: this.source });
  }

  /** Notes whether a rule's conditions can match on one ABI; only one that never can, anywhere, is reported. */
  noteMatch(list: readonly OciCondition[], can: boolean): void {
    const [first] = list;
    if (first === undefined) return;
    const entry = this.#matches.get(first.span.start) ?? {
      span: first.span,
      tried: 0,
      never: 0,
      related: list[1]?.span,
    };
    entry.tried += 1;
    if (!can) entry.never += 1;
    this.#matches.set(first.span.start, entry);
  }

  /** Reports what could only be known when every ABI was resolved. */
  report(): void {
    for (const { span, tried, never, related } of this.#matches.values()) {
      if (never < tried) continue;
      this.add({
        code: 'RULE_NEVER_MATCHES',
        span,
        message: 'no argument can satisfy these conditions, so the rule does nothing',
        help: 'of a 32-bit parameter only the low 32 bits are compared; valueTwo of a masked comparison must lie inside the mask',
        related: related && [{ message: 'together with this condition', source: this.source, span: related }],
      });
    }
  }
}

function condition(c: OciCondition, narrow: boolean): Condition {
  const op = OPS.get(c.op) ?? 'eq';
  const masked = op === 'masked_eq';
  return { argIndex: c.argIndex, op, value: masked ? c.valueTwo : c.value, mask: masked ? c.value : U64_MAX, narrow };
}

/** True when setting a bit above 31 of an argument can turn the outcome of this comparison to `wanted`. */
function highBitsLeadTo(wanted: boolean, c: Condition): boolean {
  switch (c.op) {
    case 'eq':
    case 'lt':
    case 'le':
      return !wanted;
    case 'ne':
    case 'gt':
    case 'ge':
      return wanted && c.value <= LOW;
    case 'masked_eq':
      return !wanted && (c.mask & ~LOW) !== 0n;
    default:
      return c.op satisfies never;
  }
}

const SYMBOL: Readonly<Record<string, string>> = { eq: '==', ne: '!=', lt: '<', le: '<=', gt: '>', ge: '>=' };

/** 'arg0 == 0x26', 'arg1 & 0x7e020000 == 0'. */
export function describeCondition(c: Condition): string {
  const left = `arg${c.argIndex}${c.narrow ? ' (low 32 bits)' : ''}`;
  return c.op === 'masked_eq'
    ? `${left} & ${hex(c.mask)} == ${hex(c.value)}`
    : `${left} ${SYMBOL[c.op]} ${hex(c.value)}`;
}

/**
 * The condition lists under which a rule holds for one call: one list, or one per condition where an argument index
 * repeats, which runc reads as alternatives. `name` is undefined when the ABI has the call in multiplexed form only.
 */
export function alternatives(
  rule: OciRule,
  name: string | undefined,
  arch: Arch,
  argWidth: ArgWidth,
  action: number,
  defaultAction: number,
  findings: Findings,
): readonly (readonly Condition[])[] {
  if (rule.conditions.length === 0) return [[]];
  const indexes = rule.conditions.map((c) => c.argIndex);
  const repeated = rule.conditions.find((c, i) => indexes.indexOf(c.argIndex) < i);
  if (repeated) {
    const first = rule.conditions[indexes.indexOf(repeated.argIndex)];
    findings.add({
      code: 'ARG_INDEX_REPEATED',
      span: repeated.span,
      message: `argument ${repeated.argIndex} stands twice in one rule, so each of its ${rule.conditions.length} conditions alone is enough`,
      help: 'this is how runc reads it; write one rule for each alternative to say it plainly',
      related: first && [{ message: 'it stands here first', source: findings.source, span: first.span }],
    });
  }
  const looser = compareStrictness(action, defaultAction) > 0;
  const lists = repeated ? rule.conditions.map((c) => [c]) : [rule.conditions];
  return lists.map((list) => {
    const made = list.map((c) => {
      const narrowParameter = name === undefined || isNarrowParameter(arch, name, c.argIndex);
      const narrow = arch.wordBits === 32 || (argWidth === 'kernel' && narrowParameter);
      const result = condition(c, narrow);
      if (!narrow && narrowParameter && name !== undefined && highBitsLeadTo(looser, result)) {
        findings.add({
          code: 'ARG_WIDTH_BYPASS',
          span: c.span,
          message: `the kernel takes only the low 32 bits of ${name}'s argument ${c.argIndex}, this compares 64: a caller who sets a high bit ${looser ? 'is allowed' : 'slips through'}`,
          help: 'compare what the kernel uses: --arg-width kernel, or "x-argWidth": "kernel" in the profile',
        });
      }
      return result;
    });
    if (name !== undefined) findings.noteMatch(list, exampleArguments(made) !== undefined);
    return made;
  });
}
