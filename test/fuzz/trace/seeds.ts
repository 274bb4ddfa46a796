/**
 * Good lines of every format, written by hand, in the order in which a recorder writes them. `recorded` adds the first
 * lines of real logs where they are at hand.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { TraceFormat } from '../../../src/trace/index.ts';

export interface Lines {
  readonly name: string;
  readonly format: TraceFormat;
  readonly lines: readonly Buffer[];
}

const raw = `812 [  59] execve(0x7ffcdda25cb0, 0x7ffcdda27170, 0x7ffcdda27190) = 0
812 [  12] brk(0) = 0x5654fa831000
812 [ 257] openat(0xffffff9c, 0x7ff77e5b80b1, 0x80000, 0) = 0x3
812 [  41] socket(0x26, 0x5, 0) = 0x4
812 [  56] clone(0x1200011, 0, 0, 0x7ff77e585a10, 0) = 0x32d
813 [   0] read(0x3, 0x7ffe40a674d0 <unfinished ...>
812 [ 202] futex(0x7ff77e585a10, 0x109, 0x32d, 0, 0, 0xffffffff <unfinished ...>
813 [   0] <... read resumed>, 0x340)  = 0x1
813 [ ????] syscall_0xffffffffffffffff(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = -1 (errno 38)
813 [1073741825] write(0x1, 0x7ffe40a674d0, 0x5) = 0x5
[ Process PID=813 runs in 32 bit mode. ]
813 [ 102] socket(0x1, 0x1, 0) = 0x3
813 [  41] socket(0x2, 0x1, 0) = 0x29
813 --- SIGSYS {si_signo=SIGSYS, si_code=SYS_SECCOMP, si_call_addr=0x7f, si_syscall=__NR_socket, si_arch=AUDIT_ARCH_X86_64} ---
813 +++ killed by SIGSYS (core dumped) +++
812 [ 202] <... futex resumed>)     = 0
812 [ 435] clone3(0x7ffe40a67000, 0x58) = 0x330
812 [ 219] restart_syscall(0) = ? ERESTART_RESTARTBLOCK (Interrupted by signal)
812 [ 231] exit_group(0)              = ?
812 +++ exited with 0 +++`;

const symbolic = `812<sh> 20:02:51.829373 (+     0.000264) execve("/bin/ls", ["ls", "-l"], 0x7fff5d8 /* 9 vars */) = 0 <0.000517>
812<sh> 20:02:51.829800 openat(AT_FDCWD</root>, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 3</etc/ld.so.cache> <0.000012>
812<sh> 20:02:51.829900 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f3f00fdd000
812<sh> 20:02:51.830000 write(1, ") = 3 <unfinished ...>\\n\\x1b[2J", 22) = 22
812<sh> 20:02:51.830100 socket(AF_INET6, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3<TCP:[31337]>
812<sh> 20:02:51.830200 clone3({flags=CLONE_VM|CLONE_THREAD, child_tid=0x7f, exit_signal=0, stack=0x7f, stack_size=0x7fff00}, 88 <unfinished ...>
[pid   812] <... clone3 resumed> => {parent_tid=[814]}, 88) = 814
[pid   814] ioctl(0, TCGETS, {B38400 opost isig icanon echo ...}) = 0
[pid   814] prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, {len=2, filter=0x7f}) = 0
[pid   814] getpid(strace: Process 815 attached
 <unfinished ...>
[pid   814] <... getpid resumed>)   = 812
strace: Process 816 detached
 > /usr/lib/x86_64-linux-gnu/libc.so.6(__libc_start_main+0x29) [0x2724a]
815 1795291371.880763 [00007fd783e8ead7] read(3, "\\177ELF\\2\\1\\1"..., 832) = 832
\x1b[33m816 close(3) = 0\x1b[0m
816 fcntl(1</dev/pts/0<char 136:0>>, F_SETFL, O_RDWR|0x8000) = 0
hello[pid   816] umount2("/mnt", MNT_DETACH) = -1 EPERM (Operation not permitted)
--- stopped by SIGTSTP ---
% time     seconds  usecs/call     calls    errors syscall
816 exit_group(0) = ?
[pid 816] +++ superseded by execve in pid 812 +++`;

const seccomp = (nr: number, more = '') =>
  `auid=1000 uid=1000 gid=1000 ses=3 pid=70 comm="py" exe="/usr/bin/py" sig=0 arch=c000003e syscall=${nr} compat=0 ip=0x7f code=0x7ffc0000${more}`;
const called =
  'arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a1=7ffe2 a2=80000 a3=0 items=1 ppid=1 pid=70 uid=0 comm=6C7320612062 exe="/bin/ls" key=(null)';
const narrow = called.replace('c000003e', '40000003').replace('257', '102');
const audit = `type=SECCOMP msg=audit(1795291371.880:101): ${seccomp(41)}
type=SECCOMP msg=audit(1795291371.880:102): ${seccomp(59, '\x1dAUID="user" UID="user" ARCH=x86_64 SYSCALL=execve')}
type=SYSCALL msg=audit(1795291371.881:103): ${called}
type=CWD msg=audit(1795291371.881:103): cwd="/root"
type=SECCOMP msg=audit(1795291371.881:103): ${seccomp(257)}
node=vm type=SYSCALL msg=audit(1795291371.882:104): ${narrow}
type=SOCKETCALL msg=audit(1795291371.882:104): nargs=3 a0=2 a1=1 a2=0
----
type=UNKNOWN[1420] msg=audit(1795291371.883:105): subj=unconfined
type=SECCOMP msg=audit(1795291371.884:106): ${seccomp(101).replace('7ffc0000', '80000000').replace('sig=0', 'sig=31')}
type=PROCTITLE msg=audit(1795291371.881:103): proctitle=6C73002D6C`;

const kernelRecord = (serial: number, nr = 41) => `audit: type=1326 audit(1795291371.880:${serial}): ${seccomp(nr)}`;
const kernelLog = `[  939.517890] ${kernelRecord(1)}
[Sat Nov 21 20:06:35 2026] ${kernelRecord(2, 59)}
<5>[  939.517890][ T7065] ${kernelRecord(3)}
kern  :notice: [  939.517890] ${kernelRecord(4)}
5,345,831733028,-,caller=T77;${kernelRecord(5)}
 SUBSYSTEM=audit
Nov 21 20:13:00 vm kernel: [  939.517890] ${kernelRecord(6)}
2026-11-21T20:13:00.123456+00:00 vm audit[70]: SECCOMP ${seccomp(41)}
\x1b[32m[  939.517890] \x1b[0m${kernelRecord(7)}
[  940.000000] kauditd_printk_skb: 40 callbacks suppressed
[  940.000001] audit: audit_lost=12 audit_rate_limit=0 audit_backlog_limit=64
         "msg": "${kernelRecord(8).replaceAll('"', '\\"')}",
         "pri": "notice",
[  941.000000] usb 1-1: new high-speed USB device
Nov 21 20:13:00 vm sshd[1]: Accepted publickey for root`;

const boot = { _BOOT_ID: '5e70ef83cf184f86b75be49c301dcd4c' };
const entries = [
  { __CURSOR: 's=1', ...boot, _TRANSPORT: 'kernel', MESSAGE: kernelRecord(11) },
  {
    ...boot,
    _TRANSPORT: 'audit',
    _AUDIT_TYPE: '1326',
    _AUDIT_ID: '11',
    _SOURCE_REALTIME_TIMESTAMP: '1795291371880000',
    MESSAGE: `SECCOMP ${seccomp(41)}`,
  },
  { ...boot, _TRANSPORT: 'kernel', MESSAGE: [...Buffer.from(kernelRecord(12, 59))] },
  { ...boot, _TRANSPORT: 'syslog', MESSAGE: 'hello \u2028 \u202e there', SYSLOG_IDENTIFIER: 'x' },
  { ...boot, _TRANSPORT: 'driver', MESSAGE: 'Missed 7 kernel messages' },
  { ...boot, _TRANSPORT: 'kernel', MESSAGE: 'audit: kauditd hold queue overflow' },
];
const journalJson = [
  ...entries.map((e) => JSON.stringify(e)),
  ...entries.slice(0, 2).map((e) => JSON.stringify(e, null, '\t')),
  ...entries.slice(0, 2).map((e) => `\x1e${JSON.stringify(e)}`),
  ...entries.slice(0, 2).map((e) => `data: ${JSON.stringify(e)}\n`),
].join('\n');

function exported(): Buffer {
  const parts: Buffer[] = [];
  for (const entry of entries) {
    for (const [key, value] of Object.entries(entry)) {
      const bytes = Array.isArray(value) ? Buffer.from(value) : Buffer.from(String(value));
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(bytes.length));
      if (Array.isArray(value)) parts.push(Buffer.from(`${key}\n`), length, bytes, Buffer.from('\n'));
      else parts.push(Buffer.from(`${key}=`), bytes, Buffer.from('\n'));
    }
    parts.push(Buffer.from('\n'));
  }
  return Buffer.concat(parts);
}

const six = '(ffffff9c, 7f55398c80b1, 80000, 0, ffffffffffffffff, 55e1db120635)';
const perf = `# cmdline : perf record -e raw_syscalls:sys_enter
  my prog  7306 [000]   966.302788: raw_syscalls:sys_enter: NR 257 ${six}
mt 70/7306 966.302789: raw_syscalls:sys_enter: NR -1 ${six}
ls  7307 [001]   966.302790: raw_syscalls:sys_enter: NR 1073741825 ${six}
ls  7307 [001]   966.302791: raw_syscalls:sys_exit: NR 257 = 3
            7f1e0a syscall+0x19 (/usr/lib/libc.so.6)
PERF_RECORD_LOST lost 5`;
const ftrace = `# tracer: nop
# entries-in-buffer/entries-written: 10/12   #P:2
   mt-a-7306    [000] .....   970.096018: sys_enter: NR 257 ${six}
 mt-7306 (     70) [000] d..1. 970.096018: sys_enter: NR 41 ${six}
 mt-7306 (-------) [000] d..1. 970.096019: sys_openat(dfd: 0xffffff9c, filename: 0x7f "/tmp/, flags: 0x1", flags: 0x80000)
 mt-7306  [000] ..... 970.096020: sys_newuname -> 0x0
 mt-7306  [000] ..... 970.096020: sys_newuname(name: 0x7ffe)
CPU:1 [LOST 5 EVENTS]`;
const bpftrace = `Attaching 1 probe...
70 7306 a b NR 257 ${six}
hello 70 7306 a b NR 41 ${six}
70 7306  NR 4294967295 ${six}
Lost 64 events`;
const jsonl = `{"call":"openat","nr":257,"arch":"x86_64","args":["0xffffff9c",null,"0x80000"],"tid":7,"pid":7,"comm":"ls"}
{"nr":41,"arch":"x86_64","args":[{"known":"0xffffffff","value":"0x26"},5,"18446744073709551615"],"tid":8,"fate":"killed","word":2147483648}
{"call":"frobnicate","tid":8}
{"call":"socketcall","arch":"i386","args":["0x1"],"tid":9,"exe":"/bin/\\u001b[2J"}
{"end":true,"tid":8,"signal":"SIGSYS"}
{"end":true,"tid":7}`;

const lines = (name: string, format: TraceFormat, text: string | Buffer): Lines => ({
  name,
  format,
  lines: splitLines(typeof text === 'string' ? Buffer.from(text) : text),
});

function splitLines(bytes: Buffer): readonly Buffer[] {
  const parts: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const found = bytes.indexOf(10, from);
    const end = found < 0 ? bytes.length : found;
    parts.push(bytes.subarray(from, end));
    from = end + 1;
  }
  return parts;
}

export const BY_HAND: readonly Lines[] = [
  lines('strace, raw', 'strace', raw),
  lines('strace, symbolic', 'strace', symbolic),
  lines('audit', 'audit', audit),
  lines('kernel log', 'kernel-log', kernelLog),
  lines('journal, JSON', 'journal-json', journalJson),
  lines('journal, export', 'journal-export', exported()),
  lines('perf script', 'perf-script', perf),
  lines('ftrace', 'ftrace', ftrace),
  lines('bpftrace', 'bpftrace', bpftrace),
  lines('JSON lines', 'jsonl', jsonl),
];

const RECORDED = '../shared/data/traces';
const FORMATS: readonly (readonly [RegExp, TraceFormat])[] = [
  [/^strace\/.*\.strace(?:\.gz)?$/, 'strace'],
  [/^audit\/(?:audit_raw|ausearch_raw)\.log$/, 'audit'],
  [/^audit\/(?:dmesg|kmsg|journal_short)/, 'kernel-log'],
  [/^audit\/journal_export/, 'journal-export'],
  [/^other\/perf_script_raw/, 'perf-script'],
  [/^other\/ftrace/, 'ftrace'],
  [/^other\/bpftrace_raw/, 'bpftrace'],
];
/** Of each recorded log so many lines. */
const TAKEN = 300;

/** Real logs, where they are; none elsewhere. */
export function recorded(): readonly Lines[] {
  if (!existsSync(RECORDED)) return [];
  const names = readdirSync(RECORDED, { recursive: true }).map(String).sort();
  return names.flatMap((name) => {
    const format = FORMATS.find(([pattern]) => pattern.test(name))?.[1];
    if (format === undefined) return [];
    const stored = readFileSync(`${RECORDED}/${name}`);
    const bytes = name.endsWith('.gz') ? gunzipSync(stored) : stored;
    return [{ name, format, lines: splitLines(bytes).slice(0, TAKEN) }];
  });
}
