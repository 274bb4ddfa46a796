/** Diagnostics as the page shows them. */
import { type Arch, errnoName } from '../../../src/arch/index.ts';
import {
  type Diagnostic,
  forTerminal,
  positionAt,
  SeccompcError,
  type Place as Where,
} from '../../../src/diag/index.ts';
import { outcome } from '../../../src/kernel/index.ts';
import type { Finding as LintFinding } from '../../../src/lint/index.ts';
import { LINTS } from '../../../src/lint/index.ts';
import type { Effect, Finding, Place } from '../protocol.ts';

/** A place, clickable where it lies in the text that the editor shows. */
export function placeOf({ source, span, pc, byteOffset }: Where, text: string | undefined): Place {
  if (source !== undefined && span !== undefined) {
    const { line, column } = positionAt(source.text, span.start);
    const words = `line ${line}, column ${column}`;
    if (source.text === text) return { words, span: { start: span.start, end: Math.max(span.end, span.start) } };
    return { words: `${forTerminal(source.name)}, ${words}` };
  }
  if (pc !== undefined) return { words: `instruction ${pc}`, pc };
  return { words: byteOffset === undefined ? '' : `byte ${byteOffset} (0x${byteOffset.toString(16)})` };
}

/** `text`: what the editor shows. */
export function shown(d: LintFinding | Diagnostic, text: string | undefined): Finding {
  const fix = 'fix' in d ? d.fix : undefined;
  return {
    ...placeOf(d, text),
    severity: d.severity,
    code: d.code,
    message: forTerminal(d.message),
    help: forTerminal(d.help ?? ''),
    about: LINTS[d.code]?.explanation ?? '',
    related: (d.related ?? []).map((r) => ({ ...placeOf(r, text), message: forTerminal(r.message) })),
    ...(fix && { fix: { title: forTerminal(fix.title), sameMeaning: fix.sameMeaning } }),
  };
}

/** What was thrown, in words: input that is wrong has its diagnostics; the rest is our mistake, and says so. */
export function thrown(error: unknown, text?: string): readonly Finding[] {
  if (error instanceof SeccompcError) return error.diagnostics.map((d) => shown(d, text));
  const why = error instanceof Error ? error.message : String(error);
  const isSize = error instanceof RangeError;
  const message = isSize
    ? `this is more than the page can hold: ${forTerminal(why)}`
    : `the page failed: ${forTerminal(why)}`;
  const help = isSize ? 'the seccompc command may do it' : 'this is a mistake in seccompc: please report it';
  const code = isSize ? 'INPUT_TOO_LARGE' : '';
  return [{ words: '', severity: 'error', code, message, help, about: '', related: [] }];
}

export function effectOf(word: number): Effect {
  const what = outcome(word);
  switch (what.kind) {
    case 'executed':
      return what.logged ? 'logged' : 'runs';
    case 'errno':
      return 'fails';
    case 'notify':
    case 'trace':
      return 'asks';
    case 'trap':
    case 'kill-thread':
    case 'kill-process':
      return 'kills';
    default:
      return what satisfies never;
  }
}

/** What it does to whoever makes the call. */
export function outcomeText(word: number, arch: Arch): string {
  const what = outcome(word);
  switch (what.kind) {
    case 'executed':
      return what.logged ? 'The call is made, and recorded in the audit log.' : 'The call is made.';
    case 'errno':
      return what.errno === 0
        ? 'The call is not made; the caller is told that it succeeded (it returns 0).'
        : `The call is not made; it fails with ${errnoName(what.errno, arch) ?? `errno ${what.errno}`}.`;
    case 'notify':
      return 'The call waits until a supervisor decides; without one it fails with ENOSYS.';
    case 'trace':
      return 'A tracer decides; without one the call fails with ENOSYS.';
    case 'trap':
      return 'The call is not made; the thread gets SIGSYS, which a handler may catch.';
    case 'kill-thread':
      return 'SIGSYS ends the thread; the whole process, if it is the last one.';
    case 'kill-process':
      return what.known
        ? 'SIGSYS ends the whole process.'
        : 'This word is no action that Linux knows, and ends the whole process.';
    default:
      return what satisfies never;
  }
}
