export { alignUp, ByteView, type Endian, holds } from './bytes.ts';
export { sha256 } from './sha256.ts';
export { checkedU32, hex, s32, type U32, u32 } from './u32.ts';
export { high32, join64, low32, U64_MAX } from './u64.ts';
