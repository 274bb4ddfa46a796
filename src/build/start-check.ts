/**
 * Whether a filter lets a program start and end: the calls of start-calls.ts, each decided for every value of what it may
 * be given, by proof. Findings are warnings, not refusals: the library at hand may be another version.
 */
import {
  type Arch,
  actionOf,
  dataOf,
  errnoNumber,
  MAX_ERRNO,
  SECCOMP_RET_ALLOW,
  SECCOMP_RET_ERRNO,
  SECCOMP_RET_LOG,
  SECCOMP_RET_TRACE,
  syscallNumber,
} from '../arch/index.ts';
import type { Origin } from '../elf/index.ts';
import type { CheckedProgram } from '../kernel/index.ts';
import { type U32, U64_MAX } from '../num/index.ts';
import { type Held, holdsFor, type ProveOptions, type Region, type Statement } from '../prove/index.ts';
import { endWithout, type StartCall, startLayers } from './start-calls.ts';

/** A call that a program makes by itself, and is not let make. */
export interface StartFinding {
  readonly call: string;
  /** Who makes it; undefined for the program's end. */
  readonly maker: string | undefined;
  /** The versions of it that were looked at. */
  readonly versions: string | undefined;
  /** Before the program's own code, while it runs, or at its end. */
  readonly when: 'start' | 'run' | 'end';
  /** Whatever its arguments are; or with some that it may be made with. */
  readonly denied: 'always' | 'partly';
  /** One of the words that it gets. */
  readonly word: U32;
  /** What becomes of the program; undefined where that depends on the arguments. */
  readonly consequence: string | undefined;
}

type Predicate = (word: U32) => boolean;

const runs: Predicate = (word) => [SECCOMP_RET_ALLOW, SECCOMP_RET_LOG].some((action) => action === actionOf(word));
const isDenied: Predicate = (word) => !runs(word);
/** A call that is handed to a tracer gives ENOSYS: a program that confines itself has none. */
const returnsErrno: Predicate = (word) =>
  [SECCOMP_RET_ERRNO, SECCOMP_RET_TRACE].some((action) => action === actionOf(word));
const kills: Predicate = (word) => isDenied(word) && !returnsErrno(word);
const killsNever: Predicate = (word) => !kills(word);

function isEnosys(abi: Arch): Predicate {
  const enosys = errnoNumber('ENOSYS', abi);
  return (word) =>
    actionOf(word) === SECCOMP_RET_TRACE ||
    (actionOf(word) === SECCOMP_RET_ERRNO && Math.min(dataOf(word), MAX_ERRNO) === enosys);
}

/** Whether each of these holds for every call of one form. What is undecided holds not. */
interface Answer {
  readonly runs: boolean;
  readonly isDenied: boolean;
  readonly kills: boolean;
  readonly killsNever: boolean;
  readonly isEnosys: boolean;
  /** A word that is no permission; undefined when none was found. */
  readonly word: U32 | undefined;
}

const SIGSYS = 'the filter kills it (SIGSYS, status 159 in a shell)';

function regionsOf({ call, forms }: StartCall, abi: Arch): readonly Region[] {
  const nr = syscallNumber(abi, call);
  if (nr === undefined) return [];
  const calls = [{ arch: abi.audit, nr }];
  const condition = ([argIndex, value]: readonly [number, bigint]) =>
    ({ argIndex, op: 'eq', value, mask: U64_MAX, narrow: false }) as const;
  return (forms ?? [new Map()]).map((one) => ({ calls, conditions: [...one].map(condition) }));
}

function wordOf(held: Held | undefined): U32 | undefined {
  return held === undefined || held.holds || held.undecided ? undefined : held.word;
}

/** Asks about many calls in one proof; one answer for each form of a call, none for a call that the ABI lacks. */
class Answers {
  readonly #answers = new Map<string, readonly Answer[]>();

  constructor(program: CheckedProgram, abi: Arch, calls: readonly StartCall[], options: ProveOptions) {
    const asked = [runs, isDenied, kills, killsNever, isEnosys(abi)] as const;
    const regions = calls.map((call) => regionsOf(call, abi));
    const statements: readonly Statement[] = regions
      .flat()
      .flatMap((region) => asked.map((predicate) => ({ region, predicate })));
    const held = holdsFor(program, statements, options);
    let at = 0;
    const next = (): Answer => {
      const own = held.slice(at, at + asked.length);
      at += asked.length;
      const holds = (i: number) => own[i]?.holds === true;
      return {
        runs: holds(0),
        isDenied: holds(1),
        kills: holds(2),
        killsNever: holds(3),
        isEnosys: holds(4),
        word: wordOf(own[0]),
      };
    };
    calls.forEach((call, i) => {
      this.#answers.set(keyOf(call), (regions[i] ?? []).map(next));
    });
  }

  of(call: StartCall): readonly Answer[] {
    return this.#answers.get(keyOf(call)) ?? [];
  }

  /** Whatever its arguments are; a call that the ABI lacks cannot be made. */
  isDenied(call: string): boolean {
    return this.of({ call }).every((answer) => answer.isDenied);
  }
}

const keyOf = ({ call, forms = [] }: StartCall): string => `${call} ${forms.map((one) => [...one].join()).join(';')}`;

/** What one denied form does to the program; 'survives' it, or 'depends' on what else the call is given. */
function consequenceOf(call: StartCall, answer: Answer, answers: Answers): string {
  if (!answer.isDenied) return answer.killsNever && call.errno === undefined ? 'survives' : 'depends';
  if (answer.kills) return SIGSYS;
  const { instead } = call;
  const falls = instead !== undefined && (instead.after === 'any' || answer.isEnosys);
  if (falls && answer.killsNever && !answers.isDenied(instead.call)) return 'survives';
  return call.errno ?? (answer.killsNever ? 'survives' : SIGSYS);
}

/** The first form that is not let pass decides. */
function startFinding(call: StartCall, answers: Answers): Omit<StartFinding, 'maker' | 'versions'> | undefined {
  const forms = answers.of(call);
  const judged = forms
    .filter(({ runs: isLet, word }) => !isLet && word !== undefined)
    .map((answer) => ({ word: answer.word as U32, consequence: consequenceOf(call, answer, answers) }))
    .filter(({ consequence }) => consequence !== 'survives');
  const worst = judged.find(({ consequence }) => consequence !== 'depends') ?? judged[0];
  if (worst === undefined) return undefined;
  return {
    call: call.call,
    when: call.sometimes ? 'run' : 'start',
    denied: forms.every((answer) => answer.isDenied) ? 'always' : 'partly',
    word: worst.word,
    consequence: worst.consequence === 'depends' ? undefined : worst.consequence,
  };
}

function endFinding(origin: Origin, answers: Answers): StartFinding | undefined {
  const [end] = answers.of({ call: 'exit_group' });
  if (end === undefined || end.runs || end.word === undefined) return undefined;
  const isExitDenied = answers.isDenied('exit');
  // A program that nothing is known of may well end by exit.
  if (origin.libc === undefined && origin.language === undefined && !isExitDenied) return undefined;
  const consequence = !end.isDenied ? undefined : end.kills ? SIGSYS : endWithout(origin, isExitDenied);
  const denied = end.isDenied ? 'always' : 'partly';
  return {
    call: 'exit_group',
    maker: undefined,
    versions: undefined,
    when: 'end',
    denied,
    word: end.word,
    consequence,
  };
}

/** The calls that the program needs by itself and is not let make; of programs of unknown make only their end is judged. */
export function startFindings(
  program: CheckedProgram,
  origin: Origin,
  abi: Arch,
  options: ProveOptions = {},
): readonly StartFinding[] {
  const layers = startLayers(origin, abi);
  const calls = layers.flatMap((layer) => layer.calls);
  const others = [...calls.flatMap(({ instead }) => instead?.call ?? []), 'exit_group', 'exit'];
  const answers = new Answers(program, abi, [...calls, ...others.map((call) => ({ call }))], options);
  const findings = layers.flatMap(({ maker, versions, calls: own }) =>
    own.flatMap((call): StartFinding[] => {
      const found = startFinding(call, answers);
      return found ? [{ ...found, maker, versions }] : [];
    }),
  );
  // Where two layers make the same call, the program does not get to the second.
  const first = findings.filter((f, i) => findings.findIndex(({ call }) => call === f.call) === i);
  const end = endFinding(origin, answers);
  return end === undefined ? first : [...first, end];
}
