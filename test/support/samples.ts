/**
 * Calls worth trying against a policy: every number near anything that decides, and for each condition its own edge
 * values. Written from the dialect's meaning, not from the compiler's structure.
 */
import { type SeccompData, syscallsOf } from '../../src/arch/index.ts';
import type { Condition, Policy } from '../../src/policy/index.ts';

const M64 = (1n << 64n) - 1n;
const LOW = 0xffff_ffffn;
/** MIPS starts at 4000, 5000 and 6000; ARM's private calls at 0xf0000; x32 at bit 30. */
const BASES = [0, 4000, 5000, 6000, 0xf_0000, 0x4000_0000];
const TOKENS = [0, 3, 0xc000_003e, 0x4000_0003, 0xffff_ffff, 0xc000_003f, 0x8000_003e];

/** value, its neighbours, each half changed, high words set, and for masks a match and near misses. */
export function edgeValues(c: Condition): readonly bigint[] {
  const around = (v: bigint) => [
    v,
    v - 1n,
    v + 1n,
    v ^ 1n,
    v ^ (1n << 31n),
    v ^ (1n << 32n),
    v ^ (1n << 63n),
    v & LOW,
    v & ~LOW,
    (v & LOW) | (0xffff_ffffn << 32n),
    (v & ~LOW) | LOW,
    ((v >> 32n) << 32n) - 1n,
    ((v >> 32n) + 1n) << 32n,
  ];
  const values = [...around(c.value), ...around(0n), M64, 1n << 31n, 1n << 32n, 1n << 63n];
  if (c.op === 'masked_eq') {
    values.push(...around(c.mask), c.value | (~c.mask & M64), ~c.mask & M64, c.value ^ (c.mask & -c.mask));
    for (let bit = 0n; bit < 64n; bit += 1n) values.push(c.value ^ (1n << bit));
  }
  return [...new Set(values.map((v) => v & M64))];
}

export function data(arch: number, nr: number, args: readonly bigint[] = []): SeccompData {
  const at = (i: number) => args[i] ?? 0n;
  return { nr, arch, instructionPointer: 0n, args: [at(0), at(1), at(2), at(3), at(4), at(5)] };
}

/** Numbers to try on one token: around everything the ABI's table or the policy names, whole blocks, and the odd ones. */
export function numbersToTry(policy: Policy): readonly number[] {
  const numbers = new Set<number>([0xffff_ffff, 0xffff_fffe, 0x7fff_ffff, 0x8000_0000, 0xbfff_ffff, 0xc000_0000]);
  for (const base of BASES) for (let i = 0; i < 1024; i++) numbers.add(base + i);
  for (const { arch, calls } of policy.arches) {
    const named = [...syscallsOf(arch).values(), ...calls.keys()];
    for (const nr of named) for (const off of [-1, 0, 1]) numbers.add((nr + off) >>> 0);
    for (const nr of named) for (const bit of [0x4000_0000, 0x8000_0000, 0xc000_0000]) numbers.add((nr ^ bit) >>> 0);
  }
  return [...numbers];
}

/** Argument lists for the conditions of one call: each condition's edges alone, and pairs of them across arguments. */
export function* argumentsToTry(conditions: readonly Condition[]): Generator<readonly bigint[]> {
  yield [0n, 0n, 0n, 0n, 0n, 0n];
  yield [M64, M64, M64, M64, M64, M64];
  const indexes = [...new Set(conditions.map((c) => c.argIndex))];
  const byIndex = new Map(
    indexes.map((i) => [
      i,
      [...new Set(conditions.filter((c) => c.argIndex === i).flatMap((c) => [...edgeValues(c)]))],
    ]),
  );
  for (const [i, values] of byIndex) {
    for (const value of values) {
      const args = [0n, 0n, 0n, 0n, 0n, 0n];
      args[i] = value;
      yield args;
      // The other arguments as their own conditions want them, so that this one decides.
      for (const [j, others] of byIndex) if (j !== i) args[j] = others[0] ?? 0n;
      yield args;
    }
  }
}

/** Every call worth trying: all numbers with zero arguments on every token, and argument edges where rules look at them. */
export function* callsToTry(policy: Policy): Generator<SeccompData> {
  const tokens = new Set([...TOKENS, ...policy.arches.map((a) => a.arch.audit as number)]);
  const numbers = numbersToTry(policy);
  for (const token of tokens) for (const nr of numbers) yield data(token, nr);
  for (const { arch, calls } of policy.arches) {
    for (const call of calls.values()) {
      const conditions = call.rules.flatMap((r) => r.conditions);
      if (conditions.length === 0) continue;
      for (const args of argumentsToTry(conditions)) {
        yield data(arch.audit, call.nr, args);
        for (const other of policy.arches) yield data(other.arch.audit, call.nr, args);
      }
    }
  }
}
