/** The profile against time: calls that the target kernel lacks, and calls that are newer than the profile. */
import { syscallNames, syscallNumber, syscallRemoved, syscallSince } from '../arch/index.ts';
import { compareVersions, parseKernelVersion } from '../policy/index.ts';
import { isEnosysWord, listed, runs, type Subject } from './subject.ts';

type Version = readonly [number, number];

const versionOf = (text: string | undefined): Version | undefined =>
  text === undefined ? undefined : parseKernelVersion(text);

export function versions(subject: Subject): void {
  const kernel = versionOf(subject.options.kernel);
  if (kernel !== undefined) lacking(subject, kernel);
  newer(subject, kernel);
}

function lacking(subject: Subject, kernel: Version): void {
  for (const rule of subject.profile.rules) {
    const gone = rule.names.flatMap(({ value, span }) => {
      const since = versionOf(syscallSince(value));
      const removed = versionOf(syscallRemoved(value));
      if (since && compareVersions(kernel, since) < 0) return [{ text: `${value} (since ${since.join('.')})`, span }];
      if (removed && compareVersions(kernel, removed) >= 0)
        return [{ text: `${value} (until ${removed.join('.')})`, span }];
      return [];
    });
    const [first] = gone;
    if (first === undefined) continue;
    subject.add({
      code: 'KERNEL_LACKS',
      span: first.span,
      message: `Linux ${kernel.join('.')} has no ${listed(gone.map(({ text }) => text))}`,
      help: 'harmless: such a call gets ENOSYS from the kernel when the filter lets it through',
    });
  }
}

/** What came after the newest call that the profile names: its author cannot have thought of it. */
function newer(subject: Subject, kernel: Version | undefined): void {
  const named = new Set(subject.profile.rules.flatMap((rule) => rule.names.map((n) => n.value)));
  const known = [...named].map((name) => versionOf(syscallSince(name))).filter((v) => v !== undefined);
  const newest = known.reduce<Version | undefined>((a, b) => (a && compareVersions(a, b) >= 0 ? a : b), undefined);
  if (newest === undefined) return;
  const late = syscallNames().filter((name) => {
    const since = versionOf(syscallSince(name));
    return since && compareVersions(since, newest) > 0 && (kernel === undefined || compareVersions(since, kernel) <= 0);
  });
  const words = (want: 'open' | 'denied') =>
    late.filter((name) =>
      subject.abis.some(([machine, arch]) => {
        const nr = syscallNumber(arch.arch, name);
        const word = nr === undefined || arch.calls.has(nr) ? undefined : machine.word(arch, nr);
        if (word === undefined || isEnosysWord(word, arch.arch)) return false;
        return (want === 'open') === runs(word);
      }),
    );
  const open = words('open');
  const { span } = subject.profile.defaultAction;
  const version = newest.join('.');
  if (open.length > 0) {
    subject.add({
      code: 'PROFILE_OLD',
      severity: 'warning',
      span,
      message: `the newest call that the profile names is of Linux ${version}; what came since runs: ${listed(open)}`,
      help: 'a denylist lets every call through that is newer than itself; a list of what is allowed does not',
    });
  }
  const denied = words('denied');
  if (denied.length === 0) return;
  subject.add({
    code: 'PROFILE_OLD',
    span,
    message: `the newest call that the profile names is of Linux ${version}; what came since does not get ENOSYS, on which programs fall back: ${listed(denied)}`,
    help: '"x-enosysAbove": true in the profile, or build --enosys-above, gives calls above the largest number listed ENOSYS, as runc does',
  });
}
