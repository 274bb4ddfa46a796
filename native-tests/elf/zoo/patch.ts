/**
 * Files that no compiler here makes, patched together from ones that it does: by offsets from gABI 4.1 chapters 4 and 5,
 * nothing of src/. 64-bit little-endian alone, but for `withoutSpareHeaders`.
 */
const E_SHOFF = 40;
const E_SHNUM = 60;
const E_SHSTRNDX = 62;
const SHDR_SIZE = 64;
const SH = { name: 0, type: 4, flags: 8, offset: 24, size: 32 };
const SHT_STRTAB = 3;
const SHF_ALLOC = 2n;

/** Without a section header table, as sstrip and UPX leave it: cut behind the last segment's bytes. */
export function withoutSections(file: Buffer): Buffer {
  const phoff = Number(file.readBigUInt64LE(32));
  let end = 0;
  for (let i = 0; i < file.readUInt16LE(56); i++) {
    const at = phoff + i * file.readUInt16LE(54);
    end = Math.max(end, Number(file.readBigUInt64LE(at + 8) + file.readBigUInt64LE(at + 32)));
  }
  const out = Buffer.from(file.subarray(0, end));
  out.writeBigUInt64LE(0n, E_SHOFF);
  out.writeUInt16LE(0, E_SHNUM);
  out.writeUInt16LE(0, E_SHSTRNDX);
  return out;
}

/** The header of section `index` in a table that is still at its place. */
function header(file: Buffer, index: number): number {
  return Number(file.readBigUInt64LE(E_SHOFF)) + index * SHDR_SIZE;
}

function bytesOf(file: Buffer, at: number): Buffer {
  const from = Number(file.readBigUInt64LE(at + SH.offset));
  return file.subarray(from, from + Number(file.readBigUInt64LE(at + SH.size)));
}

/**
 * Section names in .strtab, behind the names of symbols; .shstrtab stays as a table that nobody uses.
 * The joined table goes to the end of the file, so that the section header table is in front of something.
 */
export function namesInStrtab(file: Buffer): Buffer {
  const count = file.readUInt16LE(E_SHNUM);
  const names = file.readUInt16LE(E_SHSTRNDX);
  const out = Buffer.from(file);
  const strtab = Array.from({ length: count }, (_, i) => i).find((i) => {
    return i !== names && file.readUInt32LE(header(file, i) + SH.type) === SHT_STRTAB && !isLoaded(file, i);
  });
  if (strtab === undefined) throw new Error('the file has no .strtab');
  const symbols = bytesOf(file, header(file, strtab));
  const joined = Buffer.concat([symbols, bytesOf(file, header(file, names))]);
  for (let i = 0; i < count; i++) {
    const at = header(out, i) + SH.name;
    out.writeUInt32LE(out.readUInt32LE(at) + symbols.length, at);
  }
  out.writeBigUInt64LE(BigInt(out.length), header(out, strtab) + SH.offset);
  out.writeBigUInt64LE(BigInt(joined.length), header(out, strtab) + SH.size);
  out.writeUInt16LE(strtab, E_SHSTRNDX);
  return Buffer.concat([out, joined]);
}

function isLoaded(file: Buffer, index: number): boolean {
  return (file.readBigUInt64LE(header(file, index) + SH.flags) & SHF_ALLOC) !== 0n;
}

/** The section header table moved to the front of the file's tail: behind it, a copy of the section names. */
export function namesLast(file: Buffer): Buffer {
  const out = Buffer.from(file);
  const at = header(out, out.readUInt16LE(E_SHSTRNDX));
  const names = bytesOf(file, at);
  out.writeBigUInt64LE(BigInt(out.length), at + SH.offset);
  return Buffer.concat([out, names]);
}

/** EI_OSABI, which Linux does not look at. */
export function withOsAbi(file: Buffer, abi: number): Buffer {
  const out = Buffer.from(file);
  out.writeUInt8(abi, 7);
  return out;
}

/** What `sign-file` puts behind a kernel module: a signature, its description, and a magic text. */
export function signed(file: Buffer): Buffer {
  const signature = Buffer.alloc(300, 0x5a);
  const description = Buffer.alloc(12);
  description.writeUInt32BE(signature.length, 8);
  return Buffer.concat([file, signature, description, Buffer.from('~Module signature appended~\n')]);
}

/** How many bytes `withPayload` puts behind a file. */
export const PAYLOAD = 24;

/** What programs/payload.c looks for: sixteen bytes of text and their length as eight; at byte `where` if that is a number. */
export function withPayload(file: Buffer, where: string): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(16n);
  const gap = Buffer.alloc(/^\d+$/.test(where) ? Number(where) - file.length : 0);
  return Buffer.concat([file, gap, Buffer.from('behind the file!'), length]);
}

/** PT_NULL, PT_GNU_PROPERTY (which PT_NOTE repeats), PT_PAX_FLAGS: headers that can be used for something else. */
const SPARE: ReadonlySet<number> = new Set([0, 0x6474e553, 0x65041580]);
/** Among the types left to operating systems; none gives it a meaning. */
const PT_MEANINGLESS = 0x6f001234;

/** A file of either class and byte order whose program headers all count, so that one more needs a table elsewhere. */
export function withoutSpareHeaders(file: Buffer): Buffer {
  const out = Buffer.from(file);
  const big = file[5] === 2;
  const u16 = (at: number) => (big ? file.readUInt16BE(at) : file.readUInt16LE(at));
  const u32 = (at: number) => (big ? file.readUInt32BE(at) : file.readUInt32LE(at));
  // The low word of a 64-bit e_phoff is all of it.
  const [phoff, phentsize, phnum] =
    file[4] === 2 ? [u32(big ? 36 : 32), u16(54), u16(56)] : [u32(28), u16(42), u16(44)];
  for (let i = 0; i < phnum; i++) {
    const at = phoff + i * phentsize;
    if (!SPARE.has(u32(at))) continue;
    if (big) out.writeUInt32BE(PT_MEANINGLESS, at);
    else out.writeUInt32LE(PT_MEANINGLESS, at);
  }
  return out;
}
