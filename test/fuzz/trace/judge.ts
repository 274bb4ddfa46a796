/**
 * What must be true of reading any bytes: it ends, with events or a TRACE_* refusal; every line is a call, known to be
 * none, or unread; no bit is both unknown and set; and none of it depends on how the bytes were cut into chunks.
 */
import type { Draw } from '../../../native-tests/kernel/draw.ts';
import { SeccompcError } from '../../../src/diag/error.ts';
import { type Decider, type ReadOptions, Replaying, readTrace, type TraceEvent } from '../../../src/trace/index.ts';
import { processorClock } from '../../support/time.ts';

export class Wrong extends Error {
  override readonly name: string = 'Wrong';
}

/** Of a processor, for a log of less than a megabyte and its pieces. */
const MOST_MS = 1000;
/** A slow log is read again as often: on a busy machine any may stand still. */
const AGAIN = 3;
const WHOLE = 0xffff_ffff_ffff_ffffn;

interface Outcome {
  /** Every event and the report, as text. */
  readonly said: string;
  readonly calls: number;
  readonly unread: number;
  /** Why it was refused. */
  readonly code?: string;
}

function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Wrong(what);
}

const text = (value: unknown) =>
  JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? `0x${inner.toString(16)}` : inner));

/** Lines as `wc` would count them, and the last one without an end. */
function linesIn(bytes: Buffer): number {
  let count = bytes.length > 0 && bytes.at(-1) !== 10 ? 1 : 0;
  for (let p = bytes.indexOf(10); p >= 0; p = bytes.indexOf(10, p + 1)) count += 1;
  return count;
}

function told(event: TraceEvent): string {
  const { tid, pid, comm, exe } = event.task;
  if (event.kind === 'end') return text(['end', tid, pid, comm, exe, event.line, event.signal]);
  const { id, arch, nr, name, args } = event.call;
  return text([id, arch?.name, nr, name, args, tid, pid, comm, exe, event.line, event.fate, event.word]);
}

function judgeEvent(event: TraceEvent, lines: number): void {
  must(Number.isInteger(event.line) && event.line >= 1 && event.line <= lines, `an event in line ${event.line}`);
  if (event.kind === 'end') return;
  const { nr, args } = event.call;
  must(nr === undefined || (Number.isInteger(nr) && nr >= 0 && nr < 2 ** 32), `the number ${nr}`);
  must(args.length === 6, `${args.length} arguments`);
  for (const arg of args) {
    if (arg === undefined) continue;
    must(arg.known > 0n && arg.known <= WHOLE, `known bits ${arg.known}`);
    must(arg.value >= 0n && (arg.value & ~arg.known) === 0n, `a bit that is not known is set: ${text(arg)}`);
  }
}

async function outcomeOf(bytes: Buffer, chunks: Iterable<Uint8Array>, options: ReadOptions): Promise<Outcome> {
  const stream = readTrace(chunks, options);
  const events: TraceEvent[] = [];
  const lines = linesIn(bytes);
  const places = new Set<number>();
  let calls = 0;
  try {
    for await (const event of stream) {
      judgeEvent(event, lines);
      events.push(event);
      if (event.kind !== 'call') continue;
      calls += 1;
      must(!places.has(event.line), `line ${event.line} is two calls`);
      places.add(event.line);
    }
  } catch (error) {
    if (error instanceof Wrong) throw error;
    must(error instanceof SeccompcError, `reading threw ${error instanceof Error ? error.stack : String(error)}`);
    const [diagnostic] = error.diagnostics;
    const code = diagnostic?.code ?? '';
    must(code === 'TRACE_FORMAT' || code === 'TRACE_UNFIT', `refused with ${code}`);
    must(options.format === undefined, `refused with ${code}, though the format is given`);
    return { said: text([code, diagnostic?.message]), calls: 0, unread: 0, code };
  }
  const { report } = stream;
  must(report.lines === lines, `${report.lines} lines of ${lines}`);
  must(report.calls === calls, `${report.calls} calls reported, ${calls} given`);
  const { other, unread, firstUnread } = report;
  must(calls + other + unread === lines, `${calls} calls + ${other} other + ${unread} unread are not ${lines} lines`);
  must(firstUnread.length === Math.min(5, unread), `${firstUnread.length} unread lines shown of ${unread}`);
  must(
    firstUnread.every((u) => u.text.length <= 300),
    'an unread line is shown at length',
  );
  // A task says what is known of it by now, so all are asked at the end.
  return { said: `${events.map(told).join('\n')}\n${text(report)}`, calls, unread };
}

function* pieces(bytes: Buffer, draw: Draw): Generator<Uint8Array> {
  const most = draw.pick([1, 2, 7, 64, 1000, 65_536, 300_000].filter((size) => bytes.length / size < 20_000));
  for (let from = 0; from < bytes.length; ) {
    const to = Math.min(bytes.length, from + 1 + draw.below(most));
    // A chunk's memory is its owner's again when the next one is asked for.
    const chunk = Uint8Array.from(bytes.subarray(from, to));
    yield chunk;
    chunk.fill(0x41);
    from = to;
  }
}

function difference(a: string, b: string): string {
  const [one, two] = [a.split('\n'), b.split('\n')];
  const i = one.findIndex((line, n) => line !== two[n]);
  return `${one[i]?.slice(0, 300)} / ${two[i]?.slice(0, 300)}`;
}

/** Judges a log; throws Wrong. `decider` replays it, too. */
export async function judge(
  bytes: Buffer,
  options: ReadOptions,
  draw: Draw,
  decider: Decider | undefined,
): Promise<Outcome> {
  let took = Number.POSITIVE_INFINITY;
  let whole: Outcome | undefined;
  for (let i = 0; i < AGAIN && took > MOST_MS; i++) {
    const clock = processorClock();
    whole = await outcomeOf(bytes, [bytes], options);
    took = Math.min(took, clock());
  }
  must(took <= MOST_MS, `${took.toFixed(0)} ms of a processor for ${bytes.length} bytes`);
  const cut = await outcomeOf(bytes, pieces(bytes, draw), options);
  must(whole!.said === cut.said, `other chunks, other events: ${difference(whole!.said, cut.said)}`);
  if (decider !== undefined && whole!.code === undefined) {
    const replaying = new Replaying(decider);
    await replaying.take(readTrace(bytes, { ...options, wanted: replaying.wanted }));
    const { totals } = replaying.result();
    must(totals.events === whole!.calls, `${totals.events} events replayed of ${whole!.calls} calls`);
  }
  return whole!;
}
