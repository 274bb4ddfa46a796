/** Every kind, in four parts, each with a test file of its own. */
import type { Kind } from './kind.ts';
import { C_KINDS } from './rows-c.ts';
import { FOREIGN_KINDS } from './rows-foreign.ts';
import { LANGUAGE_KINDS } from './rows-languages.ts';
import { ODD_KINDS } from './rows-odd.ts';

export const KINDS: readonly Kind[] = [...C_KINDS, ...LANGUAGE_KINDS, ...ODD_KINDS, ...FOREIGN_KINDS];
