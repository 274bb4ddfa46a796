/** A replay that has a hostile text in every place where a trace or a profile can put it. */
import { arch } from '../../src/arch/index.ts';
import { u32 } from '../../src/num/index.ts';
import { type Policy, parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import type { Finding, ReadReport, Replay, TracedCall } from '../../src/trace/index.ts';

/** A rule that denies socket by its first argument, under a name and with a comment from outside. */
export function hostilePolicy(text: string): Policy {
  const profile = `{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{ "comment": ${JSON.stringify(text)}, "names": ["socket"],
    "action": "SCMP_ACT_ERRNO", "args": [{ "index": 0, "value": 38, "op": "SCMP_CMP_EQ" }] }] }`;
  return resolvePolicy(parseProfile(profile, { file: text }), { arches: ['x86_64'] });
}

export function hostileReplay(text: string): Replay {
  const all = 0xffff_ffff_ffff_ffffn;
  const call = (id: number, name: string, value?: bigint): TracedCall => ({
    id,
    arch: arch('x86_64'),
    nr: 41,
    name,
    args: [value === undefined ? undefined : { known: all, value }, { known: 0xffff_ffffn, value: 5n }],
  });
  const place = { file: text, line: 7 };
  const finding = (made: TracedCall, possible: readonly number[], confidence: 'exact' | 'ambiguous'): Finding => ({
    verdict: {
      call: made,
      confidence,
      word: u32(possible[0] ?? 0),
      possible: possible.map(u32),
      rules: [0],
      path: [{ pc: 3, text, taken: 'jf' }],
    },
    counts: { reached: 5, hypothetical: 2, unreachable: 1 },
    first: place,
    last: { file: text, line: 99 },
    tasks: [{ tid: 12, pid: 11, comm: text }],
    timeline: { width: 2, counts: [0, 5, 3] },
    allowing: {
      names: [text],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value: all, valueTwo: 0n, op: 'SCMP_CMP_EQ' }],
    },
  });
  const source: ReadReport = {
    file: text,
    format: 'strace',
    detected: text,
    lines: 100,
    calls: 90,
    other: 1,
    unread: 9,
    firstUnread: [{ line: 3, text }],
    hasArguments: true,
    hasArch: true,
    incomplete: [text],
    diagnostics: [{ code: 'USAGE', severity: 'warning', message: text, file: text, help: text }],
  };
  return {
    denied: [
      finding(call(0, text, 38n), [0x0005_0001], 'exact'),
      finding(call(1, 'socket', 38n), [0x0005_0001], 'exact'),
    ],
    ambiguous: [finding(call(2, text), [0x0005_0001, 0x7fff_0000], 'ambiguous')],
    logged: [finding(call(3, text, 1n), [0x7ffc_0000], 'exact')],
    undecided: [
      { call: { id: 4, arch: undefined, nr: undefined, name: text, args: [] }, count: 3, first: place, why: text },
    ],
    totals: {
      events: 90,
      distinct: 5,
      allowed: 55,
      logged: 8,
      denied: 16,
      ambiguous: 8,
      undecided: 3,
      unreachable: 4,
      hypothetical: 8,
      unfiltered: 0,
    },
    sources: [source],
    coverage: {
      rules: [
        {
          ruleIndex: 0,
          names: ['socket', text],
          hits: 8,
          possibleHits: 8,
          unused: [text],
          unseen: [{ argIndex: 0, value: all }],
        },
        { ruleIndex: 1, names: [text], hits: 0, possibleHits: 0, unused: [text], unseen: [] },
      ],
      unusedCalls: [{ name: text, arches: ['x86_64'], danger: 3, why: text }],
    },
    lacking: {
      kernel: text,
      calls: [{ call: call(5, text), count: 2, first: place, why: text, since: text }],
    },
    notes: [{ code: 'USAGE', severity: 'note', message: text }],
  };
}
