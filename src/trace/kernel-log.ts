/**
 * The kernel's own log: dmesg in all its printed forms, /dev/kmsg, and the lines that syslog and journalctl make of it.
 * Audit records are in it where no auditd takes them; the kernel limits their rate and says how many it left out.
 */
import { AUDIT_TYPES, AuditEvents, type AuditRecord, parseRecord } from './audit-record.ts';
import type { ReaderContext, ReaderKind, TraceReader } from './reader.ts';

/** dmesg, with priority (-r, -x), caller, time in any form; /dev/kmsg; ISO time; syslog's and journalctl's. */
const PREFIXES: readonly RegExp[] = [
  /^(?:<\d+>)?(?:[a-z]+ *:[a-z]+ *: ?)?(?:\[[^\]]{1,48}\] ?){1,2}/,
  /^\d+,\d+,\d+,[^;]{1,64};/,
  /^(?:[a-z]+ *:[a-z]+ *: ?)?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d{6}[+-]\d\d:\d\d /,
  /^(?:<\d+>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)) \S+ kernel: ?(?:\[ *\d+\.\d+\] )?/,
];
/** journald hands the audit socket's records on under this name, without their serial. */
const FROM_AUDIT =
  /^(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)) \S+ audit(?:\[\d+\])?: (SECCOMP|SYSCALL) /;
/** Any other line of such a log. */
const SYSLOG =
  /^(?:<\d+>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)) \S+ [^:]{1,128}: /;
/** `dmesg --json`: one message in a line. */
const JSON_MESSAGE = /^\s*"msg": ?("(?:[^"\\]|\\.)*"),?\s*$/;
const JSON_OTHER = /^(?:[{}[\],\s]*|"(?:dmesg|pri|time|fac|caller)": ?[^"]*(?:"[^"]*")?,?)$/;
const AUDIT_LINE = /^(?:audit: )?type=(\d+) audit\((\d+\.\d+:\d+)\): /;
const SUPPRESSED = /^(?:kauditd_printk_skb|audit_printk_skb|audit_log\w*): (\d+) callbacks suppressed/;
const LOST =
  /^audit: (?:audit_lost=\d|backlog limit exceeded|rate limit exceeded|kauditd hold queue overflow)|^\/dev\/kmsg buffer overrun|^Missed \d+ kernel messages/;
/** dmesg colours what it writes to a terminal. */
const COLOUR = /\x1b\[[0-9;]*m/g;

const decoder = new TextDecoder('utf-8');
/** Records without a serial that wait for a copy of themselves from the other road. */
const COPIES_MAX = 4096;

/** The message of a line of the kernel's log; undefined where it is none. */
export function kernelMessage(line: string): string | undefined {
  const json = JSON_MESSAGE.exec(line)?.[1];
  if (json !== undefined) {
    try {
      return JSON.parse(json) as string;
    } catch {
      return undefined;
    }
  }
  for (const prefix of PREFIXES) {
    const found = prefix.exec(line);
    if (found !== null) return line.slice(found[0].length);
  }
  return AUDIT_LINE.test(line) ? line : undefined;
}

export type KernelSays =
  | { readonly kind: 'record'; readonly key: string; readonly record: AuditRecord }
  /** How many messages the kernel left out; 0 where it does not say. */
  | { readonly kind: 'lost'; readonly count: number }
  | { readonly kind: 'other' }
  | { readonly kind: 'unread' };

/** What a message of the kernel says about calls. */
export function readMessage(message: string): KernelSays {
  const head = AUDIT_LINE.exec(message);
  if (head === null) {
    const suppressed = SUPPRESSED.exec(message)?.[1];
    if (suppressed !== undefined) return { kind: 'lost', count: Number(suppressed) };
    return LOST.test(message) ? { kind: 'lost', count: 0 } : { kind: 'other' };
  }
  const type = AUDIT_TYPES.get(head[1] as string);
  if (type === undefined) return { kind: 'other' };
  const record = parseRecord(type, message.slice(head[0].length));
  return record === undefined ? { kind: 'unread' } : { kind: 'record', key: head[2] as string, record };
}

/** Says at the end how much is missing. */
export class Losses {
  #suppressed = 0;
  #isUncounted = false;

  add(count: number): void {
    if (count > 0) this.#suppressed += count;
    else this.#isUncounted = true;
  }

  tell(incomplete: (why: string) => void): void {
    if (this.#suppressed > 0) incomplete(`the kernel left out ${this.#suppressed} messages (callbacks suppressed)`);
    if (this.#isUncounted) incomplete('the log says that messages were lost');
  }
}

class KernelLogReader implements TraceReader {
  readonly #context: ReaderContext;
  readonly #events: AuditEvents;
  readonly #losses = new Losses();
  /** Of a record's text: how often it came from the kernel's log less how often from the audit socket. */
  readonly #balance = new Map<string, number>();

  constructor(context: ReaderContext) {
    this.#context = context;
    this.#events = new AuditEvents(context);
  }

  line(bytes: Uint8Array, from: number, to: number, line: number, cut: boolean): void {
    const { other, unread, incomplete } = this.#context;
    if (cut) incomplete('a line is too long and was cut');
    const text = decoder.decode(bytes.subarray(from, to)).replace(COLOUR, '');
    const copied = FROM_AUDIT.exec(text);
    if (copied !== null) {
      const record = parseRecord(copied[1] as 'SECCOMP' | 'SYSCALL', text.slice(copied[0].length));
      if (record === undefined) unread(bytes, from, to, line);
      else if (this.#isCopy(record, -1)) other();
      else this.#events.alone(record, line);
      return;
    }
    const message = kernelMessage(text);
    if (message === undefined) {
      // /dev/kmsg continues a record in lines that begin with a space.
      if (text === '' || /^ [A-Z_]+=/.test(text) || SYSLOG.test(text) || JSON_OTHER.test(text.trim())) {
        if (/: Missed \d+ kernel messages/.test(text)) this.#losses.add(0);
        other();
      } else unread(bytes, from, to, line);
      return;
    }
    const says = readMessage(message);
    if (says.kind === 'unread') unread(bytes, from, to, line);
    else if (says.kind === 'record' && !this.#isCopy(says.record, 1)) this.#events.add(says.key, says.record, line);
    else {
      if (says.kind === 'lost') this.#losses.add(says.count);
      other();
    }
  }

  /** Whether this record has come already by the other road, each once. */
  #isCopy({ type, body }: AuditRecord, road: 1 | -1): boolean {
    const key = `${type} ${body}`;
    const balance = this.#balance.get(key) ?? 0;
    this.#balance.delete(key);
    if (balance + road !== 0) this.#balance.set(key, balance + road);
    if (this.#balance.size > COPIES_MAX) this.#balance.delete(this.#balance.keys().next().value as string);
    return balance * road < 0;
  }

  end(): void {
    this.#events.end();
    this.#losses.tell(this.#context.incomplete);
  }
}

export const KERNEL_LOG: ReaderKind = {
  format: 'kernel-log',
  title: 'kernel log',
  hasArguments: true,
  hasArch: true,
  recognise: (lines) => {
    const plain = lines.map((line) => line.replace(COLOUR, ''));
    const own = plain.filter((line) => kernelMessage(line) !== undefined || FROM_AUDIT.test(line));
    // Other logs begin with times and brackets, too: only a line about audit is proof.
    const isProved = own.some((line) => FROM_AUDIT.test(line) || /\btype=\d+ audit\(\d/.test(line));
    return isProved ? own.length : 0;
  },
  open: (context) => new KernelLogReader(context),
};
