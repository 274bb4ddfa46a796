/** Diagnostics and findings of lint, each with its place, and fixes to apply. */
import type { Finding, Kind, Place } from '../protocol.ts';
import { button, type Child, el, plural } from './dom.ts';
import { Cancelled, Refused } from './engine.ts';
import type { State } from './state.ts';

export interface FindingActions {
  readonly goTo: (place: Place) => void;
  /** Makes one fix, by its position among the findings, or all that are safe. */
  readonly mend?: ((which: number | 'all') => void) | undefined;
}

/** More are counted, not drawn: a hostile file has thousands. */
const MOST = 200;

/** A place in words, or a button that goes there. */
export function placeLink(place: Place, goTo: (place: Place) => void, label: string = place.words): Child {
  if (place.span === undefined && place.pc === undefined) return el('span', { class: 'soft' }, label);
  return button(label, () => goTo(place), { class: 'link' });
}

function one(finding: Finding, at: number, { goTo, mend }: FindingActions): HTMLLIElement {
  const { severity, code, message, help, about, related, fix } = finding;
  const head = el('div', { class: 'finding-head' }, el('span', { class: `severity ${severity}` }, severity));
  if (code !== '') head.append(el('code', {}, code));
  if (finding.words !== '') head.append(placeLink(finding, goTo) as Node);
  const item = el('li', { class: `finding ${severity}` }, head, el('p', { class: 'message' }, message));
  if (help !== '') item.append(el('p', { class: 'help' }, help));
  for (const r of related) {
    item.append(el('p', { class: 'help' }, `${r.message}: `, placeLink(r, goTo)));
  }
  if (fix !== undefined && mend !== undefined) {
    const note = fix.sameMeaning ? 'No call is decided otherwise by it.' : 'This changes what the finding is about.';
    const act = button(`Fix: ${fix.title}`, () => mend(at), { class: 'small' });
    item.append(el('p', { class: 'fix' }, act, el('span', { class: 'soft' }, note)));
  }
  if (about !== '')
    item.append(el('details', { class: 'about' }, el('summary', {}, `About ${code}`), el('p', {}, about)));
  return item;
}

export function findingList(findings: readonly Finding[], actions: FindingActions): HTMLElement {
  const list = el('ol', { class: 'findings' }, ...findings.slice(0, MOST).map((f, i) => one(f, i, actions)));
  const left = findings.length - MOST;
  return left > 0 ? el('div', {}, list, el('p', { class: 'soft' }, `and ${plural(left, 'finding')} more`)) : list;
}

/** What is shown in place of an answer that did not come. */
export function failure(error: unknown, actions: FindingActions): HTMLElement {
  if (error instanceof Refused) return findingList(error.findings, actions);
  if (error instanceof Cancelled) return el('p', { class: 'calm' }, 'Cancelled.');
  throw error;
}

export function counts(findings: readonly Finding[]): string {
  const of = (severity: Finding['severity']) => findings.filter((f) => f.severity === severity).length;
  const parts = (['error', 'warning', 'note'] as const).filter((s) => of(s) > 0).map((s) => plural(of(s), s));
  return parts.length === 0 ? 'no findings' : parts.join(', ');
}

export function drawFindings(panel: HTMLElement, { parts, failed }: State, actions: FindingActions): void {
  const findings = [...failed, ...(parts.findings ?? [])];
  const { about, proof } = parts;
  const mendable = (parts.findings ?? []).filter(({ fix }) => fix !== undefined).length;
  const bar = el('div', { class: 'bar' }, el('p', { class: 'grow' }, el('b', {}, counts(findings))));
  if (mendable > 1) bar.append(button(`Make all ${mendable} safe fixes`, () => actions.mend?.('all')));
  const proved =
    proof === undefined || (proof.state === 'none' && about?.kind === 'bare-elf')
      ? undefined
      : el(
          'section',
          { class: `proof ${proof.state}`, 'aria-label': 'Proof' },
          el('h3', {}, PROOF[proof.state]),
          ...proof.words.map((words, i) => el('p', i === 0 ? {} : { class: 'soft' }, words)),
        );
  const body =
    findings.length > 0
      ? findingList(findings, actions)
      : el('p', { class: 'calm' }, about === undefined ? '' : CALM[about.kind]);
  const notes = (about?.notes ?? []).map((note) => el('p', { class: 'notice' }, note));
  panel.replaceChildren(...notes, ...(proved ? [proved] : []), bar, body);
}

const CALM: Readonly<Record<Kind, string>> = {
  profile: 'Nothing odd was found in this profile.',
  assembler: 'Nothing is wrong with it.',
  program: 'Nothing is wrong with it.',
  elf: 'Nothing is wrong with it.',
  'bare-elf':
    'This file carries no filter. To put one in, open a profile: the Download tab remembers this file and saves it with the filter.',
};

const PROOF = {
  proved: 'Proved equal',
  disproved: 'Not equal',
  undecided: 'Undecided',
  none: 'Nothing proved',
} as const;
