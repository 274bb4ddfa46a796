/** The parts of a policy by the keys of the dialect: actions, conditions, and what is said once for all rules. */
import {
  ACTION_NAMES,
  type Arch,
  actionOf,
  dataOf,
  errnoNames,
  errnoNumber,
  FILTER_FLAGS,
  SECCOMP_RET_ERRNO,
  SECCOMP_RET_TRACE,
  syscallNumber,
} from '../arch/index.ts';
import { unreachable } from '../diag/index.ts';
import { hex, type U32 } from '../num/index.ts';
import type { JsonObject } from './json-text.ts';
import { stubAbove, UNKNOWN_ARCH } from './resolve.ts';
import type { ArchPolicy, Condition, Policy } from './types.ts';
import { ACTIONS, OPS } from './vocabulary.ts';

const OP_NAMES = new Map([...OPS].map(([name, op]) => [op, name]));
/** Of two names for one word the last counts: SCMP_ACT_KILL_THREAD, not SCMP_ACT_KILL. */
const SCMP_NAMES: ReadonlyMap<number, string> = new Map([...ACTIONS].map(([name, word]) => [word, name]));

/** An action and its number, by the keys of a rule. */
export function actionKeys(word: U32): { readonly action: string; readonly errnoRet?: number | undefined } {
  const action = SCMP_NAMES.get(actionOf(word));
  const hasData = actionOf(word) === SECCOMP_RET_ERRNO || actionOf(word) === SECCOMP_RET_TRACE;
  if (action === undefined || (!hasData && dataOf(word) !== 0)) {
    return unreachable(`a policy says ${hex(word)} (${ACTION_NAMES.get(actionOf(word)) ?? 'no action'})`);
  }
  return { action, errnoRet: hasData ? dataOf(word) : undefined };
}

/** `width`: that of the comparison in bits, where it must be said. */
export function conditionKeys({ argIndex, op, value, mask }: Condition, width: number | undefined): JsonObject {
  const values = op === 'masked_eq' ? { value: mask, valueTwo: value } : { value };
  return { index: argIndex, op: OP_NAMES.get(op) ?? op, ...values, 'x-width': width };
}

/** The default action, by the keys of a profile: an errno that is numbered differently on the ABIs by its name. */
function defaultKeys(arches: readonly ArchPolicy[]): JsonObject {
  const words = arches.map((a) => a.defaultAction);
  const [first] = words as [U32];
  const { action, errnoRet } = actionKeys(first);
  if (words.every((word) => word === first)) return { defaultAction: action, defaultErrnoRet: errnoRet };
  const name = errnoNames().find((n) => arches.every((a) => errnoNumber(n, a.arch) === dataOf(a.defaultAction)));
  if (name === undefined || words.some((word) => actionOf(word) !== actionOf(first))) {
    return unreachable(`the default actions of a policy differ: ${words.map(hex).join(', ')}`);
  }
  return { defaultAction: action, defaultErrno: name };
}

function enosysKey(arches: readonly ArchPolicy[]): JsonObject | undefined {
  const stubs = arches.flatMap(({ arch, enosys }) => {
    if (enosys === undefined) return [];
    const said = stubAbove(arch, enosys.above);
    if (said.word !== enosys.word || said.zero !== enosys.zero) return unreachable(`another stub on ${arch.name}`);
    return [[arch.scmp, enosys.above] as const];
  });
  return stubs.length === 0 ? undefined : Object.fromEntries(stubs);
}

function unknownArchKey(word: U32): string | undefined {
  const name = Object.entries(UNKNOWN_ARCH).find(([, w]) => w === word)?.[0];
  if (name === undefined) return unreachable(`unknown architectures get ${hex(word)}`);
  return name === 'kill-process' ? undefined : name;
}

/** Calls here can also be made through another one, in which rules for them would count. */
function multiplexes(arch: Arch): boolean {
  return ['socketcall', 'ipc'].some((name) => syscallNumber(arch, name) !== undefined);
}

/** Everything that stands before the rules. `arches`: the policy's, in the order wanted. */
export function topKeys(
  policy: Policy,
  arches: readonly ArchPolicy[],
  reading: { readonly kernelWidth: boolean; readonly ordered: boolean },
): JsonObject {
  const flags = [...FILTER_FLAGS.keys()].filter((flag) => policy.flags.includes(flag));
  return {
    ...defaultKeys(arches),
    architectures: arches.map((a) => a.arch.scmp),
    flags: flags.length > 0 ? flags : undefined,
    'x-argWidth': reading.kernelWidth ? 'kernel' : undefined,
    'x-multiplexed': arches.some((a) => multiplexes(a.arch)) ? 'written' : undefined,
    'x-ruleOrder': reading.ordered ? 'first-match' : undefined,
    'x-unknownArch': unknownArchKey(policy.unknownArch),
    'x-enosysAbove': enosysKey(arches),
  };
}
