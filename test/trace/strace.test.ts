/** strace's text in its modes: what is a call, whose, of which ABI, with which arguments; and every line accounted for. */
import { existsSync, readdirSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import {
  type CallEvent,
  inReadingOrder,
  type ReadOptions,
  type ReadReport,
  readTrace,
  type TraceEvent,
} from '../../src/trace/index.ts';
import { LINE_MAX } from '../../src/trace/lines.ts';
import { suite } from '../suite.ts';
import { sharedBytes, withoutShared } from '../support/shared.ts';

interface ReadWhole {
  readonly events: readonly TraceEvent[];
  readonly calls: readonly CallEvent[];
  readonly report: ReadReport;
}

async function read(source: string | Uint8Array | Iterable<Uint8Array>, options: ReadOptions = {}): Promise<ReadWhole> {
  const bytes = typeof source === 'string' ? Buffer.from(source, 'latin1') : source;
  const trace = readTrace(bytes, { format: 'strace', ...options });
  const events: TraceEvent[] = [];
  for await (const event of trace) events.push(event);
  return { events, calls: events.filter((e) => e.kind === 'call'), report: trace.report };
}

const told = ({ call, task }: CallEvent) => `${task.tid} ${call.arch?.name ?? '?'} ${call.nr ?? '?'} ${call.name}`;
const value = (event: CallEvent | undefined, i: number) => {
  const arg = event?.call.args[i];
  return arg === undefined ? undefined : `${arg.known.toString(16)}:${arg.value.toString(16)}`;
};

/** One call in front of which strace puts different things. */
const PREFIXES = [
  { name: 'nothing', text: '', tid: 0 },
  { name: 'a process', text: '812   ', tid: 812 },
  { name: 'a process on a terminal', text: '[pid   812] ', tid: 812 },
  { name: '-t', text: '20:02:51 ', tid: 0 },
  { name: '-f -tt', text: '812 20:02:51.829373 ', tid: 812 },
  { name: '-ttt', text: '1795291371.880763 ', tid: 0 },
  { name: '-r', text: '     0.000517 ', tid: 0 },
  { name: 'absolute and relative', text: '812 1795291371.968677998 (+     0.000264) ', tid: 812 },
  { name: '-n', text: '812 [  41] ', tid: 812 },
  { name: '-i', text: '812 [00007f14fed7bc47] ', tid: 812 },
  { name: '-n -i', text: '812 [  41] [00007f14fed7bc47] ', tid: 812 },
  { name: '-Y', text: '812<my\\76 app(\\303\\251> 20:02:51 ', tid: 812, comm: 'my> app(é' },
];

const RAW = '[  59] execve(0x7fff89765480, 0x7fff89766930, 0x7fff89766948) = 0\n';

suite('trace/strace', (test) => {
  for (const { name, text, tid, comm } of PREFIXES) {
    test(`behind ${name}`, async () => {
      const { calls, report } = await read(`${text}socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3 <0.000012>\n`);
      assert.equal([report.lines, report.calls, report.unread, report.other], [1, 1, 0, 0]);
      assert.is(calls[0]?.call.name, 'socket');
      assert.is(calls[0]?.task.tid, tid);
      assert.is(calls[0]?.task.comm, comm);
    });
  }

  test('raw words are whole registers; only printed arguments are known', async () => {
    const { calls } = await read(`${RAW}[ 257] openat(0xffffff9c, 0x7ff8b2c0b2a0, 0x80000, 0) = 0x3\n`);
    const openat = calls[1];
    assert.is(value(openat, 0), 'ffffffffffffffff:ffffff9c');
    assert.is(value(openat, 3), 'ffffffffffffffff:0');
    assert.is(value(openat, 4), undefined);
    assert.is(openat?.call.arch?.name, 'x86_64');
  });
  test('what is printed of an int is its low half', async () => {
    const text =
      'brk(NULL) = 0x5654fa831000\nclose(3</etc/a, b) = c>) = 0\nmunmap(0x7fa52ba72000, 8192) = 0\nclose(-1) = -1 EBADF (x)\n';
    const { calls } = await read(text);
    assert.is(value(calls[0], 0), 'ffffffffffffffff:0');
    assert.is(value(calls[1], 0), 'ffffffff:3');
    assert.is(value(calls[2], 0), 'ffffffffffffffff:7fa52ba72000');
    assert.is(value(calls[3], 0), 'ffffffff:ffffffff');
  });
  test('a number beside the name tells the ABI, also of what went before', async () => {
    const text = `9 ${RAW}9 [  45] brk(0) = 0x57329000\n9 [ 192] mmap2(0, 0x2000) = 0xf7ed0000\n9 [1073741825] write(0x1, 0, 0) = 0\n9 [   1] write(0x1) = 0\n`;
    const { calls } = await read(text);
    assert.equal(calls.map(told), [
      '9 x86_64 59 execve',
      '9 i386 45 brk',
      '9 i386 192 mmap2',
      '9 x32 1073741825 write',
      '9 x86_64 1 write',
    ]);
  });
  test('a multiplexer: the number says that the filter saw it, without one it stays open', async () => {
    const numbered = await read('[  45] brk(0) = 0x1000\n[ 102] socket(AF_UNIX, SOCK_STREAM, 0) = 3\n');
    assert.is(numbered.calls[1]?.call.name, 'socketcall');
    assert.is(value(numbered.calls[1], 0), 'ffffffffffffffff:1');
    assert.is(value(numbered.calls[1], 1), undefined);
    const bare = await read('mmap2(NULL, 8192) = 0xf7f15000\nsocket(AF_UNIX, SOCK_STREAM, 0) = 3\n');
    assert.equal(bare.calls.map(told), ['0 i386 192 mmap2', '0 i386 ? socket']);
  });
  test('without numbers: names and addresses tell, and calls wait for them', async () => {
    const wide = await read(
      'execve("/a", ["a"], 0x7fff5d8 /* 9 vars */) = 0\nclose(3) = 0\nbrk(NULL) = 0x5654fa831000\n',
    );
    assert.equal(wide.calls.map(told), ['0 ? ? execve', '0 x86_64 3 close', '0 x86_64 12 brk']);
    const narrow = await read(
      'execve("/a", ["a"], 0x7ffc97b33090) = 0\nbrk(NULL) = 0x56b9b000\nmmap2(NULL, 8192) = 0xf7f0\n',
    );
    assert.equal(narrow.calls.map(told), ['0 x86_64 59 execve', '0 i386 45 brk', '0 i386 192 mmap2']);
    const neither = await read('execve("/a", ["a"], 0x0) = 0\nread(3, "", 1) = 0\nclose(3) = 0\n');
    assert.equal(neither.calls.map(told), ['0 ? ? execve', '0 ? ? read', '0 ? ? close']);
  });
  test('strings hide nothing: a result inside one is none', async () => {
    const text = 'write(1, ") = 3 <unfinished ...>", 22) = 22\nread(3, "a\\") = 9", 4) = 4\n';
    const { calls, report } = await read(text, { arch: undefined });
    assert.equal([calls.length, report.unread], [2, 0]);
    assert.is(value(calls[0], 2), 'ffffffff:16');
  });
  test('two halves are one call, at the line of the first', async () => {
    const text = `7 brk(NULL) = 0x5654fa831000\n7 read(3,  <unfinished ...>\n8 brk(NULL) = 0x5654fa831000\n7 <... read resumed>"x", 832) = 1\n`;
    const { calls, report } = await read(text);
    assert.equal([calls.length, report.other, report.unread], [3, 1, 0]);
    const joined = calls.find(({ call }) => call.name === 'read');
    assert.is(joined?.line, 2);
    assert.is(value(joined, 2), 'ffffffff:340');
  });
  test('a call that never ends counts, with what was printed of it', async () => {
    const { calls } = await read(
      '7 brk(NULL) = 0x5654fa831000\n7 read(3,  <unfinished ...>\n7 +++ killed by SIGKILL +++\n',
    );
    assert.equal(
      calls.map(({ call }) => call.name),
      ['brk', 'read'],
    );
    assert.is(value(calls[1], 0), 'ffffffff:3');
  });
  test('on a terminal: broken lines, output in front, the first process named late', async () => {
    const text = [
      'brk(NULL) = 0x5654fa831000',
      'clone3({flags=CLONE_VM|CLONE_THREAD}strace: Process 9 attached',
      ' => {parent_tid=[9]}, 88) = 9',
      '[pid     9] gettid(strace: Process 10 attached',
      ' <unfinished ...>',
      'x[pid     8] getpid()             = 8',
      '[pid     9] <... gettid resumed>) = 9',
      '',
    ].join('\n');
    const { calls, report } = await read(text);
    assert.equal(calls.map(({ call }) => call.name).sort(), ['brk', 'clone3', 'getpid', 'gettid']);
    assert.is(report.unread, 0);
    const pids = new Set(calls.map(({ task }) => task.pid));
    assert.is(pids.size, 1, 'a thread is of its process');
  });
  test('what a filter did to a call', async () => {
    const died = '7 brk(NULL) = 0x5654fa831000\n7 socket(AF_INET, 1, 0) = 41\n7 +++ killed by SIGSYS +++\n';
    const killed = await read(died);
    assert.is(killed.calls[1]?.fate, 'killed');
    assert.equal(killed.events.at(-1)?.kind, 'end');
    const trap = '--- SIGSYS {si_signo=SIGSYS, si_code=SYS_SECCOMP, si_syscall=__NR_socket} ---';
    const trapped = await read(
      `brk(NULL) = 0x5654fa831000\nsocket(AF_INET, 1, 0) = 41\n${trap}\ngetpid() = 39\ngetpid() = 5\n`,
    );
    assert.equal(
      trapped.calls.map(({ fate }) => fate),
      [undefined, 'trapped', undefined, undefined],
    );
  });
  test('the ABI of a process, as a terminal is told', async () => {
    const mode = '[ Process PID=7 runs in 32 bit mode. ]';
    const { calls } = await read(`7 brk(NULL) = 0x5654fa831000\n${mode}\n7 close(3) = 0\n`);
    assert.equal(calls.map(told), ['7 x86_64 12 brk', '7 i386 6 close']);
  });
  test('numbers without a name', async () => {
    const { calls } = await read(`brk(NULL) = 0x5654fa831000\nsyscall_0x1f4(0x1, 0x2) = -1 ENOSYS (x)\n`);
    assert.equal([calls[1]?.call.nr, calls[1]?.call.arch?.name], [500, 'x86_64']);
  });
  test('names of no call, tables, stacks, chatter: none is a call, each is counted', async () => {
    const text = [
      '7 frobnicate(1) = 0',
      'hello (world) = 1',
      ' > /usr/lib/libc.so.6(__libc_start_main+0x29) [0x2724a]',
      '% time     seconds  usecs/call     calls    errors syscall',
      'strace: Process 9 attached',
      '7 +++ exited with 0 +++',
      '',
      '\0\0\0\xff\xfe',
      '',
    ].join('\n');
    const { calls, report } = await read(text);
    assert.is(calls.length, 0);
    assert.equal([report.lines, report.unread, report.other], [8, 3, 5]);
    assert.ok(report.firstUnread[0]?.text.includes('frobnicate'));
    assert.is(report.incomplete.length, 1, 'a table of counts is no trace');
  });
  test('a line without end is cut, and memory does not grow with it', async () => {
    const part = Buffer.alloc(1 << 20, 'a');
    const parts = function* () {
      yield Buffer.from('close(3) = 0\nwrite(1, "');
      for (let i = 0; i < 64; i++) yield part;
      yield Buffer.from('", 9) = 9\nclose(4) = 0\n');
    };
    const { calls, report } = await read(parts());
    assert.equal(calls.map(({ call }) => call.name).filter((name) => name === 'close').length, 2);
    assert.is(report.lines, 3);
    assert.match(report.incomplete.join(), /too long/);
    assert.ok(part.length * 64 > 8 * LINE_MAX);
  });
  test('chunks of any size give the same', async () => {
    const text = `7 ${RAW}7 [  12] brk(0) = 0x5654fa831000\n7 [   0] read(0x3, 0x7ff8b2c0b2a0 <unfinished ...>\n7 [   0] <... read resumed>, 0x340) = 0x1\n`;
    const whole = (await read(text)).calls.map((c) => told(c) + value(c, 2));
    for (let size = 1; size < 40; size++) {
      const bytes = Buffer.from(text);
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      assert.equal(
        (await read(chunks)).calls.map((c) => told(c) + value(c, 2)),
        whole,
      );
    }
  });

  const needs = () => withoutShared() ?? (existsSync('../shared/data/traces/strace') ? undefined : 'no traces there');
  for (const folder of existsSync('../shared/data/traces/strace')
    ? ['strace', 'strace/ff', 'strace/ffn', 'truth']
    : []) {
    for (const name of readdirSync(`../shared/data/traces/${folder}`)) {
      if (!/\.strace(\.gz)?$|\.trace\.\d+$/.test(name) || /^ls_cU?\./.test(name)) continue;
      test.needs(needs, `${folder}/${name}: as many calls as lines that begin one`, async () => {
        const stored = sharedBytes(`traces/${folder}/${name}`);
        const bytes = name.endsWith('.gz') ? gunzipSync(stored) : stored;
        const { report } = await read(bytes, { format: undefined });
        assert.is(report.format, 'strace');
        assert.is(
          report.calls,
          callsIn(Buffer.from(bytes).toString('latin1')),
          report.firstUnread.map(({ text }) => text).join('\n'),
        );
        // strace -C appends a table of names.
        if (name !== 'ls_C.strace') assert.is(report.unread, 0, report.firstUnread.map(({ text }) => text).join('\n'));
      });
    }
  }
  test('a name with a bare > is none that strace writes, and its line is unread', async () => {
    const { calls, report } = await read('812<b> c> getuid() = 0\n');
    assert.equal([calls.length, report.unread], [0, 1]);
  });
  test('a descriptor in hexadecimal is enough for raw', async () => {
    const { calls } = await read('[   3] close(0x3) = 0\n[  41] socket(0x100000002, 0x1, 0) = 3\n');
    assert.is(value(calls[1], 0), 'ffffffffffffffff:100000002');
  });
  test('strace -ff: a file for each thread, whose number is in its name', async () => {
    const set = inReadingOrder(['log', 't.30', 't.7', 't.9', 'other.5']);
    assert.equal(
      set.map(({ path, ofSet }) => `${path} ${ofSet?.tid ?? '-'}`),
      ['log -', 't.7 7', 't.9 9', 't.30 30', 'other.5 -'],
    );
    const texts: Readonly<Record<string, string>> = {
      't.7':
        '[  59] execve("/x", ["x"], 0x7ffd00000000 /* 1 var */) = 0\n' +
        '[  56] clone(child_stack=NULL, flags=CLONE_VM|CLONE_THREAD) = 9\n' +
        '[  56] clone(child_stack=NULL, flags=SIGCHLD) = 30\n',
      't.9': 'getpid() = 7\n+++ exited with 0 +++\n',
      't.30': '',
    };
    const of = async (path: string) => {
      const ofSet = set.find((one) => one.path === path)?.ofSet;
      return (await read(texts[path] ?? '', { format: undefined, ofSet })).calls;
    };
    assert.equal(
      (await of('t.7')).map(({ task }) => `${task.tid} ${task.pid}`),
      ['7 7', '7 7', '7 7'],
    );
    const [thread] = await of('t.9');
    assert.is(told(thread as CallEvent), '9 x86_64 39 getpid');
    assert.is(thread?.task.pid, 7);
    assert.equal(await of('t.30'), []);
    const named = await read('812 getpid() = 812\n', { ofSet: set[1]?.ofSet });
    assert.is(named.calls[0]?.task.tid, 812, 'lines that name their thread are believed');
  });
  test.needs(needs, 'tables of counts are refused', async () => {
    for (const name of ['ls_c', 'ls_cU']) {
      let code = '';
      await read(sharedBytes(`traces/strace/${name}.strace`), { format: undefined }).catch((error) => {
        code = error.diagnostics[0].code;
      });
      assert.is(code, 'TRACE_FORMAT');
    }
  });
  test.needs(needs, 'calls that a filter ended', async () => {
    const fateOf = async (name: string) => {
      const { calls } = await read(sharedBytes(`traces/strace/secc_${name}.strace`));
      return calls.flatMap(({ call, fate }) => (fate === undefined ? [] : [`${fate} ${call.name}`])).join();
    };
    assert.is(await fateOf('kill_socket'), 'killed socket');
    assert.is(await fateOf('killthread_socket'), 'killed socket');
    assert.is(await fateOf('trap_socket'), 'trapped socket');
    assert.is(await fateOf('errno_socket'), '');
    assert.is(await fateOf('log_socket'), '');
    assert.is(await fateOf('killbadarch_m32'), 'killed brk');
  });
});

/** Beginnings of calls, counted without the reader: a lower-case word and a parenthesis behind what strace puts first. */
function callsIn(text: string): number {
  const prefix = /^(?:[^[\n]*?\[pid +\d+\] |\d+(?:<.*?>)? +)?(?: *[\d:.]+ )?(?:\(\+ +[\d.]+\) )?(?:\[[ 0-9a-f?]+\] )*/;
  return text.split('\n').filter((line) => {
    const rest = line.replace(prefix, '');
    if (/^(?:strace:| >|---|\+\+\+|<\.\.\.|%|\[ Process)/.test(rest)) return false;
    return /^[a-z_][a-z0-9_]*\(/.test(rest);
  }).length;
}
