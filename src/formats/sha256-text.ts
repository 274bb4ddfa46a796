/** The constants of SHA-256 as source text, for loaders in languages whose library has none. @see FIPS 180-4 */

/** Square roots of the first 8 primes, cube roots of the first 64: 32 bits of their fractions. */
const fraction = (root: number): number => Math.floor((root - Math.floor(root)) * 2 ** 32);

function primes(count: number): readonly number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((p) => n % p !== 0)) found.push(n);
  return found;
}

const hex8 = (word: number): string => `0x${word.toString(16).padStart(8, '0')}`;

/** Eight words a line, each line behind `indent`. */
function rows(list: readonly number[], indent: string): string {
  const lines: string[] = [];
  for (let i = 0; i < list.length; i += 8)
    lines.push(
      indent +
        list
          .slice(i, i + 8)
          .map(hex8)
          .join(', '),
    );
  return lines.join(',\n');
}

export const sha256Start = (indent: string): string =>
  rows(
    primes(8).map((p) => fraction(Math.sqrt(p))),
    indent,
  );
export const sha256Rounds = (indent: string): string =>
  rows(
    primes(64).map((p) => fraction(Math.cbrt(p))),
    indent,
  );
