/** The version of package.json; test/meta.test.ts holds the two together. */
export const VERSION: string = '0.1.0';
/** The day of that version: what its manual page bears. */
export const RELEASED: string = '2026-12-01';
