export { holds, holdsAll } from './conditions.ts';
export { describeCondition } from './conditions-of.ts';
export { archPolicyFor, type Decision, decide, evaluate, wordWithoutRule } from './evaluate.ts';
export { parseKernelVersion, readProfile } from './parse.ts';
export { printPolicy } from './print.ts';
export { parseProfile, resolvePolicy } from './profile.ts';
export { compareVersions, resolve } from './resolve.ts';
export type {
  ArchPolicy,
  CallPolicy,
  Condition,
  ConditionOp,
  InactiveRule,
  OciProfile,
  OciRule,
  Origin,
  Policy,
  PolicyRule,
  ResolveOptions,
} from './types.ts';
