/**
 * What the libseccomp of this machine knows, by its own word: runtimes that build their filter with it leave out the calls
 * that it does not know. Without them, their program must be equal to the profile.
 */
import { execFileSync } from 'node:child_process';
import { type ArchName, arch, syscallNumber } from '../../src/arch/index.ts';
import { fromJson, toJson } from './json.ts';
import { program } from './programs.ts';

/** SCMP_ARCH_*: the audit token, but for x32, which shares that of x86_64. */
const token = (abi: ArchName): number => (abi === 'x32' ? 0x4000_003e : arch(abi).audit);

interface Answer {
  readonly version: string;
  /** Of the names asked for, those that a rule on this ABI can be made for. */
  readonly known: ReadonlySet<string>;
}

function ask(abi: ArchName, names: readonly string[]): Answer {
  const text = execFileSync(program('resolve'), [token(abi).toString(16), ...names], { encoding: 'utf8' });
  const [version = '?', ...lines] = text.trim().split('\n');
  const isKnown = (number: number) => number >= 0 || (number <= -100 && number > -10_000);
  return { version, known: new Set(names.filter((_, i) => isKnown(Number(lines[i])))) };
}

interface Rule {
  readonly names: readonly string[];
}

export interface Reduced {
  /** The profile without the calls that libseccomp does not know, ABI by ABI. */
  readonly text: string;
  /** Those calls: 'listmount', 'map_shadow_stack (x32)'. */
  readonly unknown: readonly string[];
  /** The version of libseccomp. */
  readonly version: string;
}

/** `text` is JSON in either dialect. */
export function reduced(text: string, arches: readonly ArchName[]): Reduced {
  const profile = fromJson(text) as { readonly syscalls?: readonly Rule[] };
  const rules = profile.syscalls ?? [];
  const names = [...new Set(rules.flatMap((rule) => rule.names))];
  const answers = arches.map((abi) => [abi, ask(abi, names)] as const);
  const has = (abi: ArchName, name: string) => syscallNumber(arch(abi), name) !== undefined;
  /** ABIs that have the call, though libseccomp does not know. */
  const lacking = new Map(
    names.map((name) => [name, answers.flatMap(([abi, { known }]) => (has(abi, name) && !known.has(name) ? abi : []))]),
  );
  const syscalls = rules.flatMap(({ names: all, ...rest }) => {
    const whole = all.filter((name) => lacking.get(name)?.length === 0);
    const partly = all.flatMap((name) => {
      const abis = arches.filter((abi) => has(abi, name) && !lacking.get(name)?.includes(abi));
      const only = { names: [name], ...rest, 'x-architectures': abis.map((abi) => arch(abi).scmp) };
      return whole.includes(name) || abis.length === 0 ? [] : [only];
    });
    return [...(whole.length > 0 ? [{ names: whole, ...rest }] : []), ...partly];
  });
  const unknown = [...lacking].flatMap(([name, abis]) => {
    if (abis.length === 0) return [];
    return [arches.every((abi) => !has(abi, name) || abis.includes(abi)) ? name : `${name} (${abis.join(', ')})`];
  });
  return {
    text: toJson({ ...profile, syscalls }),
    unknown: unknown.sort(),
    version: answers[0]?.[1].version ?? '?',
  };
}
