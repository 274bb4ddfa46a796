/** Fixes for what parsing and resolving report: a key in another case, an errno that nothing takes, a plain typo. */
import { isSyscallName, syscallNames } from '../arch/index.ts';
import type { Diagnostic, Source, Span } from '../diag/index.ts';
import { Editor } from './edit.ts';
import type { Finding, Fix } from './finding.ts';

export function withFix(d: Diagnostic, source: Source): Finding {
  const fix = d.span && fixOf(d, d.span, source.text);
  return fix === undefined || fix.edits.length === 0 ? d : { ...d, fix };
}

function fixOf({ code, message }: Diagnostic, span: Span, text: string): Fix | undefined {
  const replace = (title: string, word: string, sameMeaning: boolean): Fix => ({
    title,
    edits: [{ offset: span.start, length: span.end - span.start, content: JSON.stringify(word) }],
    sameMeaning,
  });
  switch (code) {
    case 'KEY_CASE': {
      const key = /^the key is '(\w+)'/.exec(message)?.[1];
      return key === undefined ? undefined : replace(`write '${key}'`, key, true);
    }
    case 'ERRNO_IGNORED':
      return { title: 'remove the errno', edits: new Editor(text).removeProperty(span.start), sameMeaning: true };
    case 'SYSCALL_UNKNOWN': {
      const meant = onlyTypo(text.slice(span.start + 1, span.end - 1));
      return meant === undefined ? undefined : replace(`write '${meant}'`, meant, false);
    }
    default:
      return undefined;
  }
}

/** The one call from which a name differs by one letter (too many, missing, other, or swapped); never by a digit. */
function onlyTypo(text: string): string | undefined {
  if (text.length < 4 || isSyscallName(text)) return undefined;
  const letters = (name: string) => name.replace(/\D/g, '');
  const near = syscallNames().filter((name) => letters(name) === letters(text) && differsByOne(name, text));
  return near.length === 1 ? near[0] : undefined;
}

function differsByOne(a: string, b: string): boolean {
  if (a.length < b.length) return differsByOne(b, a);
  let at = 0;
  while (at < b.length && a[at] === b[at]) at += 1;
  const rest = (text: string, from: number) => text.slice(from);
  if (a.length === b.length + 1) return rest(a, at + 1) === rest(b, at);
  if (a.length !== b.length) return false;
  const isSwapped = a[at] === b[at + 1] && a[at + 1] === b[at] && rest(a, at + 2) === rest(b, at + 2);
  return rest(a, at + 1) === rest(b, at + 1) || isSwapped;
}
