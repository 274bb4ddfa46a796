/**
 * journald's entries: JSON (`journalctl -o json`, json-pretty, json-seq, json-sse) and the export form. An event is in
 * the journal twice where journald reads the audit socket as well as the kernel's log; its serial tells.
 * Only what journald itself vouches for counts: entries of the transports audit and kernel.
 */
import { AUDIT_TYPES, AuditEvents, parseRecord } from './audit-record.ts';
import { Losses, readMessage } from './kernel-log.ts';
import type { ReaderContext, ReaderKind, TraceReader } from './reader.ts';

const decoder = new TextDecoder('utf-8');
/** Fields that are read; every other one may say what it wants. */
const READ: ReadonlySet<string> = new Set([
  '_TRANSPORT',
  '_AUDIT_TYPE',
  '_AUDIT_ID',
  '_SOURCE_REALTIME_TIMESTAMP',
  '_BOOT_ID',
  'MESSAGE',
]);

/** A field of an entry; undefined where it comes twice, is too long, or is not text. */
type Entry = Map<string, string | undefined>;

/** What an entry is; one that is a record counts as a line when its event is given out. */
type Taken = 'record' | 'other' | 'unread';

class Entries {
  readonly #context: ReaderContext;
  readonly #events: AuditEvents;
  readonly #losses = new Losses();

  constructor(context: ReaderContext) {
    this.#context = context;
    this.#events = new AuditEvents(context);
  }

  /** What an entry says; unread where it should be about a call and cannot be read. */
  take(entry: Entry, line: number): Taken {
    const transport = entry.get('_TRANSPORT');
    const boot = entry.get('_BOOT_ID') ?? '';
    const message = entry.get('MESSAGE');
    if (transport === 'kernel') {
      if (message === undefined) return entry.has('MESSAGE') ? 'unread' : 'other';
      const says = readMessage(message);
      if (says.kind === 'record') this.#events.add(`${boot} ${says.key}`, says.record, line);
      else if (says.kind === 'lost') this.#losses.add(says.count);
      return says.kind === 'lost' ? 'other' : says.kind;
    }
    if (transport === 'driver' && message?.startsWith('Missed ')) this.#losses.add(0);
    if (transport !== 'audit') return entry.has('_TRANSPORT') && transport === undefined ? 'unread' : 'other';
    const type = AUDIT_TYPES.get(entry.get('_AUDIT_TYPE') ?? '');
    if (type === undefined) return entry.get('_AUDIT_TYPE') === undefined ? 'unread' : 'other';
    const [, id] = /^(\d{1,20})$/.exec(entry.get('_AUDIT_ID') ?? '') ?? [];
    const [, seconds, millis] = /^(\d{1,12})(\d{3})\d{3}$/.exec(entry.get('_SOURCE_REALTIME_TIMESTAMP') ?? '') ?? [];
    const isWhole = message?.startsWith(`${type} `) && id !== undefined && seconds !== undefined;
    const record = isWhole ? parseRecord(type, (message as string).slice(type.length + 1)) : undefined;
    if (record === undefined) return 'unread';
    this.#events.add(`${boot} ${seconds}.${millis}:${id}`, record, line);
    return 'record';
  }

  end(): void {
    this.#events.end();
    this.#losses.tell(this.#context.incomplete);
  }
}

/** Counts the lines of an entry: its first as what the entry is, the others as no calls. */
function countEntry(context: ReaderContext, taken: Taken, lines: number, unread: () => void): void {
  if (taken === 'unread') unread();
  for (let i = taken === 'other' ? 0 : 1; i < lines; i += 1) context.other();
}

/** A value of JSON's form: text, or the bytes of what is no text. */
function jsonValue(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value) || !value.every((b) => Number.isInteger(b) && b >= 0 && b < 256)) return undefined;
  return decoder.decode(Uint8Array.from(value as number[]));
}

function jsonEntry(text: string): Entry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entry: Entry = new Map();
  for (const [key, field] of Object.entries(value)) if (READ.has(key)) entry.set(key, jsonValue(field));
  return entry;
}

/** An entry that takes several lines has at most so many characters. */
const PRETTY_MAX = 1 << 18;
/** What json-seq and json-sse put before an entry. */
const JSON_FRAME = /^(?:\x1e|data: )/;

class JournalJsonReader implements TraceReader {
  readonly #context: ReaderContext;
  readonly #entries: Entries;
  /** Lines of an entry that is not closed yet. */
  #open: { text: string; readonly line: number; lines: number } | undefined;

  constructor(context: ReaderContext) {
    this.#context = context;
    this.#entries = new Entries(context);
  }

  line(bytes: Uint8Array, from: number, to: number, line: number, cut: boolean): void {
    const { other, incomplete } = this.#context;
    if (cut) incomplete('a line is too long and was cut');
    const text = decoder.decode(bytes.subarray(from, to)).replace(JSON_FRAME, '');
    const open = this.#open;
    if (open === undefined) {
      if (text === '{') this.#open = { text, line, lines: 1 };
      else if (text === '' || text === '\x1e') other();
      else this.#take(text, line, 1, bytes, from, to);
      return;
    }
    open.text += `\n${text}`;
    open.lines += 1;
    if (text !== '}' && open.text.length <= PRETTY_MAX) return;
    this.#open = undefined;
    this.#take(open.text, open.line, open.lines, bytes, from, to);
  }

  #take(text: string, line: number, lines: number, bytes: Uint8Array, from: number, to: number): void {
    const entry = jsonEntry(text);
    const taken = entry === undefined ? 'unread' : this.#entries.take(entry, line);
    countEntry(this.#context, taken, lines, () => this.#context.unread(bytes, from, to, line));
  }

  end(): void {
    const open = this.#open;
    if (open !== undefined) {
      this.#context.incomplete('the last entry ends early');
      const bytes = new TextEncoder().encode(open.text);
      countEntry(this.#context, 'unread', open.lines, () => this.#context.unread(bytes, 0, bytes.length, open.line));
    }
    this.#entries.end();
  }
}

/** Of a field with its length before it so many bytes are kept. */
const BINARY_MAX = 1 << 16;

/** A field in its binary form: 8 bytes of length, the bytes, a line break. */
interface Binary {
  readonly key: string;
  readonly bytes: number[];
  count: number;
  lines: number;
  size: number;
}

class JournalExportReader implements TraceReader {
  readonly #context: ReaderContext;
  readonly #entries: Entries;
  #entry: Entry = new Map();
  #line = 0;
  /** Of the entry, without those that were not understood. */
  #lines = 0;
  #isOpen = false;
  #binary: Binary | undefined;

  constructor(context: ReaderContext) {
    this.#context = context;
    this.#entries = new Entries(context);
  }

  line(bytes: Uint8Array, from: number, to: number, line: number, cut: boolean): void {
    const { other, unread, incomplete } = this.#context;
    if (cut) incomplete('a line is too long and was cut');
    if (this.#binary !== undefined) {
      this.#more(this.#binary, bytes, from, to, line);
      return;
    }
    if (from === to) {
      this.#close(bytes, from, to);
      other();
      return;
    }
    if (!this.#isOpen) this.#line = line;
    this.#isOpen = true;
    const equals = bytes.subarray(from, to).indexOf(61);
    const key = decoder.decode(bytes.subarray(from, equals < 0 ? Math.min(to, from + 65) : from + equals));
    if (!/^_{0,2}[A-Z0-9][A-Z0-9_]{0,63}$/.test(key)) unread(bytes, from, to, line);
    else {
      this.#lines += 1;
      if (equals < 0) this.#binary = { key, bytes: [], count: 0, lines: 0, size: -1 };
      else this.#set(key, decoder.decode(bytes.subarray(from + equals + 1, to)));
    }
  }

  #set(key: string, value: string | undefined): void {
    if (READ.has(key)) this.#entry.set(key, this.#entry.has(key) ? undefined : value);
  }

  #more(binary: Binary, bytes: Uint8Array, from: number, to: number, line: number): void {
    if (binary.lines > 0) addByte(binary, 10);
    binary.lines += 1;
    for (let at = from; at < to; at += 1) addByte(binary, bytes[at] as number);
    const total = 8 + binary.size;
    // A line break may be part of the length, too.
    if (binary.size < 0 || binary.count < total) {
      this.#lines += 1;
      return;
    }
    this.#binary = undefined;
    if (binary.count > total) {
      this.#set(binary.key, undefined);
      this.#context.unread(bytes, from, to, line);
      return;
    }
    this.#lines += 1;
    const isWhole = binary.size <= BINARY_MAX;
    this.#set(binary.key, isWhole ? decoder.decode(Uint8Array.from(binary.bytes.slice(8))) : undefined);
  }

  #close(bytes: Uint8Array, from: number, to: number): void {
    const [entry, lines] = [this.#entry, this.#lines];
    this.#entry = new Map();
    this.#lines = 0;
    this.#isOpen = false;
    const taken = entry.size > 0 ? this.#entries.take(entry, this.#line) : 'other';
    countEntry(this.#context, taken, lines, () => this.#context.unread(bytes, from, to, this.#line));
  }

  end(): void {
    if (this.#binary !== undefined) this.#context.incomplete('the last entry ends early');
    this.#close(new Uint8Array(0), 0, 0);
    this.#entries.end();
  }
}

function addByte(binary: Binary, byte: number): void {
  if (binary.count < 8 + BINARY_MAX) binary.bytes.push(byte);
  binary.count += 1;
  if (binary.count !== 8) return;
  // Little-endian; above 2^53 it is nonsense either way.
  binary.size = binary.bytes.reduceRight((sum, b) => sum * 256 + b, 0);
}

const EXPORT_FIELD =
  /^(?:__CURSOR|__REALTIME_TIMESTAMP|_TRANSPORT|_BOOT_ID|_AUDIT_TYPE|_AUDIT_ID|_MACHINE_ID|MESSAGE|SYSLOG_IDENTIFIER)=/;
const JSON_FIELD = /"(?:__CURSOR|_TRANSPORT|_BOOT_ID|__REALTIME_TIMESTAMP)" ?: ?"/;

export const JOURNAL_JSON: ReaderKind = {
  format: 'journal-json',
  title: "journald's JSON",
  hasArguments: true,
  hasArch: true,
  recognise: (lines) => lines.filter((line) => JSON_FIELD.test(line)).length,
  open: (context) => new JournalJsonReader(context),
};

export const JOURNAL_EXPORT: ReaderKind = {
  format: 'journal-export',
  title: "journald's export form",
  hasArguments: true,
  hasArch: true,
  recognise: (lines) => lines.filter((line) => EXPORT_FIELD.test(line)).length,
  open: (context) => new JournalExportReader(context),
};
