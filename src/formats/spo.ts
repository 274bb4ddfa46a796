/**
 * The plain dialect as a SeccompProfile of the Security Profiles Operator, v1beta1. It has no default errno and takes an
 * errnoRet of 0 for none: both then mean EPERM. 64-bit values are signed there.
 * @see security-profiles-operator api/seccompprofile/v1beta1/seccompprofile_types.go
 */
import { actionOf, dataOf, SECCOMP_RET_ERRNO, SECCOMP_RET_TRACE } from '../arch/index.ts';
import { Diagnostics, type Source } from '../diag/index.ts';
import { type U32, u32 } from '../num/index.ts';
import { actionKeys } from '../policy/print-keys.ts';
import { comparisonKeys, flagNames } from './oci.ts';
import type { PlainProfile } from './plain-profile.ts';
import { type Yaml, yamlDocument } from './yaml.ts';

const EPERM = 1;
const MOST = (1n << 63n) - 1n;

/** Architectures of the resource's schema. */
const ARCHES: ReadonlySet<string> = new Set(
  (
    'X86 X86_64 X32 ARM AARCH64 MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PPC PPC64 PPC64LE S390 S390X PARISC ' +
    'PARISC64 RISCV64'
  )
    .split(' ')
    .map((name) => `SCMP_ARCH_${name}`),
);

const takesErrno = (word: U32): boolean => actionOf(word) === SECCOMP_RET_ERRNO || actionOf(word) === SECCOMP_RET_TRACE;
const withEperm = (word: U32): U32 => (takesErrno(word) ? u32(actionOf(word) | EPERM) : word);

/** The profile as the operator will write it to the nodes: what `spoYaml` says, and no more. */
export function asOperatorWrites(profile: PlainProfile): PlainProfile {
  const rules = profile.rules.map((r) => (dataOf(r.action) === 0 ? { ...r, action: withEperm(r.action) } : r));
  return { ...profile, defaultAction: withEperm(profile.defaultAction), rules };
}

/** Throws EXPORT_MACHINE, EXPORT_INEXPRESSIBLE for what the resource's schema does not take. */
export function checkSpo(profile: PlainProfile, source: Source): void {
  const diagnostics = new Diagnostics();
  for (const arch of profile.arches) {
    if (ARCHES.has(arch.scmp)) continue;
    const message = `the Security Profiles Operator does not know ${arch.scmp}`;
    diagnostics.add({ code: 'EXPORT_MACHINE', source, message, help: 'export the other architectures: --arch' });
  }
  for (const { names, comparisons } of profile.rules) {
    if (comparisons.every((c) => c.value <= MOST && (c.op !== 'masked_eq' || c.mask <= MOST))) continue;
    const message = `a rule for ${names.join(', ')} compares with 2^63 or more, and Kubernetes has signed integers of 64 bits`;
    const help = 'as a file on the nodes it is no problem: --format k8s-localhost';
    diagnostics.add({ code: 'EXPORT_INEXPRESSIBLE', source, message, help });
  }
  diagnostics.throwIfErrors();
}

/** The resource. `profile` has passed `asOperatorWrites` and `checkSpo`. */
export function spoYaml(profile: PlainProfile, name: string): string {
  const syscalls = profile.rules.map(({ names, action, comparisons }): Yaml => {
    const { errnoRet, ...keys } = actionKeys(action);
    const args = comparisons.map((c) => {
      const { index, op, value, valueTwo } = comparisonKeys(c) as { readonly [key: string]: Yaml };
      return { index, op, value, valueTwo };
    });
    return { ...keys, errnoRet, names, args: args.length === 0 ? undefined : args };
  });
  return yamlDocument({
    apiVersion: 'security-profiles-operator.x-k8s.io/v1beta1',
    kind: 'SeccompProfile',
    metadata: { name },
    spec: {
      defaultAction: actionKeys(profile.defaultAction).action,
      architectures: profile.arches.map((arch) => arch.scmp),
      flags: flagNames(profile.flags),
      listenerPath: profile.listener?.path,
      listenerMetadata: profile.listener?.metadata,
      syscalls,
    },
  });
}
