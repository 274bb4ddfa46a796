/** A judge of JUnit XML: a parser that is not ours, and what the schemas of its readers have. */
import { SaxesParser } from 'saxes';

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly inner: (Element | string)[];
}

/** An independent parser, which refuses what is not well-formed. */
export function parseXml(text: string): Element {
  const top: Element = { name: '', attributes: {}, inner: [] };
  const open = [top];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const element = { name, attributes: attributes as Record<string, string>, inner: [] };
    open.at(-1)?.inner.push(element);
    open.push(element);
  });
  parser.on('closetag', () => open.pop());
  parser.on('text', (inner) => open.at(-1)?.inner.push(inner));
  parser.write(text).close();
  return top.inner.find((e) => typeof e !== 'string') as Element;
}
export const elements = ({ inner }: Element): readonly Element[] => inner.filter((e) => typeof e !== 'string');

/** Attributes by element, those with '!' required: the part that jenkins-junit.xsd and Surefire's schema have in common. */
const JUNIT: Readonly<Record<string, string>> = {
  testsuites: 'name time tests failures disabled errors',
  testsuite: 'name! tests! failures! errors! skipped! time! id package timestamp hostname',
  testcase: 'name! classname! time! status assertions',
  failure: 'type! message',
  error: 'type! message',
  skipped: 'message type',
  'system-out': '',
};
const INNER: Readonly<Record<string, readonly string[]>> = {
  testsuites: ['testsuite'],
  testsuite: ['testcase'],
  testcase: ['failure', 'error', 'skipped', 'system-out'],
};

export function junitFaults(root: Element): readonly string[] {
  const faults: string[] = [];
  const names = new Set<string>();
  const visit = (e: Element) => {
    const allowed = (JUNIT[e.name] ?? '').split(' ').map((name) => name.replace('!', ''));
    for (const name of Object.keys(e.attributes)) if (!allowed.includes(name)) faults.push(`${e.name} has ${name}`);
    for (const name of (JUNIT[e.name] ?? '').split(' '))
      if (name.endsWith('!') && !e.attributes[name.slice(0, -1)]) faults.push(`${e.name} lacks ${name}`);
    for (const inner of elements(e)) {
      if (!(INNER[e.name] ?? []).includes(inner.name)) faults.push(`${inner.name} in ${e.name}`);
      visit(inner);
    }
    if (e.name === 'testcase') {
      if (elements(e).length > 1) faults.push('several outcomes');
      names.add(`${e.attributes.classname} ${e.attributes.name}`);
    }
    if (e.name !== 'testsuite') return;
    const cases = elements(e);
    const having = (name: string) => cases.filter((c) => elements(c)[0]?.name === name).length;
    for (const [key, n] of Object.entries({
      tests: cases.length,
      failures: having('failure'),
      errors: having('error'),
      skipped: having('skipped'),
    }))
      if (e.attributes[key] !== String(n)) faults.push(`${key} is ${e.attributes[key]} for ${n}`);
    if (names.size !== cases.length) faults.push('two tests have one name');
  };
  if (root.name !== 'testsuites' || elements(root).length !== 1) faults.push('no testsuites');
  visit(root);
  return faults;
}
