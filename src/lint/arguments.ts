/** Conditions: on pointers, on negative numbers, and such as never matter. */
import { compareStrictness, isNarrowParameter, isPointerParameter, syscallNumber } from '../arch/index.ts';
import { TRUE, Words } from '../diagram/index.ts';
import { hex } from '../num/index.ts';
import type { Condition, OciRule } from '../policy/index.ts';
import { actionWord } from '../policy/resolve.ts';
import type { OciCondition } from '../policy/types.ts';
import { conditionsSet } from '../prove/index.ts';
import { Editor } from './edit.ts';
import { listed, type Subject } from './subject.ts';

const LOW = 0xffff_ffffn;
const SIGN = 0x8000_0000n;

/** Calls and what to use where their pointers should have been judged. */
const INSTEAD: readonly (readonly [RegExp, string])[] = [
  [
    /^(open|openat|creat|stat|lstat|newfstatat|fstatat64|statx|access|faccessat2?|readlink|readlinkat|unlink|unlinkat|rmdir|mkdir|mkdirat|rename\w*|link|linkat|symlink|symlinkat|chmod|fchmodat2?|chown|lchown|fchownat|truncate|truncate64|mknod|mknodat|chdir|chroot|utime\w*|statfs|\w*xattr\w*)$/,
    'which paths a program reaches is said by Landlock, a mount namespace, or an LSM (AppArmor, SELinux)',
  ],
  [
    /^execve(at)?$/,
    'which programs may be started is said by Landlock, an LSM, or a mount namespace without the others',
  ],
  [/^(mount|umount2?|pivot_root|move_mount|fs\w+)$/, 'deny the call, or keep CAP_SYS_ADMIN away'],
  [
    /^(connect|bind|sendto|accept4?|sendm?msg)$/,
    'addresses are a matter of network namespaces, nftables, or Landlock (TCP ports)',
  ],
  [
    /^(clone3|openat2)$/,
    'its flags lie in memory: deny the call with ENOSYS, and filter the older one, to which libraries fall back',
  ],
];
const OTHERWISE = 'deny or allow the call as a whole, or compare an argument that is a number';

export function conditions(subject: Subject): void {
  const editor = new Editor(subject.text);
  for (const rule of subject.profile.rules) {
    rule.conditions.forEach((condition, i) => {
      pointers(subject, rule, condition);
      signs(subject, editor, rule, condition);
      unused(subject, editor, condition);
      always(subject, editor, rule, condition, i);
    });
  }
}

function pointers(subject: Subject, rule: OciRule, { argIndex, value, valueTwo, span }: OciCondition): void {
  // Whether a pointer is NULL can be seen.
  if (value === 0n && valueTwo === 0n) return;
  const arches = subject.abis.map(([, { arch }]) => arch);
  const names = rule.names
    .map((n) => n.value)
    .filter((name) =>
      arches.some((a) => syscallNumber(a, name) !== undefined && isPointerParameter(a, name, argIndex)),
    );
  const [first] = names;
  if (first === undefined) return;
  subject.add({
    code: 'ARG_POINTER',
    span,
    message: `argument ${argIndex} of ${listed(names)} is a pointer: this compares an address, not what is there`,
    help: INSTEAD.find(([calls]) => calls.test(first))?.[1] ?? OTHERWISE,
  });
}

/** Programs pass an int extended by zeros (a compiler's call) or by its sign (musl's syscall): only one of them is met. */
function signs(subject: Subject, editor: Editor, rule: OciRule, c: OciCondition): void {
  const { profile, options } = subject;
  const { argIndex, op, value, span, width } = c;
  const low = value & LOW;
  const isExtended = value === ((LOW << 32n) | low);
  if (op !== 'SCMP_CMP_EQ' || low < SIGN || (value > LOW && !isExtended) || width !== undefined) return;
  if ((options.argWidth ?? profile.argWidth) === 'kernel') return;
  const hits = rule.names.filter(({ value: name }) =>
    subject.abis.some(
      ([, { arch, defaultAction }]) =>
        arch.wordBits === 64 &&
        syscallNumber(arch, name) !== undefined &&
        isNarrowParameter(arch, name, argIndex) &&
        compareStrictness(actionWord(rule.action, arch), defaultAction) > 0,
    ),
  );
  if (hits.length === 0) return;
  const edits = editor.set(span.start, { value: Number(LOW), valueTwo: Number(low), op: 'SCMP_CMP_MASKED_EQ' });
  subject.add({
    code: 'ARG_SIGN',
    severity: isExtended ? 'warning' : 'note',
    span,
    message: `argument ${argIndex} of ${listed(hits.map((n) => n.value))} is an int: ${BigInt.asIntN(32, low)} may arrive as ${hex(low)} or as ${hex((LOW << 32n) | low)}, and this allows one of them`,
    help: 'compare the low 32 bits: SCMP_CMP_MASKED_EQ with the mask 4294967295',
    fix: { title: 'compare the low 32 bits', edits, sameMeaning: false },
  });
}

function unused(subject: Subject, editor: Editor, { op, valueTwo, span }: OciCondition): void {
  if (op === 'SCMP_CMP_MASKED_EQ' || valueTwo === 0n) return;
  const edits = editor.removeKeys(span.start, ['valueTwo']);
  subject.add({
    code: 'VALUETWO_UNUSED',
    span,
    message: `${op} compares with 'value' alone; 'valueTwo' is not looked at`,
    help: 'only SCMP_CMP_MASKED_EQ has a second value: (argument & value) == valueTwo',
    fix: edits.length === 0 ? undefined : { title: "remove 'valueTwo'", edits, sameMeaning: true },
  });
}

/** For every value, on every ABI, as the conditions were resolved there. */
function always(subject: Subject, editor: Editor, rule: OciRule, { argIndex, span }: OciCondition, at: number): void {
  const repeats = rule.conditions.filter((c) => c.argIndex === argIndex).length > 1;
  if (repeats) return;
  const resolved = subject.abis.flatMap(([, arch]) =>
    [...arch.calls.values()].flatMap(({ rules }) =>
      rules
        .filter(
          (r) =>
            r.origin.ruleIndex === rule.index &&
            r.origin.via === undefined &&
            r.conditions.length === rule.conditions.length,
        )
        .map((r) => r.conditions[at] as Condition),
    ),
  );
  const words = new Words();
  if (resolved.length === 0 || resolved.some((c) => conditionsSet(words.diagrams, [c]) !== TRUE)) return;
  const edits = rule.conditions.length === 1 ? [] : editor.removeItems([span.start]);
  subject.add({
    code: 'CONDITION_ALWAYS',
    span,
    message: `every value of argument ${argIndex} meets this condition`,
    help: 'a rule with conditions, even such, gives way to one without (docs/semantics.md)',
    fix: edits.length === 0 ? undefined : { title: 'remove the condition', edits, sameMeaning: true },
  });
}
