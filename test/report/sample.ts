/** A replay as a service makes it: several processes, denied, doubtful and logged calls, a trace with flaws. */
import { arch } from '../../src/arch/index.ts';
import { u32 } from '../../src/num/index.ts';
import { parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { type ReportFormat, render } from '../../src/report/index.ts';
import { type Finding, type Replay, readTrace, replay } from '../../src/trace/index.ts';

const PROFILE = `{
  // What the example's service may do.
  "defaultAction": "SCMP_ACT_ERRNO",
  "architectures": ["SCMP_ARCH_X86_64"],
  "syscalls": [
    { "names": ["read", "write", "openat", "close", "futex", "epoll_wait", "accept4", "execve"], "action": "SCMP_ACT_ALLOW" },
    { "names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{ "index": 0, "value": 1, "op": "SCMP_CMP_EQ" }] },
    { "names": ["socket"], "action": "SCMP_ACT_ALLOW",
      "args": [{ "index": 0, "value": 2, "op": "SCMP_CMP_EQ" }, { "index": 1, "value": 15, "valueTwo": 1, "op": "SCMP_CMP_MASKED_EQ" }] },
    { "names": ["clone"], "action": "SCMP_ACT_ALLOW",
      "args": [{ "index": 0, "value": 2114060288, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ" }] },
    { "names": ["ptrace", "process_vm_readv", "bpf"], "action": "SCMP_ACT_ALLOW" },
    { "names": ["mount", "umount2", "pivot_root"], "action": "SCMP_ACT_KILL_PROCESS" },
    { "names": ["personality", "prctl"], "action": "SCMP_ACT_LOG" },
    { "names": ["clock_settime", "settimeofday"], "action": "SCMP_ACT_TRAP" }
  ]
}
`;

function trace(): string {
  const lines = ['100 [  59] execve(0x7ffcdda25cb0, 0x7ffcdda27170, 0x7ffcdda27190) = 0'];
  for (let i = 0; i < 3000; i++) {
    const pid = 100 + (i % 4);
    lines.push(`${pid} [   0] read(0x3, 0x7ff77e585000, 0x1000) = 0x10`);
    if (i % 7 === 0) lines.push(`${pid} [  41] socket(0x1, 0x80801, 0) = 0x4`);
    if (i > 500 && i % 13 === 0) lines.push(`101 [  41] socket(0x26, 0x5, 0) = 0x5`);
    if (i > 900 && i < 1900 && i % 5 === 0) lines.push(`102 [  16] ioctl(0x1, 0x5401, 0x7ffe40a674d0) = 0`);
    if (i % 211 === 0) lines.push(`103 [ 157] prctl(0xf, 0x7ff77e5b80b1) = 0`);
    if (i > 1500 && i % 97 === 0) lines.push(`101 [  41] socket(0x2, 0x3, 0x1) = 0x6`);
    if (i % 301 === 7) lines.push(`100 [  56] clone(0x${(i % 2 ? 0x1200011 : 0x10000011).toString(16)}, 0) = 0x70`);
    if (i === 2200) lines.push('103 [ 165] mount(0x7ff77e5b80b1, 0x7ff77e5b80c1, 0x7ff77e5b80d1, 0x1000, 0) = 0');
    if (i === 2600) lines.push('102 [ 227] clock_settime(0, 0x7ffe40a674d0) = 0');
  }
  return `${lines.join('\n')}\nthe service writes a line of its own between\n`;
}

/** Exact calls from a raw trace, doubtful ones from a symbolic one. */
export async function sampleReport(format: ReportFormat): Promise<string> {
  const policy = resolvePolicy(parseProfile(PROFILE, { file: 'service.jsonc' }));
  const bytes = (text: string) => new TextEncoder().encode(text);
  const replayed = await replay(policy, [
    readTrace(bytes(trace()), { file: 'service.strace' }),
    readTrace(bytes('openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = 3\nsocket(AF_INET, SOCK_STREAM, 0) = 4\n'), {
      file: 'probe.strace',
    }),
  ]);
  return render(format, replayed, { policy, profile: { name: 'service.jsonc', text: PROFILE }, version: '0.1.0' });
}

/** As many distinct denied calls, by some hundred processes. */
export function manyReport(count: number): string {
  const policy = resolvePolicy(parseProfile(PROFILE, { file: 'service.jsonc' }));
  const whole = 0xffff_ffff_ffff_ffffn;
  const word = u32(0x0005_0001);
  const denied = Array.from({ length: count }, (_, id): Finding => {
    const args = [BigInt(id), 0x5401n].map((value) => ({ known: whole, value }));
    const call = {
      id,
      arch: arch('x86_64'),
      nr: 16,
      name: 'ioctl',
      args: [...args, undefined, undefined, undefined, undefined],
    };
    const place = { file: 'service.strace', line: id + 1 };
    return {
      verdict: { call, confidence: 'exact', word, possible: [word], rules: [] },
      counts: { reached: 1, hypothetical: id, unreachable: 0 },
      first: place,
      last: place,
      tasks: [{ tid: 100 + (id % 300), pid: 100 + (id % 300), comm: 'worker' }],
      timeline: { width: 128, counts: Array.from({ length: 1 + (id >> 7) }, (_none, i) => (i === id >> 7 ? 1 : 0)) },
    };
  });
  const totals = { events: count, distinct: count, denied: count, hypothetical: count - 1, allowed: 0, logged: 0 };
  const none = { ambiguous: 0, undecided: 0, unreachable: 0, unfiltered: 0 };
  const replayed: Replay = {
    denied,
    ambiguous: [],
    logged: [],
    undecided: [],
    totals: { ...totals, ...none },
    sources: [],
    notes: [],
  };
  return render('html', replayed, { policy, profile: { name: 'service.jsonc', text: PROFILE }, version: '0.1.0' });
}
