/** Names in rules: twice in one, or of calls that no ABI of the profile has. */
import { isSyscallName, syscallNumber } from '../arch/index.ts';
import { quoted } from '../diag/index.ts';
import { Editor } from './edit.ts';
import { listed, type Subject } from './subject.ts';

export function names(subject: Subject): void {
  const editor = new Editor(subject.text);
  const arches = subject.abis.map(([, { arch }]) => arch);
  for (const rule of subject.profile.rules) {
    const first = new Map<string, number>();
    const again = rule.names.filter(({ value, span }) => {
      if (first.has(value)) return true;
      first.set(value, span.start);
      return false;
    });
    const [one] = again;
    if (one !== undefined) {
      const edits = editor.removeItems(again.map(({ span }) => span.start));
      subject.add({
        code: 'NAME_REPEATED',
        span: one.span,
        message: `${listed(again.map(({ value }) => quoted(value)))}: named twice in this rule`,
        fix: edits.length === 0 ? undefined : { title: 'remove the repeated names', edits, sameMeaning: true },
      });
    }
    // For machines that the rule names itself it may well be alone.
    const { includes, excludes, onlyArches } = rule;
    if (includes.arches.length + excludes.arches.length + onlyArches.length > 0) continue;
    const absent = rule.names.filter(({ value }) => isSyscallName(value) && !exists(subject, value));
    const [place] = absent;
    // One list for many machines is usual; a rule that does nothing on any is not.
    if (place === undefined || absent.length < rule.names.length) continue;
    subject.add({
      code: 'CALL_ABSENT',
      span: place.span,
      message: `the rule does nothing: ${listed(arches.map(({ name }) => name))} ${arches.length === 1 ? 'has' : 'have'} no ${listed(absent.map(({ value }) => value))}`,
      help: 'harmless; it is for other architectures only',
    });
  }
}

/** By a number of its own, or through socketcall and ipc, where rules for it count, too. */
function exists({ abis }: Subject, name: string): boolean {
  return abis.some(
    ([, { arch, calls }]) =>
      syscallNumber(arch, name) !== undefined ||
      [...calls.values()].some(({ rules }) => rules.some(({ origin }) => origin.via === name)),
  );
}
