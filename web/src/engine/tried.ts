/** One call put to a filter: what it gets, why, and which instructions ran. */
import { ARCHES, type Arch, describeWord, type SeccompData, UNFILTERED_X86_64 } from '../../../src/arch/index.ts';
import { fail, forTerminal, quoted } from '../../../src/diag/index.ts';
import { trace } from '../../../src/kernel/index.ts';
import { hex } from '../../../src/num/index.ts';
import { decide } from '../../../src/policy/index.ts';
import {
  argumentsOf,
  callNumber,
  looksPast,
  nameOf,
  nodesOnPath,
  reasonOf,
  type Tree,
} from '../../../src/view/index.ts';
import type { Asks, Tried } from '../protocol.ts';
import { effectOf, outcomeText, placeOf } from './shown.ts';
import { editorText, type Subject } from './subject.ts';

function archNamed(name: string): Arch {
  const found = [...ARCHES.values()].find((a) => a.name === name);
  return found ?? fail({ code: 'ARCH_UNKNOWN', message: `${quoted(name)} is no architecture` });
}

/** The place of a call's name in its rule, which may be pages long; the rule's where the name is not written so. */
function nameIn(text: string, span: { readonly start: number; readonly end: number }, name: string | undefined) {
  const written = JSON.stringify(name ?? '');
  const at = text.slice(span.start, span.end).indexOf(written);
  return at < 0 ? span : { start: span.start + at, end: span.start + at + written.length };
}

function decided(
  subject: Subject,
  data: SeccompData,
  name: string | undefined,
): Pick<Tried, 'decidedBy' | 'because' | 'rule'> & { readonly idle: readonly string[] } {
  const { policy } = subject;
  if (policy === undefined) {
    return { decidedBy: 'a program does not say which rule it came from', because: '', idle: [] };
  }
  const { reason, rule, because, idle } = reasonOf(decide(policy, data), name);
  const { source } = policy;
  const place = (span: { readonly start: number; readonly end: number }) =>
    placeOf({ source, span: nameIn(source.text, span, name?.replace(/^x32 /, '')) }, editorText(subject));
  return {
    decidedBy: rule === undefined ? reason : `syscalls[${rule.ruleIndex}]${reason}`,
    because,
    ...(rule && { rule: place(rule.span) }),
    idle: idle.map((r) => `Not in force: syscalls[${r.origin.ruleIndex}], ${place(r.origin.span).words}, ${r.why}.`),
  };
}

export function tried(subject: Subject, ask: Asks['try']['ask'], tree: Tree | undefined): Tried {
  const { program } = subject;
  if (program === undefined) return fail({ code: 'USAGE', message: 'there is no valid program to ask' });
  const arch = archNamed(ask.arch);
  const call = ask.call.trim();
  const nr = callNumber(arch, call);
  if (nr === undefined) return fail({ code: 'USAGE', message: `${arch.name} has no call ${quoted(call)}` });
  const given = ask.args.findLastIndex((text) => text.trim() !== '') + 1;
  const name = nameOf(arch, nr);
  const texts = ask.args.slice(0, given).map((text) => (text.trim() === '' ? '0' : text.trim()));
  const args = argumentsOf(texts, name, arch);
  const data: SeccompData = { nr, arch: arch.audit, instructionPointer: 0n, args };
  const { word, pcs } = trace(program, data);
  const { idle, ...why } = decided(subject, data, name);
  const unfiltered = arch.name === 'x86_64' ? UNFILTERED_X86_64.get(nr) : undefined;
  return {
    arch: arch.name,
    call: forTerminal(
      `${name ?? 'no call'}(${args.slice(0, given).map(hex).join(', ')}) on ${arch.name}, number ${nr > 4096 ? `${nr} (${hex(nr)})` : nr}`,
    ),
    action: describeWord(word, arch),
    effect: effectOf(word),
    outcome: outcomeText(word, arch),
    ...why,
    notes: [
      ...(looksPast(program, pcs, given)
        ? ['The answer depends on arguments that were not given; they are taken as 0.']
        : []),
      ...(unfiltered === undefined ? [] : [`Linux shows ${unfiltered} (${nr}) to no filter: no policy can deny it.`]),
      ...idle.map((text) => forTerminal(text)),
    ],
    pcs,
    boxes: tree === undefined ? [] : nodesOnPath(tree, pcs),
    length: program.length,
  };
}
