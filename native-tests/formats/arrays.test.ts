/** Programs as source code and as text: real compilers and decoders give back the same bytes, in both byte orders. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { exportFilter } from '../../src/build/index.ts';
import type { CheckedProgram } from '../../src/kernel/index.ts';
import { parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { suite } from '../../test/suite.ts';
import { must, run } from '../elf/tools.ts';
import { inFreshFolder, runCommand, seccompc, withoutLinux, withoutTool } from '../support.ts';
import { exportText, HOSTILE, OWN, policyFor, STRICT, writeFiles } from './support.ts';

const without = (tools: readonly string[]) => () =>
  withoutLinux() ?? tools.map(withoutTool).find((why) => why !== undefined);

/** A few hundred instructions, with every kind of record. */
const PROFILE = readFileSync('profiles/node-service.jsonc', 'utf8');
const big = (arch: string) => resolvePolicy(parseProfile(PROFILE, { file: HOSTILE }), { arches: [arch] });
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const C_MAIN = `#include <stdio.h>
#include "f.h"
int main(void) {
  const unsigned char *bytes = (const unsigned char *)seccompc_program.filter;
  size_t i;
  for (i = 0; i < sizeof(struct sock_filter) * seccompc_program.len; i++) printf("%02x", bytes[i]);
  return SECCOMPC_FLAGS;
}
`;
const GO_MAIN = `package main

import (
	"fmt"
	"unsafe"

	"filter/seccomp"
)

func main() {
	const size = unsafe.Sizeof(seccomp.Filter)
	fmt.Printf("%x", (*[size]byte)(unsafe.Pointer(&seccomp.Filter))[:])
}
`;
const RUST_MAIN = `mod filter;
fn main() {
    let bytes = unsafe {
        let size = std::mem::size_of_val(&filter::SECCOMP_FILTER);
        std::slice::from_raw_parts(filter::SECCOMP_FILTER.as_ptr() as *const u8, size)
    };
    for byte in bytes {
        print!("{:02x}", byte);
    }
}
`;

const COMPILERS = [
  { name: 'gcc', arch: OWN, command: ['gcc', '-std=c99'], under: [] },
  { name: 'g++', arch: OWN, command: ['g++', '-xc++', '-std=c++98'], under: [] },
  {
    name: 'gcc for s390x',
    arch: 's390x',
    command: ['s390x-linux-gnu-gcc', '-std=c99', '-static'],
    under: ['qemu-s390x-static'],
  },
] as const;

suite('native/formats/arrays', (test) => {
  const policy = big(OWN);
  const { program } = exportFilter('base64', { policy }) as { program: CheckedProgram };

  for (const { name, arch, command, under } of COMPILERS) {
    test.needs(without([command[0], ...under]), `c-array: ${name} makes the same bytes of it`, () =>
      inFreshFolder((folder) => {
        const own = big(arch);
        const { program: made } = exportFilter('c-array', { policy: own });
        writeFiles(folder, { 'f.h': exportText('c-array', own), 'main.c': C_MAIN });
        must([...command, ...STRICT, '-o', join(folder, 'main'), join(folder, 'main.c')]);
        const ran = run([...under, join(folder, 'main')]);
        assert.equal([ran.status, ran.stdout], [0, hexOf((made as CheckedProgram).bytes)]);
      }),
    );
  }

  test.needs(without(['go', 'gofmt']), 'go: the same bytes, as gofmt has it, with no complaint from vet', () =>
    inFreshFolder((folder) => {
      writeFiles(folder, {
        'go.mod': 'module filter\n\ngo 1.17\n',
        'main.go': GO_MAIN,
        'seccomp/filter.go': exportText('go', policy),
        'loader/loader.go': exportText('go-loader', policy, { name: 'loader' }),
        'pinned/pinned.go': exportText('go-loader', policy, { name: 'pinned', pin: true }),
      });
      const env = { ...process.env, CGO_ENABLED: '0' };
      assert.is(must(['go', 'run', '.'], { cwd: folder, env }), hexOf(program.bytes));
      assert.is(must(['gofmt', '-l', folder]), '');
      must(['go', 'vet', './...'], { cwd: folder, env });
    }),
  );

  test.needs(without(['rustc']), 'rust: the same bytes', () =>
    inFreshFolder((folder) => {
      writeFiles(folder, { 'main.rs': RUST_MAIN, 'filter.rs': exportText('rust', policy) });
      must(['rustc', '--edition', '2018', '-D', 'warnings', '-o', join(folder, 'main'), join(folder, 'main.rs')]);
      assert.is(must([join(folder, 'main')]), hexOf(program.bytes));
    }),
  );

  test.needs(without(['base64']), 'base64: coreutils decodes it', () => {
    const ran = runCommand('base64', ['-d'], { input: exportText('base64', policy) });
    assert.is(ran.status, 0);
    assert.is(runCommand('sha256sum', [], { input: program.bytes }).stdout.length > 64, true);
    const bytes = must([
      'sh',
      '-c',
      `printf %s "$1" | base64 -d | od -An -v -tx1 | tr -d ' \\n'`,
      'sh',
      exportText('base64', policy),
    ]);
    assert.is(bytes, hexOf(program.bytes));
  });

  test.needs(without(['python3']), 'oci-annotation: another reader of JSON and base64 finds the program', () => {
    const script = `import base64, json, sys
print(base64.b64decode(json.load(sys.stdin)["annotations"]["run.oci.seccomp_bpf_data"], validate=True).hex(), end="")`;
    const input = exportText('oci-annotation', policy);
    assert.is(runCommand('python3', ['-c', script], { input }).stdout, hexOf(program.bytes));
    const flag = exportText('oci-annotation-flag', policy);
    assert.is(flag, `--annotation=run.oci.seccomp_bpf_data=${exportText('base64', policy)}`);
  });

  test.needs(without(['bwrap']), 'bwrap: the line that the command prints works as it stands', () =>
    inFreshFolder((folder) => {
      const [profile, file] = [join(folder, 'p.json'), join(folder, "it's a filter.bpf")];
      writeFiles(folder, {
        'p.json': JSON.stringify({
          defaultAction: 'SCMP_ACT_ALLOW',
          syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_ERRNO', errnoRet: 77 }],
        }),
      });
      const written = seccompc([
        'export',
        profile,
        '--arch',
        policyFor(OWN).arches[0]!.arch.name,
        '--format',
        'bwrap',
        '-o',
        file,
      ]);
      assert.is(written.status, 0, written.stderr);
      const line = /^ {2}(bwrap .*)$/m.exec(written.stdout)?.[1] ?? '';
      const ran = run(['bash', '-c', line.replace('COMMAND', `mkdir ${folder}/new`)]);
      assert.match(ran.stderr, /File descriptor in bad state/);
      assert.is(run(['bash', '-c', line.replace('COMMAND', 'true')]).status, 0);
    }),
  );
});
