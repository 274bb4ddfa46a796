/**
 * Files for the tests of `inspect`: hand-made ELF images with a filter, its note and its profile put in, and ways to
 * change their bytes afterwards. What is edited is 64-bit and little-endian.
 */
import { createHash } from 'node:crypto';
import * as assert from 'uvu/assert';
import { arch } from '../../src/arch/index.ts';
import { planEmbed } from '../../src/build/embed.ts';
import { compile, loadPolicy, makeNote, type NoteFields } from '../../src/build/index.ts';
import { addSection, applyEdit, type ElfFile, injectSections, readElf } from '../../src/elf/index.ts';
import { type Policy, printPolicy } from '../../src/policy/index.ts';
import { type Kind, makeElf } from '../elf/image.ts';

export const RULES = '.seccomp_rules';
export const NOTE = '.note.seccompc';
export const PROFILE = '.seccomp_profile';
export const UNDO = '.seccompc_undo';
export const LITTLE: Kind = { cls: 64, endian: 'little' };
export const ALLOW = 0x7fff0000;
export const KILL_PROCESS = 0x80000000;

const TEXT = `{
  "defaultAction": "SCMP_ACT_ERRNO",
  "flags": ["SECCOMP_FILTER_FLAG_LOG"],
  "syscalls": [
    { "names": ["read", "write", "exit_group"], "action": "SCMP_ACT_ALLOW" },
    { "names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [{ "index": 0, "value": 77, "op": "SCMP_CMP_EQ" }] }
  ]
}`;
export const policyFor = (arches: readonly string[], text: string = TEXT): Policy =>
  loadPolicy({ name: 'p.json', text }, { arches });
const X86 = policyFor(['x86_64']);
const NAMES = { section: RULES, profileName: 'p.json', version: '1.2.3' };

export interface Embedding {
  readonly policy?: Policy;
  readonly load?: boolean;
  readonly embedProfile?: boolean;
  readonly section?: string;
}

export function embedded(bytes: Uint8Array, { policy = X86, ...options }: Embedding = {}): Uint8Array {
  const plan = planEmbed(readElf(bytes), compile(policy), policy, { embedProfile: true, ...NAMES, ...options });
  return applyEdit(bytes, plan);
}

/** Where a section's header and data stand; of a 64-bit little-endian file. */
export function placeOf(
  bytes: Uint8Array,
  name: string,
): { readonly header: number; readonly at: number; readonly size: number } {
  const s = readElf(bytes).sections.find((one) => one.index > 0 && one.name === name);
  if (s === undefined) throw new Error(`no section ${name}`);
  return { header: s.headerOffset, at: Number(s.sh_offset), size: Number(s.sh_size) };
}

export function edited(bytes: Uint8Array, change: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const copy = bytes.slice();
  change(new DataView(copy.buffer), copy);
  return copy;
}

/** Fields of a 64-bit section header. */
export const SH: Readonly<Record<'name' | 'type' | 'flags' | 'addr' | 'offset' | 'size', number>> = {
  name: 0,
  type: 4,
  flags: 8,
  addr: 16,
  offset: 24,
  size: 32,
};
export const field = (bytes: Uint8Array, name: string, at: number, value: bigint): Uint8Array =>
  edited(bytes, (view) => view.setBigUint64(placeOf(bytes, name).header + at, value, true));
export const inData = (bytes: Uint8Array, name: string, at: number, data: readonly number[]): Uint8Array =>
  edited(bytes, (_, copy) => copy.set(data, placeOf(bytes, name).at + at));
/** Writes another text of the same length over a text in a section's data. */
export function retyped(bytes: Uint8Array, name: string, from: string, to: string): Uint8Array {
  const { at, size } = placeOf(bytes, name);
  const found = Buffer.from(bytes.buffer, bytes.byteOffset + at, size).indexOf(from);
  assert.ok(found >= 0 && from.length === to.length, `${from} is in ${name}`);
  return inData(bytes, name, found, [...Buffer.from(to)]);
}
/** Gives a section another name of the same length, in the name table. */
export const renamed = (bytes: Uint8Array, from: string, to: string): Uint8Array =>
  retyped(bytes, '.shstrtab', `${from}\0`, `${to}\0`);

/** Fields of a 64-bit program header. */
export const PH: Readonly<Record<'type' | 'flags' | 'offset' | 'vaddr' | 'filesz' | 'memsz', number>> = {
  type: 0,
  flags: 4,
  offset: 8,
  vaddr: 16,
  filesz: 32,
  memsz: 40,
};
/** Changes program headers where their table stands now. */
export const segments = (
  bytes: Uint8Array,
  change: (set: (index: number, at: number, value: bigint) => void) => void,
): Uint8Array =>
  edited(bytes, (view) => {
    const { e_phoff } = readElf(bytes).header;
    change((index, at, value) => {
      const where = Number(e_phoff) + index * 56 + at;
      if (at < 8) view.setUint32(where, Number(value), true);
      else view.setBigUint64(where, value, true);
    });
  });

export const plain: Uint8Array = makeElf(LITTLE).bytes;
export const whole: Uint8Array = embedded(plain);
export const bare: Uint8Array = embedded(plain, { embedProfile: false });
/** A header to spare: the new segment takes its slot. */
export const loaded: Uint8Array = embedded(makeElf({ ...LITTLE, segments: 2 }).bytes, { load: true });
/** None to spare, and a PT_PHDR: the table moves behind the program. */
export const moved: Uint8Array = embedded(makeElf({ ...LITTLE, segments: 2 }).with({ 'phdr[1].p_type': 6 }), {
  load: true,
});

export const filterOf = (arches: readonly string[], text?: string): Uint8Array =>
  compile(policyFor(arches, text)).bytes;
export const raw = (...insns: readonly (readonly [code: number, k: number, jt?: number])[]): Uint8Array => {
  const view = new DataView(new ArrayBuffer(8 * insns.length));
  for (const [i, [code, k, jt = 0]] of insns.entries()) {
    view.setUint16(8 * i, code, true);
    view.setUint8(8 * i + 2, jt);
    view.setUint32(8 * i + 4, k, true);
  }
  return new Uint8Array(view.buffer);
};
export const withFilter = (data: Uint8Array, bytes: Uint8Array = plain): Uint8Array =>
  addSection(bytes, { name: RULES, data });

/** A file with a filter and notes that say what they like. */
export function noted(...changes: readonly Partial<NoteFields>[]): Uint8Array {
  const program = compile(X86);
  const right: NoteFields = {
    flags: X86.flags,
    sectionDigest: createHash('sha256').update(program.bytes).digest(),
    policyDigest: createHash('sha256').update(printPolicy(X86)).digest(),
    arches: [arch('x86_64')],
    section: RULES,
    profileName: 'p.json',
    toolVersion: '1',
  };
  const notes = changes.map((change) => makeNote({ ...right, ...change }, 'little'));
  return injectSections(plain, [
    { name: RULES, data: program.bytes },
    { name: NOTE, data: new Uint8Array(Buffer.concat(notes)), type: 7 },
  ]);
}
export const withProfile = (bytes: Uint8Array, text: string = printPolicy(X86)): Uint8Array =>
  addSection(bytes, { name: PROFILE, data: new TextEncoder().encode(text) });

/** Two filters of one name: injected under another, and renamed. */
export function twice(bytes: Uint8Array): Uint8Array {
  return renamed(addSection(bytes, { name: '.seccomp_rulez', data: filterOf(['x86_64']) }), '.seccomp_rulez', RULES);
}

/** The filter with other words where it returns these. */
export function withWord(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const { at } = placeOf(bytes, RULES);
  const returns = [...compile(X86).insns.entries()].filter(([, i]) => i.code === 6 && i.k === from);
  assert.ok(returns.length > 0);
  return edited(bytes, (v) => {
    for (const [pc] of returns) v.setUint32(at + 8 * pc + 4, to, true);
  });
}

export const segmentOf = (bytes: Uint8Array, index: number): ElfFile['segments'][number] =>
  readElf(bytes).segments[index]!;

/** The new segment a page further in memory than in the file, and everything that says so. */
export function apart(bytes: Uint8Array): Uint8Array {
  const headers = [RULES, NOTE].map((name) => placeOf(bytes, name).header);
  const shifted = segments(bytes, (set) => {
    for (const index of [1, 2]) set(index, PH.vaddr, segmentOf(bytes, index).p_vaddr + 0x1000n);
  });
  return edited(shifted, (v) => {
    for (const at of headers) v.setBigUint64(at + SH.addr, v.getBigUint64(at + SH.addr, true) + 0x1000n, true);
  });
}

/** The program headers copied behind the file, where nothing maps them. */
export function tableBehind(bytes: Uint8Array): Uint8Array {
  const { e_phoff, e_phnum } = readElf(bytes).header;
  const table = bytes.slice(Number(e_phoff), Number(e_phoff) + 56 * e_phnum);
  return edited(new Uint8Array([...bytes, ...table]), (v) => v.setBigUint64(32, BigInt(bytes.length), true));
}
