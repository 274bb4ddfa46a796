/**
 * Denials that do not hold what they promise: another call, io_uring, or another ABI of the machine does what was denied.
 * Only calls that a rule names are looked at: of what an allowlist leaves out nobody said that it must not be reached. A denial
 * by ENOSYS makes callers fall back to another call, and is none to be walked around.
 */
import type { ArchPolicy } from '../policy/index.ts';
import { IO_URING_DOES, siblingsOf } from './siblings-table.ts';
import { listed, type Machine, type Subject } from './subject.ts';

interface Hole {
  readonly code: 'CALL_WALKAROUND' | 'IO_URING_BYPASS' | 'ABI_BYPASS';
  readonly name: string;
  readonly span: { readonly start: number; readonly end: number };
  readonly isWhole: boolean;
  readonly ways: Set<string>;
  readonly abis: Set<string>;
}

export function siblings(subject: Subject): void {
  const holes = new Map<string, Hole>();
  for (const [machine, arch] of subject.abis) {
    for (const { name } of arch.calls.values()) {
      const verdict = machine.verdict(arch, name);
      const span = subject.place(arch, name);
      if (verdict === undefined || verdict === 'open' || span === undefined || machine.meansEnosys(arch, name))
        continue;
      const isWhole = verdict === 'denied';
      const note = (code: Hole['code'], way: string): void => {
        const key = `${code} ${span.start}`;
        const hole = holes.get(key) ?? { code, name, span, isWhole, ways: new Set(), abis: new Set() };
        hole.ways.add(way);
        hole.abis.add(arch.arch.name);
        holes.set(key, hole);
      };
      for (const way of waysRound(machine, arch, name, isWhole)) note('CALL_WALKAROUND', way);
      if (
        IO_URING_DOES.has(name) &&
        ['io_uring_setup', 'io_uring_enter'].every((c) => machine.verdict(arch, c) === 'open')
      )
        note('IO_URING_BYPASS', 'io_uring');
      if (!isWhole) continue;
      for (const other of machine.arches) {
        if (other !== arch && machine.verdict(other, name) === 'open') note('ABI_BYPASS', other.arch.name);
      }
    }
  }
  for (const hole of holes.values()) subject.add({ code: hole.code, span: hole.span, ...said(hole) });
}

function waysRound(machine: Machine, arch: ArchPolicy, name: string, isWhole: boolean): readonly string[] {
  return siblingsOf(name)
    .filter(
      ({ forArguments, calls }) => (isWhole || forArguments) && calls.every((c) => machine.verdict(arch, c) === 'open'),
    )
    .map(({ calls }) => calls.join(' with '));
}

function said({ code, name, isWhole, ways, abis }: Hole): { readonly message: string; readonly help: string } {
  const kept = isWhole ? `${name} is denied` : `${name} is allowed with some arguments only`;
  const on = listed(abis);
  switch (code) {
    case 'CALL_WALKAROUND':
      return {
        message: `${kept}, but on ${on} ${listed(ways)} ${ways.size === 1 ? 'runs and does' : 'run and do'} the same`,
        help: 'deny them together; where libraries fall back from one to another, deny the newer one with ENOSYS',
      };
    case 'IO_URING_BYPASS':
      return {
        message: `${kept}, but on ${on} io_uring runs, and does it without a call that a filter sees`,
        help: 'deny io_uring_setup; programs fall back when they get ENOSYS',
      };
    case 'ABI_BYPASS':
      return {
        message: `${name} is denied on ${on}, but runs on ${listed(ways)}, which a program of the same machine can call`,
        help: 'let the rule hold for every ABI of the machine, or leave the other ABI out',
      };
    default:
      return code satisfies never;
  }
}
