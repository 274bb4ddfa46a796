/** Forms that look like traces and do not hold the calls as they were made: known, and refused with what to use instead. */
export interface Unfit {
  readonly title: string;
  readonly why: string;
  readonly help: string;
  readonly line: RegExp;
}

const RAW_AUDIT = 'use the log itself, or ausearch --raw';
const PERF = 'use perf record -e raw_syscalls:sys_enter and perf script, or strace';

const UNFIT: readonly Unfit[] = [
  {
    title: "perf trace's text",
    why: 'it names the calls of 32-bit programs wrongly and leaves arguments out',
    help: PERF,
    line: /^\s*(?:\?|\d+\.\d+) \(\s*(?:\d+\.\d+ ms)?\s*\): /,
  },
  {
    title: "perf trace's summary",
    why: 'it has counts, not calls',
    help: PERF,
    line: /^ Summary of events:$|^ .{1,40} \(\d+\), \d+ events, [\d.]+%$|^\s+syscall\s+calls\s+errors\s+total/,
  },
  {
    title: "ausearch's interpreted text",
    why: 'its names of calls and architectures are guesses of ausearch',
    help: RAW_AUDIT,
    line: /^type=[A-Z_]+ msg=audit\(\d+\/\d+\/\d+ /,
  },
  {
    title: "ausearch's sentences",
    why: 'they have no numbers of calls',
    help: RAW_AUDIT,
    line: /^At \d\d:\d\d:\d\d \S+ .+, acting as /,
  },
  {
    title: "ausearch's CSV",
    why: 'it has no numbers of calls',
    help: RAW_AUDIT,
    line: /^NODE,EVENT,DATE,TIME,SERIAL_NUM,|^[^,]*,[A-Z_]+,\d+\/\d+\/\d+,\d\d:\d\d:\d\d,\d+,/,
  },
  {
    title: "bpftrace's maps",
    why: 'they have counts, not calls',
    help: 'print a line for each call: see docs/traces.md',
    line: /^\{"type": "(?:attached_probes|map|hist|printf|lost_events)", "data": |^@\w*\[.*\]: \d+$/,
  },
];

/** The form that most of these lines are of, when more than `than` are. */
export function unfitFor(lines: readonly string[], than: number): Unfit | undefined {
  let most = than;
  let found: Unfit | undefined;
  for (const form of UNFIT) {
    const own = lines.filter((line) => form.line.test(line)).length;
    if (own <= most) continue;
    most = own;
    found = form;
  }
  return found;
}
