/** seccompc lint --explain CODE: what docs/lint.md says of a code, at the terminal. */
import { CODES, type Code, fail, quoted } from '../diag/index.ts';
import { LINTS } from '../lint/index.ts';
import { didYouMean } from '../policy/vocabulary.ts';
import type { Terminal } from './terminal.ts';

const isCode = (text: string): text is Code => Object.hasOwn(CODES, text);

/** Codes that are no finding of lint have their line of the list alone. @throws SeccompcError USAGE */
export function explainCode(text: string, terminal: Terminal): void {
  const code = text.toUpperCase();
  if (!isCode(code)) {
    fail({ code: 'USAGE', message: `${quoted(text)} is no code`, help: didYouMean(code, Object.keys(CODES)) });
  }
  const { severity, about } = CODES[code];
  const { explanation, fix } = LINTS[code] ?? {};
  terminal.line(`${code} (${severity}): ${about}`);
  if (explanation !== undefined) terminal.line(explanation);
  if (fix !== undefined) terminal.line(`--fix ${fix}.`);
  terminal.data({
    ok: true,
    code,
    severity,
    about,
    explanation: explanation ?? null,
    fix: fix ?? null,
    diagnostics: [],
  });
}
