/**
 * The reference meaning of a policy: the plainest code that can be right. Everything else in the project (compiler,
 * prover, explain) is held against it.
 */
import { type SeccompData, X32_SYSCALL_BIT } from '../arch/index.ts';
import { type U32, u32 } from '../num/index.ts';
import { holdsAll } from './conditions.ts';
import type { ArchPolicy, CallPolicy, Policy, PolicyRule } from './types.ts';

export interface Decision {
  /** The whole result word. */
  readonly word: U32;
  /** Why: a rule, no rule (the default action), or an architecture that the policy does not name. */
  readonly reason: 'rule' | 'default' | 'unknown-arch';
  /** With 'unknown-arch': the ABI of the token, when the number is another ABI's (MIPS). */
  readonly arch?: ArchPolicy | undefined;
  readonly call?: CallPolicy | undefined;
  readonly rule?: PolicyRule | undefined;
}

/** nr -1 is what a tracer writes to skip a call; it has bit 30 set and is no x32 number. */
const SKIPPED = 0xffff_ffff;

/**
 * The ABI that a call is made through: the audit token, and on AUDIT_ARCH_X86_64 bit 30 of the number.
 * @see Linux arch/x86/entry/syscall_64.c do_syscall_x32()
 */
export function archPolicyFor(policy: Policy, arch: number, nr: number): ArchPolicy | undefined {
  const token = policy.arches.filter((a) => a.arch.audit === u32(arch));
  const isX32 = (nr & X32_SYSCALL_BIT) !== 0 && u32(nr) !== SKIPPED;
  return (
    token.find((a) => (a.arch.name === 'x32') === (isX32 && a.arch.audit === 0xc000_003e)) ??
    // -1 belongs to no ABI: with x32 alone in the policy it still gets the default action.
    (u32(nr) === SKIPPED ? token[0] : undefined)
  );
}

/** The word for a number of this ABI that no rule decides. */
export function wordWithoutRule(policy: Policy, arch: ArchPolicy, nr: number): U32 {
  // -1 on x86_64's token has bit 30, so the stub for x32 numbers catches it, and that for x86_64's own does not.
  const sharesToken = arch.arch.name === 'x86_64' && nr === SKIPPED;
  const { enosys } = sharesToken ? (policy.arches.find((a) => a.arch.name === 'x32') ?? NO_STUB) : arch;
  if (enosys && (nr > enosys.above || (enosys.zero && nr === 0))) return enosys.word;
  return isOther(arch, nr) ? policy.unknownArch : arch.defaultAction;
}

/** A call of another ABI that this ABI's program makes, and that the default action would let through. */
function isOther({ others }: ArchPolicy, nr: number): boolean {
  return others?.ranges.some(({ first, last }) => first <= nr && nr <= last) ?? false;
}

const NO_STUB: Pick<ArchPolicy, 'enosys'> = {};

/**
 * What a policy says to one call, and which rule says it.
 * @param policy what `resolvePolicy` gave
 * @param data the call: `nr` and `arch` 32 bits, arguments 64 bits as bigint
 * @returns `word`, the reason, and ABI, call and rule where one decides. Never throws.
 */
export function decide(policy: Policy, data: SeccompData): Decision {
  const nr = u32(data.nr);
  const arch = archPolicyFor(policy, data.arch, nr);
  if (arch === undefined) return { word: policy.unknownArch, reason: 'unknown-arch' };
  const call = arch.calls.get(nr);
  const rule = call?.rules.find((r) => holdsAll(r.conditions, data.args));
  if (rule) return { word: rule.action, reason: 'rule', arch, call, rule };
  if (call) return { word: arch.defaultAction, reason: 'default', arch, call };
  return { word: wordWithoutRule(policy, arch, nr), reason: isOther(arch, nr) ? 'unknown-arch' : 'default', arch };
}

/**
 * The reference meaning of a policy: its answer to one call.
 * @param policy what `resolvePolicy` gave
 * @param data the call: `nr` and `arch` 32 bits, arguments 64 bits as bigint
 * @returns the result word: 32 bits, action and data. Never throws.
 */
export function evaluate(policy: Policy, data: SeccompData): U32 {
  return decide(policy, data).word;
}
