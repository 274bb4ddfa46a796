/** GNU binutils of each CPU, as Debian names them. */
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import type { CpuName } from '../../src/machine/index.ts';
import { absent, fileOf, freshPath, run } from './tools.ts';

interface Toolchain {
  /** What the tools' names begin with. */
  readonly prefix: string;
  /** What sources begin with. */
  readonly first?: string;
}

const own = (cpu: string, prefix: string): string => (process.arch === cpu ? '' : prefix);
const INTEL = '.intel_syntax noprefix\n';
const TOOLS: Readonly<Record<CpuName, Toolchain>> = {
  x86_64: { prefix: own('x64', 'x86_64-linux-gnu-'), first: INTEL },
  i386: { prefix: 'i686-linux-gnu-', first: INTEL },
  aarch64: { prefix: own('arm64', 'aarch64-linux-gnu-') },
  // Without compressed instructions, and without the linker rewriting what it could shorten.
  riscv64: { prefix: 'riscv64-linux-gnu-', first: '.option norvc\n.option norelax\n' },
  s390x: { prefix: 's390x-linux-gnu-' },
};

/** Why a CPU's tools cannot be used; undefined when they can. */
export function withoutToolchain(cpu: CpuName): string | undefined {
  return absent(`${TOOLS[cpu].prefix}as`);
}

/** The executable that as and ld make of this source. */
export function linked(cpu: CpuName, source: string, options: readonly string[] = []): string {
  const { prefix, first = '' } = TOOLS[cpu];
  const [object, file] = [freshPath(), freshPath()];
  tool(`${prefix}as`, ['-o', object, fileOf(first + source)]);
  tool(`${prefix}ld`, ['-o', file, object, ...options]);
  return file;
}

/** The .text of this source. riscv's as leaves every address to ld. */
export function assembled(cpu: CpuName, source: string): Uint8Array {
  const file = linked(cpu, source, ['-Ttext=0x10000000', '-e', '0']);
  const text = freshPath();
  tool(`${TOOLS[cpu].prefix}objcopy`, ['-O', 'binary', '--only-section=.text', file, text]);
  return Uint8Array.from(readFileSync(text));
}

function tool(name: string, args: readonly string[]): void {
  const ran = run(name, args);
  assert.is(ran.status, 0, `${name}: ${ran.stderr}`);
}
