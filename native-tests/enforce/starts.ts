/** What the tests of starts share: the programs, filters that deny one call, and what a consequence looks like from outside. */
import { resolve } from 'node:path';
import type { Arch } from '../../src/arch/index.ts';
import { compile, loadPolicy, planEmbed } from '../../src/build/index.ts';
import { type StartFinding, startFindings } from '../../src/build/start-check.ts';
import { applyEdit, originOf, readElf } from '../../src/elf/index.ts';
import type { Policy } from '../../src/policy/index.ts';

export const source = (name: string): string => resolve('native-tests', 'enforce', 'programs', name);

/** No network, no module: the file alone. */
export const goEnvironment = (cgo: '0' | '1', goarch?: string): NodeJS.ProcessEnv => ({
  ...process.env,
  GOFLAGS: '',
  GOPROXY: 'off',
  GO111MODULE: 'off',
  CGO_ENABLED: cgo,
  ...(goarch !== undefined && { GOARCH: goarch }),
});

/** What the programs end with, and write. */
export const STATUS = 7;
export const OUTPUT = 'hello\n';

export type Rule = readonly [action: string, errnoRet: number, ...names: string[]];

export function policyOf(abi: Arch, defaultAction: string, rules: readonly Rule[]): Policy {
  const syscalls = rules.map(([action, errnoRet, ...names]) => ({
    names,
    action,
    ...(action === 'SCMP_ACT_ERRNO' && { errnoRet }),
  }));
  const errno = defaultAction === 'SCMP_ACT_ERRNO' && { defaultErrnoRet: 1 };
  return loadPolicy(
    { name: 'start.json', text: JSON.stringify({ defaultAction, ...errno, syscalls }) },
    { arches: [abi.name] },
  );
}

/** The ways in which a call is denied. */
export const DENIALS: readonly (readonly [name: string, action: string, errnoRet: number])[] = [
  ['KILL_PROCESS', 'SCMP_ACT_KILL_PROCESS', 0],
  ['EPERM', 'SCMP_ACT_ERRNO', 1],
  ['ENOSYS', 'SCMP_ACT_ERRNO', 38],
];

/** The program with this filter and a start that installs it, and what the check says of it beforehand. */
export function confined(
  original: Uint8Array,
  policy: Policy,
  abi: Arch,
): { readonly bytes: Uint8Array; readonly findings: readonly StartFinding[] } {
  const elf = readElf(original);
  const program = compile(policy, { prove: false, search: 'fast' });
  const options = { section: '.seccomp_rules', profileName: 'start.json', version: 'test', enforce: true };
  return {
    bytes: applyEdit(original, planEmbed(elf, program, policy, options)),
    findings: startFindings(program, originOf(elf), abi),
  };
}

/** A status, a signal's name, or that it had to be stopped. */
export type End = number | string;

/** Whether a program that ends so ends as was said. */
export function looksLike(consequence: string, end: End): boolean {
  const signal = /\b(SIG[A-Z]+)\b/.exec(consequence)?.[1];
  if (signal !== undefined) return end === signal;
  if (consequence.includes('never ends') && end === 'never') return true;
  const statuses = [...consequence.matchAll(/\b(\d+)\b(?!\.)/g)].map(([, n]) => Number(n));
  if (consequence.includes('status') && statuses.includes(Number(end))) return true;
  if (consequence.includes('ends through exit') && end === STATUS) return true;
  return consequence.includes('crashes') && String(end).startsWith('SIG');
}

/** Words that go with a failure. */
export const told = (...words: readonly unknown[]): string => words.map((word) => JSON.stringify(word)).join(' ');
