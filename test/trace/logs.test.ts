/** Audit, kernel log, journal, raw_syscalls and our own lines: small samples written by hand, hostile ones, mutations. */
import * as assert from 'uvu/assert';
import { arch } from '../../src/arch/index.ts';
import { type CallEvent, type ReadOptions, readTrace, type TraceEvent, traceLine } from '../../src/trace/index.ts';
import { suite, throwsCode } from '../suite.ts';

const encoder = new TextEncoder();

async function read(text: string | Uint8Array, options: ReadOptions = {}) {
  const stream = readTrace(typeof text === 'string' ? encoder.encode(text) : text, options);
  const events: TraceEvent[] = [];
  for await (const event of stream) events.push(event);
  const calls = events.filter((event): event is CallEvent => event.kind === 'call');
  return { events, calls, report: stream.report };
}

const shown = ({ call, task, fate, word, line }: CallEvent) => ({
  call: `${call.arch?.name ?? '?'}:${call.name}:${call.nr ?? '?'}`,
  args: call.args.map((arg) => (arg === undefined ? '?' : arg.value.toString(16))).join(' '),
  pid: task.pid,
  comm: task.comm,
  fate,
  word,
  line,
});

const SECCOMP = (fields: string) => `auid=1000 uid=1000 gid=1000 ses=3 ${fields}`;
const socket = SECCOMP(
  'pid=70 comm="py" exe="/usr/bin/py" sig=0 arch=c000003e syscall=41 compat=0 ip=0x7f code=0x7ffc0000',
);
const killed = SECCOMP('pid=71 comm="py" exe="/py" sig=31 arch=40000003 syscall=102 compat=1 ip=0x7f code=0x80000000');
const event = (serial: number, type: string, body: string) => `type=${type} msg=audit(17952.5:${serial}): ${body}\n`;
const systemCall = (nr: number | string, a = 'a0=ffffff9c a1=7f a2=80000 a3=0', abi = 'c000003e') =>
  `arch=${abi} syscall=${nr} success=yes exit=3 ${a} items=1 ppid=1 pid=70 uid=0 comm="ls" exe="/bin/ls" key=(null)`;

suite('trace/audit', (test) => {
  test('a denied call has no arguments, and says what became of it', async () => {
    const { calls, events, report } = await read(event(1, 'SECCOMP', socket) + event(2, 'SECCOMP', killed));
    const none = '? ? ? ? ? ?';
    assert.equal(calls.map(shown), [
      { call: 'x86_64:socket:41', args: none, pid: 70, comm: 'py', fate: 'logged', word: 0x7ffc0000, line: 1 },
      { call: 'i386:socketcall:102', args: none, pid: 71, comm: 'py', fate: 'killed', word: 0x80000000, line: 2 },
    ]);
    assert.is(events.at(-1)?.kind, 'end');
    assert.is(report.format, 'audit');
  });

  test('a system call has four arguments; a 32-bit ABI no high halves; x32 is told by its number', async () => {
    const text =
      event(1, 'SYSCALL', systemCall(257)) +
      event(1, 'PATH', 'item=0 name="/etc" arch=40000003 syscall=1') +
      event(2, 'SYSCALL', systemCall(102, 'a0=ffffffff00000001 a1=2 a2=3 a3=4', '40000003')) +
      event(2, 'SOCKETCALL', 'nargs=3 a0=2 a1=1 a2=0') +
      event(3, 'SYSCALL', systemCall(0x4000_0001, 'a0=1 a1=2 a2=3 a3=4'));
    const { calls, report } = await read(text);
    assert.equal(
      calls.map((e) => [shown(e).call, shown(e).args]),
      [
        ['x86_64:openat:257', 'ffffff9c 7f 80000 0 ? ?'],
        ['i386:socketcall:102', '1 2 3 4 ? ?'],
        ['x32:write:1073741825', '1 2 3 4 ? ?'],
      ],
    );
    assert.is(report.other, 2);
    assert.is(report.hasArguments, true);
  });

  test('one event is one call: copies, and the answer beside the arguments', async () => {
    const both = SECCOMP('pid=70 comm="ls" exe="/bin/ls" sig=0 arch=c000003e syscall=257 code=0x50000');
    const text = event(1, 'SECCOMP', both) + event(1, 'SYSCALL', systemCall(257)) + event(1, 'SECCOMP', both);
    const { calls } = await read(text);
    assert.is(calls.length, 1);
    assert.is(calls[0]?.word, 0x50000);
    assert.is(calls[0]?.call.args[0]?.value, 0xffffff9cn);
  });

  test('ENRICHED: what follows 0x1D, or stands without it, is not believed', async () => {
    const added = 'AUID="u" ARCH=i386 SYSCALL=unknown-syscall(-1)';
    for (const gap of ['\x1d', '']) {
      const { calls } = await read(event(1, 'SECCOMP', `${socket}${gap}${added}`));
      assert.equal(
        calls.map((e) => [shown(e).call, e.word]),
        [['x86_64:socket:41', 0x7ffc0000]],
      );
    }
    const { calls } = await read(event(1, 'SECCOMP', `${socket}\x1dAUID="u" arch=40000003 syscall=1 pid=1`));
    assert.is(shown(calls[0] as CallEvent).call, 'x86_64:socket:41');
  });

  test('hex names, with spaces, quotes and bytes that are no UTF-8', async () => {
    const hex = (name: string) => socket.replace('comm="py"', `comm=${name}`);
    const { calls } = await read(
      event(1, 'SECCOMP', hex('6D74207769746820227370')) +
        event(2, 'SECCOMP', hex('61FF62').replace('pid=70', 'pid=72')),
    );
    assert.equal(
      calls.map((e) => e.task.comm),
      ['mt with "sp', 'a\ufffdb'],
    );
  });

  test('an ABI that is not known is not another one', async () => {
    const { calls } = await read(event(1, 'SECCOMP', socket.replace('c000003e', 'deadbeef')));
    assert.is(calls[0]?.call.arch, undefined);
    assert.is(calls[0]?.call.nr, undefined);
    assert.match(calls[0]?.call.name as string, 'deadbeef');
  });

  const hostile = [
    { name: 'a field twice', body: `${socket} syscall=59` },
    { name: 'a field twice, the other way', body: `syscall=59 ${socket}` },
    { name: 'a number that is none', body: socket.replace('syscall=41', 'syscall=4x') },
    { name: 'an interpreted number', body: socket.replace('syscall=41', 'syscall=socket') },
    { name: 'a number beyond 32 bits', body: socket.replace('syscall=41', 'syscall=4294967337') },
    { name: 'no ABI', body: socket.replace('arch=c000003e ', '') },
    { name: 'an ABI that is no hex', body: socket.replace('c000003e', 'x86_64') },
    { name: 'a cut record', body: socket.slice(0, socket.indexOf(' syscall')) },
    { name: 'a code that is none', body: socket.replace('0x7ffc0000', 'log') },
    { name: 'a quote that does not end', body: socket.replace('comm="py"', 'comm="py') },
    { name: 'NULs', body: socket.replace('syscall=41', 'syscall=4\x001') },
  ];
  for (const row of hostile) {
    test(`${row.name}: unread, not guessed`, async () => {
      const { calls, report } = await read(event(1, 'SECCOMP', row.body));
      assert.is(calls.length, 0);
      assert.is(report.unread, 1);
    });
  }

  test('a record inside of a quoted name is a name', async () => {
    const fake = 'x arch=40000003 syscall=11 type=SECCOMP msg=audit(1.1:9): pid=1';
    const { calls } = await read(event(1, 'SECCOMP', socket.replace('comm="py"', `comm="${fake}"`)));
    assert.is(calls.length, 1);
    assert.is(shown(calls[0] as CallEvent).call, 'x86_64:socket:41');
    assert.is(calls[0]?.task.comm, fake);
  });
});

const record = (serial: number, body: string) => `audit: type=1326 audit(17952.500:${serial}): ${body}`;
const PRINTED = [
  '[  939.517890] ',
  '[Sat Nov 21 20:06:35 2026] ',
  '[Nov21 20:06] ',
  '[  +0.000022] ',
  '[  939.517890 <    0.000000>] ',
  '[  939.517890][ T7065] ',
  '2026-11-21T20:06:35,517890+00:00 ',
  '<5>[  939.517890] ',
  'kern  :notice: [  939.517890] ',
  '5,345,831733028,-;',
  '5,345,831733028,-,caller=T77;',
  'Nov 21 20:13:00 vm kernel: ',
  'Nov  1 20:13:00 vm kernel: [  939.517890] ',
  '2026-11-21T20:13:00.123456+00:00 vm kernel: ',
  '\x1b[32m[  939.517890] \x1b[0m',
  '',
];

suite('trace/kernel-log', (test) => {
  for (const prefix of PRINTED) {
    test(`printed as ${JSON.stringify(prefix)}`, async () => {
      const { calls, report } = await read(`${prefix}${record(1, socket)}\n${prefix}${record(2, killed)}\n`);
      assert.is(report.format, 'kernel-log');
      assert.equal(
        calls.map((e) => shown(e).call),
        ['x86_64:socket:41', 'i386:socketcall:102'],
      );
      assert.is(report.unread, 0);
      assert.is(report.hasArguments, false);
    });
  }

  test('what was left out is summed up', async () => {
    const lost = (n: number) => `[  1.5] kauditd_printk_skb: ${n} callbacks suppressed\n`;
    const { report } = await read(
      `${lost(3)}[  1.6] ${record(1, socket)}\n${lost(40)}[ 1.7] audit: audit_lost=1 audit_rate_limit=0\n`,
    );
    assert.is(report.incomplete.length, 2);
    assert.match(report.incomplete[0] as string, '43');
  });

  test('the same record by both roads, in either order, is one call', async () => {
    const direct = (body: string) => `Nov 21 20:13:00 vm audit[70]: SECCOMP ${body}\n`;
    const kernel = (serial: number, body: string) => `Nov 21 20:13:00 vm kernel: ${record(serial, body)}\n`;
    const text = direct(socket) + kernel(1, socket) + kernel(2, killed) + direct(killed) + direct(killed);
    assert.is((await read(text)).calls.length, 3);
  });

  test('a record in somebody else’s message is none', async () => {
    const text = `[ 1.0] ${record(1, socket)}\n[ 1.1] evil: ${record(2, socket)}\nNov 21 20:13:00 vm evil: ${record(3, socket)}\n`;
    const { calls, report } = await read(text);
    assert.is(calls.length, 1);
    assert.is(report.other, 2);
  });
});

const boot = '5e70ef83cf184f86b75be49c301dcd4c';
const fromAudit = (body: string, id = 7) => ({
  _BOOT_ID: boot,
  _TRANSPORT: 'audit',
  _AUDIT_TYPE: '1326',
  _AUDIT_ID: `${id}`,
  _SOURCE_REALTIME_TIMESTAMP: '17952500000',
  MESSAGE: `SECCOMP ${body}`,
});
const fromKernel = (body: string, id = 7) => ({ _BOOT_ID: boot, _TRANSPORT: 'kernel', MESSAGE: record(id, body) });
const entries: readonly Record<string, string>[] = [
  fromAudit(socket),
  fromKernel(socket),
  fromKernel(killed, 8),
  { _BOOT_ID: boot, _TRANSPORT: 'kernel', MESSAGE: 'audit: kauditd hold queue overflow' },
  { _BOOT_ID: boot, _TRANSPORT: 'syslog', MESSAGE: record(9, socket) },
];
const exported = (entry: Record<string, string>) =>
  `${Object.entries(entry)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')}\n`;

suite('trace/journal', (test) => {
  const forms = [
    { name: 'JSON', text: entries.map((e) => `${JSON.stringify(e)}\n`).join('') },
    { name: 'pretty JSON', text: entries.map((e) => `${JSON.stringify(e, null, '\t')}\n`).join('') },
    { name: 'JSON for a sequence', text: entries.map((e) => `\x1e${JSON.stringify(e)}\n`).join('') },
    { name: 'JSON for server-sent events', text: entries.map((e) => `data: ${JSON.stringify(e)}\n\n`).join('') },
    { name: 'the export form', text: entries.map(exported).join('') },
  ];
  for (const form of forms) {
    test(`${form.name}: one event once, and only what journald vouches for`, async () => {
      const { calls, report } = await read(form.text);
      assert.equal(
        calls.map((e) => shown(e).call),
        ['x86_64:socket:41', 'i386:socketcall:102'],
      );
      assert.is(report.incomplete.length, 1);
      assert.is(report.unread, 0, JSON.stringify(report.firstUnread));
    });
  }

  test('a message as bytes; one that comes twice is unread', async () => {
    const bytes = { ...fromAudit(socket), MESSAGE: [...encoder.encode(`SECCOMP ${socket}`)] };
    const twice = { ...fromAudit(socket, 8), MESSAGE: [`SECCOMP ${socket}`, `SECCOMP ${killed}`] };
    const { calls, report } = await read(`${JSON.stringify(bytes)}\n${JSON.stringify(twice)}\n`);
    assert.is(calls.length, 1);
    assert.is(report.unread, 1);
  });

  test('a field of bytes in the export form, with a line break, and with a length that looks like one', async () => {
    const binary = (key: string, value: string) => {
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(value.length));
      return Buffer.concat([Buffer.from(`${key}\n`), length, Buffer.from(`${value}\n`)]);
    };
    const { MESSAGE, ...rest } = fromAudit(socket);
    const first = Buffer.from(exported(rest).trimEnd());
    const fake = `a\n\n_TRANSPORT=kernel\nMESSAGE=${record(9, killed)}\n\n`;
    for (const other of [fake, '0123456789', 'x'.repeat(70_000)]) {
      const parts = [
        first,
        Buffer.from('\n'),
        binary('COREDUMP', other),
        binary('MESSAGE', MESSAGE),
        Buffer.from('\n'),
      ];
      const { calls, report } = await read(Buffer.concat(parts));
      assert.equal(
        calls.map((e) => shown(e).call),
        ['x86_64:socket:41'],
      );
      assert.is(report.unread, 0);
    }
  });
});

const six = '(ffffff9c, 7f55398c80b1, 80000, 0, ffffffffffffffff, 55e1db120635)';
suite('trace/raw-syscalls', (test) => {
  const rows = [
    {
      name: 'perf script',
      format: 'perf-script',
      line: `  my prog  7306 [000]   966.302788: raw_syscalls:sys_enter: NR 257 ${six}`,
    },
    {
      name: 'perf script with pid/tid',
      format: 'perf-script',
      pid: 70,
      line: `mt 70/7306 966.302788: raw_syscalls:sys_enter: NR 257 ${six}`,
    },
    { name: 'ftrace', format: 'ftrace', line: `   mt-a-7306    [000] .....   970.096018: sys_enter: NR 257 ${six}` },
    {
      name: 'ftrace with thread groups',
      format: 'ftrace',
      pid: 70,
      line: ` mt-7306 (     70) [000] d..1. 970.096018: sys_enter: NR 257 ${six}`,
    },
    {
      name: 'trace-cmd report',
      format: 'ftrace',
      line: `   mt-7306  [000]   970.096018: sys_enter:            NR 257 ${six}`,
    },
    { name: 'bpftrace', format: 'bpftrace', pid: 70, line: `70 7306 a b NR 257 ${six}` },
    { name: 'bpftrace behind output', format: 'bpftrace', pid: 70, line: `hello 70 7306 a b NR 257 ${six}` },
  ];
  for (const row of rows) {
    test(`${row.name}: six registers, no ABI, and what is not in it`, async () => {
      const { calls, report } = await read(`${row.line}\n`);
      assert.is(report.format, row.format);
      assert.equal(
        calls.map((e) => [shown(e).call, shown(e).args, e.task.tid, e.task.pid]),
        [['?::257', six.slice(1, -1).replaceAll(',', ''), 7306, row.pid]],
      );
      assert.is(report.hasArch, false);
      assert.is(report.incomplete.length, 1);
      const named = await read(`${row.line}\n`, { arch: arch('x86_64') });
      assert.is(shown(named.calls[0] as CallEvent).call, 'x86_64:openat:257');
    });
  }

  test('ftrace’s events of single calls: names as the calls have them, text of programs is no argument', async () => {
    const line = (call: string) => ` mt-7306  [000] ..... 970.096018: ${call}\n`;
    const text = [
      'sys_newuname(name: 0x7ffe)',
      'sys_newuname -> 0x0',
      'sys_openat(dfd: 0xffffff9c, filename: 0x7f "/tmp/, flags: 0x1", flags: 0x80000, mode: 0)',
    ];
    const { calls, report } = await read(text.map(line).join(''), { arch: arch('x86_64') });
    assert.equal(
      calls.map((e) => [shown(e).call, shown(e).args]),
      [
        ['x86_64:uname:63', '7ffe ? ? ? ? ?'],
        ['x86_64:openat:257', 'ffffff9c 7f ? ? ? ?'],
      ],
    );
    assert.is(report.unread, 0);
  });

  test('lost events, and a trace of which a part is kept', async () => {
    const line = ` mt-7306  [000] ..... 970.096018: sys_enter: NR 257 ${six}\n`;
    for (const lost of ['# entries-in-buffer/entries-written: 10/12   #P:2\n', 'CPU:1 [LOST 5 EVENTS]\n']) {
      const { report } = await read(lost + line);
      assert.is(report.incomplete.length, 2);
      assert.is(report.unread, 0);
    }
  });

  test('perf trace is refused', async () => {
    const text = '     0.074 ( 0.017 ms): mt/7280 brk()          = 0x5646798af000\n';
    const rejected = await read(text).catch((error) => error);
    throwsCode(() => {
      throw rejected;
    }, 'TRACE_UNFIT');
  });
});

suite('trace/jsonl', (test) => {
  const lines = [
    '{"call":"openat","nr":257,"arch":"x86_64","args":["0xffffffffffffff9c",null,"0x80000"],"tid":7,"pid":7,"comm":"ls"}',
    '{"call":"socket","nr":41,"arch":"x86_64","args":[{"known":"0xffffffff","value":"0x2"}],"tid":7,"pid":7,"comm":"ls"}',
    '{"call":"made_up"}',
    '{"nr":5000}',
    '{"call":"ptrace","nr":101,"arch":"x86_64","tid":8,"fate":"killed","word":2147483648}',
    '{"end":true,"tid":8,"signal":"SIGSYS"}',
  ];
  test('what is written is what was read', async () => {
    const { events, report } = await read(`${lines.join('\n')}\n`);
    assert.equal(events.map(traceLine), lines);
    assert.is(report.format, 'jsonl');
    assert.is(events.length, 6);
    assert.is(report.unread, 0);
  });

  test('whole 64-bit words, as text in two bases; a number only while it is exact', async () => {
    const { calls } = await read(
      '{"nr":1,"arch":"amd64","args":["18446744073709551615","0xFFFFFFFFFFFFFFFE",9007199254740991]}',
    );
    assert.is(shown(calls[0] as CallEvent).args, 'ffffffffffffffff fffffffffffffffe 1fffffffffffff ? ? ?');
  });

  const bad = [
    '{"nr":1,"args":[9007199254740993]}',
    '{"nr":1,"args":["18446744073709551616"]}',
    '{"nr":1,"args":["-1"]}',
    '{"nr":1,"args":[1.5]}',
    '{"nr":1,"args":[{"known":"0x1","value":"0x2"}]}',
    '{"nr":1,"args":[0,0,0,0,0,0,0]}',
    '{"nr":-1}',
    '{"nr":1,"arch":"pdp11"}',
    '{"nr":1,"arch":"x86_64","call":"read"}',
    '{"nr":1,"fate":"eaten"}',
    '{"nr":1,"comm":5}',
    '{"tid":5}',
    '{"nr":1',
    '{"nr":1}\0',
  ];
  for (const line of bad) {
    test(`${JSON.stringify(line)} is unread`, async () => {
      const { calls, report } = await read(line, { format: 'jsonl' });
      assert.is(calls.length, 0);
      assert.is(report.unread, 1);
    });
  }
});

suite('trace/mutated-logs', (test) => {
  const seeds = [
    { format: 'audit', text: event(1, 'SECCOMP', socket) + event(2, 'SYSCALL', systemCall(257)) },
    { format: 'kernel-log', text: `[ 1.5] ${record(1, socket)}\n5,345,8,-;${record(2, killed)}\n` },
    { format: 'journal-json', text: entries.map((e) => `${JSON.stringify(e)}\n`).join('') },
    { format: 'journal-export', text: `${entries.map(exported).join('')}MESSAGE\n\x05\0\0\0\0\0\0\0a\nbcd\n\n` },
    { format: 'perf-script', text: `  mt  7306 [000]   966.302788: raw_syscalls:sys_enter: NR 257 ${six}\n` },
    {
      format: 'ftrace',
      text: ` mt-7306 ( 70) [000] d..1. 970.096018: sys_enter: NR 257 ${six}\n mt-7306 [000] ..... 9.6: sys_openat(dfd: 0x9c, f: 1)\n`,
    },
    { format: 'bpftrace', text: `70 7306 a b NR 257 ${six}\n` },
    {
      format: 'jsonl',
      text: '{"call":"openat","nr":257,"arch":"x86_64","args":["0x9c",null,{"known":"0x1","value":"0x1"}],"tid":7}\n',
    },
  ] as const;
  test('long lines that are nearly of a format are given up, not searched for ever', async () => {
    const parts = [' ', 'a ', '1 ', '1-', 'a-1 ', '[1] ', 'a="', 'a=', '{', '"', ', ', '1.5: '];
    for (const { format, text } of seeds) {
      for (const part of parts) {
        const [long, short] = [part.repeat(1 << 17), part.repeat(300).slice(0, 1000)];
        const { report } = await read(`${long}x\n${short}x\n${text}`, { format });
        assert.ok(report.lines >= 3);
      }
    }
  });

  test('20,000 damaged logs: every line is a call, something else, or unread; nothing throws', async () => {
    let state = 0x2545f491;
    const random = (below: number) => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) % below;
    };
    const special = [0, 10, 13, 27, 29, 32, 34, 40, 44, 58, 61, 92, 123, 255];
    for (let round = 0; round < 20_000; round += 1) {
      const seed = seeds[round % seeds.length] as (typeof seeds)[number];
      const bytes = [...encoder.encode(seed.text)];
      for (let times = 1 + random(4); times > 0; times -= 1) {
        const at = random(bytes.length);
        const kind = random(5);
        if (kind === 0) bytes[at] = random(256);
        else if (kind === 1) bytes[at] = special[random(special.length)] as number;
        else if (kind === 2) bytes.splice(at, 1 + random(20));
        else if (kind === 3) bytes.splice(at, 0, ...bytes.slice(random(bytes.length)).slice(0, random(60)));
        else bytes.splice(at, 0, special[random(special.length)] as number);
        if (bytes.length === 0) bytes.push(10);
      }
      const { calls, report } = await read(Uint8Array.from(bytes), { format: seed.format });
      assert.is(report.calls, calls.length);
      for (const { call, word } of calls) {
        assert.ok(call.nr === undefined || (Number.isInteger(call.nr) && call.nr >= 0 && call.nr < 2 ** 32));
        assert.ok(word === undefined || (word >= 0 && word < 2 ** 32));
        for (const arg of call.args)
          assert.ok(arg === undefined || ((arg.value & ~arg.known) === 0n && arg.known < 1n << 64n));
      }
      if (/^(?:audit|perf-script|ftrace|bpftrace|jsonl)$/.test(seed.format)) {
        assert.is(report.calls + report.other + report.unread, report.lines, `round ${round}`);
      }
    }
  });
});
