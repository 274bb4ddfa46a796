/**
 * Every recorded log that strace did not write: the calls in it are counted here by their own words, with regular
 * expressions over the whole file that share nothing with the readers.
 */
import * as assert from 'uvu/assert';
import { arch } from '../../src/arch/index.ts';
import { type ReadOptions, type ReadReport, readTrace, type TraceEvent } from '../../src/trace/index.ts';
import { suite, throwsCode } from '../suite.ts';
import { sharedText, withoutShared } from '../support/shared.ts';

async function read(text: string, options: ReadOptions = {}) {
  const stream = readTrace(new TextEncoder().encode(text), options);
  const events: TraceEvent[] = [];
  for await (const event of stream) events.push(event);
  const report: ReadReport = stream.report;
  return { calls: events.filter((e) => e.kind === 'call'), report };
}

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;
const serials = (text: string): number => new Set(text.match(/type=1326 audit\([\d.]+:\d+/g)).size;

const rows = [
  { file: 'audit/audit_raw.log', format: 'audit', calls: (t: string) => count(t, /^type=(?:SECCOMP|SYSCALL) /gm) },
  { file: 'audit/ausearch_raw.log', format: 'audit', calls: (t: string) => count(t, /^type=SECCOMP /gm) },
  ...['dmesg.json', 'dmesg.txt', 'dmesg_T.txt', 'dmesg_iso.txt', 'dmesg_r.txt', 'dmesg_x.txt'].map((name) => ({
    file: `audit/${name}`,
    format: 'kernel-log',
    calls: serials,
    lost: 144 + 327,
  })),
  {
    file: 'audit/kmsg.txt',
    format: 'kernel-log',
    calls: (t: string) => serials(t) + count(t, /type=1300 /g),
    lost: (t: string) => [...t.matchAll(/: (\d+) callbacks/g)].reduce((sum, [, n]) => sum + Number(n), 0),
  },
  // Four events, three of which came by both roads.
  { file: 'audit/journal_short.txt', format: 'kernel-log', calls: () => 4 },
  {
    file: 'audit/journal_export.txt',
    format: 'journal-export',
    calls: (t: string) => count(t, /^_TRANSPORT=audit$/gm),
    // It begins in the middle of a field.
    unread: 1,
  },
  { file: 'other/perf_script_raw.txt', format: 'perf-script', calls: (t: string) => count(t, /sys_enter: NR/g) },
  { file: 'other/bpftrace_raw.txt', format: 'bpftrace', calls: (t: string) => count(t, / NR \d/g), unread: 1 },
  { file: 'other/ftrace_syscalls.txt', format: 'ftrace', calls: (t: string) => count(t, /: sys_\w+\(/g) },
  ...['ls', 'm32', 'bbsh'].flatMap((name) => [
    { file: `truth/${name}.perf.txt`, format: 'perf-script', calls: (t: string) => count(t, /sys_enter: NR/g) },
    ...['p_args', 'p_names'].map((filter) => ({
      file: `truth/${name}.${filter}.audit.log`,
      format: 'audit',
      calls: (t: string) => count(t, /^type=SECCOMP /gm),
    })),
  ]),
];

const UNFIT = [
  'audit/ausearch.csv',
  'audit/ausearch_i.txt',
  'audit/ausearch_syscall_i.txt',
  'audit/ausearch_text.txt',
  'other/bpftrace_count.json',
  ...['S', 'T', 'ls', 'm32', 'mt', 'summary'].map((name) => `other/perf_trace_${name}.txt`),
];

suite('trace/recorded-logs', (test) => {
  for (const row of rows) {
    test.needs(withoutShared, row.file, async () => {
      const text = sharedText(`traces/${row.file}`);
      const { calls, report } = await read(text);
      assert.is(report.format, row.format);
      assert.is(calls.length, row.calls(text));
      assert.is(report.calls, calls.length);
      assert.is(report.unread, 'unread' in row ? row.unread : 0, JSON.stringify(report.firstUnread));
      const lost = 'lost' in row ? (typeof row.lost === 'function' ? row.lost(text) : row.lost) : 0;
      const told = report.incomplete.find((why) => why.includes('suppressed'));
      assert.is(Number(/\d+/.exec(told ?? '0')?.[0]), lost);
    });
  }

  for (const file of UNFIT) {
    test.needs(withoutShared, `${file} is refused`, async () => {
      const rejected = await read(sharedText(`traces/${file}`)).catch((error) => error);
      throwsCode(() => {
        throw rejected;
      }, 'TRACE_UNFIT');
    });
  }

  test.needs(withoutShared, 'perf has the calls that the kernel logged for the same command, as often', async () => {
    for (const [name, abi] of [
      ['ls', 'x86_64'],
      ['m32', 'i386'],
    ] as const) {
      const perf = await read(sharedText(`traces/truth/${name}.perf.txt`), { arch: arch(abi) });
      const audit = await read(sharedText(`traces/truth/${name}.p_names.audit.log`));
      const names = new Set(audit.calls.map((e) => e.call.name));
      const times = (of: typeof perf) =>
        of.calls
          .map((e) => e.call.name)
          .filter((n) => names.has(n))
          .sort();
      assert.ok(audit.calls.length > 10);
      assert.equal(times(perf), times(audit));
    }
  });
});
