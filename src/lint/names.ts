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
    const absent = rule.names.filter(
      ({ value }) => isSyscallName(value) && arches.every((a) => syscallNumber(a, value) === undefined),
    );
    // Calls that socketcall and ipc make have no number of their own on some ABIs, and rules for them count there.
    const unknown = absent.filter(({ value }) => !subject.abis.some(([, a]) => isVia(a.calls.values(), value)));
    const [place] = unknown;
    if (place === undefined) continue;
    subject.add({
      code: 'CALL_ABSENT',
      span: place.span,
      message: `${listed(arches.map(({ name }) => name))} ${arches.length === 1 ? 'has' : 'have'} no ${listed(unknown.map(({ value }) => value))}`,
      help: 'harmless; the names do something for other architectures only',
    });
  }
}

function isVia(
  calls: Iterable<{ readonly rules: readonly { readonly origin: { readonly via?: string | undefined } }[] }>,
  name: string,
): boolean {
  for (const { rules } of calls) if (rules.some(({ origin }) => origin.via === name)) return true;
  return false;
}
