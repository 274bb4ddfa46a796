/** What a test expects of a call: which result words satisfy it, and how it is said. */
import { type Arch, errnoNames, errnoNumber, MAX_ERRNO } from '../arch/index.ts';
import { fail, quoted } from '../diag/index.ts';
import { type Outcome, outcome } from '../kernel/index.ts';
import type { U32 } from '../num/index.ts';
import { didYouMean } from '../policy/vocabulary.ts';
import { isDenied } from '../prove/index.ts';

/** An errno by name or number; or an action: 'errno' (any), 'trap', 'kill-thread', 'kill-process', 'notify', 'trace'. */
export type Denial = string | number;

export interface Expected {
  /** 'be denied with EPERM'. */
  readonly text: string;
  readonly holds: (word: U32) => boolean;
}

/** The call runs, whether or not it is logged. */
export const RUNS: Expected = { text: 'run', holds: (word) => outcome(word).kind === 'executed' };

/** The call runs, and the kernel writes it down. */
export const LOGGED: Expected = {
  text: 'run and be logged',
  holds: (word) => {
    const done = outcome(word);
    return done.kind === 'executed' && done.logged;
  },
};

const DENIED: Expected = { text: 'be denied', holds: isDenied };

const KINDS: ReadonlyMap<string, Exclude<Outcome['kind'], 'executed'>> = new Map([
  ['errno', 'errno'],
  ['trap', 'trap'],
  ['kill', 'kill-thread'],
  ['kill-thread', 'kill-thread'],
  ['kill-process', 'kill-process'],
  ['notify', 'notify'],
  ['trace', 'trace'],
]);

/** @throws SeccompcError USAGE for what is neither an errno nor an action */
export function denial(how: Denial | undefined, arch: Arch): Expected {
  if (how === undefined) return DENIED;
  if (typeof how === 'number') {
    if (Number.isInteger(how) && how >= 0 && how <= MAX_ERRNO) return withErrno(how, `errno ${how}`);
    return fail({ code: 'USAGE', message: `an errno is a number from 0 to ${MAX_ERRNO}, not ${how}` });
  }
  const errno = errnoNumber(how, arch);
  if (errno !== undefined) return withErrno(errno, how);
  const name = how
    .toLowerCase()
    .replace(/^scmp_act_|^seccomp_ret_/, '')
    .replaceAll('_', '-');
  const kind = KINDS.get(name);
  if (kind !== undefined) {
    return { text: `get ${kind}`, holds: (word) => outcome(word).kind === kind };
  }
  return fail({
    code: 'USAGE',
    message: `${quoted(how)} is no errno and no action that denies`,
    help: didYouMean(how, [...errnoNames(), ...KINDS.keys()]) ?? `actions: ${[...KINDS.keys()].join(', ')}`,
  });
}

function withErrno(errno: number, text: string): Expected {
  return {
    text: `be denied with ${text}`,
    holds: (word) => {
      const done = outcome(word);
      return done.kind === 'errno' && done.errno === errno;
    },
  };
}
