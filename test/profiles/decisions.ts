/**
 * Tables of decisions: a row says in words what a profile answers to one call. Three judges must agree with it: the
 * reference meaning of the policy, the compiled program run by the kernel's rules, and the harness that users have.
 */
import { readdirSync, readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { describeWord, findArch, syscallNumber } from '../../src/arch/index.ts';
import { compile } from '../../src/build/index.ts';
import { type Harness, harness } from '../../src/harness/index.ts';
import { type CheckedProgram, disassemble, run } from '../../src/index.ts';
import { evaluate, type Policy, parseProfile, type ResolveOptions, resolvePolicy } from '../../src/policy/index.ts';
import { data } from '../support/samples.ts';

const FOLDER = 'profiles';

/** The profiles that we ship, without '.jsonc'. */
export const PROFILES: readonly string[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.jsonc') && !name.endsWith('.assert.jsonc'))
  .map((name) => name.replace(/\.jsonc$/, ''))
  .sort();

export function profileText(name: string): string {
  return readFileSync(`${FOLDER}/${name}.jsonc`, 'utf8');
}

export function policyOf(name: string, options: ResolveOptions): Policy {
  return resolvePolicy(parseProfile(profileText(name), { file: `${name}.jsonc` }), options);
}

export interface DecisionRow {
  /** ABI of the call; the policy is made for it alone unless `options.arches` says otherwise. */
  readonly arch?: string;
  /** 'socket(38, 1)': arguments decimal, hexadecimal or negative (64 bits); those not given are 0. */
  readonly call: string;
  /** 'ALLOW', 'KILL_PROCESS', or the name of the errno. */
  readonly gives: string;
  readonly options?: ResolveOptions;
  readonly why?: string;
}

const CALL = /^(\w+)\(([^)]*)\)$/;

/** The result word in the words of a row. */
function inWords(word: number, arch: string): string {
  const text = describeWord(word, findArch(arch));
  return /^ERRNO\(\d+ (\w+)\)$/.exec(text)?.[1] ?? text;
}

const made = new Map<
  string,
  { readonly policy: Policy; readonly program: CheckedProgram; readonly harness: Harness }
>();

/** What `profile` says to the row's call, by both judges. */
export function checkRow(profile: string, row: DecisionRow): void {
  const { arch = 'x86_64', call, gives } = row;
  const options = { arches: [arch], ...row.options };
  const key = `${profile} ${JSON.stringify(options)}`;
  let both = made.get(key);
  if (both === undefined) {
    const policy = policyOf(profile, options);
    both = { policy, program: compile(policy), harness: harness(policy) };
    made.set(key, both);
  }
  const [, name = '', list = ''] = CALL.exec(call) ?? [];
  const abi = findArch(arch);
  const nr = abi && syscallNumber(abi, name);
  assert.ok(abi && nr !== undefined, `${arch} has no ${name}`);
  const args = list === '' ? [] : list.split(',').map((text) => BigInt.asUintN(64, BigInt(text.trim())));
  const d = data(abi.audit, nr, args);
  assert.is(inWords(evaluate(both.policy, d), arch), gives, row.why);
  assert.is(inWords(run(both.program, d), arch), gives, `the program disagrees:\n${disassemble(both.program)}`);
  if (gives === 'ALLOW') both.harness.on(arch).allows(name, d.args);
  else both.harness.on(arch).denies(name, d.args, gives);
}

/** The name under which a row is reported. */
export function titleOf(row: DecisionRow): string {
  const { arch = 'x86_64', call, gives, options, why } = row;
  const set = options === undefined ? '' : ` with ${JSON.stringify(options)}`;
  return `${arch} ${call}${set}: ${gives}${why === undefined ? '' : ` (${why})`}`;
}
