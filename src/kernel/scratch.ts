/**
 * Scratch memory must be stored before it is read: the kernel's own forward pass, with its quirk.
 *
 *   stored   16 bits, slot i is surely stored on every way that the pass has followed to here
 *   masks    the same for each instruction, narrowed by every jump that leads to it (all ones: no jump does)
 *
 * A RET does not reset `stored`, so code behind a RET inherits it although nothing falls through; code behind a jump
 * that nobody jumps to starts with every slot "stored". Both are the kernel's, and both can be observed.
 * @see Linux v6.12 net/core/filter.c check_load_and_stores()
 */
import type { RawInsn } from '../bpf/index.ts';
import { isConditionalJump } from '../bpf/opcodes.ts';

const ALL = 0xffff;

/**
 * The first instruction that reads a slot which may not have been stored; undefined when none does. `visit` hears which
 * slots are surely stored before each instruction, as a mask.
 */
export function firstUnsetLoad(
  insns: readonly RawInsn[],
  visit?: (pc: number, stored: number) => void,
): { readonly pc: number; readonly slot: number } | undefined {
  const masks = new Uint16Array(insns.length).fill(ALL);
  let stored = 0;
  const narrow = (target: number) => {
    masks[target] = (masks[target] ?? 0) & stored;
  };
  for (const [pc, insn] of insns.entries()) {
    stored &= masks[pc] ?? 0;
    visit?.(pc, stored);
    if (insn.code === 0x02 || insn.code === 0x03) {
      stored |= 1 << insn.k;
    } else if (insn.code === 0x60 || insn.code === 0x61) {
      if ((stored & (1 << insn.k)) === 0) return { pc, slot: insn.k };
    } else if (insn.code === 0x05) {
      narrow(pc + 1 + insn.k);
      stored = ALL;
    } else if (isConditionalJump(insn.code)) {
      narrow(pc + 1 + insn.jt);
      narrow(pc + 1 + insn.jf);
      stored = ALL;
    }
  }
  return undefined;
}
