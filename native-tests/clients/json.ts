/** JSON whose numbers have 64 bits: as bigints they go out in full, and come back as text that goes out again. */

/** JavaScript has no such numbers: on the way they are text, '18446744073709551615n'. */
const MARKED = /"(\d+)n"/g;

export function toJson(value: unknown): string {
  const marked = (_: string, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v);
  return JSON.stringify(value, marked, 1).replace(MARKED, '$1');
}

/** Numbers of 16 digits and more stay what they are when the result goes through `toJson`. */
export function fromJson(text: string): unknown {
  return JSON.parse(text.replace(/(:\s*)(\d{16,})(?=\s*[,}])/g, '$1"$2n"'));
}
