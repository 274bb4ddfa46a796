/** The smallest rule of the OCI dialect that lets a recorded call through. */
import type { SuggestedRule, TracedArg, TracedCall } from './types.ts';

const WHOLE = 0xffff_ffff_ffff_ffffn;

/**
 * By name and, where the trace has arguments that the filter looks at, by what is known of them. Undefined for a call
 * without a name: profiles have no numbers.
 */
export function allowing(call: TracedCall): SuggestedRule | undefined {
  if (!/^[a-z_][a-z0-9_]*$/.test(call.name) || call.name.startsWith('syscall_0x')) return undefined;
  const args = call.args.flatMap((arg, index) => (arg === undefined ? [] : [conditionOf(arg, index)]));
  return { names: [call.name], action: 'SCMP_ACT_ALLOW', ...(args.length > 0 && { args }) };
}

function conditionOf({ known, value }: TracedArg, index: number): NonNullable<SuggestedRule['args']>[number] {
  return known === WHOLE
    ? { index, value, valueTwo: 0n, op: 'SCMP_CMP_EQ' }
    : { index, value: known, valueTwo: value, op: 'SCMP_CMP_MASKED_EQ' };
}
