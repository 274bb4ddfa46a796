/** Findings as SARIF 2.1.0. @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/ sections 3.27 (results), 3.55 (fixes) */
import {
  CODES,
  jsonForTerminal,
  sarifMessage as message,
  sarifRegion as region,
  type Span,
  uriOf,
} from '../diag/index.ts';
import { fingerprint } from '../num/fingerprint.ts';
import type { Finding } from './finding.ts';
import { LINTS } from './table.ts';

/** GitHub takes no more results of a run. */
const MOST_RESULTS = 25_000;

/** The document, with a line break at its end. `file` is where the profile lies, as the results shall name it. */
export function lintSarif(findings: readonly Finding[], file: string, version: string): string {
  const codes = [...new Set(findings.map((f) => f.code))].sort();
  const rules = codes.map((id) => ({
    id,
    shortDescription: { text: CODES[id].about },
    fullDescription: { text: LINTS[id]?.explanation ?? CODES[id].about },
    help: {
      text: LINTS[id]?.fix === undefined ? `See ${id} in docs/lint.md.` : `seccompc lint --fix ${LINTS[id].fix}.`,
    },
    defaultConfiguration: { level: CODES[id].severity },
  }));
  const run = {
    tool: { driver: { name: 'seccompc', version, rules } },
    columnKind: 'unicodeCodePoints',
    results: findings.slice(0, MOST_RESULTS).map((f) => result(f, codes.indexOf(f.code), file)),
  };
  return `${jsonForTerminal({ $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [run] }, 2)}\n`;
}

function result(f: Finding, ruleIndex: number, file: string): Record<string, unknown> {
  const text = f.source?.text ?? '';
  const artifactLocation = { uri: uriOf(file) };
  const place = (span: Span | undefined) => ({
    physicalLocation: { artifactLocation, ...(span && { region: region(text, span) }) },
  });
  return {
    ruleId: f.code,
    ruleIndex,
    level: f.severity,
    message: message(f.help === undefined ? f.message : `${f.message}. ${f.help}`),
    locations: [place(f.span)],
    ...(f.related?.length && {
      relatedLocations: f.related.map((r) => ({ ...place(r.span), message: message(r.message) })),
    }),
    // Of what is said, not of the line: that is another one with every line put in above.
    partialFingerprints: { primaryLocationLineHash: `${fingerprint(`${f.code} ${f.message}`)}:1` },
    ...(f.fix && {
      fixes: [
        {
          description: message(f.fix.title),
          artifactChanges: [
            {
              artifactLocation,
              replacements: f.fix.edits.map(({ offset, length, content }) => ({
                deletedRegion: region(text, { start: offset, end: offset + length }),
                ...(content !== '' && { insertedContent: { text: content } }),
              })),
            },
          ],
        },
      ],
    }),
  };
}
