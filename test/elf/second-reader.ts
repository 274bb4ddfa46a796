/** elf-tools as a second opinion. It turns 64-bit fields around in the buffer that it parses, so it gets a copy. */
import { createRequire } from 'node:module';

interface Parsed {
  readonly header: { readonly shnum: number; readonly shoff: number; readonly shstrndx: number };
  readonly sections: readonly {
    readonly header: Readonly<
      Record<'name' | 'type', string> & Record<'offset' | 'size' | 'addralign' | 'entsize', number>
    >;
    readonly data: Buffer;
  }[];
}

const elfTools = createRequire(import.meta.url)('elf-tools') as { parse(image: Buffer): Parsed };

/** What elf-tools sees; the data of each section (.bss has none) is taken from the bytes as they are. */
export function secondReader(bytes: Uint8Array): Parsed {
  const parsed = elfTools.parse(Buffer.from(bytes));
  return {
    header: parsed.header,
    sections: parsed.sections.map(({ header }) => ({
      header,
      data: Buffer.from(header.type === 'nobits' ? [] : bytes.slice(header.offset, header.offset + header.size)),
    })),
  };
}
