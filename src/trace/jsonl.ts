/**
 * Our own form: one JSON object in a line, written by `traceLine`.
 *
 *     {"call":"openat","nr":257,"arch":"x86_64","args":["0xffffff9c",null,"0x80000"],"tid":7,"pid":7,"comm":"ls"}
 *     {"end":true,"tid":7,"signal":"SIGSYS"}
 *
 * A word is a string, hexadecimal or decimal, or an integer below 2^53; null, and what is left out, is not known. Where
 * only some bits are known it is {"known":"0xffffffff","value":"0x2"}. `nr` or `call` may be left out, `arch` too.
 */
import { type Arch, findArch, syscallName, syscallNumber } from '../arch/index.ts';
import type { U32 } from '../num/index.ts';
import { wantedCall } from './audit-record.ts';
import { known } from './calls.ts';
import type { ReaderContext, ReaderKind, TraceReader } from './reader.ts';
import type { Fate, Task, TracedArg, TraceEvent } from './types.ts';

const WHOLE = 0xffff_ffff_ffff_ffffn;
const U32_END = 2 ** 32;
const FATES: ReadonlySet<unknown> = new Set<Fate>(['killed', 'trapped', 'logged']);
const decoder = new TextDecoder('utf-8');

/**
 * An event as a line of JSON, which `readTrace` reads back.
 * @param event as `readTrace` gave it
 * @returns the line without its line break. Never throws.
 */
export function traceLine(event: TraceEvent): string {
  const { tid, pid, comm, exe } = event.task;
  const who = { ...(tid !== 0 && { tid }), pid, comm, exe };
  if (event.kind === 'end') return JSON.stringify({ end: true, ...who, signal: event.signal, status: event.status });
  const { name, nr, arch, args } = event.call;
  const last = args.findLastIndex((arg) => arg !== undefined);
  return JSON.stringify({
    ...(name !== '' && { call: name }),
    nr,
    arch: arch?.name,
    ...(last >= 0 && { args: args.slice(0, last + 1).map(printedWord) }),
    ...who,
    fate: event.fate,
    word: event.word,
  });
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

function printedWord(arg: TracedArg | undefined): unknown {
  if (arg === undefined) return null;
  return arg.known === WHOLE ? hex(arg.value) : { known: hex(arg.known), value: hex(arg.value) };
}

/** What a line may hold that cannot be read. */
class Unreadable extends Error {}

function wordOf(value: unknown): bigint {
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== 'string' || !/^(?:0x[0-9a-fA-F]{1,16}|\d{1,20})$/.test(text)) throw new Unreadable();
  const word = BigInt(text);
  if (word > WHOLE) throw new Unreadable();
  return word;
}

function argOf(value: unknown): TracedArg | undefined {
  if (value === null) return undefined;
  if (typeof value !== 'object') return known(wordOf(value));
  const bits = value as { readonly known?: unknown; readonly value?: unknown };
  const [mask, word] = [wordOf(bits.known), wordOf(bits.value)];
  if ((word & ~mask) !== 0n) throw new Unreadable();
  return { known: mask, value: word };
}

function integer(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= U32_END) throw new Unreadable();
  return value;
}

function text(value: unknown): string | undefined {
  if (value !== undefined && typeof value !== 'string') throw new Unreadable();
  return value;
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(line: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Unreadable();
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Unreadable();
  return value as Fields;
}

class JsonlReader implements TraceReader {
  readonly #context: ReaderContext;

  constructor(context: ReaderContext) {
    this.#context = context;
  }

  line(bytes: Uint8Array, from: number, to: number, line: number, cut: boolean): void {
    const { emit, unread, other } = this.#context;
    const written = decoder.decode(bytes.subarray(from, to));
    if (written.trim() === '') {
      other();
      return;
    }
    try {
      if (cut) throw new Unreadable();
      emit(this.#event(fieldsOf(written), line));
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      unread(bytes, from, to, line);
    }
  }

  end(): void {
    // Every line stands for itself.
  }

  #event(fields: Fields, line: number): TraceEvent {
    if (fields.end === true) {
      const signal = text(fields.signal);
      const status = integer(fields.status);
      const task = this.#task(fields);
      this.#context.tasks.end(task.tid);
      this.#context.other();
      return {
        kind: 'end',
        task,
        line,
        ...(signal !== undefined && { signal }),
        ...(status !== undefined && { status }),
      };
    }
    const arch = this.#arch(fields);
    const name = text(fields.call);
    const nr = integer(fields.nr) ?? (arch === undefined || name === undefined ? undefined : syscallNumber(arch, name));
    if (nr === undefined && name === undefined) throw new Unreadable();
    const official = arch === undefined || nr === undefined ? undefined : syscallName(arch, nr);
    // The two contradict each other: neither is believed.
    const isOther = name !== undefined && official !== undefined && name !== official;
    if (isOther && syscallNumber(arch as Arch, name) !== nr) throw new Unreadable();
    const list = fields.args ?? [];
    if (!Array.isArray(list) || list.length > 6) throw new Unreadable();
    const args = list.map(argOf);
    const word = integer(fields.word);
    if (fields.fate !== undefined && !FATES.has(fields.fate)) throw new Unreadable();
    const fate = fields.fate as Fate | undefined;
    return {
      kind: 'call',
      call: wantedCall(this.#context, arch, nr, args.length, (i) => args[i], name ?? ''),
      task: this.#task(fields),
      line,
      ...(fate !== undefined && { fate }),
      ...(word !== undefined && { word: word as U32 }),
    };
  }

  #arch(fields: Fields): Arch | undefined {
    const name = text(fields.arch);
    if (name === undefined) return this.#context.options.arch;
    const found = findArch(name);
    if (found === undefined) throw new Unreadable();
    return found;
  }

  #task(fields: Fields): Task {
    const [pid, comm, exe] = [integer(fields.pid), text(fields.comm), text(fields.exe)];
    return this.#context.tasks.get(integer(fields.tid) ?? 0, {
      ...(pid !== undefined && { pid }),
      ...(comm !== undefined && { comm }),
      ...(exe !== undefined && { exe }),
    });
  }
}

export const JSONL: ReaderKind = {
  format: 'jsonl',
  title: "seccompc's JSON lines",
  hasArguments: true,
  hasArch: true,
  recognise: (lines) => lines.filter((line) => /^\s*\{\s*"(?:call|nr|end|arch|tid)"\s*:/.test(line)).length,
  open: (context) => new JsonlReader(context),
};
