/** Programs with an enforce stub: src/elf maps the sections; the entry and the segment's PF_X are patched here, by hand. */
import { injectSections, readElf } from '../../src/elf/index.ts';
import { segmentAt } from '../../src/elf/layout.ts';
import { type CpuName, enforceStub } from '../../src/machine/index.ts';
import { ByteView } from '../../src/num/index.ts';

const E_ENTRY = 24;
/** Elf32_Phdr and Elf64_Phdr. */
const P_FLAGS = { 32: 24, 64: 4 } as const;
const PF_X = 1;

export interface StubbedOptions {
  readonly flags?: number;
  /** Takes the stub that belongs there, gives the one that goes there: bytes of the same length. */
  readonly change?: (stub: Uint8Array) => Uint8Array;
  /** Leaves the entry where it is: the same file, but for the stub being run. */
  readonly unused?: boolean;
}

/** `program` with `filter` and a stub. */
export function stubbed(
  cpu: CpuName,
  program: Uint8Array,
  filter: Uint8Array,
  { flags = 0, change = (stub) => stub, unused = false }: StubbedOptions = {},
): Uint8Array {
  const entry = readElf(program).entry;
  const inject = (stub: Uint8Array) =>
    injectSections(
      program,
      [
        { name: '.seccomp_stub', data: stub, load: true },
        { name: '.seccomp_rules', data: filter, load: true },
      ],
      { maxPadding: 1 << 20 },
    );
  const stubAt = (addresses: Readonly<Record<'stub' | 'filter', bigint>>) =>
    enforceStub({
      arch: cpu,
      filterAddress: Number(addresses.filter - addresses.stub),
      length: filter.length / 8,
      flags,
      entry: Number(entry - addresses.stub),
    }).bytes;
  const addressesIn = (file: Uint8Array) => {
    const addressOf = (name: string) => readElf(file).sections.find((s) => s.name === name)?.sh_addr ?? 0n;
    return { stub: addressOf('.seccomp_stub'), filter: addressOf('.seccomp_rules') };
  };
  // The stub's size depends on where it lies, and the filter's place on that size: as long as this takes.
  let stub: Uint8Array = new Uint8Array(1);
  for (let size = 0; size !== stub.length; ) {
    size = stub.length;
    stub = stubAt(addressesIn(inject(stub)));
  }
  const file = inject(change(stub));
  const elf = readElf(file);
  const { stub: start } = addressesIn(file);
  if (unused) return file;
  const view = new ByteView(file, elf.endian);
  if (elf.class === 64) view.setU64(E_ENTRY, start);
  else view.setU32(E_ENTRY, Number(start));
  const index = elf.segments.findIndex((p) => p.p_vaddr <= start && start < p.p_vaddr + p.p_memsz);
  const flagsAt = segmentAt(elf, index) + P_FLAGS[elf.class];
  view.setU32(flagsAt, view.u32(flagsAt) | PF_X);
  return file;
}
