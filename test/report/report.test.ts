/** What reports say, and that what a trace or a profile says stays data in each of them. */
import * as assert from 'uvu/assert';
import { parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { REPORT_FORMATS, render } from '../../src/report/index.ts';
import { type Replay, readTrace, replay } from '../../src/trace/index.ts';
import { suite } from '../suite.ts';
import { HOSTILE, MARK, OBEYED, RAW } from '../support/hostile.ts';
import { hostilePolicy, hostileReplay } from './hostile.ts';
import { type Element, elements, junitFaults, parseXml } from './junit-rules.ts';
import { type SarifResult, sarifFaults } from './sarif-rules.ts';

const PROFILE = `{
  "defaultAction": "SCMP_ACT_ERRNO",
  "architectures": ["SCMP_ARCH_X86_64"],
  "syscalls": [
    { "names": ["read", "openat", "ptrace"], "action": "SCMP_ACT_ALLOW" },
    { "names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{ "index": 0, "value": 1, "op": "SCMP_CMP_EQ" }] },
    { "names": ["mount"], "action": "SCMP_ACT_KILL_PROCESS" },
    { "names": ["getpid"], "action": "SCMP_ACT_LOG" }
  ]
}`;
const TRACE = `7 [ 257] openat(0xffffff9c, 0x7ff77e5b80b1, 0x80000, 0x0) = 0x3
7 [  41] socket(0x1, 0x1, 0x0) = 3
7 [  39] getpid() = 7
7 [  41] socket(0x26, 0x5, 0x0) = 4
7 [  41] socket(0x26, 0x5, 0x0) = 4
7 [ 165] mount(0x1000, 0x2000, 0x0, 0x0, 0x0) = 0
7 [   0] read(0x3, 0x7ffe00000000, 0x10) = 0
what is this
`;

const policy = resolvePolicy(parseProfile(PROFILE, { file: 'filter.json' }));
const context = { policy, profile: { name: 'filter.json', text: PROFILE }, version: '0.1.0' };
const replayed = (): Promise<Replay> =>
  replay(policy, readTrace(new TextEncoder().encode(TRACE), { file: 'a.strace' }));

suite('report/text', (test) => {
  test('a denial has its call, its count, its places, its rule and the rule that would allow it', async () => {
    const text = render('text', await replayed(), context);
    for (const part of [
      '7 calls (6 distinct) of 1 trace against filter.json',
      'a.strace:4 error REPLAY_DENIED x86_64 socket(0x26, 0x5, 0x0, …) gets ERRNO(1 EPERM), 2 times (1 hypothetical)',
      'as none of its rules holds: arg0 == 0x1 (rule 1)',
      'a.strace:6 error REPLAY_DENIED x86_64 mount(0x1000, 0x2000, 0x0, 0x0, 0x0, …) gets KILL_PROCESS, once (1 hypothetical)',
      'filter.json:7:17 related rule 2 decides',
      'to allow it: { "names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{ "index": 0, "value": 38, "op": "SCMP_CMP_EQ" }',
      'last at a.strace:5',
      'unreachable  1',
      'REPLAY_LOGGED x86_64 getpid(…) gets LOG, once',
      'never made, dangerous ptrace (x86_64)',
      '1 not understood',
      'not understood line 8: what is this',
    ])
      assert.ok(text.includes(part), `${part}\nis not in\n${text}`);
  });

  test('nothing from outside reaches a terminal as control, with and without colour', () => {
    for (const hostile of HOSTILE) {
      const replay = hostileReplay(hostile);
      for (const colour of [false, true]) {
        const text = render('text', replay, { policy: hostilePolicy(hostile), version: '0.1.0', colour });
        // Our own colours aside, and our own line breaks.
        const bare = text.replace(/\u001b\[\d*m/g, '').replaceAll('\n', '');
        assert.not.match(bare, RAW, hostile);
        assert.not.match(text, OBEYED);
        assert.ok(text.includes(MARK));
      }
    }
  });
});

/** Every string in a JSON value, keys too. */
function strings(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...strings(inner)]);
}

suite('report/json', (test) => {
  test('says the same as data, 64-bit values as text', async () => {
    const data = JSON.parse(render('json', await replayed(), context));
    assert.is(data.totals.denied, 3);
    const [mount, socket] = data.denied;
    assert.is(mount.action, 'KILL_PROCESS');
    assert.equal(mount.rules, [{ index: 2, span: mount.rules[0].span, line: 7, column: 17 }]);
    assert.is(PROFILE.slice(mount.rules[0].span.start, mount.rules[0].span.end), '"mount"');
    assert.equal(socket.counts, { reached: 1, hypothetical: 1, unreachable: 0 });
    assert.equal(socket.call.args[0], { known: '0xffffffffffffffff', value: '0x26' });
    assert.is(socket.allowing.args[0].value, '0x26');
  });

  test('hostile text comes back as it was', () => {
    for (const hostile of HOSTILE) {
      const text = render('json', hostileReplay(hostile), { policy: hostilePolicy(hostile), version: '0.1.0' });
      assert.not.match(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2028]/);
      assert.ok(strings(JSON.parse(text)).filter((s) => s === hostile).length >= 10, hostile);
    }
  });
});

suite('report/sarif', (test) => {
  test('has a place for each finding, and notes what was not understood', async () => {
    const [run] = JSON.parse(render('sarif', await replayed(), context)).runs;
    const [mount, socket, getpid] = run.results;
    assert.equal(run.results.length, 3);
    assert.equal(mount.locations[0].physicalLocation, {
      artifactLocation: { uri: 'a.strace' },
      region: { startLine: 6 },
    });
    assert.equal(mount.relatedLocations[0].physicalLocation.region, { startLine: 7, startColumn: 17 });
    assert.is(run.tool.driver.rules[socket.ruleIndex].id, 'REPLAY_DENIED');
    assert.equal([socket.level, socket.occurrenceCount, getpid.level], ['error', 2, 'note']);
    assert.is(run.invocations[0].toolExecutionNotifications[0].message.text, '1 line not understood');
  });

  test('holds what GitHub’s code scanning and the standard demand, whatever the text', () => {
    for (const hostile of [...HOSTILE, 'plain']) {
      const log = JSON.parse(
        render('sarif', hostileReplay(hostile), { policy: hostilePolicy(hostile), version: '0.1.0' }),
      );
      assert.equal(sarifFaults(log), [], hostile);
    }
    assert.ok(sarifFaults({ version: '2.1.0', runs: [{ tool: {}, results: [{ message: {} }] }] }).length > 4);
  });

  test('a finding keeps its fingerprint when the recording changes, and shares it with no other', async () => {
    const prints = async (trace: string) => {
      const made = await replay(policy, readTrace(new TextEncoder().encode(trace), { file: 'b.strace' }));
      const [run] = JSON.parse(render('sarif', made, context)).runs;
      return run.results.map((r: SarifResult) => r.partialFingerprints?.primaryLocationLineHash).sort();
    };
    const one = await prints(TRACE);
    assert.is(new Set(one).size, 3);
    assert.equal(
      await prints(`7 [   3] close(0x3) = 0\n${TRACE}`.replace('close', 'read').replace('  3]', '  0]')),
      one,
    );
  });

  test('more findings than GitHub takes are left out, and that is said', () => {
    const few = hostileReplay('x');
    const [made] = few.denied;
    const denied = Array.from({ length: 25_100 }, (_, nr) => ({
      ...made!,
      verdict: { ...made!.verdict, call: { ...made!.verdict.call, nr } },
    }));
    const [run] = JSON.parse(render('sarif', { ...few, denied }, { version: '0.1.0' })).runs;
    assert.is(run.results.length, 25_000);
    assert.match(JSON.stringify(run.invocations), /104 more findings left out/);
  });

  test('hostile text makes no link, no placeholder and no scheme', () => {
    for (const hostile of HOSTILE) {
      const text = render('sarif', hostileReplay(hostile), { policy: hostilePolicy(hostile), version: '0.1.0' });
      const all = strings(JSON.parse(text));
      assert.ok(all.some((s) => s.includes(MARK)));
      for (const { message, locations } of JSON.parse(text).runs[0].results) {
        assert.not.match(
          message.text.replace(/\\./g, '').replaceAll('{{', '').replaceAll('}}', ''),
          /[[\]{}]/,
          hostile,
        );
        const { uri } = locations[0].physicalLocation.artifactLocation;
        assert.is(new URL(uri, 'file:///base/').protocol, 'file:', uri);
        assert.is(new URL(uri, 'file:///base/').hash + new URL(uri, 'file:///base/').search, '');
      }
    }
  });
});

const junitOf = (text: string) =>
  render('junit', hostileReplay(text), { policy: hostilePolicy(text), version: '0.1.0' });

suite('report/junit', (test) => {
  test('denials fail, and the rest does not', async () => {
    const root = parseXml(render('junit', await replayed(), context));
    const { tests, failures, errors } = root.attributes;
    assert.equal([tests, failures, errors], ['5', '2', '0']);
    const [suite] = elements(root) as [Element];
    assert.is(elements(suite).length, 5);
    const failed = elements(suite).filter((c) => elements(c)[0]?.name === 'failure');
    assert.equal(
      failed.map((c) => c.attributes.name),
      ['x86_64 mount(0x1000, 0x2000, 0x0, 0x0, 0x0, …)', 'x86_64 socket(0x26, 0x5, 0x0, …)'],
    );
  });

  test('hostile text stays text: the same elements whatever it says', () => {
    const shape = (e: Element): unknown => [e.name, Object.keys(e.attributes), elements(e).map(shape)];
    const xml = (text: string) => parseXml(junitOf(text));
    const plain = shape(xml(MARK));
    for (const hostile of HOSTILE) assert.equal(shape(xml(hostile)), plain, hostile);
  });

  test('is what the schemas of Jenkins and Surefire have, and what GitLab reads', async () => {
    for (const text of [render('junit', await replayed(), context), ...HOSTILE.map((hostile) => junitOf(hostile))])
      assert.equal(junitFaults(parseXml(text)), []);
    assert.ok(junitFaults({ name: 'testsuites', attributes: { skipped: '1' }, inner: [] }).length > 0);
  });

  test('two calls of one name are two tests', () => {
    const few = hostileReplay('x');
    const [undecided] = few.undecided;
    const root = parseXml(render('junit', { ...few, undecided: [undecided!, undecided!, undecided!] }, context));
    const names = elements(elements(root)[0]!).map(({ attributes }) => `${attributes.classname} ${attributes.name}`);
    assert.is(new Set(names).size, names.length);
  });
});

/** As the runner reads a line: the command, its properties, its data, each decoded. */
function parseCommand(line: string): { level: string; properties: Map<string, string>; data: string } {
  const [, level, properties, data] = /^::(\w+) ([^:]*)::(.*)$/.exec(line) ?? assert.unreachable(line) ?? [];
  const decoded = (text = '') =>
    text.replace(/%(25|0D|0A|3A|2C)/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  const pairs = (properties ?? '')
    .split(',')
    .map((p) => p.split(/=(.*)/s).slice(0, 2).map(decoded) as [string, string]);
  return { level: level ?? '', properties: new Map(pairs), data: decoded(data) };
}

suite('report/github', (test) => {
  test('a denial stands at its rule, or in the trace where none decides', async () => {
    const [mount, socket, getpid, unread, summary] = render('github', await replayed(), context)
      .trimEnd()
      .split('\n')
      .map(parseCommand);
    assert.equal(
      [mount?.level, mount?.properties.get('file'), mount?.properties.get('line')],
      ['error', 'filter.json', '7'],
    );
    assert.equal(
      [socket?.level, socket?.properties.get('file'), socket?.properties.get('line')],
      ['error', 'a.strace', '4'],
    );
    assert.match(socket?.data ?? '', /to allow it: \{ "names": \["socket"\]/);
    assert.equal([getpid?.level, unread?.level, summary?.level], ['notice', 'warning', 'notice']);
  });

  test('ten of a level are annotations, the others lines of the log, and the sum says how many', () => {
    const few = hostileReplay('::error::x\n');
    const denied = Array.from({ length: 25 }, () => few.denied[0]!);
    const logged = Array.from({ length: 12 }, () => few.logged[0]!);
    const lines = render('github', { ...few, denied, logged }, { version: '0.1.0' })
      .trimEnd()
      .split('\n');
    const commands = lines.filter((line) => line.startsWith('::')).map(parseCommand);
    const having = (level: string) => commands.filter((c) => c.level === level).length;
    assert.equal([having('error'), having('notice')], [10, 10]);
    assert.match(commands.at(-1)?.data ?? '', /19 more findings in the log of this step/);
    const plain = lines.filter((line) => !line.startsWith('::'));
    assert.is(plain.length, 19);
    for (const line of plain) assert.match(line, /^(?:error|notice): x86_64 /);
    for (const { properties } of commands) assert.ok((properties.get('title') ?? '').length <= 255);
  });

  test('hostile text makes no command of its own', () => {
    const levels = (text: string) =>
      render('github', hostileReplay(text), { policy: hostilePolicy(text), version: '0.1.0' })
        .trimEnd()
        .split('\n')
        .map((line) => [parseCommand(line).level, ...parseCommand(line).properties.keys()]);
    for (const hostile of HOSTILE) assert.equal(levels(hostile), levels(MARK), hostile);
  });
});

suite('report', (test) => {
  test('every format ends with one line break and gives the same twice', () => {
    for (const format of REPORT_FORMATS) {
      const [one, two] = [1, 2].map(() => render(format, hostileReplay('x'), { version: '0.1.0' }));
      assert.is(one, two);
      assert.match(one ?? '', /[^\n]\n$/, format);
    }
  });
});
