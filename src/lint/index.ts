export type { Finding, Fix, LintOptions, TextEdit } from './finding.ts';
export { type Fixed, fixProfile } from './fix.ts';
export { lint } from './lint.ts';
export { lintPage } from './page.ts';
export { lintSarif } from './sarif.ts';
export { LINTS } from './table.ts';
