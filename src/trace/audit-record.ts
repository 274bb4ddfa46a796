/**
 * The kernel's audit records, however they were carried: SECCOMP (type 1326: what a filter denied or logged, without
 * arguments) and SYSCALL (type 1300: arguments 0 to 3). Only what the kernel wrote counts: what auditd or ausearch add
 * behind 0x1D, or put in place of a number, does not.
 */
import { type Arch, archesOfAudit, arch as archNamed, X32_SYSCALL_BIT } from '../arch/index.ts';
import type { U32 } from '../num/index.ts';
import { type Calls, known } from './calls.ts';
import type { ReaderContext } from './reader.ts';
import type { Fate, TracedArg, TracedCall } from './types.ts';

export type AuditType = 'SECCOMP' | 'SYSCALL';

/** By the number that the kernel prints. */
export const AUDIT_TYPES: ReadonlyMap<string, AuditType> = new Map([
  ['1300', 'SYSCALL'],
  ['1326', 'SECCOMP'],
]);

export interface AuditRecord {
  readonly type: AuditType;
  /** Without 0x1D and what follows it. */
  readonly body: string;
  readonly arch: Arch | undefined;
  /** Of an ABI that is not known here: its token as printed. */
  readonly token: string;
  readonly nr: number;
  /** The thread group's: audit prints no thread. */
  readonly pid: number;
  readonly comm: string | undefined;
  readonly exe: string | undefined;
  /** Registers 0 to 3 in hex, of SYSCALL. */
  readonly args: readonly string[];
  readonly word: U32 | undefined;
  readonly fate: Fate | undefined;
}

/** Quoted wholly, or not at all. */
const BROKEN = /^"(?:[^"]*$|[^"]*"[\s\S])/;
/** The fields that decide; one that comes twice makes the record worthless. */
const READ = ['arch', 'syscall', 'pid', 'comm', 'exe', 'sig', 'code', 'a0', 'a1', 'a2', 'a3'] as const;
type Field = (typeof READ)[number];
const PLACES: ReadonlyMap<string, number> = new Map(READ.map((key, i) => [key, i]));
const ARGUMENTS = ['a0', 'a1', 'a2', 'a3'] as const;
const ENRICHED = '\x1d';
/** The kernel's hex is lower case, so what ENRICHED adds is told apart even where 0x1D was lost on the way. */
const CODE = /^0x([0-9a-f]{1,8})(?:AUID=.*)?$/;

/** The record of what stands behind `audit(time:serial): `; undefined where it is none that the kernel writes. */
export function parseRecord(type: AuditType, text: string): AuditRecord | undefined {
  const end = text.indexOf(ENRICHED);
  const body = (end < 0 ? text : text.slice(0, end)).trimEnd();
  if (!fields.read(body)) return undefined;
  const token = fields.get('arch') ?? '';
  const number = fields.get('syscall') ?? '';
  const pid = fields.get('pid') ?? '';
  if (!/^[0-9a-f]{1,8}$/.test(token) || !/^-?\d{1,10}$/.test(number) || !/^\d{1,10}$/.test(pid)) return undefined;
  const nr = Number(number) >>> 0;
  if (Number(number) !== nr && Number(number) !== nr - 2 ** 32) return undefined;
  const arch = archOf(Number.parseInt(token, 16), nr);
  const args: string[] = [];
  if (type === 'SYSCALL') {
    for (const name of ARGUMENTS) {
      const value = fields.get(name) ?? '';
      if (!/^[0-9a-f]{1,16}$/.test(value)) return undefined;
      args.push(value);
    }
  }
  const code = fields.get('code');
  const hex = code === undefined ? undefined : CODE.exec(code)?.[1];
  if (type === 'SECCOMP' && code !== undefined && hex === undefined) return undefined;
  const word = type === 'SECCOMP' && hex !== undefined ? (Number.parseInt(hex, 16) as U32) : undefined;
  const fate = type === 'SECCOMP' ? fateOf(word, fields.get('sig')) : undefined;
  const comm = textField(fields.get('comm'));
  const exe = textField(fields.get('exe'));
  return { type, body, arch, token, nr, pid: Number(pid), comm, exe, args, word, fate };
}

const LONGEST_KEY = 7;

/** `key=value` where they are among those that decide; words without one are passed over. */
class Fields {
  readonly #values: (string | undefined)[] = READ.map(() => undefined);

  get(key: Field): string | undefined {
    return this.#values[PLACES.get(key) as number];
  }

  /** False where a field comes twice, or a quotation does not end. */
  read(body: string): boolean {
    this.#values.fill(undefined);
    for (let at = 0; at < body.length; ) {
      const equals = keyEnd(body, at);
      const end = equals < 0 ? wordEnd(body, at) : valueEnd(body, equals + 1);
      if (equals >= 0 && equals - at <= LONGEST_KEY && !this.#put(body.slice(at, equals), body, equals + 1, end))
        return false;
      at = end;
      while (at < body.length && isSpace(body.charCodeAt(at))) at += 1;
    }
    return true;
  }

  #put(key: string, body: string, from: number, to: number): boolean {
    const place = PLACES.get(key);
    if (place === undefined) return true;
    const value = body.slice(from, to);
    if (this.#values[place] !== undefined || (body.charCodeAt(from) === 34 && BROKEN.test(value))) return false;
    this.#values[place] = value;
    return true;
  }
}

/** One for all records: a map for each was a good part of reading a log. */
const fields = new Fields();

const isSpace = (c: number) => c === 32 || (c >= 9 && c <= 13);
const isLetter = (c: number) => (c >= 65 && c <= 90) || (c >= 97 && c <= 122);
const isKeyPart = (c: number) => isLetter(c) || (c >= 48 && c <= 57) || c === 95 || c === 45;

/** The '=' behind a key that begins here; -1 where none does. */
function keyEnd(text: string, at: number): number {
  if (!isLetter(text.charCodeAt(at))) return -1;
  let p = at + 1;
  while (isKeyPart(text.charCodeAt(p))) p += 1;
  return text.charCodeAt(p) === 61 ? p : -1;
}

function wordEnd(text: string, at: number): number {
  let p = at;
  while (p < text.length && !isSpace(text.charCodeAt(p))) p += 1;
  return p;
}

/** Behind a value: of a quoted one the quotation mark that ends the word, if there is one. */
function valueEnd(text: string, at: number): number {
  if (text.charCodeAt(at) === 34) {
    const quote = text.indexOf('"', at + 1);
    if (quote >= 0 && (quote + 1 === text.length || isSpace(text.charCodeAt(quote + 1)))) return quote + 1;
  }
  return wordEnd(text, at);
}

/** One audit token stands for x86_64 and x32, which the number tells apart; -1 is no x32 call. */
function archOf(audit: number, nr: number): Arch | undefined {
  const [first] = archesOfAudit(audit);
  const isX32 = first?.audit === archNamed('x32').audit && (nr & X32_SYSCALL_BIT) !== 0 && nr !== 0xffff_ffff;
  return isX32 ? archNamed('x32') : audit === archNamed('x86_64').audit ? archNamed('x86_64') : first;
}

/** A register in hex. The 32-bit ABIs have no high half; x32 passes whole registers. */
export function register(arch: Arch | undefined, hex: string): TracedArg {
  const value = BigInt(`0x${hex}`);
  return known(arch !== undefined && arch.wordBits === 32 && arch.name !== 'x32' ? BigInt.asUintN(32, value) : value);
}

/** Quoted as it is, else in hex, which is how the kernel writes what holds spaces, quotes or control characters. */
function textField(value: string | undefined): string | undefined {
  if (value === undefined || value === '' || value === '(null)') return undefined;
  if (value.startsWith('"')) return value.slice(1, -1);
  if (!/^(?:[0-9A-F]{2})+$/.test(value)) return value;
  return new TextDecoder('utf-8').decode(
    Uint8Array.from(value.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)),
  );
}

const ACTION = 0xffff_0000;
const KILL_PROCESS = 0x8000_0000;
const TRAP = 0x0003_0000;

function fateOf(word: U32 | undefined, sig: string | undefined): Fate {
  if (word === undefined) return sig === '31' ? 'killed' : 'logged';
  const action = (word & ACTION) >>> 0;
  return action === KILL_PROCESS || action === 0 ? 'killed' : action === TRAP ? 'trapped' : 'logged';
}

interface Held {
  readonly records: AuditRecord[];
  readonly lines: number[];
}

/** Events that wait for their other records and for copies of themselves. */
const HELD_MAX = 1024;

/**
 * Puts records together to calls. One event is one call, though its records come apart, and though journald keeps it
 * twice (from the audit socket and from the kernel's log).
 */
export class AuditEvents {
  readonly #context: ReaderContext;
  readonly #held = new Map<string, Held>();
  #hasArguments = false;

  constructor(context: ReaderContext) {
    this.#context = context;
  }

  /** `key` is the event's time and serial. */
  add(key: string, record: AuditRecord, line: number): void {
    const held = this.#held.get(key);
    if (held === undefined) {
      this.#held.set(key, { records: [record], lines: [line] });
      if (this.#held.size > HELD_MAX) this.#oldest();
    } else if (held.records.some(({ type, body }) => type === record.type && body === record.body)) {
      this.#context.other();
    } else {
      held.records.push(record);
      held.lines.push(line);
    }
  }

  /** A record that belongs to no event. */
  alone(record: AuditRecord, line: number): void {
    if (record.type === 'SYSCALL') this.#hasArguments = true;
    emitRecord(this.#context, record, line);
  }

  end(): void {
    while (this.#held.size > 0) this.#oldest();
    if (!this.#hasArguments) this.#context.withoutArguments();
  }

  #oldest(): void {
    const key = this.#held.keys().next().value as string;
    const { records, lines } = this.#held.get(key) as Held;
    this.#held.delete(key);
    const [first, second] = records;
    const isPair =
      records.length === 2 &&
      first!.type !== second!.type &&
      first!.token === second!.token &&
      first!.nr === second!.nr &&
      first!.pid === second!.pid;
    if (isPair) {
      // The filter's answer and the arguments of one call.
      const [call, answer] = first!.type === 'SYSCALL' ? [first!, second!] : [second!, first!];
      this.#context.other();
      this.alone({ ...call, word: answer.word, fate: answer.fate }, lines[0] as number);
      return;
    }
    for (const [i, record] of records.entries()) this.alone(record, lines[i] as number);
  }
}

/** A record as a call, and as its process's end where the filter killed that. */
function emitRecord(context: ReaderContext, record: AuditRecord, line: number): void {
  const { arch, nr, pid, comm, exe, args, word, fate, token } = record;
  const task = context.tasks.get(pid, { pid, comm, exe });
  const call =
    arch === undefined
      ? context.calls.intern(undefined, undefined, `system call ${nr} of ABI 0x${token}`)
      : wantedCall(context, arch, nr, args.length, (i) => register(arch, args[i] as string));
  context.emit({ kind: 'call', call, task, line, ...(fate && { fate }), ...(word !== undefined && { word }) });
  if (word !== undefined && (word & ACTION) >>> 0 === KILL_PROCESS) {
    context.emit({ kind: 'end', task, line, signal: 'SIGSYS' });
    context.tasks.end(pid);
  }
}

/** What is the same for every call of a number: asked once. */
interface Asked {
  readonly bare: TracedCall;
  /** Bit i: somebody will look at argument i. */
  readonly mask: number;
}

const asked = new WeakMap<Calls, Map<Arch | undefined, Map<number | string | undefined, Asked>>>();

function askedOf(
  { calls, options: { wanted } }: ReaderContext,
  arch: Arch | undefined,
  nr: number | undefined,
  printed: string,
): Asked {
  let byArch = asked.get(calls);
  if (byArch === undefined) {
    byArch = new Map();
    asked.set(calls, byArch);
  }
  let byNumber = byArch.get(arch);
  if (byNumber === undefined) {
    byNumber = new Map();
    byArch.set(arch, byNumber);
  }
  const key = printed === '' ? nr : `${nr} ${printed}`;
  const found = byNumber.get(key);
  if (found !== undefined) return found;
  const bare = calls.intern(arch, nr, printed);
  const made = { bare, mask: wanted === undefined ? 63 : wanted(arch, bare.name, nr) };
  byNumber.set(key, made);
  return made;
}

/** The call with those of its `count` arguments that somebody will look at; `arg` is asked for these alone. */
export function wantedCall(
  context: ReaderContext,
  arch: Arch | undefined,
  nr: number | undefined,
  count: number,
  arg: (index: number) => TracedArg | undefined,
  printed = '',
): TracedCall {
  const { bare, mask } = askedOf(context, arch, nr, printed);
  if (mask === 0) return bare;
  const seen = Array.from({ length: count }, (_, i) => ((mask >> i) & 1 ? arg(i) : undefined));
  return seen.every((one) => one === undefined) ? bare : context.calls.intern(arch, nr, printed, seen);
}
