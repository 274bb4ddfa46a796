/** The grammar of statements: what it takes, and what it says about what it does not. */
import * as assert from 'uvu/assert';
import { type Assertion, readAssertionFile, readStatement } from '../../src/assert/index.ts';
import { Diagnostics } from '../../src/diag/index.ts';
import { suite } from '../suite.ts';

function read(text: string): { readonly statement: Assertion | undefined; readonly diagnostics: Diagnostics } {
  const diagnostics = new Diagnostics();
  const source = { name: 's', text };
  return { statement: readStatement({ text, source, span: { start: 0, end: text.length } }, diagnostics), diagnostics };
}

const good: readonly string[] = [
  'socket(AF_ALG, *, *) is denied on every ABI',
  'execve is denied',
  'execve() is denied',
  'clone with any CLONE_NEW* flag is denied',
  'clone with all CLONE_NEWUSER|CLONE_NEWPID flags is denied',
  'read is allowed with any arguments',
  'read with any arguments is allowed',
  'exit_group is allowed',
  'fork, vfork and clone3 are denied',
  'fork or vfork is denied',
  'socket(AF_INET or AF_INET6, ...) returns EPERM on x86_64, i386 and x32',
  'socket(other than AF_UNIX, & SOCK_TYPE_MASK == SOCK_RAW) is killed',
  'ioctl(*, 0x5412) is logged',
  'personality(PER_LINUX32|UNAME26) is trapped',
  'personality(0..8 or 0x100..) is allowed',
  'prctl(-1, ...) kills the process',
  'read kills the thread',
  'read returns 38 on amd64',
  'mmap(*, *, no PROT_EXEC, ...) is allowed',
  'mmap(*,*,any 4|2,...)is denied',
  'unshare with any CLONE_NEWTIME flag is denied',
];

const bad: readonly { readonly text: string; readonly code: string; readonly at: string; readonly help?: string }[] = [
  { text: '', code: 'ASSERT_SYNTAX', at: '' },
  { text: 'is denied', code: 'SYSCALL_UNKNOWN', at: 'is' },
  { text: 'opennat is denied', code: 'SYSCALL_UNKNOWN', at: 'opennat', help: "did you mean 'openat'?" },
  { text: 'read is dennied', code: 'ASSERT_SYNTAX', at: 'dennied', help: "did you mean 'denied'?" },
  { text: 'read denied', code: 'ASSERT_SYNTAX', at: 'denied' },
  { text: 'read is', code: 'ASSERT_SYNTAX', at: '' },
  { text: 'read is denied everywhere', code: 'ASSERT_SYNTAX', at: 'everywhere' },
  { text: 'read is denied on every', code: 'ASSERT_SYNTAX', at: '' },
  { text: 'read is denied on x86-65', code: 'ASSERT_SYNTAX', at: '-65' },
  { text: 'read is denied on i836', code: 'ARCH_UNKNOWN', at: 'i836', help: "did you mean 'i386'?" },
  { text: 'socket(AF_AGL) is denied', code: 'ASSERT_CONSTANT', at: 'AF_AGL', help: "did you mean 'AF_ALG'?" },
  { text: 'socket(CLONE_NEWUSER) is denied', code: 'ASSERT_CONSTANT', at: 'CLONE_NEWUSER' },
  {
    text: 'socket(AF_INET|AF_INET6) is denied',
    code: 'ASSERT_SYNTAX',
    at: 'AF_INET6',
    help: "either of them is 'AF_INET or AF_INET6'",
  },
  { text: 'clone(CLONE_NEW*) is denied', code: 'ASSERT_SYNTAX', at: 'CLONE_NEW*' },
  { text: 'clone with any CLONE_NEWTIME flag is denied', code: 'ASSERT_CONSTANT', at: 'any' },
  { text: 'clone(any CLONE_NEWTIME) is denied', code: 'ASSERT_CONSTANT', at: 'any' },
  { text: 'read with any CLONE_NEWUSER is denied', code: 'ASSERT_CONSTANT', at: 'any' },
  { text: 'mmap with any 4 is denied', code: 'ASSERT_SYNTAX', at: 'any' },
  { text: 'socket(any AF_INET) is denied', code: 'ASSERT_SYNTAX', at: 'AF_INET' },
  { text: 'socket(38 is denied', code: 'ASSERT_SYNTAX', at: 'is' },
  { text: 'read(1,2,3,4,5,6,7) is denied', code: 'ASSERT_SYNTAX', at: '7' },
  { text: 'read(0x1ffffffffffffffff) is denied', code: 'VALUE_RANGE', at: '0x1ffffffffffffffff' },
  { text: 'read(12ab) is denied', code: 'ASSERT_SYNTAX', at: '1' },
  { text: 'read(9..3) is denied', code: 'VALUE_RANGE', at: '9' },
  { text: 'read(& 4 == 8) is denied', code: 'VALUE_RANGE', at: '8' },
  { text: 'read(any 0) is denied', code: 'VALUE_RANGE', at: '0' },
  { text: 'read returns EPREM', code: 'ERRNO_UNKNOWN', at: 'EPREM', help: "did you mean 'EPERM'?" },
  { text: 'read returns 4096', code: 'ERRNO_RANGE', at: '4096' },
  { text: 'read(3) is allowed with any arguments', code: 'ASSERT_SYNTAX', at: 'with' },
  { text: 'socket(AF_ALG; *) is denied', code: 'ASSERT_SYNTAX', at: ';' },
  { text: `read is denied on ${'x'.repeat(3000)}`, code: 'ASSERT_SYNTAX', at: `read is denied on ${'x'.repeat(3000)}` },
];

suite('assert/statement', (test) => {
  for (const text of good) {
    test(`takes: ${text}`, () => {
      const { statement, diagnostics } = read(text);
      assert.equal(
        diagnostics.sorted.map((d) => d.message),
        [],
      );
      assert.ok(statement);
    });
  }
  for (const { text, code, at, help } of bad) {
    test(`refuses: ${text.slice(0, 60)}`, () => {
      const { statement, diagnostics } = read(text);
      assert.is(statement, undefined);
      const [d, ...more] = diagnostics.sorted;
      assert.equal(more, []);
      assert.is(d?.code, code);
      assert.is(text.slice(d?.span?.start, d?.span?.end), at);
      if (help !== undefined) assert.is(d?.help, help);
    });
  }

  const files = [
    { name: 'no list', text: '{}', codes: ['KEY_MISSING'] },
    { name: 'no object', text: '["read is denied"]', codes: ['TYPE_WRONG'] },
    { name: 'a misspelt key', text: '{ "asert": ["read is denied"] }', codes: ['KEY_MISSING', 'KEY_UNKNOWN'] },
    { name: 'a number', text: '{ "assert": ["read is denied", 3] }', codes: ['TYPE_WRONG'] },
    {
      name: 'several mistakes at once',
      text: '{ "assert": ["rread is denied", "read is dnied"] }',
      codes: ['SYSCALL_UNKNOWN', 'ASSERT_SYNTAX'],
    },
    { name: 'comments and a trailing comma', text: '{ // x\n "assert": ["read is denied",], }', codes: [] },
    { name: 'an empty text', text: '', codes: ['JSON_SYNTAX'] },
  ];
  for (const { name, text, codes } of files) {
    test(`an assertion file with ${name}`, () => {
      const diagnostics = new Diagnostics();
      readAssertionFile({ name: 'f', text }, diagnostics);
      assert.equal(
        diagnostics.sorted.map((d) => d.code),
        codes,
      );
    });
  }

  test('a mistake in a string with escapes has the place of the whole string', () => {
    const text = '{ "assert": ["re\\u0061d is dnied"] }';
    const diagnostics = new Diagnostics();
    readAssertionFile({ name: 'f', text }, diagnostics);
    const [d] = diagnostics.sorted;
    assert.is(text.slice(d?.span?.start, d?.span?.end), '"re\\u0061d is dnied"');
  });

  test('a mistake is shown where it stands in the file', () => {
    const text = '{ "assert": ["read is allowed", "read is dnied"] }';
    const diagnostics = new Diagnostics();
    readAssertionFile({ name: 'f', text }, diagnostics);
    const [d] = diagnostics.sorted;
    assert.is(d?.span?.start, text.indexOf('dnied'));
  });
});
