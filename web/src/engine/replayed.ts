/** A recorded trace against the filter that is looked at. */
import { findArch } from '../../../src/arch/index.ts';
import { fail, forTerminal } from '../../../src/diag/index.ts';
import { entriesOf } from '../../../src/report/entries.ts';
import { Decider, Replaying, readTrace } from '../../../src/trace/index.ts';
import type { Asks, Replayed } from '../protocol.ts';
import { placeOf } from './shown.ts';
import { type Breathe, editorText, type Subject } from './subject.ts';

const CHUNK = 1 << 20;
/** Of a packed trace so much is read: what is packed once more says nothing of its size. */
const MOST = 1 << 30;
const MOST_ROWS = 500;

/** Piece by piece, unpacked where it begins as gzip does, and others have their turn in between. */
async function* chunks(file: Blob, breathe: Breathe): AsyncIterable<Uint8Array> {
  const head = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const isPacked = head[0] === 0x1f && head[1] === 0x8b;
  if (!isPacked) {
    for (let at = 0; at < file.size; at += CHUNK) {
      yield new Uint8Array(await file.slice(at, at + CHUNK).arrayBuffer());
      await breathe();
    }
    return;
  }
  const reader = file.stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  for (let total = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return;
    total += value.length;
    if (total > MOST) fail({ code: 'INPUT_TOO_LARGE', message: 'the trace has more than 1 GB unpacked' });
    yield value;
    await breathe();
  }
}

export async function replayed(
  subject: Subject,
  { file, name, arch }: Asks['replay']['ask'],
  breathe: Breathe,
): Promise<Replayed> {
  const filter = subject.policy ?? subject.program;
  if (filter === undefined) return fail({ code: 'USAGE', message: 'there is no valid filter to replay against' });
  const replaying = new Replaying(new Decider(filter));
  const stream = readTrace(chunks(file, breathe), { file: name, wanted: replaying.wanted, arch: findArch(arch) });
  await replaying.take(stream);
  const replay = replaying.result();
  const entries = entriesOf(replay, subject.policy);
  const { totals } = replay;
  const [source] = replay.sources;
  return {
    words: `${totals.events} calls, ${totals.distinct} distinct, read as ${source?.format ?? 'a trace'} from ${source?.lines ?? 0} lines.`,
    totals: [
      ['allowed', totals.allowed],
      ['logged', totals.logged],
      ['denied', totals.denied],
      ['ambiguous', totals.ambiguous],
      ['undecided', totals.undecided],
    ],
    rows: entries.slice(0, MOST_ROWS).map((entry) => {
      const [rule] = entry.rules;
      return {
        kind: entry.kind,
        call: forTerminal(`${entry.arch} ${entry.callText}`),
        action: entry.kind === 'ambiguous' ? entry.possible.join(' or ') : entry.action,
        count: entry.total,
        why: forTerminal(entry.why ?? (rule ? `syscalls[${rule.index}]` : '')),
        allowing: entry.kind === 'logged' ? '' : forTerminal(entry.allowing ?? ''),
        ...(rule && { rule: placeOf({ source: entry.source, span: rule.span }, editorText(subject)) }),
      };
    }),
    left: Math.max(0, entries.length - MOST_ROWS),
    notes: [
      ...(source && source.unread > 0
        ? [`${source.unread} lines could not be read, the first one: ${firstUnread(source)}`]
        : []),
      ...(source?.incomplete ?? []).map((why) => `Calls may be missing: ${forTerminal(why)}.`),
    ],
  };
}

function firstUnread({
  firstUnread: [first],
}: {
  readonly firstUnread: readonly { readonly line: number; readonly text: string }[];
}): string {
  return first === undefined ? '' : `line ${first.line}, ${forTerminal(first.text)}`;
}
