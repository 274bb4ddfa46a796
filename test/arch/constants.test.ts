/** Our constants against those of the C headers of this machine. */
import { spawnSync } from 'node:child_process';
import * as assert from 'uvu/assert';
import { CONSTANTS, isGeneric, nameOfValue, PARAMETERS } from '../../src/arch/constants.ts';
import { ARCHES, arch, isSyscallName, symbolValue } from '../../src/arch/index.ts';
import { suite } from '../suite.ts';

const HEADERS = [
  'sys/socket.h',
  'linux/sched.h',
  'linux/prctl.h',
  'linux/seccomp.h',
  'linux/netlink.h',
  'linux/ptrace.h',
];
const MORE = ['asm/ioctls.h', 'sys/personality.h', 'linux/mman.h', 'asm/mman.h'];
/** Not in user space's headers: the mask is the kernel's own, ARCH_* are those of x86. */
const ELSEWHERE = /^(SOCK_TYPE_MASK|ARCH_\w+)$/;

/** Every constant that the headers define, printed by a C program; 'absent' for others. */
function headerValues(names: readonly string[]): ReadonlyMap<string, string> | undefined {
  const include = [...HEADERS, ...MORE].map((h) => `#include <${h}>`).join('\n');
  const known = spawnSync('gcc', ['-E', '-dM', '-xc', '-'], { input: include, encoding: 'utf8' });
  const enums = spawnSync('gcc', ['-E', '-xc', '-'], { input: include, encoding: 'utf8' });
  if (known.status !== 0 || enums.status !== 0) return undefined;
  const isThere = (name: string) => new RegExp(`\\b${name}\\b`).test(`${known.stdout}\n${enums.stdout}`);
  const body = names.filter(isThere).map((name) => `V${name} = (${name})`);
  const program = `${include}\n${body.map((b) => `_${b};`.replace(/^_(V\w+) = /, 'const unsigned long long $1 = ')).join('\n')}\n`;
  const made = spawnSync('gcc', ['-xc', '-', '-S', '-O1', '-o', '-'], { input: program, encoding: 'utf8' });
  if (made.status !== 0) return undefined;
  return new Map(
    [...made.stdout.matchAll(/^V(\w+):\n\s+\.(?:quad|xword|dword|8byte)\s+(-?\d+)/gm)].map((m) => [
      m[1] as string,
      m[2] as string,
    ]),
  );
}

const names = [...CONSTANTS.keys()].filter((name) => !ELSEWHERE.test(name));
const values = headerValues(names);

suite('arch/constants', (test) => {
  test.needs(
    values === undefined ? 'no C compiler with Linux headers is here' : undefined,
    'have the values of the headers',
    () => {
      const differing = names.filter((name) => {
        const there = values?.get(name);
        return there !== undefined && BigInt(there) !== CONSTANTS.get(name)?.value;
      });
      assert.equal(differing, []);
      assert.ok((values?.size ?? 0) > 150, `${values?.size} found`);
    },
  );

  test('have the values that the table of each ABI has, where they have any', () => {
    const differing = [...ARCHES.values()].flatMap((abi) =>
      [...CONSTANTS.values()].flatMap(({ name, family, value }) => {
        const there = symbolValue(abi, name);
        return there === undefined || !isGeneric(family, abi) || BigInt(there) === value ? [] : [`${abi.name} ${name}`];
      }),
    );
    assert.equal(differing, []);
  });

  test('parameters are of calls that exist', () => {
    for (const name of PARAMETERS.keys()) assert.ok(isSyscallName(name), name);
  });

  const named = [
    { family: 'AF', value: 38n, name: 'AF_ALG' },
    { family: 'AF', value: 99n, name: undefined },
    { family: 'CLONE', value: 0x1000_0000n, name: 'CLONE_NEWUSER' },
    { family: 'CLONE', value: 0x3000_0000n, name: 'CLONE_NEWUSER|CLONE_NEWPID' },
    { family: 'CLONE', value: 0x1000_0011n, name: undefined },
    { family: 'SOCK', value: 0x80003n, name: 'SOCK_RAW|SOCK_CLOEXEC' },
    { family: 'PROT', value: 7n, name: 'PROT_READ|PROT_WRITE|PROT_EXEC' },
  ] as const;
  for (const { family, value, name } of named) {
    test(`${family} 0x${value.toString(16)} is ${name ?? 'a number'}`, () =>
      assert.is(nameOfValue(family, value), name));
  }
  test('MIPS numbers socket types otherwise, so they have no names there', () => {
    assert.is(nameOfValue('SOCK', 2n, arch('mips64')), undefined);
  });
});
