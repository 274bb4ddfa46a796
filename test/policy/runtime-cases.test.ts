/**
 * Small profiles that were run under runc (../shared/data/runtime-cases), against ours: accepted or refused, and what
 * six probed calls got. Where we differ, docs/runtime-cases.md says so; its table is read here, so that it stays true.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { SeccompcError } from '../../src/diag/index.ts';
import { evaluate, parseProfile, type ResolveOptions, resolvePolicy } from '../../src/policy/index.ts';
import { suite } from '../suite.ts';
import { withoutShared } from '../support/shared.ts';

const FOLDER = '../shared/data/runtime-cases';
const absent = withoutShared();

/** Number of a probed call to what it returned: 'RESULT/ERRNO'. */
type Probes = ReadonlyMap<number, string>;

/** The runc lines of matrix.txt, by case: what the probes got, or undefined where runc refused. */
function runcRows(): ReadonlyMap<string, Probes | undefined> {
  const rows = new Map<string, Probes | undefined>();
  let name = '';
  for (const line of readFileSync(join(FOLDER, 'matrix.txt'), 'utf8').split('\n')) {
    if (line.startsWith('## ')) name = line.slice(3).replace(/\.json$/, '');
    if (!line.startsWith('runc:')) continue;
    const probes = [...line.matchAll(/(\d+):(-?\d+\/\d+)/g)].map(([, nr, got]) => [Number(nr), got ?? ''] as const);
    rows.set(name, line.includes('level=error') ? undefined : new Map(probes));
  }
  return rows;
}

interface Difference {
  readonly runc: string;
  readonly ours: string;
  readonly follow: string;
}

/** The table of the document, by case. */
function documented(): ReadonlyMap<string, Difference> {
  const rows = readFileSync('docs/runtime-cases.md', 'utf8').matchAll(
    /^\| (\w+) \| ([^|]+) \| ([^|]+) \|([^|]*)\| [^|]+ \|$/gm,
  );
  return new Map(
    [...rows]
      .filter(([, name]) => name !== 'case')
      .map(([, name = '', runc = '', ours = '', follow = '']) => [name, { runc, ours, follow: follow.trim() }]),
  );
}

type Verdict = { readonly refused: readonly string[] } | { readonly probes: Probes };

/** What the kernel itself says to the probes, from a case where no rule acts: those are the calls that are allowed. */
function verdict(name: string, kernel: Probes, options: ResolveOptions = {}): Verdict {
  try {
    const profile = parseProfile(readFileSync(join(FOLDER, `${name}.json`), 'utf8'));
    const policy = resolvePolicy(profile, { arches: ['x86_64'], ...options });
    const probes = [...kernel].map(([nr, own]) => {
      const args = [0n, 0n, 0n, 0n, 0n, 0n] as const;
      const word = evaluate(policy, { nr, arch: 0xc000003e, instructionPointer: 0n, args });
      if (word === 0x7fff0000) return [nr, own] as const;
      assert.is(word & 0xffff0000, 0x00050000, `${name}: call ${nr} gets 0x${word.toString(16)}`);
      return [nr, (word & 0xffff) === 0 ? '0/0' : `-1/${word & 0xffff}`] as const;
    });
    return { probes: new Map(probes) };
  } catch (error) {
    if (!(error instanceof SeccompcError)) throw error;
    return { refused: error.diagnostics.filter((d) => d.severity === 'error').map((d) => d.code) };
  }
}

function optionsOf(text: string): ResolveOptions {
  const [, key = '', value] = /^`(\w+): (\w+)`$/.exec(text) ?? [];
  return { [key]: value };
}

const same = (ours: Verdict, runc: Probes | undefined) => {
  if ('refused' in ours || runc === undefined) return 'refused' in ours === (runc === undefined);
  return [...runc].every(([nr, got]) => ours.probes.get(nr) === got);
};

suite('policy/runtime-cases', (test) => {
  const rows = absent === undefined ? runcRows() : new Map<string, Probes | undefined>();
  const table = documented();
  /** Nothing acts in this one, so it shows the kernel's own answers. */
  const kernel = rows.get('same_action_as_default') ?? new Map<number, string>();

  test.needs(absent, 'the data is what we think: 26 cases, six probes each', () => {
    const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
    assert.equal(new Set(rows.keys()), new Set(files.map((name) => name.replace(/\.json$/, ''))));
    assert.is(rows.size, 26);
    assert.equal([...kernel.keys()], [170, 83, 1, 451, 460, 500]);
    for (const probes of rows.values()) if (probes) assert.is(probes.size, 6);
  });

  const names = absent === undefined ? [...rows.keys()] : ['every case'];
  for (const name of names) {
    test.needs(absent, `${name}: as runc, or documented`, () => {
      const runc = rows.get(name);
      const ours = verdict(name, kernel);
      const difference = table.get(name);
      if (difference === undefined) {
        assert.ok(same(ours, runc), `${name}: runc ${show(runc)}, ours ${show(ours)}; docs/runtime-cases.md is silent`);
        return;
      }
      assert.not.ok(same(ours, runc), `${name} agrees with runc; its row in docs/runtime-cases.md is out of date`);
      if (difference.runc === 'refused' || difference.runc === 'accepted') {
        assert.is(difference.runc, runc === undefined ? 'refused' : 'accepted');
        assert.is(difference.ours, 'refused' in ours ? `refused: ${ours.refused.join(', ')}` : 'accepted');
      } else {
        // Both accept: the numbers that the row names are the ones that differ.
        const probes = 'refused' in ours ? new Map<number, string>() : ours.probes;
        const differing = [...(runc ?? [])].filter(([nr, got]) => probes.get(nr) !== got).map(([nr]) => nr);
        assert.equal(difference.runc.match(/\b\d+\b/g)?.map(Number), differing);
      }
      if (difference.follow !== '') assert.ok(same(verdict(name, kernel, optionsOf(difference.follow)), runc));
    });
  }

  test.needs(absent, 'the document has no row for a case that is not there', () => {
    for (const name of table.keys()) assert.ok(rows.has(name), name);
    assert.ok(table.size > 0);
  });
});

function show(v: Verdict | Probes | undefined): string {
  if (v === undefined) return 'refuses';
  if ('refused' in v) return `refuses (${v.refused.join(', ')})`;
  return [...('probes' in v ? v.probes : v)].map(([nr, got]) => `${nr}:${got}`).join(' ');
}
