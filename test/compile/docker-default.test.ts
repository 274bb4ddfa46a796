/** Docker's default profile on every architecture: the compiled program gives every call what the policy says. */
import * as assert from 'uvu/assert';
import { ARCHES } from '../../src/arch/index.ts';
import { disassemble } from '../../src/bpf/index.ts';
import { compile } from '../../src/build/index.ts';
import { run } from '../../src/kernel/index.ts';
import { hex } from '../../src/num/index.ts';
import { evaluate, type Policy, parseProfile, type ResolveOptions, resolvePolicy } from '../../src/policy/index.ts';
import { suite } from '../suite.ts';
import { callsToTry } from '../support/samples.ts';
import { sharedText, withoutShared } from '../support/shared.ts';

export function compareAll(policy: Policy): number {
  const program = compile(policy);
  let tried = 0;
  for (const call of callsToTry(policy)) {
    tried += 1;
    const wanted = evaluate(policy, call);
    const got = run(program, call);
    if (wanted !== got) {
      const shown = `arch ${hex(call.arch)} nr ${call.nr} args ${call.args.map(hex).join(' ')}`;
      assert.unreachable(`${shown}: policy ${hex(wanted)}, program ${hex(got)}\n${disassemble(program)}`);
    }
  }
  return tried;
}

const rows: readonly { readonly arches: readonly string[]; readonly options?: ResolveOptions }[] = [
  ...[...ARCHES.keys()].map((name) => ({ arches: [name] })),
  { arches: ['x86_64', 'i386', 'x32'] },
  { arches: ['x86_64', 'x32'] },
  { arches: ['i386', 'x32'] },
  { arches: ['aarch64', 'arm'] },
  { arches: ['mips64', 'mips64n32', 'mips'] },
  { arches: ['mipsel64', 'mipsel64n32', 'mipsel'] },
  { arches: ['s390x', 's390'] },
  { arches: ['ppc64', 'ppc'] },
  { arches: ['x86_64', 'i386', 'x32', 'aarch64', 'arm', 'riscv64', 'loongarch64'] },
  { arches: ['x86_64', 'i386', 'x32'], options: { caps: 'all' } },
  { arches: ['x86_64', 'i386', 'x32'], options: { caps: 'none', kernel: '4.4' } },
  { arches: ['x86_64', 'i386'], options: { argWidth: 'kernel', multiplexed: 'deny' } },
  { arches: ['s390x', 's390'], options: { argWidth: 'kernel', multiplexed: 'deny', unknownArch: 'errno' } },
];

suite('compile/docker-default', (test) => {
  for (const { arches, options } of rows) {
    const name = `${arches.join('+')}${options ? ` ${JSON.stringify(options)}` : ''}: run equals evaluate`;
    test.needs(withoutShared, name, () => {
      for (const file of ['docker-default', 'podman-containers-common']) {
        const profile = parseProfile(sharedText(`profiles/${file}.json`), { file });
        const tried = compareAll(resolvePolicy(profile, { ...options, arches }));
        assert.ok(tried > 20_000, `only ${tried} calls were tried`);
      }
    });
  }
});
