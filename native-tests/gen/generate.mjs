/** The pure heart of the generator: texts in, texts of the committed files out. Nothing here reads or writes a file. */
import { writeErrno } from './errno.mjs';
import { writeSyscalls } from './syscalls.mjs';
import { writeWidths } from './widths.mjs';

export function generate({ numbersCsv, sinceCsv, headersJson, typesJson }) {
  const headers = JSON.parse(headersJson);
  const types = JSON.parse(typesJson);
  const syscalls = writeSyscalls({ numbersCsv, sinceCsv, headers });
  const widths = writeWidths({ types });
  const notes = [];
  const known = new Set([...syscalls.numbers.values()].flatMap((names) => [...names.keys()]));
  for (const key of widths.masks.keys()) {
    const [name, table] = key.split('@');
    if (!known.has(name) || (table !== undefined && !syscalls.numbers.has(table)))
      throw new Error(`a width of ${key}, which no table knows`);
  }
  const bits64 = ['x86_64', 'aarch64', 'mips64', 'ppc64', 's390x', 'riscv64', 'loongarch64', 'parisc64'];
  const unsigned = [...new Set(bits64.flatMap((table) => [...syscalls.numbers.get(table).keys()]))].filter(
    (name) => !widths.masks.has(name),
  );
  notes.push(`numbers shared by several names: ${syscalls.aliases.join('; ')}`);
  notes.push(
    `no parameter widths (no signature found, or no kernel implements the call): ${unsigned.sort().join(' ')}`,
  );
  return {
    files: {
      'src/arch/syscalls.gen.ts': syscalls.text,
      'src/arch/errno.gen.ts': writeErrno({ headers }),
      'src/arch/widths.gen.ts': widths.text,
    },
    notes,
  };
}
