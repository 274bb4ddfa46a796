/** auditd's log, RAW and ENRICHED, and what `ausearch --raw` makes of it. */
import { AuditEvents, type AuditType, parseRecord } from './audit-record.ts';
import type { ReaderContext, ReaderKind, TraceReader } from './reader.ts';

const HEAD = /^(?:node=\S+ )?type=([A-Z0-9_]+|UNKNOWN\[\d+\]) msg=audit\((\d+\.\d+:\d+)\):(?: |$)/;
const decoder = new TextDecoder('utf-8');

class AuditReader implements TraceReader {
  readonly #context: ReaderContext;
  readonly #events: AuditEvents;

  constructor(context: ReaderContext) {
    this.#context = context;
    this.#events = new AuditEvents(context);
  }

  line(bytes: Uint8Array, from: number, to: number, line: number, cut: boolean): void {
    const { other, unread, incomplete } = this.#context;
    if (cut) incomplete('a line is too long and was cut');
    const text = decoder.decode(bytes.subarray(from, to));
    const head = HEAD.exec(text);
    if (head === null) {
      // ausearch without --raw puts lines between events.
      if (text === '' || text === '----') other();
      else unread(bytes, from, to, line);
      return;
    }
    const [whole, type, key] = head as unknown as [string, string, string];
    if (type !== 'SECCOMP' && type !== 'SYSCALL') other();
    else {
      const record = parseRecord(type as AuditType, text.slice(whole.length));
      if (record === undefined) unread(bytes, from, to, line);
      else this.#events.add(key, record, line);
    }
  }

  end(): void {
    this.#events.end();
  }
}

export const AUDIT: ReaderKind = {
  format: 'audit',
  title: 'audit log',
  hasArguments: true,
  hasArch: true,
  recognise: (lines) => lines.filter((line) => HEAD.test(line)).length,
  open: (context) => new AuditReader(context),
};
