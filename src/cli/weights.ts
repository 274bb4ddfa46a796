/**
 * The files of `--weights`: how often each call is made, as counts in JSON or as recorded traces, which are counted here.
 */
import { isSyscallName } from '../arch/index.ts';
import { fail, forTerminal, quoted, SeccompcError } from '../diag/index.ts';
import { openTrace } from '../host/trace-file.ts';
import { inReadingOrder, type NamedTrace, type ReadReport, readTrace } from '../trace/index.ts';
import { watched } from './progress.ts';

export type Counted = Record<string, number>;

export interface ReadWeights {
  readonly weights: Readonly<Counted>;
  /** What was read as what, and what of it counts for nothing; one line for each file. */
  readonly told: readonly string[];
}

/** Counts in JSON are short. */
const JSON_MAX = 1 << 20;
/** Keys of our own JSON lines, and of the journal's: an object with one of these is a line of a trace. */
const OF_A_LINE: readonly string[] = ['call', 'nr', 'end', '__CURSOR', 'MESSAGE'];

/**
 * Reads them all and adds them up: {"openat": 1200, "i386:socket": 3}.
 *
 * @throws SeccompcError WEIGHTS for what is neither; what reading a trace throws
 */
export async function readWeights(paths: readonly string[]): Promise<ReadWeights> {
  const weights: Counted = {};
  const told: string[] = [];
  for (const trace of inReadingOrder(paths)) {
    const { counts, line } = await weightsOf(trace);
    for (const [key, count] of Object.entries(counts)) weights[key] = (weights[key] ?? 0) + count;
    told.push(line);
  }
  return { weights, told };
}

async function weightsOf(trace: NamedTrace): Promise<{ readonly counts: Counted; readonly line: string }> {
  const source = watched(openTrace(trace.path))[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  let length = 0;
  let isWhole = false;
  while (!isWhole && length <= JSON_MAX) {
    const { value, done } = await source.next();
    if (done === true) isWhole = true;
    else {
      head.push(value);
      length += value.length;
    }
  }
  const object = isWhole ? objectOf(Buffer.concat(head).toString('utf8')) : undefined;
  if (object !== undefined && !OF_A_LINE.some((key) => key in object)) {
    return { counts: checked(trace.path, object), line: `${forTerminal(trace.path)}: counts` };
  }
  return counted(trace, chained(head, source));
}

async function* chained(head: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* head;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

const HELP = 'weights are recorded traces, or one JSON object: { "openat": 1200, "i386:socket": 3 }';

function bad(file: string, message: string): never {
  return fail({ code: 'WEIGHTS', file, message, help: HELP });
}

function checked(file: string, object: Record<string, unknown>): Counted {
  for (const [name, count] of Object.entries(object)) {
    if (!isSyscallName(name.slice(name.indexOf(':') + 1))) bad(file, `no system call is named ${quoted(name)}`);
    if (typeof count !== 'number' || count < 0 || !Number.isFinite(count))
      bad(file, `the weight of ${quoted(name)} is not a number from 0`);
  }
  return object as Counted;
}

/** Each call of a trace once; where it tells the ABI, for that one. */
async function counted({ path, ofSet }: NamedTrace, bytes: AsyncIterable<Uint8Array>) {
  const counts: Counted = {};
  let nameless = 0;
  const stream = readTrace(bytes, { file: path, ofSet, wanted: () => 0 });
  try {
    for await (const batch of stream.batches()) {
      for (const event of batch) {
        if (event.kind !== 'call') continue;
        const { arch, name } = event.call;
        const key = arch === undefined ? name : `${arch.name}:${name}`;
        if (isSyscallName(name)) counts[key] = (counts[key] ?? 0) + 1;
        else nameless += 1;
      }
    }
  } catch (error) {
    const isUnknown = error instanceof SeccompcError && error.diagnostics.some(({ code }) => code === 'TRACE_FORMAT');
    if (isUnknown) bad(path, 'this is neither JSON nor a trace of a format that is known');
    throw error;
  }
  const { report } = stream;
  if (report.calls === 0 && ofSet === undefined) {
    fail({ code: 'TRACE_EMPTY', file: path, message: `not one of ${report.lines} lines is a call` });
  }
  return { counts, line: lineOf(report, nameless) };
}

function lineOf(report: ReadReport, nameless: number): string {
  const [first] = report.firstUnread;
  const notes = [
    ...(nameless > 0 ? [`${nameless} have no name and count for nothing`] : []),
    ...(report.unread > 0 && first !== undefined
      ? [`${report.unread} lines not understood, first ${first.line}: ${quoted(first.text.slice(0, 60))}`]
      : []),
    ...report.incomplete,
  ];
  const calls = `${report.calls} calls (${report.format})`;
  return [`${forTerminal(report.file)}: ${calls}`, ...notes.map((note) => forTerminal(note))].join('; ');
}
