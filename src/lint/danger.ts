/** Calls that run and give much to whoever has taken over a program, by the grades of arch/danger.ts. */
import { DANGERS, syscallNumber } from '../arch/index.ts';
import type { Severity } from '../diag/index.ts';
import type { OciRule } from '../policy/index.ts';
import { listed, runs, type Subject } from './subject.ts';

/** Grade 1 (execve, setuid, mknod ...) is what ordinary programs do. */
const LEAST_GRADE = 2;
const SEVERITY: Readonly<Record<2 | 3, Severity>> = { 2: 'note', 3: 'warning' };

export function dangers(subject: Subject): void {
  for (const grade of [3, 2] as const) {
    const calls = [...DANGERS].filter(([, d]) => d.grade === grade && d.grade >= LEAST_GRADE).map(([name]) => name);
    for (const rule of subject.profile.rules) byRule(subject, rule, calls, grade);
    byDefault(subject, calls, grade);
  }
}

/** 'bpf (loads programs into the kernel)'. */
const why = (name: string): string => `${name} (${DANGERS.get(name)?.why})`;

function byRule(subject: Subject, rule: OciRule, calls: readonly string[], grade: 2 | 3): void {
  const named = rule.names.filter(
    ({ value }) =>
      calls.includes(value) &&
      subject.abis.some(([, arch]) => {
        const nr = syscallNumber(arch.arch, value);
        const rules = nr === undefined ? [] : (arch.calls.get(nr)?.rules ?? []);
        return rules.some((r) => r.origin.ruleIndex === rule.index && r.origin.via === undefined && runs(r.action));
      }),
  );
  const [first] = named;
  if (first === undefined) return;
  const isPartly = rule.conditions.length > 0;
  subject.add({
    code: 'CALL_DANGEROUS',
    severity: isPartly ? 'note' : SEVERITY[grade],
    span: first.span,
    message: `allowed${isPartly ? ' with some arguments' : ''}, of grade ${grade} in 3: ${listed(named.map((n) => why(n.value)))}`,
    help: 'deny what the program does not need: seccompc trace PROFILE -- COMMAND shows whether it is ever called',
  });
}

function byDefault(subject: Subject, calls: readonly string[], grade: 2 | 3): void {
  const open = calls.filter((name) =>
    subject.abis.some(([machine, arch]) => {
      const nr = syscallNumber(arch.arch, name);
      const word = nr === undefined || arch.calls.has(nr) ? undefined : machine.word(arch, nr);
      return word !== undefined && runs(word);
    }),
  );
  if (open.length === 0) return;
  subject.add({
    code: 'CALL_DANGEROUS',
    severity: SEVERITY[grade],
    span: subject.profile.defaultAction.span,
    message: `allowed by the default action, of grade ${grade} in 3: ${listed(open.map(why))}`,
    help: 'name them in a rule that denies, or begin with a default action that does',
  });
}
