/** Programs and policies that the tests of this folder share. */
import * as fc from 'fast-check';
import type { SeccompData } from '../../src/arch/index.ts';
import type { RawInsn } from '../../src/bpf/index.ts';
import { type CheckedProgram, check } from '../../src/kernel/index.ts';
import type { Endian } from '../../src/num/index.ts';
import { type Policy, parseProfile, type ResolveOptions, resolvePolicy } from '../../src/policy/index.ts';
import { sharedBytes, sharedText } from '../support/shared.ts';

export const THREE: readonly string[] = ['x86_64', 'i386', 'x32'];

export function program(raw: readonly RawInsn[], endian: Endian = 'little'): CheckedProgram {
  const verdict = check(raw, { endian });
  if (!verdict.ok) throw new Error(`${verdict.pc}: ${verdict.message}`);
  return verdict.program;
}

export const insn = (code: number, k = 0, jt = 0, jf = 0): RawInsn => ({ code, jt, jf, k });

export function peer(name: string): CheckedProgram {
  const verdict = check(sharedBytes(`peers/${name}.bpf`));
  if (!verdict.ok) throw new Error(`${name}: ${verdict.message}`);
  return verdict.program;
}

export function sharedPolicy(file: string, options: ResolveOptions): Policy {
  return resolvePolicy(parseProfile(sharedText(`profiles/${file}.json`), { file }), options);
}

/** Conditions of every operator, two ABIs of one token, masks, 64-bit values: a policy that needs no files. */
export function smallPolicy(options: ResolveOptions = { arches: THREE }): Policy {
  const when = (index: number, op: string, value: number, valueTwo = 0) =>
    `{"index":${index},"op":"SCMP_CMP_${op}","value":${value},"valueTwo":${valueTwo}}`;
  const rule = (name: string, action: string, ...args: string[]) =>
    `{"names":["${name}"],"action":"SCMP_ACT_${action}","args":[${args.join()}]}`;
  const rules = [
    rule('read', 'ALLOW'),
    rule('write', 'ALLOW', when(0, 'LE', 2)),
    rule('clone', 'ALLOW', when(0, 'MASKED_EQ', 0x7e02_0000, 0)),
    rule('socket', 'ALLOW', when(0, 'NE', 38), when(1, 'LT', 16)),
    rule('personality', 'ALLOW', when(0, 'EQ', 0xffff_ffff)),
    rule('personality', 'ALLOW', when(0, 'EQ', 8)),
    rule('ioctl', 'TRAP', when(1, 'GE', 0x1_0000_0000)),
    rule('ioctl', 'LOG', when(1, 'EQ', 21505), when(2, 'GT', 0)),
    rule('exit_group', 'ALLOW'),
  ];
  const text = `{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":1,"syscalls":[${rules.join()}]}`;
  return resolvePolicy(parseProfile(text), options);
}

export const u64: fc.Arbitrary<bigint> = fc.oneof(
  fc.constantFrom(0n, 1n, 38n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 1n << 32n, (1n << 32n) + 38n, 1n << 63n),
  fc.bigInt(0n, 300n),
  fc.bigInt(0n, (1n << 64n) - 1n),
);

export const anyData: fc.Arbitrary<SeccompData> = fc.record({
  nr: fc.oneof(fc.nat({ max: 500 }), fc.constantFrom(0xffff_ffff, 0x4000_0000), fc.nat({ max: 0xffff_ffff })),
  arch: fc.oneof(fc.constantFrom(0xc000_003e, 0x4000_0003), fc.nat({ max: 0xffff_ffff })),
  instructionPointer: u64,
  args: fc.tuple(u64, u64, u64, u64, u64, u64),
});
