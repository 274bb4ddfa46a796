/** Calls as a trace knows them, and rules as a profile has them, in letters. */
import type { Arch } from '../arch/index.ts';
import type { SuggestedRule, TracedArg, TracedCall } from '../trace/index.ts';

const WHOLE = 0xffff_ffff_ffff_ffffn;
const LOW = 0xffff_ffffn;
const MOST_NAME = 80;

/** '0x26'; a digit of which a bit is unknown is '?' (0x????????00000026 where a trace prints 32 bits only); '?': nothing. */
export function argText(arg: TracedArg | undefined): string {
  if (arg === undefined || arg.known === 0n) return '?';
  if (arg.known === WHOLE) return `0x${arg.value.toString(16)}`;
  const digits = Array.from({ length: 16 }, (_, i) => {
    const shift = BigInt(60 - 4 * i);
    return ((arg.known >> shift) & 15n) === 15n ? ((arg.value >> shift) & 15n).toString(16) : '?';
  });
  return `0x${digits.join('')}`;
}

/** The name from outside, cut: it is not escaped for any sink. */
export function nameText(call: TracedCall): string {
  const { name, nr } = call;
  if (name === '') return nr === undefined ? 'a call without name or number' : `call ${nr}`;
  return name.length > MOST_NAME ? `${name.slice(0, MOST_NAME)}…` : name;
}

/** 'socket(0x26, 0x5, …)': '…' for the rest, of which the trace says nothing or nobody asks. */
export function callText(call: TracedCall): string {
  const last = call.args.findLastIndex((arg) => arg !== undefined);
  const shown = call.args.slice(0, last + 1).map(argText);
  return `${nameText(call)}(${[...shown, ...(last < 5 ? ['…'] : [])].join(', ')})`;
}

export const archText = (arch: Arch | undefined): string => arch?.name ?? 'unknown ABI';

/** The rule as one line of a profile. Numbers are written out in full: profiles are read with 64 bits. */
export function ruleText({ names, action, args }: SuggestedRule): string {
  const conditions = (args ?? []).map(({ index, value, valueTwo, op }) => {
    const two = op === 'SCMP_CMP_MASKED_EQ' ? `, "valueTwo": ${valueTwo}` : '';
    return `{ "index": ${index}, "value": ${value}${two}, "op": ${JSON.stringify(op)} }`;
  });
  const list = conditions.length > 0 ? `, "args": [${conditions.join(', ')}]` : '';
  return `{ "names": ${JSON.stringify(names)}, "action": ${JSON.stringify(action)}${list} }`;
}

/** Argument positions that some of these conditions look at and that the trace does not know whole. */
export function unknownArgs(
  call: TracedCall,
  conditions: readonly { readonly argIndex: number; readonly narrow: boolean }[],
): readonly number[] {
  const isUnknown = ({ argIndex, narrow }: { readonly argIndex: number; readonly narrow: boolean }) => {
    const needed = narrow ? LOW : WHOLE;
    return ((call.args[argIndex]?.known ?? 0n) & needed) !== needed;
  };
  return [...new Set(conditions.filter(isUnknown).map((c) => c.argIndex))].sort();
}

/** '1,234'. */
export const count = (n: number): string => n.toLocaleString('en-US');
export const times = (n: number): string => (n === 1 ? 'once' : `${count(n)} times`);
export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;
