/**
 * `npm run zoo [-- FOLDER [WORD...]]`: makes the ELF files of native-tests/elf/zoo, or those whose names hold a word, in
 * FOLDER (build/zoo unless stated), to try things on.
 */
import { ensureDependencies } from './ensure.mjs';
import { runBundled } from './bundled.mjs';
