/**
 * A Rust module that installs the filter which its own executable carries, on every thread of the process. std only: the two
 * system calls are made with asm!, so that any edition compiles it. Rust 1.59 or later (s390x 1.84, loongarch64 1.72).
 */
import { type ArchName, arch as archNamed, syscallNumber } from '../arch/index.ts';
import { REFUSED_STATUS } from './c-parts.ts';
import { rustCfg } from './machines.ts';
import { sha256Rounds, sha256Start } from './sha256-text.ts';
import { lineComment } from './text.ts';
import type { LoaderText } from './types.ts';

/** A system call with three arguments and zeros behind them; `number` is the call's, `a`, `b`, `c` its arguments. */
const CALLS: Readonly<Partial<Record<ArchName, string>>> = {
  x86_64: `        asm!("syscall", inlateout("rax") number => result, in("rdi") a, in("rsi") b, in("rdx") c, in("r10") 0, in("r8") 0,
            lateout("rcx") _, lateout("r11") _, options(nostack));`,
  // ebx and esi are the compiler's own.
  i386: `        asm!("push ebx", "push esi", "mov ebx, edi", "xor esi, esi", "xor edi, edi", "int 0x80", "pop esi", "pop ebx",
            inlateout("eax") number => result, inlateout("edi") a => _, in("ecx") b, in("edx") c);`,
  aarch64: `        asm!("svc 0", in("x8") number, inlateout("x0") a => result, in("x1") b, in("x2") c, in("x3") 0, in("x4") 0,
            options(nostack));`,
  // r7 may be the frame pointer.
  arm: `        asm!("mov {saved}, r7", "mov r7, {number}", "svc 0", "mov r7, {saved}", saved = out(reg) _, number = in(reg) number,
            inlateout("r0") a => result, in("r1") b, in("r2") c, in("r3") 0, in("r4") 0, options(nostack));`,
  riscv64: `        asm!("ecall", in("a7") number, inlateout("a0") a => result, in("a1") b, in("a2") c, in("a3") 0, in("a4") 0,
            options(nostack));`,
  loongarch64: `        asm!("syscall 0", in("$r11") number, inlateout("$r4") a => result, in("$r5") b, in("$r6") c, in("$r7") 0,
            in("$r8") 0, lateout("$r12") _, lateout("$r13") _, lateout("$r14") _, lateout("$r15") _, lateout("$r16") _,
            lateout("$r17") _, lateout("$r18") _, lateout("$r19") _, lateout("$r20") _, options(nostack));`,
  s390x: `        asm!("svc 0", in("r1") number, inlateout("r2") a => result, in("r3") b, in("r4") c, in("r5") 0, in("r6") 0,
            options(nostack));`,
};

const MACHINES = (Object.keys(CALLS) as ArchName[]).map((name) => ({ name, arch: archNamed(name) }));

function rustMachines(): string {
  const modules = MACHINES.map(({ name, arch }) => {
    return `#[cfg(${rustCfg(arch)})]
mod machine {
    use std::arch::asm;
    pub const AUDIT_ARCH: u32 = 0x${arch.audit.toString(16)};
    pub const ELF_MACHINE: u16 = ${arch.elf.machine};
    pub const PRCTL: usize = ${syscallNumber(arch, 'prctl')};
    pub const SECCOMP: usize = ${syscallNumber(arch, 'seccomp')};
    /// # Safety
    /// As that of the system call.
    pub unsafe fn call(number: usize, a: usize, b: usize, c: usize) -> isize {
        let result: isize;
        #[allow(unused_unsafe)]
        unsafe {
${CALLS[name]?.replaceAll(/^ {8}/gm, '            ')}
        }
        result
    }
}`;
  });
  return modules.join('\n');
}

export function rustLoader({ section, digest, about }: LoaderText): string {
  const pin =
    digest === undefined
      ? ''
      : `
/// The SHA-256 of this program's own filter; no other is installed (export --pin).
const PINNED: [u8; 32] = [
${rustBytes(digest)}
];
`;
  const checkPin =
    digest === undefined
      ? ''
      : `
    if sha256(rules) != PINNED {
        return Err(wrong("the filter is not the one that this program was compiled for"));
    }`;
  return `${lineComment('//', about)}
//
// Installs the seccomp filter that this program's own file carries: section ${section}, for which the note beside
// it (.note.seccompc) vouches. Save it as a module (src/seccomp.rs), call \`seccomp::install()\` where the program has
// opened what it needs, and put the filter into the finished file:
//
//     seccompc build PROFILE --into PROGRAM

use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::FileExt;

const SECTION: &[u8] = b"${section}\\0";
const NOTE_SECTION: &[u8] = b".note.seccompc\\0";
/// Bytes of the longest filter: 4096 instructions.
const LONGEST: u64 = 4096 * 8;
${pin}
/// Puts the filter on every thread of the process, or says why not on standard error and ends the process with status ${REFUSED_STATUS}.
#[allow(dead_code)]
pub fn install() {
    if let Err(error) = try_install() {
        eprintln!("seccomp: this program is not confined and ends here: {}", error);
        std::process::exit(${REFUSED_STATUS});
    }
}

/// \`install\` for callers who take care of failures: the filter is in force exactly when the result is \`Ok\`.
#[must_use = "the filter is in force only when this is Ok"]
pub fn try_install() -> Result<()> {
    let file = File::open("/proc/self/exe")?;
    let (rules, flags) = Image::of(&file)?.filter()?;
    put(&rules, flags)
}

fn wrong(text: &str) -> Error {
    Error::new(ErrorKind::InvalidData, text)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_ne_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// A field that is as wide as an address.
fn word_at(bytes: &[u8], at: usize) -> u64 {
    const SIZE: usize = std::mem::size_of::<usize>();
    let mut word = [0; SIZE];
    word.copy_from_slice(&bytes[at..at + SIZE]);
    usize::from_ne_bytes(word) as u64
}

const IS_64: bool = std::mem::size_of::<usize>() == 8;
const fn by_class(wide: usize, narrow: usize) -> usize {
    if IS_64 {
        wide
    } else {
        narrow
    }
}
const EHDR: usize = by_class(64, 52);
const PHDR: usize = by_class(56, 32);
const SHDR: usize = by_class(64, 40);

struct Image<'a> {
    file: &'a File,
    size: u64,
    header: Vec<u8>,
}

impl<'a> Image<'a> {
    fn of(file: &'a File) -> Result<Image<'a>> {
        let mut image = Image { file, size: file.metadata()?.len(), header: Vec::new() };
        image.header = image.read(0, EHDR as u64)?;
        let header = &image.header;
        let order = if cfg!(target_endian = "little") { 1 } else { 2 };
        let class = by_class(2, 1) as u8;
        if header[..4] != *b"\\x7fELF" || header[4] != class || header[5] != order {
            return Err(wrong("/proc/self/exe is for another machine"));
        }
        if u16_at(header, 18) != machine::ELF_MACHINE {
            return Err(wrong("/proc/self/exe is for another machine"));
        }
        Ok(image)
    }

    fn read(&self, offset: u64, length: u64) -> Result<Vec<u8>> {
        if offset > self.size || length > self.size - offset || length > 1 << 26 {
            return Err(wrong("a part of this program's file is damaged"));
        }
        let mut bytes = vec![0; length as usize];
        self.file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    fn filter(&self) -> Result<(Vec<u8>, u32)> {
        let at = word_at(&self.header, by_class(40, 32));
        if at == 0 {
            return self.mapped();
        }
        if u16_at(&self.header, by_class(58, 46)) as usize != SHDR {
            return Err(wrong("the section headers are damaged"));
        }
        let first = self.read(at, SHDR as u64)?;
        let count = match u16_at(&self.header, by_class(60, 48)) {
            0 => word_at(&first, by_class(32, 20)),
            count => count as u64,
        };
        let index = match u16_at(&self.header, by_class(62, 50)) {
            0xffff => u32_at(&first, by_class(40, 24)) as usize,
            index => index as usize,
        };
        let table = self.read(at, count.min(1 << 26) * SHDR as u64)?;
        let headers: Vec<&[u8]> = table.chunks(SHDR).collect();
        let names = self.content(headers.get(index).ok_or_else(|| wrong("the section headers are damaged"))?)?;
        let one = |name: &[u8]| -> Result<Vec<u8>> {
            let is_named = |s: &&&[u8]| names.get(u32_at(s, 0) as usize..).map_or(false, |rest| rest.starts_with(name));
            let found: Vec<_> = headers.iter().filter(is_named).collect();
            match found[..] {
                [section] => self.content(section),
                [] => Err(wrong("this program carries no filter, or no note about it")),
                _ => Err(wrong("two sections claim to be the filter")),
            }
        };
        let rules = one(SECTION)?;
        let flags = judge(&rules, &one(NOTE_SECTION)?)?;
        Ok((rules, flags))
    }

    fn content(&self, header: &[u8]) -> Result<Vec<u8>> {
        // SHT_NOBITS
        if u32_at(header, 4) == 8 {
            return Err(wrong("a part of this program's file is damaged"));
        }
        self.read(word_at(header, by_class(24, 16)), word_at(header, by_class(32, 20)))
    }

    /// A filter that is found by the program headers, where the section headers are gone (build --load): at the start of
    /// the last segment, which is read-only, or behind the program headers there; the note follows.
    fn mapped(&self) -> Result<(Vec<u8>, u32)> {
        let missing = || wrong("this program carries no filter");
        let count = u16_at(&self.header, by_class(56, 44)) as usize;
        let table = self.read(word_at(&self.header, by_class(32, 28)), (count * PHDR) as u64)?;
        let loads = table.chunks(PHDR).filter(|p| u32_at(p, 0) == 1);
        let last = loads.max_by_key(|p| word_at(p, by_class(16, 8))).ok_or_else(missing)?;
        // PF_R, and not PF_W.
        if u32_at(last, by_class(4, 24)) & 6 != 4 {
            return Err(missing());
        }
        let segment = self.read(word_at(last, by_class(8, 4)), word_at(last, by_class(32, 16)))?;
        for start in [0, (count * PHDR + 7) / 8 * 8].iter().copied() {
            let is_note = |at: &usize| u32_at(&segment, *at) == 9 && segment[at + 12..].starts_with(b"seccompc\\0");
            let places = (start + 8..segment.len().saturating_sub(24)).step_by(8);
            if let Some(at) = places.take(LONGEST as usize / 8).find(is_note) {
                if let Ok(flags) = judge(&segment[start..at], &segment[at..]) {
                    return Ok((segment[start..at].to_vec(), flags));
                }
            }
        }
        Err(missing())
    }
}

/// Looks for the note that vouches for the filter and returns the filter flags in it.
fn judge(rules: &[u8], mut notes: &[u8]) -> Result<u32> {
    if rules.is_empty() || rules.len() % 8 != 0 {
        return Err(wrong("the filter is empty, or ends inside an instruction"));
    }
    if rules.len() as u64 > LONGEST {
        return Err(wrong("the filter has more than 4096 instructions"));
    }
    if u16_at(rules, 0) > 0xff {
        return Err(wrong("the filter is in the other byte order"));
    }
    let damaged = || wrong("the note about the filter is damaged");
    let padded = |size: usize| (size as u64 + 3) / 4 * 4;
    while notes.len() >= 12 {
        let (name, desc) = (u32_at(notes, 0) as usize, u32_at(notes, 4) as usize);
        let start = 12 + padded(name);
        if start + desc as u64 > notes.len() as u64 {
            return Err(damaged());
        }
        let text = &notes[start as usize..start as usize + desc];
        if name == 9 && u32_at(notes, 8) == 1 && notes[12..21] == *b"seccompc\\0" {
            if text.len() < 80 {
                return Err(damaged());
            }
            if u32_at(text, 0) != 1 {
                return Err(wrong("the note about the filter is in a format that this loader does not know"));
            }
            let count = u32_at(text, 72) as usize;
            if count > 64 || 76 + 4 * count > text.len() {
                return Err(damaged());
            }
            let mut names = text[76 + 4 * count..].splitn(3, |byte| *byte == 0);
            if names.nth(1) == Some(&SECTION[..SECTION.len() - 1]) {
                return vouched(rules, text, &text[76..76 + 4 * count]);
            }
        }
        let next = start + padded(desc);
        if next > notes.len() as u64 {
            break;
        }
        notes = &notes[next as usize..];
    }
    Err(wrong("no note vouches for the filter"))
}

fn vouched(rules: &[u8], text: &[u8], arches: &[u8]) -> Result<u32> {
    if sha256(rules)[..] != text[8..40] {
        return Err(wrong("the filter is not the one that its note was written for"));
    }${checkPin}
    let flags = u32_at(text, 4);
    // TSYNC, LOG and SPEC_ALLOW; the others are for a listener.
    if flags & !7 != 0 {
        return Err(wrong("the note asks for a filter flag that this loader does not know"));
    }
    if !arches.chunks(4).any(|arch| u32_at(arch, 0) == machine::AUDIT_ARCH) {
        return Err(wrong("the filter is not for this machine"));
    }
    Ok(flags)
}

/// Hands the filter to the kernel, for all threads.
fn put(rules: &[u8], flags: u32) -> Result<()> {
    #[repr(C)]
    struct Program {
        length: u16,
        rules: *const u8,
    }
    let program = Program { length: (rules.len() / 8) as u16, rules: rules.as_ptr() };
    // PR_SET_NO_NEW_PRIVS; then SECCOMP_SET_MODE_FILTER with SECCOMP_FILTER_FLAG_TSYNC.
    let privileges = unsafe { machine::call(machine::PRCTL, 38, 1, 0) };
    if privileges != 0 {
        return Err(Error::from_raw_os_error(-privileges as i32));
    }
    let result = unsafe { machine::call(machine::SECCOMP, 1, (flags | 1) as usize, &program as *const Program as usize) };
    if result > 0 {
        return Err(wrong("a thread has a filter of its own, so no thread got this one"));
    }
    if result != 0 {
        return Err(Error::from_raw_os_error(-result as i32));
    }
    Ok(())
}

${rustMachines()}

/// SHA-256 (FIPS 180-4).
fn sha256(data: &[u8]) -> [u8; 32] {
    const K: [u32; 64] = [
${sha256Rounds('        ')},
    ];
    let mut h: [u32; 8] = [
${sha256Start('        ')},
    ];
    let mut padded = data.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend_from_slice(&(data.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks(64) {
        let mut w = [0u32; 64];
        for i in 0..16 {
            w[i] = u32::from_be_bytes([block[4 * i], block[4 * i + 1], block[4 * i + 2], block[4 * i + 3]]);
        }
        for i in 16..64 {
            let (a, b) = (w[i - 15], w[i - 2]);
            let a = a.rotate_right(7) ^ a.rotate_right(18) ^ a >> 3;
            let b = b.rotate_right(17) ^ b.rotate_right(19) ^ b >> 10;
            w[i] = w[i - 16].wrapping_add(a).wrapping_add(w[i - 7]).wrapping_add(b);
        }
        let mut s = h;
        for i in 0..64 {
            let one = s[4].rotate_right(6) ^ s[4].rotate_right(11) ^ s[4].rotate_right(25);
            let one = s[7].wrapping_add(one).wrapping_add((s[4] & s[5]) ^ (!s[4] & s[6])).wrapping_add(K[i]).wrapping_add(w[i]);
            let two = s[0].rotate_right(2) ^ s[0].rotate_right(13) ^ s[0].rotate_right(22);
            let two = two.wrapping_add((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
            s.rotate_right(1);
            s[4] = s[4].wrapping_add(one);
            s[0] = one.wrapping_add(two);
        }
        for (sum, part) in h.iter_mut().zip(s.iter()) {
            *sum = sum.wrapping_add(*part);
        }
    }
    let mut digest = [0; 32];
    for (bytes, word) in digest.chunks_mut(4).zip(h.iter()) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    digest
}
`;
}

function rustBytes(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let i = 0; i < bytes.length; i += 16) {
    lines.push(`    ${[...bytes.subarray(i, i + 16)].map((b) => `0x${b.toString(16).padStart(2, '0')}`).join(', ')},`);
  }
  return lines.join('\n');
}
