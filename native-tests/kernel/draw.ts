/** Numbers from a seed, the same on every machine. */

export interface Draw {
  /** 32 bits. */
  word(): number;
  /** 0 to limit - 1. */
  below(limit: number): number;
  /** True one time in `n`. */
  oneIn(n: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** Mostly values at an edge of something, sometimes any. */
  edge(): number;
}

/** Values near the limits of words, halves, shifts, errnos and actions. */
export const EDGES: readonly number[] = [
  0, 1, 2, 3, 7, 15, 16, 31, 32, 33, 63, 64, 0xff, 0x100, 0xfff, 0x1000, 0x7fff, 0xffff, 0x10000, 0x50000, 0x7fff0000,
  0x7fffffff, 0x80000000, 0x80000001, 0xc000003e, 0x40000003, 0xffff0000, 0xfffff000, 0xfffffffe, 0xffffffff,
];

/** splitmix32. */
export function drawFrom(seed: number): Draw {
  let state = seed >>> 0;
  const word = () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  const below = (limit: number) => word() % limit;
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  return { word, below, pick, oneIn: (n) => below(n) === 0, edge: () => (below(3) === 0 ? word() : pick(EDGES)) };
}

/** SECCOMPC_SEED, else another one each time; a run prints it. */
export function seedOfThisRun(): number {
  const given = Number(process.env.SECCOMPC_SEED);
  return process.env.SECCOMPC_SEED && Number.isInteger(given) ? given >>> 0 : Math.floor(Math.random() * 2 ** 32);
}
