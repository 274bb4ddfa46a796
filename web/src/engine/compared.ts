/** What changes from one input to another, exactly, for every call there can be. */
import { describeCall } from '../../../src/assert/index.ts';
import { fail, forTerminal, SeccompcError } from '../../../src/diag/index.ts';
import { byArch, difference } from '../../../src/prove/index.ts';
import { changeText, grouped, tally, whereText } from '../../../src/view/index.ts';
import type { Compared } from '../protocol.ts';
import type { Subject } from './subject.ts';

/** A policy says more than its program, and means the same: that is proved. */
function side(subject: Subject, which: string) {
  const of = subject.policy ?? subject.program;
  if (of !== undefined) return of;
  const errors = subject.findings.filter((d) => d.severity === 'error');
  if (errors.length > 0) throw new SeccompcError(errors);
  return fail({ code: 'USAGE', file: subject.name, message: `${which} has no filter that could be compared` });
}

export function compared(a: Subject, b: Subject): Compared {
  const found = difference(side(a, 'the input on the left'), side(b, 'the other side'));
  const sides: Compared['sides'] = [label(a), label(b)];
  const notes = b.notes.map((note) => `B: ${note}`);
  if (found.undecided) {
    return { sides, verdict: 'undecided', words: `Undecided: ${found.why}. Nothing is claimed.`, notes, changes: [] };
  }
  if (found.equal) {
    const words = 'No difference: every call gets the same answer, for all 2^512 inputs. This is proved.';
    return { sides, verdict: 'equal', words, notes, changes: [] };
  }
  const groups = grouped(byArch(found).map((change) => ({ change })));
  const counted = groups.filter(({ outside }) => !outside);
  return {
    sides,
    verdict: 'different',
    words: `${tally(counted)}; exact for all 2^512 inputs.`,
    notes,
    changes: groups.map((g) => ({
      kind: g.kind,
      change: changeText(g).replace('->', '→'),
      arches: g.arches.join(', '),
      calls: g.callsText,
      where: whereText(g.where),
      example: forTerminal(describeCall(g.example.data)),
      withoutEffect: g.outside,
    })),
  };
}

function label({ name, what, arches }: Subject): string {
  return forTerminal(`${name} (${what}${arches.length > 0 ? `; ${arches.map((a) => a.name).join(', ')}` : ''})`);
}
