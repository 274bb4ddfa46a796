/** The numbers in src/elf/format.ts against <elf.h>, printed by a C program. */
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import * as format from '../../src/elf/format.ts';
import { suite } from '../../test/suite.ts';
import { inFreshFolder } from '../support.ts';
import { absent, must } from './tools.ts';

const constants = Object.entries(format).filter(([name]) => /^(EI|EV|ET|PN|PT|PF|DT|DF|SHN|SHT|SHF)_/.test(name));
/** Some <elf.h> lack PaX's flags; the number is that of PaX's own headers (and of Go's linker). */
const PAX = '#ifndef PT_PAX_FLAGS\n#define PT_PAX_FLAGS 0x65041580\n#endif\n';
const records = [
  { name: 'Ehdr', forms: format.EHDR },
  { name: 'Phdr', forms: format.PHDR },
  { name: 'Shdr', forms: format.SHDR },
] as const;

/** Prints `NAME value` for each constant, `Elf64_Shdr size` and `Elf64_Shdr.sh_name offset size` for each structure. */
function oracle(): string {
  const lines = constants.map(([name]) => `printf("${name} %lu\\n", (unsigned long)${name});`);
  for (const { name, forms } of records) {
    for (const cls of [32, 64] as const) {
      const type = `Elf${cls}_${name}`;
      lines.push(`printf("${type} %zu\\n", sizeof(${type}));`);
      for (const field of forms[cls].fields) {
        const size = `sizeof(((${type} *)0)->${field.name})`;
        lines.push(`printf("${type}.${field.name} %zu %zu\\n", offsetof(${type}, ${field.name}), ${size});`);
      }
    }
  }
  return `#include <elf.h>\n${PAX}#include <stddef.h>\n#include <stdio.h>\nint main(void) {\n${lines.join('\n')}\nreturn 0; }\n`;
}

function ours(): string {
  const lines = constants.map(([name, value]) => `${name} ${value}`);
  for (const { name, forms } of records) {
    for (const cls of [32, 64] as const) {
      lines.push(`Elf${cls}_${name} ${forms[cls].size}`);
      for (const field of forms[cls].fields) lines.push(`Elf${cls}_${name}.${field.name} ${field.at} ${field.bytes}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

suite('elf/constants', (test) => {
  test.needs(absent('gcc'), 'constants, sizes and offsets are those of <elf.h>', () =>
    inFreshFolder((folder) => {
      must(['gcc', '-x', 'c', '-', '-o', join(folder, 'oracle')], { input: oracle() });
      assert.ok(constants.length > 25);
      assert.is(ours(), must([join(folder, 'oracle')]));
    }),
  );
});
