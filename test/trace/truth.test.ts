/**
 * Replay against the kernel: the same command once under strace without a filter, and once under a filter whose default
 * is LOG. What the kernel's audit log then held is what a replay of the trace has to say.
 */
import * as assert from 'uvu/assert';
import { actionOf, SECCOMP_RET_LOG } from '../../src/arch/index.ts';
import { loadPolicy } from '../../src/build/index.ts';
import { check } from '../../src/kernel/index.ts';
import { Decider, type Filter, readTrace, type Verdict } from '../../src/trace/index.ts';
import { suite } from '../suite.ts';
import { sharedBytes, sharedText, withoutShared } from '../support/shared.ts';

const COMMANDS = ['ls', 'm32', 'bbsh'] as const;
const FILTERS = ['p_names', 'p_args'] as const;
const FOLDER = 'traces/truth';

/** (arch, nr) -> how often the kernel logged it. */
function logged(name: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [, arch, nr] of sharedText(`${FOLDER}/${name}.audit.log`).matchAll(/arch=([0-9a-f]+) syscall=(\d+)/g)) {
    counts.set(`${arch}:${nr}`, (counts.get(`${arch}:${nr}`) ?? 0) + 1);
  }
  return counts;
}

const profileOf = (name: string) =>
  loadPolicy({ name: `${name}.json`, text: sharedText(`${FOLDER}/${name}.json`) }, {});

/** libseccomp's program of the same profile, as it was installed. */
function programOf(name: string): Filter {
  const verdict = check(sharedBytes(`${FOLDER}/${name}.bpf`), { endian: 'little' });
  if (!verdict.ok) throw new Error(verdict.message);
  return verdict.program;
}

async function verdicts(filter: Filter, trace: string): Promise<readonly (Verdict | undefined)[]> {
  const decider = new Decider(filter);
  const found: (Verdict | undefined)[] = [];
  for await (const event of readTrace(sharedBytes(`${FOLDER}/${trace}.strace`), { wanted: decider.wanted })) {
    if (event.kind === 'call') found.push(decider.decide(event.call));
  }
  return found;
}

const isLog = (verdict: Verdict) => verdict.possible.some((word) => actionOf(word) === SECCOMP_RET_LOG);
const keyOf = ({ call }: Verdict) => `${call.arch?.audit.toString(16)}:${call.nr}`;

function countsOf(list: readonly Verdict[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const verdict of list) counts.set(keyOf(verdict), (counts.get(keyOf(verdict)) ?? 0) + 1);
  return counts;
}
const sorted = (counts: ReadonlyMap<string, number>) => [...counts].sort(([a], [b]) => (a < b ? -1 : 1));

suite('trace/truth', (test) => {
  for (const command of COMMANDS) {
    for (const filter of FILTERS) {
      for (const [kind, load] of [
        ['profile', profileOf],
        ['program', programOf],
      ] as const) {
        test.needs(
          withoutShared,
          `${command} under ${filter} (${kind}): a raw trace predicts the kernel's log`,
          async () => {
            const all = (await verdicts(load(filter), `${command}.rawn`)).map((v) => v!);
            assert.ok(all.every(({ confidence }) => confidence === 'exact'));
            assert.equal(sorted(countsOf(all.filter(isLog))), sorted(logged(`${command}.${filter}`)));
          },
        );
      }
      test.needs(withoutShared, `${command} under ${filter}: a symbolic trace is never wrongly certain`, async () => {
        const all = (await verdicts(profileOf(filter), `${command}.plain`)).map((v) => v!);
        const truth = logged(`${command}.${filter}`);
        // Where number and ABI are known: at least the certain ones were logged, and at most those that may have been.
        const known = all.filter(({ call }) => call.arch !== undefined && call.nr !== undefined);
        const open = all.filter(({ call }) => call.arch === undefined || call.nr === undefined).length;
        const sure = countsOf(known.filter((v) => v.confidence === 'exact' && isLog(v)));
        const perhaps = countsOf(known.filter(isLog));
        for (const [key, count] of sure) assert.ok(count <= (truth.get(key) ?? 0), `${key}: ${count} are certain`);
        for (const [key, count] of truth) {
          assert.ok(count <= (perhaps.get(key) ?? 0) + open, `${key}: the kernel logged ${count}`);
        }
      });
    }
  }
});
