/** The conditions of one rule for one call, and what is odd about them, reported once per rule and not per call. */
import { type Arch, compareStrictness, isNarrowParameter } from '../arch/index.ts';
import type { Diagnostics, NewDiagnostic, Source, Span } from '../diag/index.ts';
import { hex, U64_MAX } from '../num/index.ts';
import { smallestMatch } from './conditions.ts';
import type { ArgWidth, Condition, OciCondition, OciRule, RuleOrder } from './types.ts';
import { OPS } from './vocabulary.ts';

const LOW = 0xffff_ffffn;

/** Collects findings of many calls and architectures, so that one condition is reported once. */
export class Findings {
  readonly source: Source;
  readonly #diagnostics: Diagnostics;
  readonly #seen = new Set<string>();
  /** By the place of a condition: how often it was resolved, and how often no argument could satisfy it. */
  readonly #matches = new Map<
    number,
    { readonly rule: OciRule; readonly condition: OciCondition; tried: number; never: number }
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

  /** Notes whether a condition can hold for one call on one ABI; only one that never can, anywhere, is reported. */
  noteMatch(rule: OciRule, condition: OciCondition, can: boolean): void {
    const entry = this.#matches.get(condition.span.start) ?? { rule, condition, tried: 0, never: 0 };
    entry.tried += 1;
    if (!can) entry.never += 1;
    this.#matches.set(condition.span.start, entry);
  }

  /** Reports what could only be known when every ABI was resolved. */
  report(): void {
    for (const { rule, condition: c, tried, never } of this.#matches.values()) {
      if (never < tried) continue;
      this.add({
        code: 'RULE_NEVER_MATCHES',
        span: c.span,
        message: `no argument ${c.argIndex} can satisfy this condition, so it holds for no call`,
        help:
          c.op === 'SCMP_CMP_MASKED_EQ'
            ? 'valueTwo must lie inside the mask, which is value; of a 32-bit parameter only the low 32 bits are compared'
            : 'of a 32-bit parameter only the low 32 bits are compared',
        related: [{ message: 'the rule', source: this.source, span: rule.span }],
      });
    }
  }
}

function condition(c: OciCondition, narrow: boolean): Condition {
  const op = OPS.get(c.op) ?? 'eq';
  const masked = op === 'masked_eq';
  return { argIndex: c.argIndex, op, value: masked ? c.valueTwo : c.value, mask: masked ? c.value : U64_MAX, narrow };
}

/** True for what a C program passes for an int: its low word extended by zeros or by its sign. */
function isExtended(value: bigint): boolean {
  return value <= LOW || BigInt.asUintN(64, BigInt.asIntN(32, value)) === value;
}

/**
 * True when a caller who chooses the high half of an argument, which the kernel ignores, can get the outcome `wanted`
 * for a low half that would have another outcome when passed as C does.
 */
function highBitsLeadTo(wanted: boolean, c: Condition): boolean {
  switch (c.op) {
    case 'eq':
      return !wanted || !isExtended(c.value);
    case 'ne':
      return wanted === isExtended(c.value);
    case 'lt':
    case 'le':
      return !wanted;
    case 'gt':
    case 'ge':
      // Denied above 2^31 or more are negative numbers, which the same caller can pass without their sign bits.
      return wanted || c.value >= 0x8000_0000n;
    case 'masked_eq':
      return ((wanted ? c.value : c.mask) & ~LOW) !== 0n;
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

/** Whether a comparison with a value above 32 bits holds for every argument of 32 bits; else it holds for none. */
function alwaysAbove({ op }: Condition): boolean {
  return op === 'ne' || op === 'lt' || op === 'le';
}

/** A denial that never holds, or a permission that always does: it fails open. libseccomp cuts the value instead. */
function tooWide(c: OciCondition, made: Condition, name: string, arch: Arch): Parameters<Findings['add']>[0] {
  return {
    code: 'VALUE_TOO_WIDE',
    span: c.span,
    message: `on ${arch.name} only 32 bits of ${name}'s argument ${c.argIndex} count, so this comparison with ${hex(made.value)} ${alwaysAbove(made) ? 'always' : 'never'} holds`,
    help: `for a 32-bit parameter compare with ${hex(made.value & LOW)}; where the parameter has 64 bits elsewhere, write a rule for each architecture`,
  };
}

/**
 * The condition lists under which a rule holds for one call: one list, or one per condition where an argument index
 * repeats, which runc reads as alternatives. `name` is undefined when the ABI has the call in multiplexed form only.
 */
export function alternatives(
  rule: OciRule,
  name: string | undefined,
  arch: Arch,
  settings: { readonly argWidth: ArgWidth; readonly ruleOrder: RuleOrder },
  action: number,
  defaultAction: number,
  findings: Findings,
): readonly (readonly Condition[])[] {
  if (rule.conditions.length === 0) return [[]];
  const indexes = rule.conditions.map((c) => c.argIndex);
  const repeated =
    settings.ruleOrder === 'oci' ? rule.conditions.find((c, i) => indexes.indexOf(c.argIndex) < i) : undefined;
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
  return lists.map((list) =>
    list.map((c) => {
      const narrowParameter = name === undefined || isNarrowParameter(arch, name, c.argIndex);
      const usual = arch.wordBits === 32 || (settings.argWidth === 'kernel' && narrowParameter);
      const narrow = c.width === undefined ? usual : c.width === 32;
      const result = condition(c, narrow);
      if (narrow && name !== undefined && result.value > LOW && alwaysAbove(result) === looser) {
        findings.add(tooWide(c, result, name, arch));
      }
      if (!narrow && narrowParameter && name !== undefined && highBitsLeadTo(looser, result)) {
        findings.add({
          code: 'ARG_WIDTH_BYPASS',
          span: c.span,
          message: `the kernel takes only the low 32 bits of ${name}'s argument ${c.argIndex}, this compares 64: a caller who sets a high bit ${looser ? 'is allowed' : 'slips through'}`,
          help: 'compare what the kernel uses: --arg-width kernel, or "x-argWidth": "kernel" in the profile',
        });
      }
      if (name !== undefined) findings.noteMatch(rule, c, smallestMatch([result]) !== undefined);
      return result;
    }),
  );
}
