/** Why filters could not be had: the kernel's few errnos, beside what is known of both processes. */
import * as assert from 'uvu/assert';
import type { Code } from '../../src/diag/index.ts';
import { renderPlain } from '../../src/diag/index.ts';
import type { Caller } from '../../src/host/process-caller.ts';
import {
  busy,
  ended,
  missing,
  refusedBefore,
  refusedBy,
  replaced,
  threadText,
} from '../../src/host/process-refusal.ts';
import type { ThreadStatus } from '../../src/host/process-status.ts';
import type { ReaderStep } from '../../src/machine/index.ts';
import { suite } from '../suite.ts';

const thread: ThreadStatus = {
  tid: 12,
  pid: 12,
  started: '100',
  name: 'sleep',
  state: 'S',
  tracer: 0,
  noNewPrivs: true,
  seccomp: 2,
  filters: 1,
  isKernel: false,
};
const ADMIN = 1n << 21n;
const PTRACE = 1n << 19n;
const root: Caller = {
  seccomp: 0,
  tracer: 0,
  capabilities: ADMIN | PTRACE,
  inFirstUserNamespace: true,
  ptraceScope: undefined,
  hasOwnProc: true,
};

interface Row {
  readonly name: string;
  readonly step: ReaderStep;
  readonly errno: number;
  readonly after?: Partial<ThreadStatus> | null;
  readonly caller?: Partial<Caller>;
  readonly code: Code;
  readonly says: RegExp;
}

const [EPERM, ESRCH, EIO, EAGAIN, EACCES, EINVAL, ENOSYS] = [1, 3, 5, 11, 13, 22, 38];

const rows: readonly Row[] = [
  {
    name: 'no CAP_SYS_ADMIN',
    step: 'rehearsal',
    errno: EACCES,
    caller: { capabilities: 0n },
    code: 'PROCESS_PRIVILEGE',
    says: /does not have it.*\n.*as root/,
  },
  {
    name: 'CAP_SYS_ADMIN of another namespace',
    step: 'rehearsal',
    errno: EACCES,
    caller: { inFirstUserNamespace: false },
    code: 'PROCESS_PRIVILEGE',
    says: /another namespace/,
  },
  {
    name: 'a confined caller, EACCES',
    step: 'rehearsal',
    errno: EACCES,
    caller: { seccomp: 2 },
    code: 'CALLER_CONFINED',
    says: /carries a filter itself/,
  },
  {
    name: 'a confined caller, whatever its filter says',
    step: 'rehearsal',
    errno: ENOSYS,
    caller: { seccomp: 2 },
    code: 'CALLER_CONFINED',
    says: /itself/,
  },
  {
    name: 'a confined caller without privileges',
    step: 'rehearsal',
    errno: EPERM,
    caller: { seccomp: 2, capabilities: 0n },
    code: 'CALLER_CONFINED',
    says: /itself/,
  },
  {
    name: 'no CONFIG_CHECKPOINT_RESTORE',
    step: 'rehearsal',
    errno: EINVAL,
    code: 'KERNEL_UNABLE',
    says: /EINVAL.*CHECKPOINT_RESTORE/,
  },
  { name: 'a kernel before 4.4', step: 'rehearsal', errno: EIO, code: 'KERNEL_UNABLE', says: /EIO/ },
  { name: 'an emulator', step: 'rehearsal', errno: ENOSYS, code: 'KERNEL_UNABLE', says: /emulated/ },
  { name: 'no further process', step: 'rehearsal', errno: EAGAIN, code: 'KERNEL_UNASKED', says: /EAGAIN/ },
  {
    name: 'Yama forbids all',
    step: 'rehearsal',
    errno: EPERM,
    caller: { ptraceScope: 3 },
    code: 'PROCESS_DENIED',
    says: /ptrace_scope is 3/,
  },
  {
    name: 'traced itself, and so are its children',
    step: 'rehearsal',
    errno: EPERM,
    caller: { tracer: 9 },
    code: 'PROCESS_DENIED',
    says: /traced itself, by process 9/,
  },
  {
    name: 'a tracer',
    step: 'seize',
    errno: EPERM,
    after: { tracer: 77 },
    code: 'PROCESS_TRACED',
    says: /process 77 already/,
  },
  {
    name: 'a tracer, and no privileges',
    step: 'seize',
    errno: EPERM,
    after: { tracer: 77 },
    caller: { capabilities: 0n },
    code: 'PROCESS_TRACED',
    says: /process 77/,
  },
  { name: 'a zombie', step: 'seize', errno: EPERM, after: { state: 'Z' }, code: 'PROCESS_ENDED', says: /has ended/ },
  {
    name: 'gone before it was seized',
    step: 'seize',
    errno: ESRCH,
    after: null,
    code: 'PROCESS_ENDED',
    says: /has ended/,
  },
  {
    name: "another's process",
    step: 'seize',
    errno: EPERM,
    caller: { capabilities: 0n },
    code: 'PROCESS_PRIVILEGE',
    says: /does not have it/,
  },
  {
    name: 'without CAP_SYS_PTRACE',
    step: 'seize',
    errno: EPERM,
    caller: { capabilities: ADMIN },
    code: 'PROCESS_DENIED',
    says: /CAP_SYS_PTRACE/,
  },
  {
    name: 'Yama, for root',
    step: 'seize',
    errno: EPERM,
    caller: { ptraceScope: 3 },
    code: 'PROCESS_DENIED',
    says: /ptrace_scope is 3.*\n.*boot/,
  },
  { name: 'a security module', step: 'seize', errno: EPERM, code: 'PROCESS_DENIED', says: /security module/ },
  {
    name: 'a security module that says EACCES',
    step: 'seize',
    errno: EACCES,
    code: 'PROCESS_DENIED',
    says: /security module/,
  },
  { name: 'died while it was stopped', step: 'stop', errno: 0, after: null, code: 'PROCESS_ENDED', says: /has ended/ },
  { name: 'died, and another has its number', step: 'stop', errno: 0, code: 'PROCESS_CHANGED', says: /another one/ },
  { name: 'another has its number', step: 'identity', errno: ESRCH, code: 'PROCESS_CHANGED', says: /another one/ },
  {
    name: 'killed while it was read',
    step: 'filters',
    errno: ESRCH,
    after: null,
    code: 'PROCESS_ENDED',
    says: /has ended/,
  },
  {
    name: 'no longer allowed to',
    step: 'filters',
    errno: EACCES,
    caller: { capabilities: 0n },
    code: 'PROCESS_PRIVILEGE',
    says: /does not/,
  },
  { name: 'an errno that nobody expects', step: 'filters', errno: 7, code: 'KERNEL_UNASKED', says: /E2BIG/ },
];

const before: readonly (readonly [string, Partial<ThreadStatus>, Code | undefined])[] = [
  ['a process with a filter', {}, undefined],
  ['one without', { seccomp: 0, filters: 0 }, undefined],
  ['a stopped one', { state: 'T' }, undefined],
  ['one that is traced: perhaps no more when it is asked', { tracer: 5, state: 't' }, undefined],
  ['a thread of the kernel', { isKernel: true, seccomp: 0 }, 'PROCESS_KERNEL'],
  ['a zombie', { state: 'Z' }, 'PROCESS_ENDED'],
  ['one on its way out', { state: 'X' }, 'PROCESS_ENDED'],
  ['a kernel without seccomp', { seccomp: undefined }, 'KERNEL_UNABLE'],
];

const shown = (d: ReturnType<typeof missing>): string => renderPlain({ ...d, severity: 'error' });

suite('host/process-refusal', (test) => {
  for (const { name, step, errno, after = {}, caller = {}, code, says } of rows)
    test(name, () => {
      const now = after === null ? undefined : { ...thread, ...after };
      const refusal = refusedBy({ step, errno }, thread, now, { ...root, ...caller });
      assert.is(refusal.code, code);
      assert.match(shown(refusal), says);
    });
  for (const [name, status, code] of before)
    test(`before it is touched: ${name}`, () => {
      assert.is(refusedBefore({ ...thread, ...status }, 0)?.code, code);
    });
  test('every reason says what to do, and nothing of a hostile name gets through', () => {
    const hostile = { ...thread, name: '\x1b]0;x\u202e' };
    const all = [
      ...rows.map(({ step, errno, after, caller }) =>
        refusedBy({ step, errno }, hostile, after === null ? undefined : { ...hostile, ...after }, {
          ...root,
          ...caller,
        }),
      ),
      ...before.flatMap(([, status]) => refusedBefore({ ...hostile, ...status }, 3) ?? []),
      missing(3),
      replaced(3),
      ended(hostile, 2),
      busy(hostile, 5),
    ];
    for (const refusal of all) {
      if (refusal.code !== 'KERNEL_UNASKED') assert.ok(refusal.help, refusal.code);
      assert.not.match(refusal.message, /[\x1b\u202e]/);
    }
  });
  test('how a thread is named', () => {
    assert.is(threadText(thread), "process 12 ('sleep')");
    assert.is(threadText({ ...thread, tid: 13 }), "thread 13 of process 12 ('sleep')");
    assert.is(threadText({ ...thread, name: '' }), 'process 12');
  });
});
