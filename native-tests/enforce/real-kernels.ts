/**
 * On a machine's kernel: what becomes of a static program whose start is denied a call, held against what was said
 * beforehand; and the tracer, whose records are decoded here by hand.
 */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { arch, syscallNumber } from '../../src/arch/index.ts';
import { type StartCall, startLayers } from '../../src/build/start-calls.ts';
import { originOf, readElf } from '../../src/elf/index.ts';
import { type CpuName, tracerElf } from '../../src/machine/index.ts';
import { must } from '../elf/tools.ts';
import { withoutNeeds } from '../elf/zoo/kind.ts';
import { type Ended, type Ran, session } from '../kernel/qemu/commands.ts';
import type { Machine } from '../kernel/qemu/machines.ts';
import { entryProgram } from '../machine/entry-programs.ts';
import { stubbed } from '../machine/stubbed.ts';
import { filterOf } from '../machine/tools.ts';
import { inFreshFolder } from '../support.ts';
import {
  confined,
  DENIALS,
  type End,
  goEnvironment,
  looksLike,
  OUTPUT,
  policyOf,
  STATUS,
  source,
  told,
} from './starts.ts';

const GOARCH: Readonly<Record<CpuName, string>> = {
  x86_64: 'amd64',
  i386: '386',
  aarch64: 'arm64',
  riscv64: 'riscv64',
  s390x: 's390x',
};

interface Case {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Absent: as without a filter. */
  readonly consequence: string | undefined;
}

async function programs({ compiler }: Machine, cpu: CpuName): Promise<readonly Uint8Array[]> {
  const made: Uint8Array[] = [];
  await inFreshFolder((folder) => {
    const file = join(folder, 'program');
    must([compiler, '-static', source('start.c'), '-o', file]);
    made.push(Uint8Array.from(readFileSync(file)));
    if (withoutNeeds(['go']) !== undefined) return;
    must(['go', 'build', '-o', file, source('start.go')], { cwd: folder, env: goEnvironment('0', GOARCH[cpu]) });
    made.push(Uint8Array.from(readFileSync(file)));
  });
  return made;
}

/** Each call of the table, denied in each way; what never ends is left out: nobody here would stop it. */
function casesFor(original: Uint8Array, cpu: CpuName): readonly Case[] {
  const abi = arch(cpu);
  const origin = originOf(readElf(original));
  const layers = startLayers(origin, abi);
  const make = layers.map(({ maker }) => maker).join(', ');
  const calls: readonly StartCall[] = layers.flatMap((layer) => layer.calls.filter((call) => !call.sometimes));
  const denied = [...new Set(calls.map(({ call }) => call)), 'exit_group'].flatMap((call) =>
    DENIALS.flatMap(([how, action, errnoRet]): Case[] => {
      const { bytes, findings } = confined(original, policyOf(abi, 'SCMP_ACT_ALLOW', [[action, errnoRet, call]]), abi);
      const consequence = findings.find((f) => f.call === call)?.consequence;
      return consequence?.includes('never ends') ? [] : [{ name: `${make}: ${call}, ${how}`, bytes, consequence }];
    }),
  );
  return [{ name: `${make}: nothing denied`, bytes: original, consequence: undefined }, ...denied];
}

function endOf({ status, signal }: Ended): End {
  if (signal === 0) return status;
  return Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? `signal ${signal}`;
}

const RECORD = { short: 8, long: 368, info: 16 } as const;
const CALL_EVENT = 7;
const HAND_OVER = 0x7ff0_0000;

/** What the tracer told: a start, waits and calls, and at last that everything has ended. */
function checkTold({ stderr }: Ended, cpu: CpuName): void {
  const bytes = Buffer.from(stderr, 'latin1');
  const abi = arch(cpu);
  const isLittle = abi.endian === 'little';
  const u32 = (at: number) => (isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const u64 = (at: number) => (isLittle ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
  const [calls, waits]: [number[], number[]] = [[], []];
  const pid = u32(0);
  let at: number = RECORD.short;
  while (at < bytes.length) {
    const [tid, status] = [u32(at), u32(at + 4)];
    const isCall = (status & 0xff) === 0x7f && status >>> 16 === CALL_EVENT;
    if (isCall) {
      assert.equal([tid, u32(at + RECORD.info + 4)], [pid, abi.audit]);
      calls.push(Number(u64(at + RECORD.info + 24)));
      assert.match(bytes.toString('latin1', at + 112, at + 112 + u32(at + 12)), new RegExp(`\\nTgid:\\t${pid}\\n`));
    } else waits.push(status);
    at += isCall ? RECORD.long : RECORD.short;
  }
  assert.equal(calls, [syscallNumber(abi, 'getppid')]);
  assert.is(waits.at(-1), 0, 'all has ended');
  assert.is(waits.at(-2), STATUS << 8, 'the status of the program');
}

/** Boots the machine; throws at the first difference. */
export async function startsAndTracer(machine: Machine, cpu: CpuName): Promise<Ran> {
  const cases = (await programs(machine, cpu)).flatMap((original) => casesFor(original, cpu));
  const nr = syscallNumber(arch(cpu), 'getppid') as number;
  const filter = filterOf(new Map([[nr, HAND_OVER]]), undefined, arch(cpu).endian);
  const files = new Map([
    ...cases.map(({ bytes }, i): [string, Uint8Array] => [`start${i}`, bytes]),
    // It tells where the program has its errors, of which there are none.
    ['tracer', tracerElf({ arch: cpu, tell: 2 })],
    ['traced', stubbed(cpu, entryProgram(cpu), filter)],
  ]);
  const commands = [...cases.map((_, i) => `/start${i}`), '/tracer /traced traced'];
  const { kernel, seconds, ended } = session(machine, files, commands);
  const wrong = cases.flatMap(({ name, consequence }, i) => {
    const ran = ended[i] as Ended;
    const end = endOf(ran);
    const isSo =
      consequence === undefined
        ? end === STATUS && Buffer.from(ran.stdout).toString() === OUTPUT
        : looksLike(consequence, end);
    return isSo ? [] : [told(name, consequence ?? 'nothing said', 'but', end)];
  });
  assert.equal(wrong, []);
  checkTold(ended.at(-1) as Ended, cpu);
  return { kernel, seconds, ran: ended.length };
}
