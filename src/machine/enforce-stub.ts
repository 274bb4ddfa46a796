/**
 * The enforce stub: what a program's e_entry can point at, so that its own filter is in force before its first instruction.
 *
 * The stub lies in the program, in a segment that is mapped R and X, next to the filter. It keeps what the ABI gives a
 * program at entry, sets no_new_privs, installs the filter from where it lies, puts everything back and jumps to where
 * e_entry pointed before. When anything fails, it says so on fd 2 and ends with status 159; the program never runs.
 *
 *     landing pad, registers kept | prctl, seccomp | registers back, jump to the entry | refusal | message | what it was made of
 *
 * The last 20 bytes are five 32-bit integers in the target's byte order: version, filter address, length, flags, entry.
 * Nothing executes them; `decodeStub` makes a stub from them anew, and only if every byte is the same has it found ours.
 *
 * What it cannot do: a dynamic program's loader, LD_PRELOAD and constructors run before it, unfiltered (give TSYNC, so
 * that threads they started are caught). And a filter that is already there and answers seccomp(2) with errno 0 lies to it.
 * @see Linux fs/binfmt_elf.c load_elf_binary(): where execution starts; each CPU's `begin`: what a program finds there
 */
import { BPF_MAXINSNS } from '../arch/index.ts';
import { ByteView } from '../num/index.ts';
import { fitsSigned, type MachineCode } from './code.ts';
import { endWith, FPROG_SIZE, installFilter, REFUSED_STATUS, STDERR, writeText } from './parts.ts';
import { type CpuName, cpuFor } from './targets.ts';

export interface Stub {
  readonly arch: CpuName;
  /** Bytes from the stub's first byte to the filter's, a multiple of 4. */
  readonly filterAddress: number;
  /** Instructions of the filter, 1 to 4096. */
  readonly length: number;
  /** SECCOMP_FILTER_FLAG_*, of STUB_FLAGS. */
  readonly flags: number;
  /** Bytes from the stub's first byte to the program's own first instruction. */
  readonly entry: number;
}

/**
 * An operation of seccomp(2) that no kernel has (EINVAL): a stub that is told to makes it behind the filter, for a tracer
 * to see that the filter is in force and that the program is about to start.
 */
export const START_OPERATION = 0x1dec_0de5;

/** Goes up whenever the same parameters give other bytes. */
const VERSION = 1;

/** TSYNC, LOG, SPEC_ALLOW, TSYNC_ESRCH. A listener would be a descriptor that nobody serves, and its success no 0. */
export const STUB_FLAGS = 0b1_0111;

const MESSAGE = 'seccompc: the filter could not be installed; not started\n';

/** Instructions start at multiples of this. */
const ALIGNMENT: Readonly<Record<CpuName, number>> = { x86_64: 1, i386: 1, aarch64: 4, riscv64: 2, s390x: 2 };

/** How far the entry may be: 2 GiB, less what riscv64's pair of instructions and the stub itself take from that. */
const FARTHEST = 2 ** 31 - 2 ** 12;

/** How the parameters cannot be a stub's; undefined when they can. */
function fault({ arch, filterAddress, length, flags, entry }: Stub): string | undefined {
  if (!fitsSigned(filterAddress, 20) || filterAddress % 4 !== 0) return `a filter ${filterAddress} bytes away`;
  if (!Number.isInteger(length) || length < 1 || length > BPF_MAXINSNS) return `a filter of ${length} instructions`;
  if (!Number.isInteger(flags) || (flags & ~STUB_FLAGS) !== 0) return `flags ${flags}`;
  if (!Number.isInteger(entry) || Math.abs(entry) > FARTHEST) return `an entry ${entry} bytes away`;
  if (entry % ALIGNMENT[arch] !== 0) return `an entry that is no instruction of ${arch}`;
  return undefined;
}

/**
 * Throws RangeError for parameters that cannot be. How long the stub is depends on `arch`, `flags` and how far the entry
 * is, never on the filter, so the filter can lie behind it. One that `tells` (START_OPERATION) is for a trial only:
 * `decodeStub` does not know it.
 */
export function enforceStub(stub: Stub, tells = false): MachineCode {
  const wrong = fault(stub);
  if (wrong !== undefined) throw new RangeError(`no stub for ${wrong}`);
  const { arch, filterAddress, length, flags, entry } = stub;
  const cpu = cpuFor(arch);
  cpu.external('filter', filterAddress);
  cpu.external('entry', entry);

  cpu.begin(FPROG_SIZE);
  const failed = { prctl: 'failed', seccomp: 'failed' };
  installFilter(cpu, { fprog: 0, filter: { label: 'filter' }, length, flags, result: 'v0', failed });
  if (tells) cpu.syscall(undefined, 'seccomp', [START_OPERATION, 0, 0]);
  cpu.handOver('entry');

  cpu.label('failed');
  writeText(cpu, STDERR, 'message', MESSAGE);
  endWith(cpu, REFUSED_STATUS);
  cpu.ascii('message', MESSAGE);
  cpu.words('parameters', [VERSION, filterAddress, length, flags, entry]);
  return cpu.finish();
}

/** What this stub does, when `bytes` are a whole stub of ours and nothing else. */
export function decodeStub(arch: CpuName, bytes: Uint8Array): Stub | undefined {
  const at = bytes.length - 20;
  if (at < 0) return undefined;
  const view = new ByteView(bytes, cpuFor(arch).arch.endian);
  const [version, filterAddress, length, flags, entry] = [0, 4, 8, 12, 16].map((offset) => view.u32(at + offset) | 0);
  if (version !== VERSION) return undefined;
  const stub = { arch, filterAddress: filterAddress!, length: length!, flags: flags!, entry: entry! };
  if (fault(stub) !== undefined) return undefined;
  const ours = enforceStub(stub).bytes;
  return ours.length === bytes.length && ours.every((byte, i) => byte === bytes[i]) ? stub : undefined;
}
