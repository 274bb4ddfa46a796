/** A judge of SARIF, written from the standard and GitHub's documentation, without the writer's code. */

interface SarifPlace {
  readonly physicalLocation?: {
    readonly artifactLocation?: { readonly uri?: unknown };
    readonly region?: Readonly<Record<string, unknown>>;
  };
  readonly message?: { readonly text?: unknown };
}
export interface SarifResult {
  readonly ruleId?: unknown;
  readonly ruleIndex?: number;
  readonly level?: unknown;
  readonly message?: { readonly text?: unknown };
  readonly occurrenceCount?: unknown;
  readonly locations?: readonly SarifPlace[];
  readonly relatedLocations?: readonly SarifPlace[];
  readonly partialFingerprints?: { readonly primaryLocationLineHash?: string };
}

/**
 * What breaks a rule of the standard (OASIS sarif-v2.1.0, sections in brackets) or of what GitHub requires ("SARIF support
 * for code scanning": properties marked as required, and limits), written from those texts.
 */
export function sarifFaults(log: {
  readonly version: unknown;
  readonly runs: readonly Record<string, never>[] | readonly unknown[];
}): readonly string[] {
  const faults: string[] = [];
  const must = (holds: boolean, what: string) => holds || faults.push(what);
  const isText = (value: unknown) => typeof value === 'string' && value.trim() !== '';
  const isCount = (value: unknown) => Number.isInteger(value) && (value as number) >= 1;
  const LEVELS: readonly unknown[] = ['none', 'note', 'warning', 'error'];
  must(log.version === '2.1.0', '3.13.2 version');
  must(log.runs.length >= 1 && log.runs.length <= 20, 'GitHub: 20 runs');
  // biome-ignore lint/suspicious/noExplicitAny: a parsed document, every part of which is asked for
  for (const run of log.runs as readonly any[]) {
    const rules = run.tool?.driver?.rules ?? [];
    must(isText(run.tool?.driver?.name), '3.19.8 tool.driver.name');
    must(new Set(rules.map((r: { id: unknown }) => r.id)).size === rules.length, '3.19.23 rules are unique');
    for (const rule of rules) {
      must(isText(rule.id) && rule.id.length <= 255, '3.49.3 rule.id');
      for (const key of ['shortDescription', 'fullDescription', 'help'])
        must(isText(rule[key]?.text) && rule[key].text.length <= 1024, `GitHub: rule.${key}.text`);
      must(LEVELS.includes(rule.defaultConfiguration?.level), '3.50.3 level');
    }
    must(run.columnKind === 'utf16CodeUnits' || run.columnKind === 'unicodeCodePoints', '3.14.17 columnKind');
    for (const { executionSuccessful, toolExecutionNotifications } of run.invocations ?? []) {
      must(typeof executionSuccessful === 'boolean', '3.20.14 executionSuccessful');
      for (const n of toolExecutionNotifications) must(isText(n.message?.text) && LEVELS.includes(n.level), '3.58');
    }
    must(run.results.length <= 25_000, 'GitHub: 25,000 results');
    const place = ({ physicalLocation, message }: SarifPlace, isRelated: boolean) => {
      const { uri } = physicalLocation?.artifactLocation ?? {};
      must(isText(uri) && !/[\s<>"{}|\\^`\u0080-\uffff]/.test(uri as string), '3.4.3 uri as RFC 3986 has it');
      const region = physicalLocation?.region;
      must(isCount(region?.startLine), 'GitHub: region.startLine');
      must(region?.startColumn === undefined || isCount(region.startColumn), '3.30.6 startColumn');
      must(!isRelated || isText(message?.text), 'GitHub: relatedLocations message.text');
    };
    for (const result of run.results as readonly SarifResult[]) {
      must(isText(result.message?.text), '3.27.11 message');
      must(LEVELS.includes(result.level), '3.27.10 level');
      must(rules[result.ruleIndex ?? -1]?.id === result.ruleId, '3.27.6 ruleIndex');
      must(result.occurrenceCount === undefined || isCount(result.occurrenceCount), '3.27.20 occurrenceCount');
      must((result.locations ?? []).length >= 1 && (result.locations ?? []).length <= 10, 'GitHub: locations');
      for (const one of result.locations ?? []) place(one, false);
      for (const one of result.relatedLocations ?? []) place(one, true);
      const print = result.partialFingerprints?.primaryLocationLineHash;
      must(/^[0-9a-f]{16,}:\d+$/.test(print ?? ''), 'GitHub: partialFingerprints.primaryLocationLineHash');
    }
  }
  return faults;
}
