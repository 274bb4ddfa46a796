/** The version of package.json; test/meta.test.ts holds the two together. */
export const VERSION: string = '0.1.0';
