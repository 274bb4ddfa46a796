/** Tests as JUnit XML: what a replay and a run of all checks have in common. */
import { type Code, forXml, forXmlAttribute } from '../diag/index.ts';

export interface Case {
  readonly group: string;
  readonly name: string;
  readonly outcome: 'passed' | 'failure' | 'error' | 'skipped';
  /** The code that says why it is no pass, where it is none. */
  readonly type?: Code | undefined;
  /** In a line. */
  readonly message?: string | undefined;
  /** May hold line breaks. */
  readonly detail?: string | undefined;
}

/** The whole document. Every test has a name of its own, since servers take equal names for the same test. */
export function junitXml(title: string, tests: readonly Case[]): string {
  const cases = ownNames(tests);
  const having = (outcome: Case['outcome']) => cases.filter((c) => c.outcome === outcome).length;
  const totals = `tests="${cases.length}" failures="${having('failure')}" errors="${having('error')}" time="0"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${forXmlAttribute(title)}" ${totals}>`,
    `  <testsuite name="${forXmlAttribute(title)}" ${totals} skipped="${having('skipped')}">`,
    ...cases.flatMap(caseXml),
    '  </testsuite>',
    '</testsuites>\n',
  ].join('\n');
}

/** Equal names of a group are numbered. */
function ownNames(cases: readonly Case[]): readonly Case[] {
  const seen = new Map<string, number>();
  return cases.map((one) => {
    const key = `${one.group} ${one.name}`;
    const before = seen.get(key) ?? 0;
    seen.set(key, before + 1);
    return before === 0 ? one : { ...one, name: `${one.name} #${before + 1}` };
  });
}

function caseXml({ group, name, outcome, type, message = '', detail = '' }: Case): readonly string[] {
  const open = `    <testcase classname="seccompc.${group}" name="${forXmlAttribute(name)}" time="0"`;
  const said = `message="${forXmlAttribute(message)}"`;
  if (outcome === 'skipped') return [`${open}><skipped ${said}/></testcase>`];
  if (outcome !== 'passed')
    return [`${open}><${outcome} type="${type ?? ''}" ${said}>${forXml(detail)}</${outcome}></testcase>`];
  const output = [message, detail].filter((text) => text !== '').join('\n');
  return [output === '' ? `${open}/>` : `${open}><system-out>${forXml(output)}</system-out></testcase>`];
}
