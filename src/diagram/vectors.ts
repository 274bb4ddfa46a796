/**
 * Unsigned numbers of any width as vectors of sets: element i holds the inputs at which bit i (from the least
 * significant) is 1. Every loop starts at the least significant bit: that bit is tested last in a diagram, so with fields
 * of seccomp_data each further bit lies above what is already built.
 */
import type { Diagrams } from './diagrams.ts';
import { FALSE, type Node, TRUE } from './nodes.ts';

export type Bits = readonly Node[];

/** `width` bits, the least significant of them tested at `level`, each higher one a level above. */
export function fieldBits(d: Diagrams, leastLevel: number, width: number): Bits {
  return Array.from({ length: width }, (_, i) => d.bit(leastLevel - i));
}

export function constantBits(value: bigint, width: number): Bits {
  return Array.from({ length: width }, (_, i) => ((value >> BigInt(i)) & 1n ? TRUE : FALSE));
}

/** Where a = b. */
export function equal(d: Diagrams, a: Bits, b: Bits): Node {
  let set = TRUE;
  for (let i = 0; i < a.length; i++) {
    const bi = b[i] as Node;
    set = d.ite(a[i] as Node, d.ite(bi, set, FALSE), d.ite(bi, FALSE, set));
  }
  return set;
}

function greater(d: Diagrams, a: Bits, b: Bits, whenEqual: Node): Node {
  let set = whenEqual;
  for (let i = 0; i < a.length; i++) {
    const bi = b[i] as Node;
    set = d.ite(a[i] as Node, d.ite(bi, set, TRUE), d.ite(bi, FALSE, set));
  }
  return set;
}

/** Where a > b. */
export function greaterThan(d: Diagrams, a: Bits, b: Bits): Node {
  return greater(d, a, b, FALSE);
}

/** Where a >= b. */
export function atLeast(d: Diagrams, a: Bits, b: Bits): Node {
  return greater(d, a, b, TRUE);
}

/** Where (a & b) != 0. */
export function anyCommon(d: Diagrams, a: Bits, b: Bits): Node {
  let set = FALSE;
  for (let i = 0; i < a.length; i++) set = d.ite(a[i] as Node, d.ite(b[i] as Node, TRUE, set), set);
  return set;
}

/** a + b + carry, modulo 2^width. */
export function sum(d: Diagrams, a: Bits, b: Bits, carryIn: Node): Bits {
  let carry = carryIn;
  return a.map((ai, i) => {
    const bi = b[i] as Node;
    const odd = d.xor(bi, carry);
    const digit = d.ite(ai, d.not(odd), odd);
    carry = d.ite(ai, d.or(bi, carry), d.and(bi, carry));
    return digit;
  });
}

/** a - b, modulo 2^width. */
export function minus(d: Diagrams, a: Bits, b: Bits): Bits {
  return sum(
    d,
    a,
    b.map((bit) => d.not(bit)),
    TRUE,
  );
}

/** a where `set` holds, b elsewhere. */
export function select(d: Diagrams, set: Node, a: Bits, b: Bits): Bits {
  return a.map((ai, i) => d.ite(set, ai, b[i] as Node));
}

/** a * b, modulo 2^width. Cheapest when `b` has many constant zeros. */
export function product(d: Diagrams, a: Bits, b: Bits): Bits {
  let total = a.map(() => FALSE) as Bits;
  b.forEach((bi, shift) => {
    if (bi === FALSE) return;
    const addend = a.map((_, i) => (i < shift ? FALSE : d.and(bi, a[i - shift] as Node)));
    total = sum(d, total, addend, FALSE);
  });
  return total;
}

/** a / b by long division, one bit of the quotient a step; of no meaning where b = 0. */
export function quotient(d: Diagrams, a: Bits, b: Bits): Bits {
  // The remainder doubles before it is compared, so both have a bit more than a word.
  const divisor = [...b, FALSE];
  let remainder = divisor.map(() => FALSE) as Bits;
  const digits = a.map(() => FALSE);
  for (let i = a.length - 1; i >= 0; i--) {
    remainder = [a[i] as Node, ...remainder.slice(0, -1)];
    const fits = atLeast(d, remainder, divisor);
    digits[i] = fits;
    remainder = select(d, fits, minus(d, remainder, divisor), remainder);
  }
  return digits;
}
