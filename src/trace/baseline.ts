/** Denials that somebody has looked at and accepts: a file of calls, by ABI, name and what is known of their arguments. */
import { fail, type Source } from '../diag/index.ts';
import type { Finding, Replay, TracedCall } from './types.ts';

const VERSION = 1;

/** 'x86_64 socket 0x26/0xffffffff - - - - -': value and known bits of each argument. */
function keyOf({ arch, name, nr, args }: TracedCall): string {
  const words = Array.from({ length: 6 }, (_, i) => {
    const arg = args[i];
    return arg === undefined ? '-' : `0x${arg.value.toString(16)}/0x${arg.known.toString(16)}`;
  });
  return [arch?.name ?? '?', name === '' ? String(nr) : name, ...words].join(' ');
}

export function baselineOf({ denied }: Replay): Uint8Array {
  const calls = [...new Set(denied.map(({ verdict }) => keyOf(verdict.call)))].sort();
  return new TextEncoder().encode(`${JSON.stringify({ seccompcBaseline: VERSION, denied: calls }, null, 2)}\n`);
}

/** Throws BASELINE. */
export function readBaseline(source: Source): ReadonlySet<string> {
  const bad = (message: string): never =>
    fail({ code: 'BASELINE', file: source.name, message, help: 'seccompc replay --write-baseline FILE writes one' });
  let value: unknown;
  try {
    value = JSON.parse(source.text);
  } catch {
    return bad('this is not JSON');
  }
  const { seccompcBaseline, denied } = (value ?? {}) as { seccompcBaseline?: unknown; denied?: unknown };
  if (seccompcBaseline !== VERSION) return bad(`this is no baseline of version ${VERSION}`);
  if (!Array.isArray(denied) || denied.some((key) => typeof key !== 'string'))
    return bad("'denied' is no list of calls");
  return new Set(denied as readonly string[]);
}

const countOf = ({ counts }: Finding) => counts.reached + counts.hypothetical + counts.unreachable;

/** The replay without denials that are accepted. */
export function acceptedBy(replay: Replay, baseline: ReadonlySet<string>): Replay {
  const denied = replay.denied.filter(({ verdict }) => !baseline.has(keyOf(verdict.call)));
  const count = denied.reduce((n, finding) => n + countOf(finding), 0);
  return { ...replay, denied, totals: { ...replay.totals, denied: count } };
}
