/** SHA-256 of bytes in memory, at once and without Node: what is written into files must be the same everywhere. */
export { sha256 } from '@noble/hashes/sha2.js';
