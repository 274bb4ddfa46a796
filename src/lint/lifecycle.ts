/** Programs that cannot start, end, or return from a signal; and errnos from which C libraries do not fall back. */
import {
  actionOf,
  describeWord,
  errnoNumber,
  SECCOMP_RET_ERRNO,
  syscallNames,
  syscallNumber,
  syscallSince,
} from '../arch/index.ts';
import type { Span } from '../diag/index.ts';
import { type ArchPolicy, compareVersions, parseKernelVersion } from '../policy/index.ts';
import { Editor } from './edit.ts';
import { listed, type Machine, type Subject } from './subject.ts';

export function lifecycle(subject: Subject): void {
  const { includes, excludes } = {
    includes: subject.profile.rules.some((r) => r.includes.arches.length + r.includes.caps.length > 0),
    excludes: subject.profile.rules.some((r) => r.excludes.arches.length + r.excludes.caps.length > 0),
  };
  denied(subject, ['exit_group'], {
    code: 'PROGRAM_CANNOT_END',
    says: 'every C library and runtime ends a program by it',
    help: 'allow exit_group, and exit, by which threads end',
  });
  denied(subject, ['rt_sigreturn'], {
    code: 'SIGNALS_CANNOT_RETURN',
    says: 'no signal handler returns without it',
    help: 'allow rt_sigreturn, and sigreturn on 32-bit ABIs',
  });
  denied(subject, ['execve', 'execveat'], {
    code: 'PROGRAM_CANNOT_START',
    // Rules by capability are for containers, whose runtime starts the command behind the filter.
    severity: includes || excludes ? 'warning' : 'note',
    says: 'container runtimes and launchers start the command behind the filter',
    help: 'good where a program installs its filter itself; else allow execve',
  });
  fallbacks(subject);
}

interface Said {
  readonly code: 'PROGRAM_CANNOT_END' | 'PROGRAM_CANNOT_START' | 'SIGNALS_CANNOT_RETURN';
  readonly severity?: 'warning' | 'note';
  readonly says: string;
  readonly help: string;
}

/** Where none of these calls runs, whatever its arguments are. */
function denied(subject: Subject, names: readonly string[], { code, severity, says, help }: Said): void {
  const found = subject.abis.filter(([machine, arch]) =>
    names.every((name) => (machine.verdict(arch, name) ?? 'denied') === 'denied'),
  );
  const [first] = found;
  if (first === undefined) return;
  const [name = ''] = names;
  subject.add({
    code,
    severity,
    span: subject.place(first[1], name) ?? subject.profile.defaultAction.span,
    message: `${name} is denied on ${listed(found.map(([, { arch }]) => arch.name))}: ${says}`,
    help,
  });
}

/** Newer calls, and the older ones that C libraries make instead, on ENOSYS and on nothing else. */
const OLDER: ReadonlyMap<string, readonly string[]> = new Map([
  ['clone3', ['clone']],
  ['faccessat2', ['faccessat', 'access']],
  ['openat2', ['openat', 'open']],
  ['statx', ['newfstatat', 'fstatat64', 'fstat', 'fstat64', 'stat', 'stat64']],
  ['fchmodat2', ['fchmodat']],
  ['preadv2', ['preadv']],
  ['pwritev2', ['pwritev']],
  ['renameat2', ['renameat', 'rename']],
]);

/** Of the 64-bit times on 32-bit ABIs the older call is the one without them. */
function olderOf(name: string): readonly string[] {
  if (!/(_time64|^clock_\w+64|^timerf?d?_\w+64)$/.test(name)) return OLDER.get(name) ?? [];
  return [name.replace(/_time64$/, '').replace(/64$/, '')];
}

export function wantsEnosys(machine: Machine, arch: ArchPolicy, name: string): boolean {
  return (
    machine.verdict(arch, name) === 'denied' &&
    !machine.isEnosys(arch, name) &&
    olderOf(name).some((older) => machine.verdict(arch, older) === 'open' || machine.verdict(arch, older) === 'partly')
  );
}

function fallbacks(subject: Subject): void {
  const kernel = subject.options.kernel === undefined ? undefined : parseKernelVersion(subject.options.kernel);
  const byDefault = new Set<string>();
  const places = new Map<number, { readonly name: string; readonly span: Span; readonly word: string }>();
  for (const name of syscallNames()) {
    const since = parseKernelVersion(syscallSince(name) ?? '');
    if (olderOf(name).length === 0 || (kernel && since && compareVersions(kernel, since) < 0)) continue;
    for (const [machine, arch] of subject.abis) {
      if (!wantsEnosys(machine, arch, name)) continue;
      const span = subject.place(arch, name);
      if (span === undefined) byDefault.add(name);
      else places.set(span.start, { name, span, word: wordOf(machine, arch, name) });
    }
  }
  for (const { name, span, word } of places.values()) {
    subject.add({
      code: 'FALLBACK_ERRNO',
      span,
      message: `${name} gets ${word}: C libraries fall back to ${listed(olderOf(name))} on ENOSYS alone`,
      help: 'deny it with ENOSYS ("errnoRet": 38; on MIPS it is 89: podman takes "errno": "ENOSYS"), or allow it',
    });
  }
  if (byDefault.size > 0) reportDefault(subject, [...byDefault]);
}

function wordOf(machine: Machine, arch: ArchPolicy, name: string): string {
  const word = machine.word(arch, syscallNumber(arch.arch, name) ?? -1);
  return word === undefined ? 'another word' : describeWord(word, arch.arch);
}

function reportDefault(subject: Subject, names: readonly string[]): void {
  const [first] = subject.abis;
  const numbers = new Set(subject.abis.map(([, { arch }]) => errnoNumber('ENOSYS', arch)));
  const [errnoRet] = numbers;
  const rule = { names, action: 'SCMP_ACT_ERRNO', errnoRet };
  // A rule that kills is stricter than ENOSYS: what to give up is not for a tool to say.
  const isErrno = first !== undefined && actionOf(first[1].defaultAction) === SECCOMP_RET_ERRNO;
  const edits = numbers.size === 1 && isErrno ? new Editor(subject.text).appendRule(rule) : [];
  subject.add({
    code: 'FALLBACK_ERRNO',
    span: subject.profile.defaultAction.span,
    message: `${listed(names)}: denied by the default action, ${first === undefined ? '' : describeWord(first[1].defaultAction, first[1].arch)}; C libraries fall back to the older calls, which are allowed, on ENOSYS alone`,
    help: 'a rule that denies them with "errnoRet": 38 (ENOSYS), or allow them',
    fix: edits.length === 0 ? undefined : { title: `deny ${listed(names)} with ENOSYS`, edits, sameMeaning: false },
  });
}
