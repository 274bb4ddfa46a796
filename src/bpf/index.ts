export { assemble } from './assemble.ts';
export { decodeProgram, encodeProgram, INSN_SIZE } from './codec.ts';
export { disassemble, type Listed, list, wordName } from './disassemble.ts';
export { decode, type Insn, type RawInsn } from './insn.ts';
