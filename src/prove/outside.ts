/**
 * Calls about which nothing can be claimed: the kernel shows them to no filter, whatever it says.
 * @see Linux v6.18 arch/x86: uretprobe (335) and uprobe (336) are constantly allowed, on the native ABI only
 */
import { arch } from '../arch/index.ts';
import { type Diagrams, FALSE, fix, LEVEL_ARCH, LEVEL_NR, type Node, TRUE } from '../diagram/index.ts';
import type { U32 } from '../num/index.ts';
import { byValue } from './policy.ts';

export interface Outside {
  /** AUDIT_ARCH_X86_64. */
  readonly arch: U32;
  readonly numbers: readonly number[];
  /** Whether the two sides agree on these calls too; they are compared like all others. */
  readonly equal: boolean;
}

const NUMBERS: readonly number[] = [335, 336];
const X86_64 = arch('x86_64').audit;

/** The set of these calls. */
export function outsideSet(d: Diagrams): Node {
  const numbers = byValue(d, LEVEL_NR, new Map(NUMBERS.map((nr) => [nr, TRUE])), FALSE);
  return byValue(d, LEVEL_ARCH, new Map([[X86_64, numbers]]), FALSE);
}

export function outside(d: Diagrams, different: Node): Outside {
  const native = fix(d, different, LEVEL_ARCH, X86_64);
  return { arch: X86_64, numbers: NUMBERS, equal: NUMBERS.every((nr) => fix(d, native, LEVEL_NR, nr) === FALSE) };
}
