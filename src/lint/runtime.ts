/** What whoever installs the filter makes of listeners and flags. @see runc libcontainer/seccomp/seccomp_linux.go setFlag() */
import type { Span } from '../diag/index.ts';
import type { Subject } from './subject.ts';

export function runtime(subject: Subject): void {
  const { profile } = subject;
  const asking = profile.rules.find(({ action }) => action.action === 'SCMP_ACT_NOTIFY');
  if (asking !== undefined && profile.listenerPath === undefined) {
    subject.add({
      code: 'LISTENER_MISSING',
      span: asking.action.span,
      message: "SCMP_ACT_NOTIFY, and no 'listenerPath': a container runtime has nobody to hand the listener to",
      help: "name the socket of the agent in 'listenerPath'; calls wait until it answers",
    });
  }
  if (asking === undefined && profile.listenerPath !== undefined) {
    subject.add({
      code: 'LISTENER_UNUSED',
      span: placeOf(subject, profile.listenerPath),
      message: "a 'listenerPath', but no rule has SCMP_ACT_NOTIFY: nothing is ever asked there",
    });
  }
  const seen = new Set<string>();
  for (const flag of profile.flags) {
    const why = seen.has(flag) ? 'it stands there twice' : without(flag, asking !== undefined);
    seen.add(flag);
    if (why === undefined) continue;
    subject.add({
      code: 'FLAG_WITHOUT_EFFECT',
      span: placeOf(subject, flag),
      message: `${flag} changes nothing: ${why}`,
    });
  }
}

function without(flag: string, isAsking: boolean): string | undefined {
  switch (flag) {
    case 'SECCOMP_FILTER_FLAG_TSYNC':
      return 'runc and crun load a filter into all threads anyway, and the threads end at execve';
    case 'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV':
      return isAsking ? undefined : 'no rule has SCMP_ACT_NOTIFY';
    default:
      return undefined;
  }
}

/** Where a string of the profile's head stands in its text. */
function placeOf({ text, profile }: Subject, value: string): Span {
  const quoted = JSON.stringify(value);
  const start = text.indexOf(quoted);
  return start < 0 ? profile.defaultAction.span : { start, end: start + quoted.length };
}
