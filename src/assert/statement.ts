/**
 * The grammar of statements. A small English, and nothing outside of it is guessed at:
 *
 *   statement = call {("," | "and" | "or") call} ["with" given] verdict ["with any arguments"] ["on" where]
 *   call      = NAME ["(" [arg {"," arg} ["," "..."]] ")"]
 *   arg       = "*" | ["other than"] value {"or" value} | ("any" | "all" | "no") bits | "&" word "==" word
 *   value     = word [".." [word]]
 *   word      = (NUMBER | CONSTANT) {"|" (NUMBER | CONSTANT)}
 *   bits      = (NUMBER | CONSTANT | PREFIX*) {"|" ...}
 *   given     = "any arguments" | ("any" | "all" | "no") bits ["flag" | "flags"]
 *   verdict   = ("is" | "are") ("denied" | "allowed" | "killed" | "trapped" | "logged")
 *             | ("returns" | "return") (ERRNO | NUMBER) | ("kills" | "kill") "the" ("process" | "thread")
 *   where     = "every ABI" | ARCH {("," | "and") ARCH}
 *
 * '|' is C's or, of bits: 'AF_INET|AF_INET6' would be AF_INET6 alone, so numbers of a list are joined by 'or'.
 */

import { CONSTANTS, type Constant, type Family, parametersOf } from '../arch/constants.ts';
import {
  ARCHES,
  type Arch,
  arch,
  errnoNames,
  errnoNumber,
  findArch,
  isNarrowParameter,
  isSyscallName,
  MAX_ERRNO,
  syscallNames,
} from '../arch/index.ts';
import { type Diagnostics, quoted, type Span } from '../diag/index.ts';
import { U64_MAX } from '../num/index.ts';
import { didYouMean } from '../policy/vocabulary.ts';
import { MAX_STATEMENT, type Token, Unreadable, Words, type Written } from './tokens.ts';

/** A number and the families of the constants that it was written with. */
export interface Value {
  readonly value: bigint;
  readonly families: readonly Family[];
}

/** One bit pattern of a list of flags; `byPattern` when it was found by CLONE_NEW* and not named. */
export interface Bits {
  readonly value: bigint;
  readonly constant?: Constant | undefined;
  readonly byPattern: boolean;
}

export type BitTest = 'any' | 'all' | 'no';

export type ArgumentTest =
  | { readonly kind: 'any' }
  | { readonly kind: 'values'; readonly not: boolean; readonly ranges: readonly { first: Value; last: Value }[] }
  | { readonly kind: 'bits'; readonly test: BitTest; readonly bits: readonly Bits[] }
  | { readonly kind: 'masked'; readonly mask: Value; readonly value: Value };

export interface CallPattern {
  readonly name: string;
  /** By argument index; those behind the last are any. */
  readonly args: readonly ArgumentTest[];
}

/** 'with any CLONE_NEW* flag': in whichever parameter of the call takes these. */
export interface Given {
  readonly family: Family;
  readonly test: BitTest;
  readonly bits: readonly Bits[];
}

export type Verdict =
  | { readonly kind: 'denied' | 'allowed' | 'killed' | 'trapped' | 'logged' | 'kills the process' | 'kills the thread' }
  /** A name is numbered by each ABI itself. */
  | { readonly kind: 'returns'; readonly errno: string | number };

export interface Assertion {
  readonly written: Written;
  readonly calls: readonly CallPattern[];
  readonly given?: Given | undefined;
  readonly verdict: Verdict;
  /** ABIs named; absent: every one. */
  readonly arches?: readonly Arch[] | undefined;
}

const VERDICTS = ['denied', 'allowed', 'killed', 'trapped', 'logged'] as const;
const BIT_TESTS = ['any', 'all', 'no'] as const;
const REFERENCE = arch('x86_64');

class Statement {
  readonly #words: Words;
  readonly #written: Written;

  constructor(written: Written, diagnostics: Diagnostics) {
    this.#written = written;
    this.#words = new Words(written, diagnostics);
  }

  read(): Assertion {
    const words = this.#words;
    const calls = [this.#call()];
    while (words.takeIf(',', 'and', 'or') !== undefined) calls.push(this.#call());
    const given = words.takeIf('with') === undefined ? undefined : this.#given(calls);
    const verdict = this.#verdict();
    if (words.next.text === 'with') {
      const { span } = words.take();
      words.expect('any');
      words.expect('arguments');
      if (given || calls.some(({ args }) => args.some(({ kind }) => kind !== 'any'))) {
        words.refuse(span, { code: 'ASSERT_SYNTAX', message: 'the statement says which arguments are meant already' });
      }
    }
    const arches = words.takeIf('on') === undefined ? undefined : this.#where();
    if (words.next.kind !== 'end') words.unexpected("the end, or 'on every ABI',");
    return { written: this.#written, calls, given, verdict, arches };
  }

  #call(): CallPattern {
    const words = this.#words;
    if (words.next.kind !== 'name') words.unexpected('the name of a system call');
    const { text: name, span } = words.take();
    if (!isSyscallName(name)) {
      words.refuse(span, {
        code: 'SYSCALL_UNKNOWN',
        message: `no system call is named ${quoted(name)} on any architecture`,
        help: didYouMean(name, syscallNames()),
      });
    }
    return { name, args: words.takeIf('(') === undefined ? [] : this.#arguments(name) };
  }

  #arguments(call: string): readonly ArgumentTest[] {
    const words = this.#words;
    const args: ArgumentTest[] = [];
    if (words.takeIf(')') !== undefined) return args;
    do {
      if (words.takeIf('...') !== undefined) {
        words.expect(')');
        return args;
      }
      if (args.length === 6) words.unexpected("')'");
      const { span } = words.next;
      const argument = this.#argument(call, args.length);
      if (argument.kind === 'bits') this.#checkNewTime([{ name: call, args }], argument.bits, span);
      args.push(argument);
    } while (words.expect(',', ')') === ',');
    return args;
  }

  #argument(call: string, argIndex: number): ArgumentTest {
    const words = this.#words;
    if (words.takeIf('*') !== undefined) return { kind: 'any' };
    const test = this.#bitTest();
    if (test !== undefined) return { kind: 'bits', test, bits: this.#bits(call, argIndex) };
    if (words.takeIf('&') !== undefined) {
      const mask = this.#word(call, argIndex);
      words.expect('==');
      const { span } = words.next;
      const value = this.#word(call, argIndex);
      if ((value.value & ~mask.value) !== 0n) {
        words.refuse(span, {
          code: 'VALUE_RANGE',
          message: 'no argument can have this value under that mask, so the statement would say nothing',
        });
      }
      return { kind: 'masked', mask, value };
    }
    const not = words.takeIf('other') !== undefined;
    if (not) words.expect('than');
    const { span } = words.next;
    const ranges = [this.#range(call, argIndex)];
    while (words.takeIf('or') !== undefined) ranges.push(this.#range(call, argIndex));
    const most = isNarrowParameter(arch('x86_64'), call, argIndex) ? 0xffff_ffffn : U64_MAX;
    if (not && coversAll(ranges, most)) {
      words.refuse(span, { code: 'VALUE_RANGE', message: 'no value is left, so the statement would say nothing' });
    }
    return { kind: 'values', not, ranges };
  }

  #bitTest(): BitTest | undefined {
    return this.#words.takeIf(...BIT_TESTS) as BitTest | undefined;
  }

  #range(call: string, argIndex: number): { first: Value; last: Value } {
    const words = this.#words;
    const { span } = words.next;
    const first = this.#word(call, argIndex);
    if (words.takeIf('..') === undefined) return { first, last: first };
    const isOpen = [',', ')', 'or'].includes(words.next.text);
    const last = isOpen ? { value: U64_MAX, families: [] } : this.#word(call, argIndex);
    if (last.value < first.value) {
      words.refuse(span, { code: 'VALUE_RANGE', message: 'the range ends before it begins; values are unsigned' });
    }
    return { first, last };
  }

  /** Values joined by '|': at most one of them may be a number of a list. */
  #word(call: string, argIndex: number): Value {
    const words = this.#words;
    let value = 0n;
    const families: Family[] = [];
    let numbered: Constant | undefined;
    do {
      const token = words.next;
      const [{ value: one, constant } = { value: 0n }] = this.#atom(call, argIndex, false);
      if (constant && !constant.isFlag) {
        if (numbered) {
          words.refuse(token.span, {
            code: 'ASSERT_SYNTAX',
            message: `'|' joins bits; ${numbered.name} and ${constant.name} are numbers of a list`,
            help: `either of them is '${numbered.name} or ${constant.name}'`,
          });
        }
        numbered = constant;
      }
      if (constant) families.push(constant.family);
      value |= one;
    } while (words.takeIf('|') !== undefined);
    return { value, families };
  }

  #bits(call: string | undefined, argIndex?: number): readonly Bits[] {
    const words = this.#words;
    const { span } = words.next;
    const bits: Bits[] = [];
    do {
      const token = words.next;
      const found = this.#atom(call, argIndex, true);
      const number = found.find(({ constant }) => constant && !constant.isFlag)?.constant;
      if (number !== undefined) {
        words.refuse(token.span, {
          code: 'ASSERT_SYNTAX',
          message: `${number.name} is a number of a list, not a bit`,
          help: call === undefined ? undefined : `write ${call}(..., ${number.name}, ...)`,
        });
      }
      bits.push(...found);
    } while (words.takeIf('|') !== undefined);
    if (bits.every(({ value }) => value === 0n)) {
      words.refuse(span, { code: 'VALUE_RANGE', message: 'these are no bits, so the statement would say nothing' });
    }
    return bits;
  }

  /** A number, a constant, or (of bits) all constants that begin so. */
  #atom(call: string | undefined, argIndex: number | undefined, isBits: boolean): readonly Bits[] {
    const words = this.#words;
    if (words.next.kind === 'number') return [{ value: this.#number(words.take()), byPattern: false }];
    if (words.next.kind !== 'name') words.unexpected('a number or a constant');
    const token = words.take();
    const isPattern = token.text.endsWith('*');
    if (isPattern && !isBits) {
      words.refuse(token.span, {
        code: 'ASSERT_SYNTAX',
        message: `${quoted(token.text)} stands for several bits; say how they are tested`,
        help: `'any ${token.text}', 'all ${token.text}' or 'no ${token.text}'`,
      });
    }
    const found = isPattern
      ? [...CONSTANTS.values()].filter((c) => c.isFlag && c.name.startsWith(token.text.slice(0, -1)))
      : [CONSTANTS.get(token.text)].filter((c) => c !== undefined);
    if (found.length === 0) {
      words.refuse(token.span, {
        code: 'ASSERT_CONSTANT',
        message: `${quoted(token.text)} is no constant that statements know`,
        help: didYouMean(token.text.replace('*', ''), CONSTANTS.keys()) ?? 'a number will do as well',
      });
    }
    if (call !== undefined && argIndex !== undefined) this.#checkFamily(token, found, call, argIndex);
    return found.map((constant) => ({ value: constant.value, constant, byPattern: isPattern }));
  }

  #checkFamily(token: Token, found: readonly Constant[], call: string, argIndex: number): void {
    const wanted = parametersOf(call, REFERENCE)[argIndex];
    const strange = wanted?.family && found.find(({ family }) => family !== wanted.family);
    // s390 has clone's flags second.
    if (!wanted?.family || !strange || call === 'clone') return;
    const prefix = [...CONSTANTS.values()].find(({ family }) => family === wanted.family)?.name;
    this.#words.refuse(token.span, {
      code: 'ASSERT_CONSTANT',
      message: `${strange.name} is no value of ${call}'s argument ${argIndex} (${wanted.name})`,
      help: prefix === undefined ? undefined : `there stand values such as ${prefix}`,
    });
  }

  /** Negative numbers are the 64-bit words that they stand for. */
  #number({ text, span }: Token): bigint {
    const value = text.length > 24 ? U64_MAX + 1n : BigInt(text.replace(/^-/, '')) * (text.startsWith('-') ? -1n : 1n);
    if (value > U64_MAX || value < -(1n << 63n)) {
      this.#words.refuse(span, {
        code: 'VALUE_RANGE',
        message: `an argument has 64 bits; ${quoted(text)} does not fit`,
      });
    }
    return BigInt.asUintN(64, value);
  }

  #given(calls: readonly CallPattern[]): Given | undefined {
    const words = this.#words;
    const { span } = words.next;
    const test = this.#bitTest() ?? words.unexpected("'any', 'all' or 'no'", BIT_TESTS);
    if (test === 'any' && words.takeIf('arguments') !== undefined) return undefined;
    const bits = this.#bits(undefined);
    words.takeIf('flag', 'flags');
    const family = bits.find(({ constant }) => constant)?.constant?.family;
    if (family === undefined || bits.some(({ constant }) => constant && constant.family !== family)) {
      return words.refuse(span, {
        code: 'ASSERT_SYNTAX',
        message: 'these bits do not say which argument they are in',
        help: 'write it as the argument: mmap(*, *, any 4)',
      });
    }
    for (const { name } of calls) {
      if (parametersOf(name, REFERENCE).some((p) => p.family === family)) continue;
      const example = bits.find(({ constant }) => constant)?.constant?.name;
      words.refuse(span, { code: 'ASSERT_CONSTANT', message: `no argument of ${name} takes ${example}` });
    }
    this.#checkNewTime(calls, bits, span);
    return { family, test, bits };
  }

  /** Of clone's flags the lowest byte is a signal. @see Linux kernel/fork.c SYSCALL_DEFINE5(clone) CSIGNAL */
  #checkNewTime(calls: readonly CallPattern[], bits: readonly Bits[], span: Span): void {
    if (!calls.some(({ name }) => name === 'clone')) return;
    if (!bits.some((b) => b.constant?.name === 'CLONE_NEWTIME' && !b.byPattern)) return;
    this.#words.refuse(span, {
      code: 'ASSERT_CONSTANT',
      message: "CLONE_NEWTIME is none of clone's flags: that bit is part of the signal there",
      help: 'it is for unshare, setns and clone3',
    });
  }

  #verdict(): Verdict {
    const words = this.#words;
    switch (words.takeIf('is', 'are', 'returns', 'return', 'kills', 'kill')) {
      case 'is':
      case 'are':
        return { kind: words.expect(...VERDICTS) as (typeof VERDICTS)[number] };
      case 'returns':
      case 'return':
        return { kind: 'returns', errno: this.#errno() };
      case 'kills':
      case 'kill':
        words.expect('the');
        return { kind: words.expect('process', 'thread') === 'process' ? 'kills the process' : 'kills the thread' };
      default:
        return words.unexpected("'is denied', 'is allowed', 'returns EPERM' or the like", [
          'is',
          'are',
          'returns',
          'with',
        ]);
    }
  }

  #errno(): string | number {
    const words = this.#words;
    const { kind, text, span } = words.next;
    if (kind !== 'name' && kind !== 'number') words.unexpected('an errno');
    words.take();
    if (kind === 'number') {
      const value = this.#number({ kind, text, span });
      if (value > BigInt(MAX_ERRNO)) {
        words.refuse(span, { code: 'ERRNO_RANGE', message: `an errno is 0 to ${MAX_ERRNO}, not ${quoted(text)}` });
      }
      return Number(value);
    }
    if (errnoNumber(text) === undefined) {
      words.refuse(span, {
        code: 'ERRNO_UNKNOWN',
        message: `${quoted(text)} is no errno`,
        help: didYouMean(text, errnoNames()),
      });
    }
    return text;
  }

  #where(): readonly Arch[] | undefined {
    const words = this.#words;
    if (words.takeIf('every') !== undefined) {
      words.expect('abi');
      return undefined;
    }
    const arches: Arch[] = [];
    do {
      if (words.next.kind !== 'name') words.unexpected("'every ABI' or an architecture");
      const { text, span } = words.take();
      const found = findArch(text);
      if (found === undefined) {
        words.refuse(span, {
          code: 'ARCH_UNKNOWN',
          message: `${quoted(text)} is no architecture`,
          help: didYouMean(text, [...ARCHES.keys(), 'every']),
        });
      } else arches.push(found);
    } while (words.takeIf(',', 'and') !== undefined);
    return arches;
  }
}

/** The statement that a text says; undefined when it says none (reported). */
export function readStatement(written: Written, diagnostics: Diagnostics): Assertion | undefined {
  const { text, source, span } = written;
  if (text.length > MAX_STATEMENT) {
    diagnostics.add({
      code: 'ASSERT_SYNTAX',
      source,
      span,
      message: `a statement has at most ${MAX_STATEMENT} characters; this one has ${text.length}`,
    });
    return undefined;
  }
  try {
    return new Statement(written, diagnostics).read();
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

/** True when every value from 0 to `most` lies in one of the ranges. */
function coversAll(ranges: readonly { readonly first: Value; readonly last: Value }[], most: bigint): boolean {
  let next = 0n;
  for (const { first, last } of ranges.toSorted((a, b) => (a.first.value < b.first.value ? -1 : 1))) {
    if (first.value > next) return false;
    if (last.value >= next) next = last.value + 1n;
  }
  return next > most;
}
