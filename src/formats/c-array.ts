/** The program as C: a header for any client that installs by itself, and a source with the installer, in a section of its own. */

import type { Arch } from '../arch/index.ts';
import type { RawInsn } from '../bpf/index.ts';
import { sha256 } from '../num/index.ts';
import { cBytes } from './c-loader.ts';
import { cDeclarations, cInstall, cPut, cSha256 } from './c-parts.ts';
import { cCondition } from './machines.ts';
import { hex, recordComments } from './records.ts';
import { blockComment } from './text.ts';
import type { ProgramText } from './types.ts';

/** Refuses to compile for a machine whose calls the program does not know, or whose byte order it does not have. */
function guard(arches: readonly Arch[], endian: 'little' | 'big'): string {
  const names = arches.map((a) => a.name).join(', ');
  const conditions = arches.map((a) => `(${cCondition(a)})`).join(' || \\\n      ');
  return arches.length === 0
    ? `#if __BYTE_ORDER__ != __ORDER_${endian.toUpperCase()}_ENDIAN__
#error "this filter is for ${endian}-endian machines"
#endif
`
    : `#if !(${conditions})
#error "this filter is for ${names}"
#endif
`;
}

function records({ program }: ProgramText): string {
  const comments = recordComments(program);
  const row = ({ code, jt, jf, k }: RawInsn) => `{${hex(code, 2)}, ${jt}, ${jf}, ${hex(k, 8)}},`;
  return program.insns.map((insn, pc) => `  ${row(insn).padEnd(30)} /* ${comments[pc]} */`).join('\n');
}

export function cArray(input: ProgramText): string {
  const { name, program, arches, flags, about } = input;
  const upper = name.toUpperCase();
  return `${blockComment([...about, '', 'Install it with seccomp(2), after PR_SET_NO_NEW_PRIVS:', '', `    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, ${upper}_FLAGS, &${name}_program)`])}
#ifndef ${upper}_SECCOMP_H
#define ${upper}_SECCOMP_H

${guard(arches, program.endian)}
#include <linux/filter.h>

/* SECCOMP_FILTER_FLAG_* bits that the profile asks for. */
#define ${upper}_FLAGS ${hex(flags)}
#define ${upper}_LENGTH ${program.length}

static const struct sock_filter ${name}_rules[${upper}_LENGTH] = {
${records(input)}
};

static const struct sock_fprog ${name}_program = {${upper}_LENGTH, (struct sock_filter *)${name}_rules};

#endif
`;
}

export function cSection(input: ProgramText & { readonly section: string }): string {
  const { name: p, program, arches, flags, section, about } = input;
  return `${blockComment([
    ...about,
    '',
    'Compile it into the program (C99 or C++, any libc; -Wall -Wextra -pedantic are fine), declare one of',
    '',
    `    void ${p}_install(void);`,
    `    const char *${p}_try_install(void);`,
    '',
    'and call it where the program has opened what it needs.',
    '',
    `The filter is the section ${section} of the program, where seccompc inspect, check and disasm find it. It is installed only`,
    'if its SHA-256 is the one below: who changes the section changes what the program refuses to start with.',
  ])}
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

${guard(arches, program.endian)}
${cDeclarations(p)}
/* struct sock_filter of <linux/filter.h>, which not every libc brings along. */
struct ${p}_insn {
  uint16_t code;
  uint8_t jt, jf;
  uint32_t k;
};

extern const struct ${p}_insn ${p}_rules[${program.length}];
__attribute__((section("${section}"), used, aligned(8))) const struct ${p}_insn ${p}_rules[${program.length}] = {
${records(input)}
};

${cSha256(p)}
${cPut(p)}
const char *${p}_try_install(void) {
  static const unsigned char own[32] = {
${cBytes(sha256(program.bytes), '    ')}
  };
  /* A copy, so that what is checked is what is installed; by a pointer of which the compiler knows nothing. */
  static uint64_t rules[${program.length}];
  const struct ${p}_insn *volatile where = ${p}_rules;
  unsigned char digest[32];
  memcpy(rules, where, sizeof rules);
  ${p}_sha256((const unsigned char *)rules, sizeof rules, digest);
  if (memcmp(digest, own, sizeof own) != 0) return "the filter is not the one that this program was compiled with";
  return ${p}_put(rules, sizeof rules, ${hex(flags)});
}

${cInstall(p)}`;
}
