/** Every way in which a file is damaged that `inspect` knows, one each, and the codes that it then gives. */
import { arch } from '../../src/arch/index.ts';
import type { InspectOptions } from '../../src/build/inspect.ts';
import { printPolicy } from '../../src/policy/index.ts';
import { makeElf } from '../elf/image.ts';
import {
  ALLOW,
  apart,
  bare,
  edited,
  field,
  filterOf,
  inData,
  KILL_PROCESS,
  LITTLE,
  loaded,
  moved,
  NOTE,
  noted,
  PH,
  PROFILE,
  placeOf,
  plain,
  policyFor,
  RULES,
  raw,
  renamed,
  retyped,
  SH,
  segmentOf,
  segments,
  tableBehind,
  twice,
  UNDO,
  whole,
  withFilter,
  withProfile,
  withWord,
} from './files.ts';

export interface Damage {
  readonly name: string;
  readonly bytes: () => Uint8Array;
  readonly codes: readonly string[];
  readonly options?: InspectOptions;
}

// biome-ignore format: a table
export const damages: readonly Damage[] = [
  { name: 'no filter', bytes: () => plain, codes: ['ELF_SECTION_MISSING'] },
  { name: 'no filter of this name', bytes: () => whole, codes: ['ELF_SECTION_MISSING'], options: { section: '.other' } },
  { name: 'no section header table', bytes: () => makeElf(LITTLE).with({ e_shoff: 0, e_shnum: 0, e_shstrndx: 0 }), codes: ['ELF_NO_SECTIONS'] },
  { name: 'no name table', bytes: () => makeElf(LITTLE).with({ e_shstrndx: 1 }), codes: ['ELF_SHSTRNDX'] },
  { name: 'a machine without filters', bytes: () => edited(whole, (v) => v.setUint16(18, 99, true)), codes: ['ELF_MACHINE'] },

  // The filter.
  { name: 'an action changed', bytes: () => withWord(whole, ALLOW, 0x7ffc0000), codes: ['INSPECT_DIGEST', 'INSPECT_PROFILE_DIFFERS'] },
  { name: 'an action changed, no profile', bytes: () => withWord(bare, ALLOW, 0x7ffc0000), codes: ['INSPECT_DIGEST'] },
  { name: 'unknown architectures let run', bytes: () => withWord(bare, KILL_PROCESS, ALLOW), codes: ['INSPECT_ARCHES', 'INSPECT_DIGEST'] },
  { name: 'zeros over the filter', bytes: () => inData(whole, RULES, 0, Array(placeOf(whole, RULES).size).fill(0)), codes: ['INSPECT_DIGEST', 'PROGRAM_END'] },
  { name: 'a filter of 12 bytes', bytes: () => withFilter(new Uint8Array(12)), codes: ['PROGRAM_BYTES'] },
  { name: 'an empty filter', bytes: () => withFilter(new Uint8Array()), codes: ['PROGRAM_EMPTY'] },
  { name: 'a filter for another machine', bytes: () => withFilter(filterOf(['aarch64', 'arm'])), codes: ['INSPECT_FOREIGN'] },
  { name: 'a filter for x32 alone', bytes: () => withFilter(filterOf(['x32'])), codes: ['INSPECT_FOREIGN'] },
  { name: 'a filter of the other byte order', bytes: () => withFilter(filterOf(['s390x'])), codes: ['PROGRAM_SWAPPED'] },
  { name: 'a filter that denies everything', bytes: () => withFilter(raw([6, KILL_PROCESS])), codes: ['INSPECT_DENIES_ALL'] },
  { name: 'a return that is no action', bytes: () => withFilter(raw([0x20, 0], [0x15, 0, 1], [6, 0x12340000], [6, ALLOW])), codes: ['RET_UNKNOWN_ACTION'] },
  { name: 'a filter of more than a MiB', bytes: () => withFilter(new Uint8Array((1 << 20) + 8)), codes: ['ELF_TOO_LARGE'] },
  { name: 'a filter without bytes', bytes: () => edited(bare, (v) => v.setUint32(placeOf(bare, RULES).header + SH.type, 8, true)), codes: ['ELF_SECTION_NOBITS', 'INSPECT_UNDO_STALE'] },
  { name: 'a filter that leaves the file', bytes: () => field(bare, RULES, SH.offset, 1n << 40n), codes: ['ELF_SECTION_OUTSIDE', 'INSPECT_UNDO_STALE'] },
  { name: 'two filters of one name', bytes: () => twice(whole), codes: ['ELF_SECTION_TWICE'] },

  // Where it is mapped.
  { name: 'SHF_ALLOC and no segment', bytes: () => field(whole, RULES, SH.flags, 2n), codes: ['INSPECT_UNMAPPED'] },
  { name: 'SHF_ALLOC on the note', bytes: () => field(whole, NOTE, SH.flags, 2n), codes: ['INSPECT_UNMAPPED'] },
  { name: 'SHF_ALLOC on the profile', bytes: () => field(whole, PROFILE, SH.flags, 2n), codes: ['INSPECT_UNMAPPED'] },
  { name: 'a segment that ends before the filter does', bytes: () => segments(loaded, (set) => set(1, PH.filesz, 8n)), codes: ['INSPECT_UNMAPPED'] },
  { name: 'another address', bytes: () => field(loaded, RULES, SH.addr, 0x400000n), codes: ['INSPECT_ADDRESS'] },
  { name: 'mapped without saying so', bytes: () => field(loaded, RULES, SH.flags, 0n), codes: ['INSPECT_ADDRESS'] },

  // The program headers, as strip and its relatives leave them.
  { name: 'no PT_LOAD', bytes: () => segments(moved, (set) => [set(0, PH.type, 0n), set(1, PH.type, 0n)]), codes: ['INSPECT_HEADERS', 'INSPECT_UNDO_STALE', 'INSPECT_UNMAPPED'] },
  { name: 'a segment off its page', bytes: () => segments(moved, (set) => set(1, PH.vaddr, segmentOf(moved, 1).p_vaddr + 8n)), codes: ['INSPECT_ADDRESS', 'INSPECT_HEADERS'] },
  { name: 'segments that overlap', bytes: () => segments(moved, (set) => set(0, PH.memsz, 0x100000n)), codes: ['INSPECT_HEADERS', 'INSPECT_UNDO_STALE'] },
  { name: 'PT_PHDR says something else', bytes: () => segments(moved, (set) => set(2, PH.vaddr, 0x10040n)), codes: ['INSPECT_HEADERS'] },
  { name: 'headers where Linux before 5.18 does not look', bytes: () => apart(moved), codes: ['INSPECT_HEADERS'] },
  { name: 'headers in no segment', bytes: () => tableBehind(whole), codes: ['INSPECT_HEADERS', 'INSPECT_UNDO_STALE'] },

  // The undo record.
  { name: 'bytes behind', bytes: () => new Uint8Array([...whole, 1]), codes: ['INSPECT_UNDO_STALE'] },
  { name: 'the record damaged', bytes: () => inData(whole, UNDO, 60, [1, 2, 3]), codes: ['ELF_UNDO'] },
  { name: 'the record taken out', bytes: () => renamed(whole, UNDO, '.seccompc_gone'), codes: ['INSPECT_UNDO_GONE'] },
  { name: 'the record taken out, no note', bytes: () => renamed(withFilter(filterOf(['x86_64'])), UNDO, '.seccompc_gone'), codes: [] },

  // The note.
  { name: 'a note that leaves its section', bytes: () => inData(whole, NOTE, 4, [0xff, 0xff, 0xff]), codes: ['INSPECT_DIGEST', 'NOTE_DAMAGED'] },
  { name: 'a note of tomorrow', bytes: () => inData(whole, NOTE, 24, [2]), codes: ['INSPECT_DIGEST', 'NOTE_VERSION'] },
  { name: 'the filter taken out', bytes: () => renamed(whole, RULES, '.seccomp_gone!'), codes: ['INSPECT_NOTE_ORPHAN'] },
  { name: 'the filter taken out, asked for another', bytes: () => renamed(whole, RULES, '.seccomp_gone!'), codes: ['INSPECT_NOTE_ORPHAN'], options: { section: '.seccomp_gone!' } },
  { name: 'a second note, of no filter', bytes: () => noted({}, { section: '.gone' }), codes: ['INSPECT_NOTE_ORPHAN'] },
  { name: 'two notes of one filter', bytes: () => noted({}, {}), codes: ['INSPECT_NOTE_TWICE'] },
  { name: 'twenty notes', bytes: () => noted(...Array.from({ length: 20 }, (_, i) => ({ section: `.gone${i}` }))), codes: ['INSPECT_NOTE_ORPHAN', 'MORE'] },
  { name: 'the digest of another filter', bytes: () => noted({ sectionDigest: new Uint8Array(32) }), codes: ['INSPECT_DIGEST'] },
  { name: 'another architecture', bytes: () => noted({ arches: [arch('i386')] }), codes: ['INSPECT_ARCHES'] },
  { name: 'an architecture too many', bytes: () => noted({ arches: [arch('x86_64'), arch('i386')] }), codes: ['INSPECT_ARCHES'] },
  { name: 'an architecture too many, and the profile', bytes: () => withProfile(noted({ arches: [arch('x86_64'), arch('i386')] })), codes: ['INSPECT_ARCHES'] },
  { name: 'a token that its name does not have', bytes: () => inData(noted({}), NOTE, 100, [3, 0, 0, 0x40]), codes: ['INSPECT_ARCHES', 'INSPECT_DIGEST'] },
  { name: 'a name without a token', bytes: () => noted({ arches: [{ ...arch('x86_64'), name: 'vax' as 'arm' }] }), codes: ['INSPECT_ARCHES'] },
  { name: 'flags that nothing contradicts', bytes: () => noted({ flags: [] }), codes: [] },
  { name: 'flags that the profile contradicts', bytes: () => withProfile(noted({ flags: [] })), codes: ['INSPECT_FLAGS'] },

  // The profile.
  { name: 'the digest of another profile', bytes: () => withProfile(noted({ policyDigest: new Uint8Array(32) })), codes: ['INSPECT_PROFILE_DIGEST'] },
  { name: 'a value changed', bytes: () => retyped(whole, PROFILE, '77', '78'), codes: ['INSPECT_PROFILE_DIFFERS', 'INSPECT_PROFILE_DIGEST'] },
  { name: 'a blank changed', bytes: () => retyped(whole, PROFILE, ': 77', ':\n77'), codes: ['INSPECT_DIGEST'] },
  { name: 'no JSON', bytes: () => retyped(whole, PROFILE, '{', '!'), codes: ['INSPECT_DIGEST', 'JSON_SYNTAX'] },
  { name: 'no UTF-8', bytes: () => inData(whole, PROFILE, 9, [0xff]), codes: ['INSPECT_DIGEST', 'JSON_ENCODING'] },
  { name: 'no rules of this dialect', bytes: () => withProfile(noted({}), '{ "defaultAction": "SCMP_ACT_NEVER" }'), codes: ['ACTION_UNKNOWN'] },
  { name: 'a profile without a filter', bytes: () => withProfile(plain), codes: ['INSPECT_NOTE_ORPHAN'] },
  { name: 'a profile of another machine', bytes: () => withProfile(noted({}), printPolicy(policyFor(['s390x']))), codes: ['INSPECT_PROFILE_DIFFERS', 'INSPECT_PROFILE_DIGEST'] },
  { name: 'a comparison that takes too long', bytes: () => whole, codes: ['PROOF_UNDECIDED'], options: { nodeLimit: 40 } },
];
