/** Calls and result words in words, for messages. */
import {
  type Arch,
  archesOfAudit,
  describeWord,
  type SeccompData,
  syscallName,
  X32_SYSCALL_BIT,
} from '../arch/index.ts';
import { hex } from '../num/index.ts';

const SKIPPED = 0xffff_ffff;

/** The ABI that a call is made through, as far as the audit token and the number tell. */
export function abiOf({ arch, nr }: Pick<SeccompData, 'arch' | 'nr'>): Arch | undefined {
  const isX32 = (nr & X32_SYSCALL_BIT) !== 0 && nr >>> 0 !== SKIPPED;
  const sharing = archesOfAudit(arch >>> 0);
  return sharing.find((a) => (a.name === 'x32') === isX32) ?? sharing[0];
}

/** 'clone(0x10000000) on x86_64': the name where there is one, the arguments up to the last that is not 0. */
export function describeCall(data: SeccompData): string {
  const abi = abiOf(data);
  const nr = data.nr >>> 0;
  const name = (abi && syscallName(abi, nr)) ?? `call ${nr > 4096 ? hex(nr) : nr}`;
  const last = data.args.findLastIndex((value) => value !== 0n);
  const args = data.args.slice(0, last + 1).map(hex);
  const ip = data.instructionPointer === 0n ? '' : ` at instruction pointer ${hex(data.instructionPointer)}`;
  return `${name}(${args.join(', ')}) on ${abi?.name ?? `architecture ${hex(data.arch >>> 0)}`}${ip}`;
}

/** 'ALLOW from the program, ERRNO(1 EPERM) from the policy'. */
export function describeWords([program, policy]: readonly [number, number]): string {
  return `${describeWord(program)} from the program, ${describeWord(policy)} from the policy`;
}
