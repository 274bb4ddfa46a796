/** The program as a Rust source: an array of records with the layout of libc's sock_filter. */
import { rustCfg } from './machines.ts';
import { hex, recordComments } from './records.ts';
import { lineComment } from './text.ts';
import type { ProgramText } from './types.ts';

export function rustArray({ name, program, arches, flags, about }: ProgramText): string {
  const comments = recordComments(program);
  const lines = program.insns.map(
    ({ code, jt, jf, k }, pc) =>
      `    SockFilter { code: ${hex(code, 2)}, jt: ${jt}, jf: ${jf}, k: ${hex(k)} }, // ${comments[pc]}`,
  );
  const machines = arches.flatMap((a) => rustCfg(a) ?? []);
  const [condition, names] =
    arches.length === 0
      ? [`target_endian = "${program.endian}"`, `${program.endian}-endian machines`]
      : [`any(${machines.join(', ')})`, arches.map((a) => a.name).join(', ')];
  return `${lineComment('//', about)}

#[cfg(not(all(target_os = "linux", ${condition})))]
compile_error!("this filter is for Linux on ${names}");

/// struct sock_filter of <linux/filter.h>.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SockFilter {
    pub code: u16,
    pub jt: u8,
    pub jf: u8,
    pub k: u32,
}

/// SECCOMP_FILTER_FLAG_* bits that the profile asks for.
#[allow(dead_code)]
pub const FLAGS: u32 = ${hex(flags)};

/// The program. Install it with seccomp(2), SECCOMP_SET_MODE_FILTER and SECCOMP_FILTER_FLAG_TSYNC, after
/// PR_SET_NO_NEW_PRIVS.
#[rustfmt::skip]
pub static ${name}: [SockFilter; ${program.length}] = [
${lines.join('\n')}
];
`;
}
