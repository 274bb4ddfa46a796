/** Our profiles in the words of seccompc/harness, from their files as anybody would: for every value, and for what was recorded. */
import { compile } from '../../src/build/index.ts';
import { bits, type Harness, harness, int, noneOf, oneOf } from '../../src/harness/index.ts';
import type { ResolveOptions } from '../../src/policy/index.ts';
import { suite } from '../suite.ts';
import { withoutShared } from '../support/shared.ts';
import { policyOf } from './decisions.ts';

const TRACES = '../shared/data/traces/strace';
const X86 = ['x86_64', 'i386', 'x32'];
const NAMESPACES = ['NEWNS', 'NEWCGROUP', 'NEWUTS', 'NEWIPC', 'NEWUSER', 'NEWPID', 'NEWNET'].map((n) => `CLONE_${n}`);

const noNewNamespace = (h: Harness) => {
  for (const flag of NAMESPACES) h.denies('clone', { 0: bits(flag) });
};

const rows: readonly {
  readonly profile: string;
  readonly options?: ResolveOptions;
  readonly name: string;
  readonly holds: (h: Harness) => unknown;
}[] = [
  {
    profile: 'container-default',
    options: { arches: X86 },
    name: 'AF_ALG and AF_VSOCK however they are spelt, and the other families',
    holds: (h) =>
      h
        .denies('socket', { 0: int('AF_ALG') }, 'EPERM')
        .denies('socket', { 0: int('AF_VSOCK') }, 'EPERM')
        .allows('socket', { 0: noneOf(int('AF_ALG'), int('AF_VSOCK')) })
        .on('i386')
        .denies('socketcall', [1], 'EPERM'),
  },
  { profile: 'container-default', options: { arches: X86 }, name: 'no namespaces', holds: noNewNamespace },
  {
    profile: 'container-default',
    options: { arches: X86 },
    name: 'what every program needs, whatever the arguments',
    holds: (h) => h.allows(['read', 'write', 'openat', 'mmap', 'mmap2', 'execve', 'exit_group', 'rt_sigreturn']),
  },
  {
    profile: 'container-default',
    options: { arches: X86, caps: ['SYS_ADMIN'] },
    name: 'SYS_ADMIN gives mounts and namespaces',
    holds: (h) => h.allows(['mount', 'unshare', 'setns', 'clone', 'clone3']).denies('pivot_root', 'EPERM'),
  },
  { profile: 'node-service', name: 'no namespaces', holds: (h) => noNewNamespace(h.on('x86_64', 'aarch64')) },
  {
    profile: 'node-service',
    name: 'threads, no processes',
    holds: (h) =>
      h
        .denies('clone', { 0: bits('CLONE_THREAD', 0) }, 'EPERM')
        .denies(['clone3'], 'ENOSYS')
        .on('x86_64')
        .denies('fork'),
  },
  {
    profile: 'go-service',
    name: 'no memory that is writable and executable at once',
    holds: (h) => h.denies(['mmap', 'mprotect'], { 2: bits('PROT_WRITE|PROT_EXEC') }),
  },
  {
    profile: 'go-service',
    name: 'four families of sockets',
    holds: (h) =>
      h
        .denies(
          'socket',
          { 0: noneOf(...['AF_UNIX', 'AF_INET', 'AF_INET6', 'AF_NETLINK'].map((f) => int(f))) },
          'EPERM',
        )
        .allows('socket', { 0: oneOf('AF_INET', 'AF_INET6'), 1: bits(15, 1) }),
  },
  {
    profile: 'no-network',
    name: 'no socket at all, and everything else',
    holds: (h) =>
      h.denies('socket', 'EAFNOSUPPORT').denies('io_uring_setup', 'ENOSYS').allows(['execve', 'clone', 'read']),
  },
];

const replays: readonly { readonly profile: string; readonly trace: string; readonly denied: number }[] = [
  { profile: 'container-default', trace: 'ls_raw_all.strace', denied: 0 },
  { profile: 'container-default', trace: 'git_status_raw.strace', denied: 0 },
  // The five threads ask for clone3 first, and fall back to clone when they get ENOSYS.
  { profile: 'go-service', trace: 'hello_go_raw.strace', denied: 5 },
];

suite('profiles/expectations', (test) => {
  for (const { profile, options, name, holds } of rows) {
    test(`${profile}: ${name}`, () => void holds(harness(`profiles/${profile}.jsonc`, options)));
    test(`${profile}, compiled: ${name}`, () => {
      const policy = policyOf(profile, options ?? {});
      const arches = policy.arches.map(({ arch }) => arch.name);
      holds(harness(compile(policy), { arches }));
    });
  }
  for (const { profile, trace, denied } of replays) {
    test.needs(withoutShared, `${profile} and ${trace}`, async () => {
      const h = harness(`profiles/${profile}.jsonc`, { arches: ['x86_64'] });
      await h.replay(`${TRACES}/${trace}`).passes({ maxDenials: denied, strict: denied === 0 });
    });
  }
});
