/** What each number of each ABI weighs: how much it costs when a test is executed for it. */
import { syscallsOf } from '../arch/index.ts';
import type { ArchPolicy, CallPolicy, Policy } from '../policy/index.ts';
import type { CompileOptions } from './options.ts';

const ALLOW = 0x7fff_0000;
/** An ABI that is not the first one, where nothing says how often it is used. */
const FURTHER_ABI = 0.2;
/** Together the counts weigh this much of what all numbers alike weigh: paths that no one counted still matter. */
const SHARE = 0.5;
/** A call that the kernel remembers: enough to prefer the shorter of two paths that cost the same else. */
const REMEMBERED = 0.01;

export type Weights = ReadonlyMap<number, number>;

function entriesOf(weights: CompileOptions['weights']): readonly (readonly [string, number])[] {
  if (weights === undefined) return [];
  const entries = weights instanceof Map ? [...weights] : Object.entries(weights);
  return entries.filter(([, count]) => Number.isFinite(count) && count > 0);
}

/** Always allowed, on an ABI whose numbers the kernel's bitmap covers. */
function isRemembered(policy: ArchPolicy, call: CallPolicy | undefined): boolean {
  if (policy.arch.name === 'x32') return false;
  const [first] = call?.rules ?? [];
  if (first === undefined) return policy.defaultAction === ALLOW;
  return first.conditions.length === 0 && first.action === ALLOW;
}

/** The weights of every ABI's numbers, in the policy's order.. */
export function weightsOf(policy: Policy, options: CompileOptions): readonly Weights[] {
  const found = policy.arches.map(({ arch }, i) => {
    const each = i === 0 ? 1 : FURTHER_ABI;
    return new Map([...syscallsOf(arch).values()].map((nr) => [nr, each]));
  });
  const entries = entriesOf(options.weights);
  const total = entries.reduce((sum, [, count]) => sum + count, 0);
  const scale = (SHARE * (found[0]?.size ?? 0)) / total;
  for (const [key, count] of entries) {
    const colon = key.indexOf(':');
    const [abi, name] = colon < 0 ? [undefined, key] : [key.slice(0, colon), key.slice(colon + 1)];
    const at = policy.arches.findIndex(
      ({ arch }) => (abi === undefined || arch.name === abi) && syscallsOf(arch).has(name),
    );
    const arch = policy.arches[at]?.arch;
    const nr = arch && syscallsOf(arch).get(name);
    if (nr !== undefined) found[at]?.set(nr, (found[at]?.get(nr) ?? 0) + count * scale);
  }
  if (options.cachedByKernel !== true) return found;
  return found.map((weights, i) => {
    const archPolicy = policy.arches[i] as ArchPolicy;
    const weigh = ([nr, weight]: [number, number]): [number, number] => {
      return [nr, isRemembered(archPolicy, archPolicy.calls.get(nr)) ? weight * REMEMBERED : weight];
    };
    return new Map([...weights].map(weigh));
  });
}
