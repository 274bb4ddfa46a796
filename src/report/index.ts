import type { Replay } from '../trace/index.ts';
import type { ReportContext } from './entries.ts';
import { toGithub } from './github.ts';
import { toHtml } from './html.ts';
import { toJson } from './json.ts';
import { toJunit } from './junit.ts';
import { toSarif } from './sarif.ts';
import { toText } from './text.ts';

export { callText } from './calls.ts';
export { diagnosticOf, entriesOf, type ReportContext, sentence, undecidedText } from './entries.ts';

export type ReportFormat = 'text' | 'json' | 'sarif' | 'junit' | 'github' | 'html';

const WRITERS: Readonly<Record<ReportFormat, (replay: Replay, context: ReportContext) => string>> = {
  text: toText,
  json: toJson,
  sarif: toSarif,
  junit: toJunit,
  github: toGithub,
  html: toHtml,
};

export const REPORT_FORMATS: readonly ReportFormat[] = Object.keys(WRITERS) as ReportFormat[];

/**
 * A replay as a whole text. Whatever came from outside is escaped for that format.
 * @param format one of `REPORT_FORMATS`
 * @param replay what `replay` gave
 * @param context names of the filter and the traces
 * @returns the text, with a line break at its end. Never throws.
 */
export function render(format: ReportFormat, replay: Replay, context: ReportContext): string {
  return WRITERS[format](replay, context);
}
