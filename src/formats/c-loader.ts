/**
 * A C source that installs the filter which its own executable carries, put there by `seccompc build --into`. It looks in
 * memory first (`--load`: no /proc needed), then in /proc/self/exe; bounds, byte order, machine and SHA-256 are checked on a copy
 * that nobody else writes to. One source for every machine and both byte orders, C99 and C++.
 */
import { syscallNumber } from '../arch/index.ts';
import { cDeclarations, cInstall, cPut, cSha256 } from './c-parts.ts';
import { ALL_ARCHES, cCondition } from './machines.ts';
import { blockComment } from './text.ts';
import type { LoaderText } from './types.ts';

/** AUDIT_ARCH_* and e_machine of whatever it is compiled for. */
function cMachines(p: string): string {
  const upper = p.toUpperCase();
  const cases = ALL_ARCHES.filter((a) => syscallNumber(a, 'seccomp') !== undefined).map(
    (arch, i) => `#${i === 0 ? 'if' : 'elif'} ${cCondition(arch)}
#define ${upper}_AUDIT_ARCH 0x${arch.audit.toString(16)}u
#define ${upper}_MACHINE ${arch.elf.machine}`,
  );
  return `${cases.join('\n')}
#else
#error "seccomp filters are unknown on this machine"
#endif
`;
}

export function cLoader({ name: p, section, digest, about }: LoaderText): string {
  const upper = p.toUpperCase();
  const pinned = digest === undefined ? '' : cPinned(p, digest);
  return `${blockComment([
    ...about,
    '',
    'Compile it into the program (C99 or C++, any libc; -Wall -Wextra -pedantic are fine), declare one of',
    '',
    `    void ${p}_install(void);`,
    `    const char *${p}_try_install(void);`,
    '',
    'and call it where the program has opened what it needs. Then put the filter into the finished file:',
    '',
    '    seccompc build PROFILE --into PROGRAM           (with --load no /proc is needed at run time)',
    '',
    `The filter is section ${section}; the note beside it (.note.seccompc) says for which machines it is, with which`,
    'flags to install it, and has its SHA-256. Nothing is installed that the note does not vouch for.',
  ])}
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

${cDeclarations(p)}
${cMachines(p)}
static const char ${p}_section[] = "${section}";
static const char ${p}_note_section[] = ".note.seccompc";
/* The filter, copied before it is looked at. */
static uint64_t ${p}_rules[4096];

${cSha256(p)}
static uint32_t ${p}_u32(const unsigned char *at) {
  uint32_t value;
  memcpy(&value, at, sizeof value);
  return value;
}
${pinned}
/* What a note of version 1 (24 bytes of header are off) says about ${p}_rules: null when it vouches for them. */
static const char *${p}_vouched(const unsigned char *desc, size_t size, size_t length, uint32_t *flags) {
  unsigned char digest[32];
  uint32_t i;
  ${p}_sha256((const unsigned char *)${p}_rules, length, digest);
  if (memcmp(digest, desc + 8, sizeof digest) != 0) return "the filter is not the one that its note was written for";
  *flags = ${p}_u32(desc + 4);
  /* TSYNC, LOG and SPEC_ALLOW; the others are for a listener. */
  if ((*flags & ~7u) != 0) return "the note asks for a filter flag that this loader does not know";
  for (i = 0; i < ${p}_u32(desc + 72) && 80 + 4 * (size_t)i <= size; i++) {
    if (${p}_u32(desc + 76 + 4 * (size_t)i) == ${upper}_AUDIT_ARCH) return ${digest === undefined ? 'NULL' : `${p}_pinned(digest)`};
  }
  return "the filter is not for this machine";
}

/* True when the two texts behind the architectures end inside the note, and the second is our section's name. */
static int ${p}_is_ours(const unsigned char *desc, size_t size) {
  const size_t arches = size < 76 ? 0 : ${p}_u32(desc + 72);
  const unsigned char *names, *name;
  size_t left;
  if (size < 76 || arches > 64 || 76 + 4 * arches >= size) return 0;
  names = desc + 76 + 4 * arches;
  left = size - 76 - 4 * arches;
  name = (const unsigned char *)memchr(names, 0, left);
  if (name == NULL) return 0;
  left -= (size_t)(++name - names);
  return left >= sizeof ${p}_section && memcmp(name, ${p}_section, sizeof ${p}_section) == 0;
}

/* Copies length bytes of filter and finds the note that vouches for them: null, or what is wrong. */
static const char *${p}_judge(const unsigned char *rules, uint64_t length, const unsigned char *notes, size_t size,
                              uint32_t *flags) {
  uint16_t code;
  uint64_t at = 0;
  if (length == 0 || length % 8 != 0) return "the filter is empty, or ends inside an instruction";
  if (length > sizeof ${p}_rules) return "the filter has more than 4096 instructions";
  memcpy(${p}_rules, rules, (size_t)length);
  memcpy(&code, ${p}_rules, sizeof code);
  if (code > 0xff) return "the filter is in the other byte order";
  while (size >= 12 && at <= size - 12) {
    const unsigned char *note = notes + at;
    const uint32_t name = ${p}_u32(note), desc = ${p}_u32(note + 4);
    const uint64_t start = at + 12 + (((uint64_t)name + 3) & ~(uint64_t)3);
    if (start > size || desc > size - start) return "the note about the filter is damaged";
    if (name == 9 && ${p}_u32(note + 8) == 1 && memcmp(note + 12, "seccompc", 9) == 0) {
      if (desc < 4 || ${p}_u32(notes + start) != 1) return "the note about the filter is in a format that this loader does not know";
      if (${p}_is_ours(notes + start, desc)) return ${p}_vouched(notes + start, desc, (size_t)length, flags);
    }
    at = start + (((uint64_t)desc + 3) & ~(uint64_t)3);
  }
  return "no note vouches for the filter";
}

struct ${p}_found {
  uint32_t flags;
  /* Bytes of filter in ${p}_rules; 0 when none was found. */
  size_t length;
};

/* A filter that is mapped (build --load): at the start of the program's last segment, which is read-only, or behind the
   program headers there; the note follows. */
static int ${p}_mapped(struct dl_phdr_info *info, size_t size, void *result) {
  struct ${p}_found *found = (struct ${p}_found *)result;
  const ElfW(Phdr) *last = NULL;
  const unsigned char *segment;
  size_t at, start;
  int i, way;
  (void)size;
  for (i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *p = &info->dlpi_phdr[i];
    if (p->p_type == PT_LOAD && (last == NULL || p->p_vaddr > last->p_vaddr)) last = p;
  }
  if (last == NULL || (last->p_flags & (PF_R | PF_W)) != PF_R || last->p_filesz != last->p_memsz) return 1;
  segment = (const unsigned char *)(info->dlpi_addr + last->p_vaddr);
  for (way = 0; way < 2; way++) {
    start = way == 0 ? 0 : ((size_t)info->dlpi_phnum * sizeof(ElfW(Phdr)) + 7) & ~(size_t)7;
    for (at = start + 8; at + 24 <= last->p_filesz && at - start <= sizeof ${p}_rules; at += 8) {
      if (${p}_u32(segment + at) != 9 || memcmp(segment + at + 12, "seccompc", 9) != 0) continue;
      if (${p}_judge(segment + start, at - start, segment + at, last->p_filesz - at, &found->flags) == NULL) {
        found->length = at - start;
        return 1;
      }
      break;
    }
  }
  /* The program itself comes first; libraries are not asked. */
  return 1;
}

/* The one section of this name, inside the file: null, or what is wrong. */
static const char *${p}_find(const unsigned char *file, size_t size, const char *name, ElfW(Shdr) *found) {
  ElfW(Ehdr) e;
  ElfW(Shdr) s, names;
  uint64_t count, index, i;
  int times = 0;
  memcpy(&e, file, sizeof e);
  if (e.e_shoff == 0) return "this program's file has no section headers";
  if (e.e_shentsize != sizeof s || e.e_shoff > size || size - e.e_shoff < sizeof s) return "the section headers are damaged";
  memcpy(&s, file + e.e_shoff, sizeof s);
  count = e.e_shnum != 0 ? e.e_shnum : s.sh_size;
  index = e.e_shstrndx != SHN_XINDEX ? e.e_shstrndx : s.sh_link;
  if (count > (size - e.e_shoff) / sizeof s || index >= count) return "the section headers are damaged";
  memcpy(&names, file + e.e_shoff + index * sizeof s, sizeof s);
  if (names.sh_offset > size || names.sh_size > size - names.sh_offset) return "the section names are damaged";
  for (i = 0; i < count; i++) {
    const size_t length = strlen(name) + 1;
    memcpy(&s, file + e.e_shoff + i * sizeof s, sizeof s);
    if (s.sh_name > names.sh_size || names.sh_size - s.sh_name < length) continue;
    if (memcmp(file + names.sh_offset + s.sh_name, name, length) != 0) continue;
    *found = s;
    times++;
  }
  if (times != 1) return times == 0 ? "this program carries no filter" : "two sections claim to be the filter";
  if (found->sh_type == SHT_NOBITS || found->sh_offset > size || found->sh_size > size - found->sh_offset) {
    return "the section of the filter is damaged";
  }
  return NULL;
}

static const char *${p}_in_file(const unsigned char *file, size_t size, struct ${p}_found *result) {
  const uint16_t one = 1;
  ElfW(Ehdr) e;
  ElfW(Shdr) rules, notes;
  const char *problem;
  if (size < sizeof e || memcmp(file, ELFMAG, SELFMAG) != 0) return "/proc/self/exe is no ELF file";
  memcpy(&e, file, sizeof e);
  if (e.e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) ||
      e.e_ident[EI_DATA] != (*(const unsigned char *)&one == 1 ? ELFDATA2LSB : ELFDATA2MSB) ||
      e.e_machine != ${upper}_MACHINE) {
    return "/proc/self/exe is for another machine";
  }
  problem = ${p}_find(file, size, ${p}_section, &rules);
  if (problem != NULL) return problem;
  if (${p}_find(file, size, ${p}_note_section, &notes) != NULL) return "no note vouches for the filter";
  problem = ${p}_judge(file + rules.sh_offset, rules.sh_size, file + notes.sh_offset, (size_t)notes.sh_size, &result->flags);
  if (problem == NULL) result->length = (size_t)rules.sh_size;
  return problem;
}

static const char *${p}_from_file(struct ${p}_found *result) {
  struct stat st;
  void *file;
  const char *problem;
  const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "/proc/self/exe cannot be opened";
  if (fstat(fd, &st) != 0) st.st_size = 0;
  file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  (void)close(fd);
  if (file == MAP_FAILED) return "/proc/self/exe cannot be read";
  problem = ${p}_in_file((const unsigned char *)file, (size_t)st.st_size, result);
  (void)munmap(file, (size_t)st.st_size);
  return problem;
}

${cPut(p)}
const char *${p}_try_install(void) {
  struct ${p}_found found = {0, 0};
  const char *problem;
  (void)dl_iterate_phdr(${p}_mapped, &found);
  if (found.length == 0) {
    problem = ${p}_from_file(&found);
    if (problem != NULL) return problem;
  }
  return ${p}_put(${p}_rules, found.length, found.flags);
}

${cInstall(p)}`;
}

function cPinned(p: string, digest: Uint8Array): string {
  return `
/* This program's own filter and no other (export --pin). */
static const char *${p}_pinned(const unsigned char digest[32]) {
  static const unsigned char own[32] = {
${cBytes(digest, '    ')}
  };
  return memcmp(digest, own, sizeof own) == 0 ? NULL : "the filter is not the one that this program was compiled for";
}
`;
}

export function cBytes(bytes: Uint8Array, indent: string): string {
  const lines: string[] = [];
  for (let i = 0; i < bytes.length; i += 16) {
    lines.push(indent + [...bytes.subarray(i, i + 16)].map((b) => `0x${b.toString(16).padStart(2, '0')}`).join(', '));
  }
  return lines.join(',\n');
}
