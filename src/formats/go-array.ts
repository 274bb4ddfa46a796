/** The program as a Go source: an array of the standard library's own syscall.SockFilter. */
import type { RawInsn } from '../bpf/index.ts';
import type { Endian } from '../num/index.ts';
import { ALL_ARCHES, goArch } from './machines.ts';
import { hex, recordComments } from './records.ts';
import { lineComment } from './text.ts';
import type { ProgramText } from './types.ts';

/** Every GOARCH of a byte order. */
const ofOrder = (endian: Endian): readonly string[] =>
  ALL_ARCHES.filter((a) => a.endian === endian).flatMap((a) => goArch(a) ?? []);

function record({ code, jt, jf, k }: RawInsn): string {
  return `{Code: ${hex(code, 2)}, Jt: ${jt}, Jf: ${jf}, K: ${hex(k)}},`;
}

export function goArray({ name, program, arches, flags, about }: ProgramText): string {
  const rows = program.insns.map(record);
  // As gofmt has it: all comments in one column.
  const width = Math.max(...rows.map((row) => row.length));
  const comments = recordComments(program);
  const lines = rows.map((row, pc) => `\t${row.padEnd(width)} // ${comments[pc]}`);
  const machines = arches.length === 0 ? ofOrder(program.endian) : arches.flatMap((a) => goArch(a) ?? []);
  return `${lineComment('//', about)}

//go:build linux && ${machines.length === 1 ? machines[0] : `(${machines.join(' || ')})`}

package ${name}

import "syscall"

// Flags are the SECCOMP_FILTER_FLAG_* bits that the profile asks for.
const Flags = ${hex(flags)}

// Filter is the program. Install it with seccomp(2), SECCOMP_SET_MODE_FILTER and SECCOMP_FILTER_FLAG_TSYNC, after
// PR_SET_NO_NEW_PRIVS: syscall.SockFprog{Len: uint16(len(Filter)), Filter: &Filter[0]}.
var Filter = [${program.length}]syscall.SockFilter{
${lines.join('\n')}
}
`;
}
