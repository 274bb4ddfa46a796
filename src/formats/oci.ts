/** The plain dialect as JSON: linux.seccomp of the OCI runtime-spec, which Kubernetes' localhostProfile files hold as well. */
import { FILTER_FLAGS } from '../arch/index.ts';
import { fileJson, type JsonObject } from '../policy/json-text.ts';
import { actionKeys } from '../policy/print-keys.ts';
import { OPS } from '../policy/vocabulary.ts';
import type { Comparison } from './comparisons.ts';
import type { NamedRule, PlainProfile } from './plain-profile.ts';

const OP_NAMES = new Map([...OPS].map(([name, op]) => [op, name]));

/** The keys of one comparison, in the runtime-spec's order. */
export function comparisonKeys({ argIndex, op, value, mask }: Comparison): JsonObject {
  const values = op === 'masked_eq' ? { value: mask, valueTwo: value } : { value };
  return { index: argIndex, ...values, op: OP_NAMES.get(op) ?? op };
}

export function ruleKeys({ names, action, comparisons }: NamedRule): JsonObject {
  const args = comparisons.length === 0 ? undefined : comparisons.map(comparisonKeys);
  return { ...actionKeys(action), names, args };
}

/** In the kernel's order. */
export function flagNames(flags: readonly string[]): readonly string[] | undefined {
  const found = [...FILTER_FLAGS.keys()].filter((flag) => flags.includes(flag));
  return found.length === 0 ? undefined : found;
}

export function ociJson(profile: PlainProfile): string {
  const { action, errnoRet } = actionKeys(profile.defaultAction);
  return fileJson({
    defaultAction: action,
    defaultErrnoRet: errnoRet,
    architectures: profile.arches.map((arch) => arch.scmp),
    flags: flagNames(profile.flags),
    listenerPath: profile.listener?.path,
    listenerMetadata: profile.listener?.metadata,
    syscalls: profile.rules.map(ruleKeys),
  });
}
