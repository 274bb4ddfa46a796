/** What is said about profile text, and where. « » stand around the place of each finding. */
import * as assert from 'uvu/assert';
import { parseProfile, readProfile } from '../../src/policy/index.ts';
import { suite, thrownCodes, throwsCode } from '../suite.ts';
import { foundAt, unmarked } from './marked.ts';

/** A profile with these fields besides the default action. */
const top = (fields: string) => `{ "defaultAction": "SCMP_ACT_ALLOW", ${fields} }`;
/** A profile with one rule of these fields. */
const rule = (fields: string) => top(`"syscalls": [{ ${fields} }]`);
/** A profile with one rule with one condition of these fields. */
const arg = (fields: string) => rule(`"names": ["personality"], "action": "SCMP_ACT_ERRNO", "args": [{ ${fields} }]`);

interface Row {
  readonly name: string;
  readonly text: string;
  /** Codes in the order of their places. */
  readonly found: readonly string[];
  /** Something that the help of the first finding must offer. */
  readonly offers?: string;
}

// biome-ignore format: a table
const rows: readonly Row[] = [
  // syntax
  { name: 'nothing at all', text: '«»', found: ['JSON_SYNTAX'] },
  { name: 'white space only', text: '«» \n\t ', found: ['JSON_SYNTAX'] },
  { name: 'a comment only', text: '// nothing\n«»', found: ['JSON_SYNTAX'] },
  { name: 'a key without quotes', text: '{ «defaultAction»: "SCMP_ACT_ALLOW" }', found: ['JSON_SYNTAX'] },
  { name: 'single quotes', text: rule(`"names": [«'read'», «'write'»], "action": "SCMP_ACT_KILL"`), found: ['JSON_SYNTAX', 'JSON_SYNTAX'] },
  { name: 'a bare word as a value', text: '{ "defaultAction": «ALLOW», "syscalls": [] }', found: ['JSON_SYNTAX'] },
  { name: 'cut in the middle', text: '{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [«»', found: ['JSON_SYNTAX'] },
  { name: 'a string that is not closed', text: '{ "defaultAction": «"SCMP_ACT_ALLOW }»\n', found: ['JSON_SYNTAX'] },
  { name: 'a string that is not closed, in a list', text: rule('"names": [«"read, »\n "write"], "action": "SCMP_ACT_KILL"'), found: ['JSON_SYNTAX'] },
  { name: 'a comment that is not closed', text: '{ "defaultAction": "SCMP_ACT_ALLOW" } «/* »', found: ['JSON_SYNTAX'] },
  { name: 'a missing comma', text: '{ "defaultAction": "SCMP_ACT_ALLOW"\n  «"syscalls"»: [] }', found: ['JSON_SYNTAX'] },
  { name: 'something behind the end', text: '{ "defaultAction": "SCMP_ACT_ALLOW" }\n«trailing»', found: ['JSON_SYNTAX'] },
  { name: 'a second document', text: '{ "defaultAction": "SCMP_ACT_ALLOW" } «{» }', found: ['JSON_SYNTAX'] },
  { name: 'a hexadecimal number', text: arg('"index": 0, "value": 0«x26», "op": "SCMP_CMP_EQ"'), found: ['JSON_SYNTAX'] },
  { name: 'a list', text: '«[{ "defaultAction": "SCMP_ACT_ALLOW" }]»', found: ['TYPE_WRONG'] },
  { name: 'a string', text: '«"SCMP_ACT_ALLOW"»', found: ['TYPE_WRONG'] },
  { name: 'null', text: '«null»', found: ['TYPE_WRONG'] },

  // keys
  { name: 'no default action', text: '«{» "syscalls": [] }', found: ['KEY_MISSING'] },
  { name: 'a default action of null', text: '«{» "defaultAction": null }', found: ['KEY_MISSING'] },
  { name: 'a key twice', text: '{ "defaultAction": "SCMP_ACT_KILL",\n  «"defaultAction"»: "SCMP_ACT_ALLOW" }', found: ['KEY_DUPLICATE'] },
  { name: 'a key twice in two cases', text: '{ "defaultAction": "SCMP_ACT_KILL", ««"DefaultAction"»»: "SCMP_ACT_ALLOW" }', found: ['KEY_DUPLICATE', 'KEY_CASE'] },
  { name: 'an unknown key twice', text: top('«"bogus"»: 1, ««"bogus"»»: 2'), found: ['KEY_UNKNOWN', 'KEY_DUPLICATE', 'KEY_UNKNOWN'] },
  { name: 'a key in unusual case', text: '{ «"DEFAULTACTION"»: "SCMP_ACT_ALLOW" }', found: ['KEY_CASE'] },
  { name: 'an unknown key', text: top('«"sycalls"»: []'), found: ['KEY_UNKNOWN'], offers: 'syscalls' },
  { name: 'an unknown key in a rule', text: rule('"names": ["read"], "action": "SCMP_ACT_ALLOW", «"errnoRets"»: 1'), found: ['KEY_UNKNOWN'], offers: 'errnoRet' },
  { name: 'an unknown key in a condition', text: arg('"index": 0, "value": 1, «"value2"»: 2, "op": "SCMP_CMP_EQ"'), found: ['KEY_UNKNOWN'], offers: 'value' },
  { name: '__proto__ as a key', text: top('«"__proto__"»: { "defaultAction": "SCMP_ACT_KILL" }'), found: ['KEY_UNKNOWN'] },
  { name: 'constructor and toString as keys', text: rule('"names": ["read"], "action": "SCMP_ACT_ALLOW", «"constructor"»: 1, «"toString"»: 2'), found: ['KEY_UNKNOWN', 'KEY_UNKNOWN'] },
  { name: 'a rule without names', text: top('"syscalls": [«{» "action": "SCMP_ACT_KILL" }]'), found: ['KEY_MISSING'] },
  { name: 'a rule without an action', text: top('"syscalls": [\n  «{» "names": ["read"] }]'), found: ['KEY_MISSING'] },
  { name: 'a condition without anything', text: rule('"names": ["read"], "action": "SCMP_ACT_KILL", "args": [«{» }]'), found: ['KEY_MISSING'] },
  { name: 'an archMap entry without an architecture', text: top('"archMap": [«{» "subArchitectures": ["SCMP_ARCH_X86"] }]'), found: ['KEY_MISSING'] },

  // paths and strings
  { name: 'a path in a rule', text: rule('"names": ["openat"], "action": "SCMP_ACT_ALLOW", «"path"»: "/etc"'), found: ['KEY_PATH'], offers: 'pointer' },
  { name: 'paths in a condition', text: arg('"index": 1, «"paths"»: ["/etc"], "value": 0, "op": "SCMP_CMP_EQ"'), found: ['KEY_PATH'], offers: 'pointer' },
  { name: 'a file name at the top', text: top('«"fileName"»: "/etc/passwd"'), found: ['KEY_PATH'] },
  { name: 'a path prefix', text: rule('"names": ["openat"], "action": "SCMP_ACT_ALLOW", «"pathPrefix"»: "/etc"'), found: ['KEY_PATH'] },
  { name: 'a path among the includes', text: rule('"names": ["openat"], "action": "SCMP_ACT_ALLOW", "includes": { «"paths"»: ["/etc"] }'), found: ['KEY_PATH'] },
  { name: 'a path as value', text: arg('"index": 1, "value": «"/etc/passwd"», "op": "SCMP_CMP_EQ"'), found: ['VALUE_STRING'], offers: 'pointer' },
  { name: 'a path as valueTwo', text: arg('"index": 1, "value": 1, "valueTwo": «"/etc"», "op": "SCMP_CMP_MASKED_EQ"'), found: ['VALUE_STRING'], offers: 'pointer' },
  { name: 'a number in quotes', text: arg('"index": 1, "value": «"0x26"», "op": "SCMP_CMP_EQ"'), found: ['VALUE_STRING'], offers: '38' },

  // types
  { name: 'an action that is a number', text: '{ "defaultAction": «1» }', found: ['TYPE_WRONG'] },
  { name: 'syscalls that are an object', text: top('"syscalls": «{}»'), found: ['TYPE_WRONG'] },
  { name: 'a rule that is a string', text: top('"syscalls": [«"read"»]'), found: ['TYPE_WRONG'] },
  { name: 'names that are one string', text: rule('"names": «"read"», "action": "SCMP_ACT_KILL"'), found: ['TYPE_WRONG'] },
  { name: 'a name that is a number', text: rule('"names": ["read", «1»], "action": "SCMP_ACT_KILL"'), found: ['TYPE_WRONG'] },
  { name: 'a name that is null', text: rule('"names": [«null»], "action": "SCMP_ACT_KILL"'), found: ['TYPE_WRONG'] },
  { name: 'args that are an object', text: rule('"names": ["read"], "action": "SCMP_ACT_KILL", "args": «{}»'), found: ['TYPE_WRONG'] },
  { name: 'a condition that is a list', text: rule('"names": ["read"], "action": "SCMP_ACT_KILL", "args": [«[]»]'), found: ['TYPE_WRONG'] },
  { name: 'a value that is true', text: arg('"index": 0, "value": «true», "op": "SCMP_CMP_EQ"'), found: ['TYPE_WRONG'] },
  { name: 'an index that is a string', text: arg('"index": «"0"», "value": 1, "op": "SCMP_CMP_EQ"'), found: ['TYPE_WRONG'] },
  { name: 'an op that is a number', text: arg('"index": 0, "value": 1, "op": «4»'), found: ['TYPE_WRONG'] },
  { name: 'includes that are a list', text: rule('"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": «[]»'), found: ['TYPE_WRONG'] },
  { name: 'caps that are a string', text: rule('"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": { "caps": «"CAP_SYS_ADMIN"» }'), found: ['TYPE_WRONG'] },
  { name: 'a minKernel that is a number', text: rule('"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": { "minKernel": «4.8» }'), found: ['TYPE_WRONG'] },
  { name: 'a comment that is a number', text: rule('"names": ["read"], "action": "SCMP_ACT_ALLOW", "comment": «1»'), found: ['TYPE_WRONG'] },
  { name: 'flags that are a string', text: top('"flags": «"SECCOMP_FILTER_FLAG_LOG"»'), found: ['TYPE_WRONG'] },

  // words
  { name: 'an unknown default action', text: '{ "defaultAction": «"SCMP_ACT_ALOW"» }', found: ['ACTION_UNKNOWN'], offers: 'SCMP_ACT_ALLOW' },
  { name: 'an action in lower case', text: '{ "defaultAction": «"scmp_act_errno"» }', found: ['ACTION_UNKNOWN'], offers: 'SCMP_ACT_ERRNO' },
  { name: 'an unknown action far from any', text: rule('"names": ["read"], "action": «"nope"»'), found: ['ACTION_UNKNOWN'], offers: 'SCMP_ACT_TRAP' },
  { name: 'an action named constructor', text: '{ "defaultAction": «"constructor"» }', found: ['ACTION_UNKNOWN'] },
  { name: 'an unknown op', text: arg('"index": 0, "value": 1, "op": «"SCMP_CMP_EQUAL"»'), found: ['OP_UNKNOWN'], offers: 'SCMP_CMP_EQ' },
  { name: 'a masked op by half its name', text: arg('"index": 0, "value": 1, "op": «"SCMP_CMP_MASKED"»'), found: ['OP_UNKNOWN'], offers: 'SCMP_CMP_MASKED_EQ' },
  { name: 'an op named toString', text: arg('"index": 0, "value": 1, "op": «"toString"»'), found: ['OP_UNKNOWN'] },
  { name: 'an unknown architecture', text: top('"architectures": ["SCMP_ARCH_X86_64", «"SCMP_ARCH_X64"»]'), found: ['ARCH_UNKNOWN'], offers: 'SCMP_ARCH_X86_64' },
  { name: "an architecture by Go's name behind SCMP_ARCH_", text: top('"architectures": [«"SCMP_ARCH_ARM64"»]'), found: ['ARCH_UNKNOWN'], offers: 'SCMP_ARCH_AARCH64' },
  { name: 'an unknown architecture in archMap', text: top('"archMap": [{ "architecture": «"SCMP_ARCH_ARCH64"», "subArchitectures": [«"SCMP_ARCH_AMR"»] }]'), found: ['ARCH_UNKNOWN', 'ARCH_UNKNOWN'], offers: 'SCMP_ARCH_AARCH64' },
  { name: 'an architecture named __proto__', text: top('"architectures": [«"__proto__"»]'), found: ['ARCH_UNKNOWN'] },
  { name: 'an unknown architecture among the includes', text: rule('"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": { "arches": [«"amd46"»] }'), found: ['ARCH_UNKNOWN'], offers: 'amd64' },
  { name: 'an unknown flag', text: top('"flags": [«"SECCOMP_FILTER_FLAG_TSINC"»]'), found: ['FLAG_UNKNOWN'], offers: 'SECCOMP_FILTER_FLAG_TSYNC' },
  { name: 'an unknown capability', text: rule('"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": { "caps": [«"CAP_SYS_ADMN"»] }'), found: ['CAP_UNKNOWN'], offers: 'SYS_ADMIN' },
  { name: 'a kernel version of one number', text: rule('"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": { "minKernel": «"5"» }'), found: ['KERNEL_VERSION'] },
  { name: 'an unknown errno name', text: rule('"names": ["read"], "action": "SCMP_ACT_ERRNO", "errno": «"EPREM"»'), found: ['ERRNO_UNKNOWN'], offers: 'EPERM' },
  { name: 'an unknown x-argWidth', text: top('"x-argWidth": «"64"»'), found: ['VALUE_RANGE'] },

  // errno
  { name: 'errno 4096', text: rule('"names": ["read"], "action": "SCMP_ACT_ERRNO", "errnoRet": «4096»'), found: ['ERRNO_RANGE'] },
  { name: 'errno 70000', text: rule('"names": ["read"], "action": "SCMP_ACT_ERRNO", "errnoRet": «70000»'), found: ['ERRNO_RANGE'] },
  { name: 'errno -1', text: rule('"names": ["read"], "action": "SCMP_ACT_ERRNO", "errnoRet": «-1»'), found: ['VALUE_RANGE'] },
  { name: 'errno 1.5', text: rule('"names": ["read"], "action": "SCMP_ACT_ERRNO", "errnoRet": «1.5»'), found: ['VALUE_RANGE'] },
  { name: 'errno 2^64', text: rule('"names": ["read"], "action": "SCMP_ACT_ERRNO", "errnoRet": «18446744073709551616»'), found: ['VALUE_RANGE'] },
  { name: 'trace data 65536', text: rule('"names": ["read"], "action": "SCMP_ACT_TRACE", "errnoRet": «65536»'), found: ['ERRNO_RANGE'] },
  { name: 'a default errno of 4096', text: '{ "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": «4096» }', found: ['ERRNO_RANGE'] },
  { name: 'an errno on ALLOW', text: rule('"names": ["read"], "action": "SCMP_ACT_ALLOW", "errnoRet": «5»'), found: ['ERRNO_IGNORED'] },
  { name: 'an errno out of range on ALLOW', text: rule('"names": ["read"], "action": "SCMP_ACT_ALLOW", "errnoRet": «70000»'), found: ['ERRNO_IGNORED'] },
  { name: 'a default errno on KILL', text: '{ "defaultAction": "SCMP_ACT_KILL", "defaultErrnoRet": «1» }', found: ['ERRNO_IGNORED'] },
  { name: 'an errno name and number that differ', text: rule('"names": ["read"], "action": "SCMP_ACT_ERRNO", "errnoRet": 2, "errno": «"EPERM"»'), found: ['KEY_CONFLICT'] },

  // conditions
  { name: 'argument 6', text: arg('"index": «6», "value": 0, "op": "SCMP_CMP_EQ"'), found: ['VALUE_RANGE'] },
  { name: 'argument -1', text: arg('"index": «-1», "value": 0, "op": "SCMP_CMP_EQ"'), found: ['VALUE_RANGE'] },
  { name: 'a negative value', text: arg('"index": 0, "value": «-100», "op": "SCMP_CMP_EQ"'), found: ['VALUE_RANGE'], offers: '4294967196' },
  { name: 'a fraction', text: arg('"index": 0, "value": «1.0», "op": "SCMP_CMP_EQ"'), found: ['VALUE_RANGE'] },
  { name: 'an exponent', text: arg('"index": 0, "value": «1e3», "op": "SCMP_CMP_EQ"'), found: ['VALUE_RANGE'] },
  { name: 'minus zero', text: arg('"index": 0, "value": «-0», "op": "SCMP_CMP_EQ"'), found: ['VALUE_RANGE'] },
  { name: '2^64', text: arg('"index": 0, "value": «18446744073709551616», "op": "SCMP_CMP_EQ"'), found: ['VALUE_RANGE'] },
  { name: '2^64 as valueTwo', text: arg('"index": 0, "value": 1, "valueTwo": «18446744073709551616», "op": "SCMP_CMP_EQ"'), found: ['VALUE_RANGE'] },
  { name: 'a number of a thousand digits', text: arg(`"index": 0, "value": «1${'0'.repeat(1000)}», "op": "SCMP_CMP_EQ"`), found: ['VALUE_RANGE'] },

  // rules
  { name: 'no names', text: rule('"names": «[]», "action": "SCMP_ACT_KILL"'), found: ['NAMES_EMPTY'] },
  { name: 'names and name', text: rule('"names": ["mkdir"], "name": «"uname"», "action": "SCMP_ACT_KILL"'), found: ['KEY_CONFLICT'] },
  { name: 'archMap and architectures', text: top('"architectures": ["SCMP_ARCH_X86_64"], "archMap": «[{ "architecture": "SCMP_ARCH_X86_64" }]»'), found: ['KEY_CONFLICT'] },
  { name: 'NOTIFY by default', text: '{ "defaultAction": «"SCMP_ACT_NOTIFY"» }', found: ['NOTIFY_UNUSABLE'] },
  { name: 'NOTIFY on write', text: rule('"names": ["mount", "write"], "action": «"SCMP_ACT_NOTIFY"»'), found: ['NOTIFY_UNUSABLE'] },
  { name: "Firecracker's dialect", text: '«{» "default_action": "trap", "filter_action": "allow", "filter": [] }', found: ['KEY_MISSING'], offers: 'Firecracker' },
  { name: 'a whole config.json', text: '«{» "linux": { "seccomp": { "defaultAction": "SCMP_ACT_ALLOW" } } }', found: ['KEY_MISSING'], offers: 'linux.seccomp' },

  // positions
  { name: 'behind an emoji, columns count characters', text: '{ /* 🐧🐧 */ "defaultAction": «"SCMP_ACT_ALOW"» }', found: ['ACTION_UNKNOWN'] },
  { name: 'behind tabs, each one column', text: '{\n\t\t"defaultAction": «"SCMP_ACT_ALOW"» }', found: ['ACTION_UNKNOWN'] },
  { name: 'behind Windows line ends', text: '{\r\n// x\r\n  "defaultAction": «"SCMP_ACT_ALOW"»\r\n}', found: ['ACTION_UNKNOWN'] },
  { name: 'a name with escapes is as wide as its source', text: rule(String.raw`"names": ["read"], "action": «"\u0053CMP_ACT_ALOW"»`), found: ['ACTION_UNKNOWN'] },
];

/** Findings whose place is not the subject of the row. */
const besides = new Map([
  ["Firecracker's dialect", ['KEY_UNKNOWN']],
  ['a whole config.json', ['KEY_UNKNOWN']],
  ['a name that is null', ['NAMES_EMPTY']],
]);

suite('policy/parse', (test) => {
  for (const row of rows) {
    test(row.name, () => {
      const { text, places } = unmarked(row.text);
      const ignored = besides.get(row.name) ?? [];
      const found = readProfile({ name: 'p.json', text }).diagnostics.sorted.filter((d) => !ignored.includes(d.code));
      foundAt(found, row.found, places, text);
      if (row.offers !== undefined) assert.match(found[0]?.help ?? '', row.offers);
      // The public form throws exactly when one of them is an error.
      if (found.some((d) => d.severity === 'error')) throwsCode(() => parseProfile(text), row.found[0] as string);
      else assert.is(parseProfile(text).diagnostics.length, row.found.length);
    });
  }
});

suite('policy/parse both places', (test) => {
  // biome-ignore format: a table
  const pairs = [
    { name: 'a key twice', text: top('«"flags"»: [], "flags": []'), code: 'KEY_DUPLICATE' },
    { name: 'a key twice, in two cases', text: top('«"flags"»: [], "Flags": []'), code: 'KEY_DUPLICATE' },
    { name: 'names and name', text: rule('"names": «["mkdir"]», "name": "uname", "action": "SCMP_ACT_KILL"'), code: 'KEY_CONFLICT' },
    { name: 'archMap and architectures', text: top('"archMap": [{ "architecture": "SCMP_ARCH_X86" }], "architectures": «["SCMP_ARCH_X86"]»'), code: 'KEY_CONFLICT' },
    { name: 'NOTIFY on write', text: rule('"names": ["mount", «"write"»], "action": "SCMP_ACT_NOTIFY"'), code: 'NOTIFY_UNUSABLE' },
  ];
  for (const row of pairs) {
    test(`${row.name}: the other place is named`, () => {
      const { text, places } = unmarked(row.text);
      const d = readProfile({ name: 'p', text }).diagnostics.sorted.find((found) => found.code === row.code);
      assert.equal(
        d?.related?.map((r) => [r.span?.start, r.span?.end]),
        [[places[0]?.start, places[0]?.end]],
      );
    });
  }
});

suite('policy/parse what is taken', (test) => {
  const codesOf = (text: string) => parseProfile(text).diagnostics.map((d) => d.code);

  test('comments and trailing commas', () => {
    const text = `// line\n{ /* block */ "defaultAction": "SCMP_ACT_ERRNO", // end\n "syscalls": [
      { "names": ["read", "write",], "action": "SCMP_ACT_ALLOW", },\n ], }\n// last`;
    const profile = parseProfile(text);
    assert.equal(
      profile.rules[0]?.names.map((n) => n.value),
      ['read', 'write'],
    );
    assert.is(profile.diagnostics.length, 0);
  });

  test('a byte order mark, which readFileSync leaves in; places count it', () => {
    const text = `\ufeff${arg('"index": 0, "value": 9007199254740993, "op": "SCMP_CMP_EQ"')}`;
    assert.is(parseProfile(text).rules[0]?.conditions[0]?.value, 9007199254740993n);
    const bad = unmarked('\ufeff{ "defaultAction": «1» }');
    foundAt(readProfile({ name: 'p', text: bad.text }).diagnostics.sorted, ['TYPE_WRONG'], bad.places, bad.text);
  });

  test('comment signs inside strings are text', () => {
    const text = rule('"names": ["read"], "action": "SCMP_ACT_KILL", "comment": "// not /* one"');
    assert.is(parseProfile(text).rules[0]?.comment, '// not /* one');
  });

  test('the last of repeated keys counts, as in Go', () => {
    const text = '{ "defaultAction": "SCMP_ACT_KILL", "defaultAction": "SCMP_ACT_ALLOW" }';
    assert.is(parseProfile(text).defaultAction.action, 'SCMP_ACT_ALLOW');
    assert.equal(codesOf(text), ['KEY_DUPLICATE']);
  });

  test('keys in any case', () => {
    const text = `{ "DefaultAction": "SCMP_ACT_ALLOW", "SYSCALLS": [{ "Names": ["read"], "ACTION": "SCMP_ACT_ERRNO",
      "ErrnoRet": 7, "Args": [{ "INDEX": 0, "Value": 1, "VALUETWO": 2, "oP": "SCMP_CMP_EQ" }] }] }`;
    const [found] = parseProfile(text).rules;
    assert.is(found?.action.errno, 7);
    assert.equal(
      found?.conditions.map((c) => [c.argIndex, c.value, c.valueTwo, c.op]),
      [[0, 1n, 2n, 'SCMP_CMP_EQ']],
    );
    assert.equal(new Set(codesOf(text)), new Set(['KEY_CASE']));
  });

  test('null is absent: optional keys', () => {
    const text = `{ "defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": null, "architectures": null, "archMap": null,
      "flags": null, "listenerPath": null, "syscalls": [{ "names": ["read"], "name": null, "action": "SCMP_ACT_ERRNO",
      "errnoRet": null, "args": null, "comment": null, "includes": null, "excludes": { "caps": null, "arches": null,
      "minKernel": null } }] }`;
    const profile = parseProfile(text);
    assert.is(profile.diagnostics.length, 0);
    assert.is(profile.rules[0]?.action.errno, undefined);
  });

  test('a null list of rules is no rule', () => {
    assert.is(parseProfile(top('"syscalls": null')).rules.length, 0);
    assert.is(parseProfile('{ "defaultAction": "SCMP_ACT_KILL" }').rules.length, 0);
  });

  test('the legacy name', () => {
    const [found] = parseProfile(rule('"name": "uname", "action": "SCMP_ACT_ERRNO"')).rules;
    assert.equal(
      found?.names.map((n) => n.value),
      ['uname'],
    );
  });

  test('name beside empty names, and an empty name beside names', () => {
    const first = parseProfile(rule('"names": [], "name": "uname", "action": "SCMP_ACT_ERRNO"'));
    assert.equal(
      first.rules[0]?.names.map((n) => n.value),
      ['uname'],
    );
    const second = parseProfile(rule('"names": ["mkdir"], "name": "", "action": "SCMP_ACT_ERRNO"'));
    assert.equal(
      second.rules[0]?.names.map((n) => n.value),
      ['mkdir'],
    );
  });

  test('archMap beside empty architectures, as Docker writes it', () => {
    const text = top(
      '"architectures": [], "archMap": [{ "architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"] }]',
    );
    assert.equal(
      parseProfile(text).arches.map((a) => a.value.name),
      ['x86_64', 'i386', 'x32'],
    );
  });

  test('all nine actions, all seven operators, all four flags', () => {
    const actions = ['KILL', 'KILL_PROCESS', 'KILL_THREAD', 'TRAP', 'ERRNO', 'TRACE', 'ALLOW', 'LOG', 'NOTIFY'];
    const ops = ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'];
    const flags = ['TSYNC', 'LOG', 'SPEC_ALLOW', 'WAIT_KILLABLE_RECV'];
    const rules = actions.map((a) => `{ "names": ["read"], "action": "SCMP_ACT_${a}" }`);
    const conditions = ops.map((op, i) => `{ "index": ${i % 6}, "value": 1, "op": "SCMP_CMP_${op}" }`);
    const text = top(`"flags": [${flags.map((f) => `"SECCOMP_FILTER_FLAG_${f}"`)}], "syscalls": [${rules},
      { "names": ["read"], "action": "SCMP_ACT_ERRNO", "args": [${conditions}] }]`);
    const profile = parseProfile(text);
    assert.equal(
      profile.rules.slice(0, 9).map((r) => r.action.action),
      actions.map((a) => `SCMP_ACT_${a}`),
    );
    assert.equal(
      profile.rules[9]?.conditions.map((c) => c.op),
      ops.map((op) => `SCMP_CMP_${op}`),
    );
    assert.is(profile.flags.length, 4);
    assert.is(profile.diagnostics.length, 0);
  });

  test('every architecture constant of the OCI runtime-spec', () => {
    // The list stands in config-linux.md of the runtime-spec, under "Seccomp".
    const constants = (
      'X86 X86_64 X32 ARM AARCH64 MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PPC PPC64 PPC64LE S390 S390X ' +
      'PARISC PARISC64 RISCV64 LOONGARCH64 M68K SH SHEB'
    ).split(' ');
    for (const c of constants) assert.is(parseProfile(top(`"architectures": ["SCMP_ARCH_${c}"]`)).arches.length, 1, c);
  });

  test('errno: 0, 4095, names, podman beside number', () => {
    const errnoOf = (fields: string) =>
      parseProfile(rule(`"names": ["read"], "action": "SCMP_ACT_ERRNO", ${fields}`)).rules[0]?.action.errno;
    assert.is(errnoOf('"errnoRet": 0'), 0);
    assert.is(errnoOf('"errnoRet": 4095'), 4095);
    assert.is(errnoOf('"errno": "ENOSYS"'), 'ENOSYS');
    assert.is(errnoOf('"errno": "EPERM", "errnoRet": 1'), 'EPERM');
    assert.is(errnoOf('"errno": "", "errnoRet": 7'), 7);
    const trace = parseProfile(rule('"names": ["read"], "action": "SCMP_ACT_TRACE", "errnoRet": 65535'));
    assert.is(trace.rules[0]?.action.errno, 65535);
    const named = parseProfile(
      '{ "defaultAction": "SCMP_ACT_ERRNO", "defaultErrno": "ENOSYS", "defaultErrnoRet": 38 }',
    );
    assert.is(named.defaultAction.errno, 'ENOSYS');
  });

  test('64-bit values are kept to the last bit', () => {
    // 2^53 is where a double begins to lose them.
    const kept = [
      0n,
      1n,
      2n ** 31n,
      2n ** 32n - 1n,
      2n ** 32n,
      2n ** 53n - 1n,
      2n ** 53n,
      2n ** 53n + 1n,
      2n ** 63n - 1n,
    ];
    for (const value of [...kept, 2n ** 63n, 2n ** 63n + 1n, 2n ** 64n - 2n, 2n ** 64n - 1n]) {
      const text = arg(`"index": 5, "value": ${value}, "valueTwo": ${value}, "op": "SCMP_CMP_MASKED_EQ"`);
      const [c] = parseProfile(text).rules[0]?.conditions ?? [];
      assert.equal([c?.value, c?.valueTwo], [value, value]);
    }
  });

  test('a rule with a part that cannot be read is never taken without it', () => {
    const text = arg('"index": 0, "value": -1, "op": "SCMP_CMP_EQ"');
    assert.equal(readProfile({ name: 'p', text }).profile?.rules, []);
  });

  test('mistakes in one profile come together, warnings with them', () => {
    const text = top('"bogus": 1, "flags": ["X"], "syscalls": [{ "names": ["read"], "action": "Y" }, { "names": [] }]');
    assert.equal(thrownCodes(() => parseProfile(text)).toSorted(), ['ACTION_UNKNOWN', 'FLAG_UNKNOWN', 'KEY_MISSING']);
  });
});
