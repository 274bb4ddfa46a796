/**
 * Compiled profiles in the kernel that runs here, by every ABI that it serves: the short form of what npm run test:qemu asks
 * of other machines, with the same programs.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { archOfNode } from '../../src/arch/index.ts';
import { suite } from '../../test/suite.ts';
import { inFreshFolder, withoutI386, withoutTool } from '../support.ts';
import { kernelAbsent, Tally } from './ask.ts';
import { MACHINES } from './qemu/machines.ts';
import { askedOf, PROFILES, type Profile } from './qemu/profiles.ts';

const here = archOfNode(process.arch, 'little')?.name;
const abis = MACHINES.find(({ name }) => name === here)?.abis ?? [];

/** Asks this kernel by each ABI that it serves. */
async function compareHere(profiles: readonly Profile[]): Promise<void> {
  const tally = new Tally();
  const ran: string[] = [];
  await inFreshFolder((folder) => {
    for (const { abi, caller, batch, judge } of askedOf(abis, profiles, tally)) {
      if (abi.name === 'i386' && withoutI386() !== undefined) continue;
      const file = join(folder, 'caller');
      writeFileSync(file, caller);
      chmodSync(file, 0o700);
      const options = { input: batch, maxBuffer: 1 << 28, timeout: 60_000 };
      const { error, status, signal, stdout } = spawnSync(file, [], options);
      // x32 is switched off on most kernels.
      if (error !== undefined && abi.name === 'x32') continue;
      assert.equal([status, signal], [0, null], `${abi.name}${abi.int80 ? ' by int 0x80' : ''}: ${error}`);
      judge(Uint8Array.from(stdout), 'here');
      ran.push(abi.name);
    }
  });
  assert.is(tally.disagreed, 0, tally.report('').disagreements.join('\n'));
  assert.ok(ran.length > 0 && tally.compared > 5000, `${tally.compared} compared`);
}

suite('native/kernel/profiles', (test) => {
  const compilers = () => abis.map(({ compiler }) => withoutTool(compiler)).find((why) => why !== undefined);
  const known = abis.length > 0 ? undefined : `nothing is known of ${process.arch}`;
  const missing = () => known ?? kernelAbsent() ?? compilers();
  for (const profile of PROFILES)
    test.needs(
      () => profile.absent() ?? missing(),
      `${profile.name}: this kernel, the interpreter and the policy agree, by every ABI`,
      () => compareHere([profile]),
    );
});
