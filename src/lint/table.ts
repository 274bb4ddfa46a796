/**
 * Every code that lint reports, in the order of its page: what it means and what to do. Severity and title are those of
 * diag/codes.ts; docs/lint.md is written from both (page.ts).
 */
import type { Code } from '../diag/index.ts';

export interface Lint {
  readonly explanation: string;
  /** What --fix does about it. */
  readonly fix?: string;
}

const row = (explanation: string, fix?: string): Lint => ({ explanation, ...(fix !== undefined && { fix }) });

export const LINTS: Readonly<Partial<Record<Code, Lint>>> = {
  // names
  SYSCALL_UNKNOWN: row(
    'A name that no architecture has. In a rule that allows, the call that was meant stays denied; in one that denies, it stays open, which is an error. Either it is misspelt, or it is newer than seccompc knows.',
    'writes the one call that differs by a single letter, where there is exactly one',
  ),
  NAME_REPEATED: row('The second mention does nothing.', 'removes it; proved to change nothing'),
  CALL_ABSENT: row(
    'None of the architectures has the call, so naming it does nothing. Often right: one list for many machines.',
  ),
  NAMES_EMPTY: row('A rule that names no call does nothing.'),

  // rules
  RULE_CONFLICT: row(
    'Two rules with different actions match the same arguments of one call. Which one decides would depend on the runtime; seccompc refuses to choose unless told by --on-conflict.',
  ),
  RULE_DUPLICATE: row(
    'Of two rules without conditions for one call the first counts and the other is dropped, whatever it says.',
  ),
  RULE_SHADOWED: row(
    'The rule never decides: another one, with a different action, has decided before. Somebody believes in an effect that is not there.',
    'removes the rule or the names, where lint proves that nothing changes',
  ),
  RULE_SUBSUMED: row(
    'Taken out, the rule is not missed: for every argument value of every call that it names the outcome is the same. Found by comparing meanings, not texts.',
    'removes the rule or the names; proved to change nothing',
  ),
  RULE_DEFAULT: row(
    'A rule whose action is the default action is skipped by runtimes.',
    'removes it; proved to change nothing',
  ),
  RULE_NEVER_MATCHES: row(
    'No argument can meet the conditions: valueTwo has bits outside the mask, or the value is beyond the width of the parameter.',
  ),

  // arguments
  ARG_POINTER: row(
    'A filter sees the six registers of a call and cannot read memory; and if it could, another thread might change it after the look. An allowlist of paths for openat is therefore impossible here. The finding says what can do it: Landlock, mount namespaces, an LSM, network namespaces.',
  ),
  KEY_PATH: row('A key that asks for paths, strings or addresses. No filter can check them; see ARG_POINTER.'),
  VALUE_STRING: row('A string where only numbers can be compared; see ARG_POINTER.'),
  ARG_SIGN: row(
    'A negative int has two forms in a 64-bit register: extended by zeros, as compilers pass it to a prototype, or by its sign, as musl passes it through syscall(). The kernel looks at the low half and takes both; the rule takes one.',
    'compares the low 32 bits by SCMP_CMP_MASKED_EQ; this changes the meaning, in just that',
  ),
  ARG_WIDTH_BYPASS: row(
    'The kernel takes the low 32 bits of this parameter and the rule compares 64. A caller who sets a high bit is seen as another value and served as the same.',
  ),
  VALUE_TOO_WIDE: row('A value beyond 32 bits against a parameter that has 32: the comparison always holds, or never.'),
  ARG_INDEX_REPEATED: row(
    'Conditions on one argument twice in a rule: runc then takes every condition as an alternative, so one is enough.',
  ),
  CONDITION_ALWAYS: row(
    'Every value meets the condition, on every architecture of the profile.',
    'removes it beside other conditions; proved to change nothing',
  ),
  VALUETWO_UNUSED: row(
    'Only SCMP_CMP_MASKED_EQ has a second value. Was a mask meant?',
    "removes 'valueTwo'; proved to change nothing",
  ),

  // ways round a denial
  CALL_WALKAROUND: row(
    'A rule keeps a call from callers, wholly or for some arguments, and a sibling that does the same runs: openat beside open, tgkill beside kill, clone3 (its flags lie in memory) beside clone, fsopen with fsmount and move_mount beside mount.',
  ),
  IO_URING_BYPASS: row('io_uring does the work of dozens of calls from a ring in memory, and no filter sees it.'),
  ABI_BYPASS: row(
    'A 64-bit program can make 32-bit calls (int 0x80, x32), and the filter sees them as calls of that ABI. What is denied on one ABI must be denied on all that are named.',
  ),
  SOCKETCALL_BYPASS: row(
    'Through socketcall or ipc the arguments lie in memory, so conditions on the call behind it cannot be kept there.',
  ),
  CALL_UNFILTERED: row('Linux serves a few numbers on x86_64 without asking any filter.'),

  // start and end
  PROGRAM_CANNOT_END: row('exit_group is denied, so programs crash or hang where they should end.'),
  PROGRAM_CANNOT_START: row(
    'execve and execveat are denied. Right for a program that installs its own filter; a container or a launcher cannot start anything behind it. A warning where the profile has rules by capability or machine, as those for containers do.',
  ),
  SIGNALS_CANNOT_RETURN: row(
    'The kernel makes a signal handler return by rt_sigreturn, which passes through the filter as any other call.',
  ),
  FALLBACK_ERRNO: row(
    'When a kernel lacks a new call it answers ENOSYS, and the C library makes the older one instead. EPERM, or a signal, it takes for a verdict: the program fails on a machine where it could run. clone3, faccessat2, openat2, statx, fchmodat2, preadv2, pwritev2, renameat2, and the 64-bit times of 32-bit ABIs.',
    'adds a rule that denies them with ENOSYS, where the default action returns another errno; they stay denied',
  ),

  // kernels
  KERNEL_LACKS: row('With --kernel: a rule names a call that this kernel does not have yet, or no more.'),
  PROFILE_OLD: row(
    'Calls that are newer than the newest one named. Where the default action lets calls through they run unseen (a warning); where it refuses them other than by ENOSYS, programs do not fall back.',
  ),

  // danger
  CALL_DANGEROUS: row(
    'The call runs and reaches far: grade 3 (a warning) owns the machine or opens a large attack surface (bpf, kexec_load, init_module, ptrace, userfaultfd, io_uring, perf_event_open), grade 2 (a note) reaches other processes, namespaces, keys or mounts. With conditions on its arguments a note. Grade 1 (execve, setuid) is what ordinary programs do and is not reported.',
  ),

  // runtimes
  NOTIFY_UNUSABLE: row(
    'NOTIFY on write, or as the default action: the call that hands over the listener would wait for it.',
  ),
  LISTENER_MISSING: row('Without listenerPath a container runtime has nobody to send the listener to.'),
  LISTENER_UNUSED: row('Nothing is ever asked there.'),
  FLAG_WITHOUT_EFFECT: row('Runtimes set TSYNC themselves; WAIT_KILLABLE_RECV matters to NOTIFY alone.'),
  FLAG_UNKNOWN: row('Not a filter flag that runtimes know.'),
  ERRNO_IGNORED: row(
    'Only ERRNO and TRACE carry a number. runc ignores it elsewhere, the OCI spec and crun refuse the profile.',
    'removes it; proved to change nothing',
  ),

  // text and words
  JSON_SYNTAX: row('The text is no JSON. Comments and trailing commas are fine here, though runc takes neither.'),
  JSON_DEPTH: row('Nested deeper than any profile.'),
  INPUT_TOO_LARGE: row('Larger than any profile.'),
  KEY_DUPLICATE: row(
    'Of a key that stands twice the last one counts; of lists and objects Go mixes both, which is an error.',
  ),
  KEY_CASE: row('runc takes keys in any case, crun does not.', 'writes the key as it should be'),
  KEY_UNKNOWN: row(
    'A key that no dialect has; one that is nearly a known one is an error, since what it meant would be lost.',
  ),
  KEY_MISSING: row('A key that has to be there.'),
  KEY_CONFLICT: row('Two keys that exclude each other.'),
  TYPE_WRONG: row('A value of another JSON type than the key takes.'),
  VALUE_RANGE: row(
    'A number outside its range. 64-bit values are unsigned: write a negative one as its two’s complement.',
  ),
  ACTION_UNKNOWN: row('Not one of the nine actions.'),
  OP_UNKNOWN: row('Not one of the seven operators.'),
  ARCH_UNKNOWN: row('Not an architecture that seccompc knows.'),
  CAP_UNKNOWN: row('Not a capability; nearly one is an error.'),
  KERNEL_VERSION: row('minKernel is MAJOR.MINOR.'),
  ERRNO_RANGE: row('The number of an errno is 0 to 4095.'),
  ERRNO_UNKNOWN: row('Not the name of an errno.'),
  POLICY_TOO_LARGE: row('More rules than can be worked out.'),
  ARCH_MISSING: row('The profile names no architecture. It is judged for x86_64 then; --arch names others.'),
  ARCH_BYTE_ORDER: row('Architectures of both byte orders in what was to be one program.'),
  MORE: row('There is more than the first thousand that are shown.'),

  // comments
  LINT_IGNORE: row(
    'A seccompc-ignore needs a code of this page and a reason; what keeps a profile from being built cannot be ignored.',
  ),
  LINT_IGNORE_UNUSED: row('The finding has gone; the comment can go, too.'),
};
