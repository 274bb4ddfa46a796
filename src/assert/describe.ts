/** A call as a person writes it: parameters by their names, values by the constants that they are. */

import { type Family, nameOfValue, parametersOf } from '../arch/constants.ts';
import {
  type Arch,
  archesOfAudit,
  isNarrowParameter,
  type SeccompData,
  syscallName,
  syscallNames,
  X32_SYSCALL_BIT,
} from '../arch/index.ts';
import { hex } from '../num/index.ts';
import { multiplexed, SELECTOR_MASK } from '../policy/multiplex.ts';

const SKIPPED = 0xffff_ffff;
const LOW = 0xffff_ffffn;

/** The ABI that a call is made through, as far as the audit token and the number tell. */
export function abiOfCall({ arch, nr }: Pick<SeccompData, 'arch' | 'nr'>): Arch | undefined {
  const isX32 = (nr & X32_SYSCALL_BIT) !== 0 && nr >>> 0 !== SKIPPED;
  const sharing = archesOfAudit(arch >>> 0);
  return sharing.find((a) => (a.name === 'x32') === isX32) ?? sharing[0];
}

/** 'SYS_SOCKET': which call a multiplexer is asked for. */
function selected(call: string, abi: Arch, value: bigint): string | undefined {
  if (call !== 'socketcall' && call !== 'ipc') return undefined;
  const wanted = Number(value & SELECTOR_MASK[call]);
  const name = syscallNames().find((n) => {
    const form = multiplexed(abi, n);
    return form?.multiplexer === call && form.selector === wanted;
  });
  return name && `${call === 'ipc' ? '' : 'SYS_'}${name.toUpperCase()}`;
}

function valueName(call: string, abi: Arch, argIndex: number, value: bigint, family: Family | undefined) {
  const seen = isNarrowParameter(abi, call, argIndex) ? value & LOW : value;
  if (argIndex === 0 && family === undefined) return selected(call, abi, seen);
  // clone's lowest byte is a signal, whose bits are no flags.
  if (family === undefined || seen === 0n || (call === 'clone' && (seen & 0x80n) !== 0n)) return undefined;
  return nameOfValue(family, seen, abi);
}

/** 'clone(flags=0x10000000 CLONE_NEWUSER) on x86_64': the arguments up to the last that is not 0. */
export function describeCall(data: SeccompData): string {
  const abi = abiOfCall(data);
  const nr = data.nr >>> 0;
  const call = abi && syscallName(abi, nr);
  const parameters = abi && call !== undefined ? parametersOf(call, abi) : [];
  const last = data.args.findLastIndex((value) => value !== 0n);
  const args = data.args.slice(0, last + 1).map((value, i) => {
    const parameter = parameters[i];
    const label = parameter === undefined ? '' : `${parameter.name}=`;
    const name = abi && call !== undefined ? valueName(call, abi, i, value, parameter?.family) : undefined;
    return `${label}${hex(value)}${name === undefined ? '' : ` ${name}`}`;
  });
  const ip = data.instructionPointer === 0n ? '' : ` at instruction pointer ${hex(data.instructionPointer)}`;
  const shown = call ?? `call ${nr > 4096 ? hex(nr) : nr}`;
  return `${shown}(${args.join(', ')}) on ${abi?.name ?? `architecture ${hex(data.arch >>> 0)}`}${ip}`;
}
