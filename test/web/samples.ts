/** What the tests of the page put into it. */
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { arch, syscallsOf } from '../../src/arch/index.ts';
import { seccompc } from '../cli/command.ts';
import { makeElf } from '../elf/image.ts';
import { file } from './page.ts';

export const NODE: string = readFileSync('profiles/node-service.jsonc', 'utf8');
export const SMALL: string = `{
  "defaultAction": "SCMP_ACT_ERRNO",
  "architectures": ["SCMP_ARCH_X86_64"],
  "syscalls": [
    { "names": ["read", "write", "exit_group", "rt_sigreturn", "execve", "read"], "action": "SCMP_ACT_ALLOW" },
    { "names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{ "index": 0, "value": 1, "op": "SCMP_CMP_EQ" }] }
  ]
}
`;
/** Looser, stricter and otherwise. */
export const OTHER: string = SMALL.replace('"write", ', '')
  .replace('"value": 1,', '"value": 2,')
  .replace('"execve"', '"execve", "getpid"')
  .replace('\n  ]', ',\n    { "names": ["ptrace"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38 }\n  ]');
/** An x86_64 program of a few hundred bytes. */
export const ELF: Uint8Array = makeElf({ cls: 64, endian: 'little' }).bytes;

export function elfWithFilter(): string {
  const elf = file('made', ELF);
  assert.is(seccompc(['build', file('made.jsonc', SMALL), '--into', elf, '--embed-profile']).status, 0);
  return elf;
}

/** Rules whose conditions have little in common: seconds of work, and more. */
export function heavy(): string {
  const rules = [...syscallsOf(arch('x86_64')).keys()].map((name, i) => {
    const args = Array.from({ length: 3 }, (_, j) => {
      const mask = (0x9e3779b97f4a7c15n * BigInt(i * 7 + j + 1)) & 0xffff_ffff_ffff_ffffn;
      return `{ "index": ${j}, "value": ${mask}, "valueTwo": ${mask & 0x5555_5555_5555_5555n}, "op": "SCMP_CMP_MASKED_EQ" }`;
    });
    return `{ "names": ["${name}"], "action": "SCMP_ACT_ALLOW", "args": [${args.join(', ')}] }`;
  });
  return `{ "defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [${rules.join(',\n')}] }`;
}
