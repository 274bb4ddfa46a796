/**
 * What the filter may have seen for a recorded call: one pair of architecture and number where the trace tells both;
 * more where it does not.
 */
import { ARCHES, type Arch, syscallName, syscallNumber } from '../arch/index.ts';
import { knownLow } from './calls.ts';
import { behind } from './strace-names.ts';
import type { TracedArg, TracedCall } from './types.ts';

export interface Candidate {
  readonly arch: Arch;
  readonly nr: number;
  readonly args: readonly (TracedArg | undefined)[];
}

/** The ABIs that the machines of these can run; x32 only where it is named, since hardly a kernel serves it. */
function familyOf(arches: readonly Arch[]): readonly Arch[] {
  const natives = new Set(arches.map((arch) => arch.native));
  const kin = [...ARCHES.values()].filter((arch) => natives.has(arch.native) && arch.name !== 'x32');
  return [...new Set([...arches, ...kin])];
}

/** `arches`: those that the filter is for. Empty when no ABI among them has such a call. */
export function candidatesOf(call: TracedCall, arches: readonly Arch[]): readonly Candidate[] {
  const { arch, nr } = call;
  const abis = arch === undefined ? familyOf(arches) : [arch];
  return abis.flatMap((abi): readonly Candidate[] => {
    if (nr !== undefined) {
      // A number alone means some call on every ABI; with its name, only where the two agree.
      const other = arch === undefined && call.name !== '' ? syscallName(abi, nr) : call.name;
      return other === call.name || call.name === '' ? [{ arch: abi, nr, args: call.args }] : [];
    }
    const direct = syscallNumber(abi, call.name);
    const via = behind(abi, call.name);
    const multiplexer = via && syscallNumber(abi, via.multiplexer);
    return [
      ...(direct === undefined ? [] : [{ arch: abi, nr: direct, args: call.args }]),
      // Its other arguments are an address that the trace does not show.
      ...(multiplexer === undefined ? [] : [{ arch: abi, nr: multiplexer, args: [whichCall(abi, via!.which)] }]),
    ];
  });
}

function whichCall(abi: Arch, which: number): TracedArg {
  const low = knownLow(BigInt(which));
  return abi.wordBits === 32 ? { known: 0xffff_ffff_ffff_ffffn, value: low.value } : low;
}
