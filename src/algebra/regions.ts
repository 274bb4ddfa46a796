/** Boxes of argument values (prove/regions.ts) as conditions of the dialect. */
import { unreachable } from '../diag/index.ts';
import type { Values } from '../diagram/index.ts';
import { U64_MAX } from '../num/index.ts';
import type { Condition } from '../policy/index.ts';
import type { ArgumentRegion, FieldValues } from '../prove/index.ts';

const LOW = 0xffff_ffffn;
/** Alternatives that one box may become. */
const MOST = 256;

/** One range or pattern, as conditions that must all hold. */
function conditionsOf(argIndex: number, part: FieldValues['part'], values: Values): readonly Condition[] {
  const shift = part === 'high' ? 32n : 0n;
  const top = part === 'all' ? U64_MAX : LOW;
  const narrow = part === 'low';
  const make = (op: Condition['op'], value: bigint, mask = U64_MAX): Condition => ({
    argIndex,
    op,
    value,
    mask,
    narrow,
  });
  switch (values.kind) {
    case 'any':
      return [];
    case 'masked':
      return [make('masked_eq', values.value << shift, values.mask << shift)];
    case 'range': {
      const { first, last } = values;
      // Of the high half a single value is a pattern, and a range one of all 64 bits.
      if (first === last) return part === 'high' ? [make('masked_eq', first << 32n, LOW << 32n)] : [make('eq', first)];
      const from = first << shift;
      const to = part === 'high' ? (last << 32n) | LOW : last;
      return [...(first > 0n ? [make('ge', from)] : []), ...(last < top ? [make('le', to)] : [])];
    }
    default:
      return values satisfies never;
  }
}

/** Values of one field as alternatives; undefined for what takes more than conditions can say. */
function alternatives(argIndex: number, field: FieldValues): readonly (readonly Condition[])[] | undefined {
  if (!field.not) return field.values.map((values) => conditionsOf(argIndex, field.part, values));
  // All but these: one condition each, and all must hold.
  const none = field.values.map((values): Condition | undefined => {
    if (values.kind !== 'range' || values.first !== values.last || field.part === 'high') return undefined;
    return { argIndex, op: 'ne', value: values.first, mask: U64_MAX, narrow: field.part === 'low' };
  });
  return none.includes(undefined) ? undefined : [none.map((c) => c ?? unreachable('looked at above'))];
}

/** A box as rules, each the list of its conditions; undefined when conditions cannot say it. */
export function conditionsOfRegion(region: ArgumentRegion): readonly (readonly Condition[])[] | undefined {
  // No condition speaks of the instruction pointer.
  if (region.instructionPointer !== undefined) return undefined;
  let rules: readonly (readonly Condition[])[] = [[]];
  for (const [argIndex, fields] of region.args) {
    for (const field of fields) {
      const either = alternatives(argIndex, field);
      if (either === undefined || rules.length * either.length > MOST) return undefined;
      rules = rules.flatMap((before) => either.map((conditions) => [...before, ...conditions]));
    }
  }
  return rules;
}
