/**
 * SARIF 2.1.0, for code scanning: what fails, and what is only told, at its own severity. Evidence that is missing is a
 * notification besides, so that "no results" is not read as "all well".
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/ sections 3.20.21 (notifications), 3.27 (results)
 */
import {
  CODES,
  type Diagnostic,
  jsonForTerminal,
  type Place,
  sarifMessage,
  sarifRegion,
  uriOf,
} from '../diag/index.ts';
import { fingerprint } from '../num/fingerprint.ts';
import { type Check, type Checks, checkName } from './checks-data.ts';

/** GitHub takes no more results of a run. */
const MOST_RESULTS = 25_000;

export function checksSarif({ version, config, notes, checks, status }: Checks): string {
  const found = each(checks);
  const codes = [...new Set(found.map(({ diagnostic }) => diagnostic.code))].sort();
  const open = checks.filter(({ standing }) => standing === 'missing' || standing === 'unreadable');
  const notification = (text: string) => ({ level: 'warning', message: sarifMessage(text) });
  const run = {
    tool: {
      driver: {
        name: 'seccompc',
        version,
        rules: codes.map((id) => ({
          id,
          shortDescription: { text: CODES[id].about },
          fullDescription: { text: `${CODES[id].about}.` },
          help: { text: `${id} is explained in docs/ci.md or docs/lint.md.` },
          defaultConfiguration: { level: CODES[id].severity },
        })),
      },
    },
    invocations: [
      {
        executionSuccessful: status !== 2,
        toolExecutionNotifications: [
          ...notes.map(notification),
          ...open.map((check) => notification(`${check.step} of ${checkName(check)}: ${check.said}`)),
        ],
      },
    ],
    columnKind: 'unicodeCodePoints',
    results: found.slice(0, MOST_RESULTS).map(({ check, diagnostic, failing }) => ({
      ruleId: diagnostic.code,
      ruleIndex: codes.indexOf(diagnostic.code),
      level: failing ? 'error' : diagnostic.severity,
      message: sarifMessage(
        `${diagnostic.message}${diagnostic.help === undefined ? '' : `. ${diagnostic.help}`} (${check.step} of ${checkName(check)})`,
      ),
      locations: [place(diagnostic, diagnostic.file ?? config.name)],
      ...(diagnostic.related?.length && {
        relatedLocations: diagnostic.related.map((r) => ({
          ...place(r, config.name),
          message: sarifMessage(r.message),
        })),
      }),
      // Of what is said, not of the line: that is another one with every line put in above.
      partialFingerprints: {
        primaryLocationLineHash: `${fingerprint(JSON.stringify([diagnostic.code, checkName(check), diagnostic.message]))}:1`,
      },
    })),
  };
  return `${jsonForTerminal({ $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [run] }, 2)}\n`;
}

type Found = { readonly check: Check; readonly diagnostic: Diagnostic; readonly failing: boolean };

/** Each once: where several steps find the same, the first one, and failing if any of them fails by it. */
function each(checks: readonly Check[]): readonly Found[] {
  const found = new Map<string, Found>();
  for (const check of checks)
    for (const { diagnostic, failing } of check.problems) {
      const { code, source, file, span, message } = diagnostic;
      const key = JSON.stringify([code, source?.name ?? file, span?.start, message]);
      const before = found.get(key);
      if (before === undefined || (failing && !before.failing)) found.set(key, { check, diagnostic, failing });
    }
  return [...found.values()];
}

function place({ source, span }: Place, file: string): Record<string, unknown> {
  const region = source && span ? sarifRegion(source.text, span) : { startLine: 1 };
  return { physicalLocation: { artifactLocation: { uri: uriOf(source?.name ?? file) }, region } };
}
