/**
 * strace's text, in all its modes.
 *
 * The hot path works on bytes: prefix, the name's slot, the call's result; a line whose arguments nobody wants makes one
 * event and nothing else. Which ABI a process is in is printed only on the terminal; a log has it by the pairs of number
 * and name (-n), else by evidence (strace-abi.ts), and calls wait until that has come.
 */
import { ARCHES, type Arch, arch as archNamed, X32_SYSCALL_BIT } from '../arch/index.ts';
import { known } from './calls.ts';
import type { ReaderContext, ReaderKind, TraceReader } from './reader.ts';
import { type Mode, modeSeen, registersOf, splitArguments } from './strace-arguments.ts';
import { argumentsEnd, isNameByte, nameEnd, resultAt, resultNumber, unfinishedAt } from './strace-bytes.ts';
import { behind, type Named, Names, type Slot } from './strace-names.ts';
import { commOf, type Prefix, readPrefix } from './strace-prefix.ts';
import { StraceTask, type Waiting } from './strace-task.ts';
import type { CallEvent, TracedCall } from './types.ts';

const SPACE = 32;
const PERCENT = 37;
const PLUS = 43;
const MINUS = 45;
const DOT = 46;
const LESS = 60;
const GREATER = 62;
const OPEN = 91;

const decoder = new TextDecoder('utf-8');
const textOf = (bytes: Uint8Array, from: number, to: number): string => decoder.decode(bytes.subarray(from, to));

/** Calls that start a task, by what strace prints. */
const STARTERS: ReadonlySet<string> = new Set(['clone', 'clone3', 'fork', 'vfork']);
/** Calls whose line is read as text although nobody wants their arguments. */
const SPECIAL: ReadonlySet<string> = new Set([...STARTERS, 'execve', 'execveat']);

/** Calls of one task that wait for evidence of their ABI. */
const WAITING_MAX = 256;
/** Texts of arguments that are remembered for one call, and how long each may be. */
const KNOWN_MAX = 4096;
const KNOWN_LENGTH = 1024;
/** Characters of a name that no table has, which only its number vouches for. */
const NAME_MAX = 64;
/** An address or a size of more than 32 bits. */
const WIDE = /\b0x0*[1-9a-f][0-9a-f]{8,15}\b/;
const STRINGS = /"(?:[^"\\]|\\.)*"/g;
const CLONE_THREAD = 0x10000n;
/** What a tracer writes to skip a call: of no ABI but the native one. */
const SKIPPED = 0xffff_ffff;

class StraceReader implements TraceReader {
  readonly #context: ReaderContext;
  readonly #names: Names;
  readonly #native: Arch;
  /** The ABIs that a process of this machine can be in, the native one first. */
  readonly #family: readonly Arch[];
  readonly #tasks = new Map<number, StraceTask>();
  /** Said to be children, by strace or by the call that made them. */
  readonly #attached = new Set<number>();
  #last: StraceTask | undefined;
  /** A line that ended within a call. */
  #open: { readonly bytes: Uint8Array; readonly at: number; readonly line: number } | undefined;
  readonly #prefix: Prefix = { tid: 0, commFrom: 0, commTo: 0, nr: -1, at: 0 };
  #mode: Mode = 'unknown';
  /** Reading what stands behind a program's output on one line. */
  #isInside = false;
  /** Without numbers and without the lines about 32 bit mode, a call's ABI is what the names allow. */
  #hasNumbers = false;

  constructor(context: ReaderContext) {
    this.#context = context;
    this.#native = archNamed((context.options.arch ?? context.options.machine ?? archNamed('x86_64')).native);
    this.#family = [
      this.#native,
      ...[...ARCHES.values()].filter((a) => a.native === this.#native.name && a !== this.#native),
    ];
    this.#names = new Names(context.calls, context.options.wanted);
  }

  line(bytes: Uint8Array, from: number, to: number, line: number, cut: boolean): void {
    if (cut) this.#context.incomplete(`line ${line} is too long and was cut`);
    if (from === to) {
      this.#context.other();
      return;
    }
    const prefix = this.#prefix;
    readPrefix(bytes, from, to, prefix);
    const at = prefix.at;
    const c = bytes[at] as number;
    if (at >= to) {
      this.#context.unread(bytes, from, to, line);
      return;
    }
    const end = isNameByte(c) ? nameEnd(bytes, at, to) : -1;
    if (end >= 0) this.#call(bytes, from, at, end, to, line);
    else this.#notCall(bytes, from, at, to, line, c);
  }

  #call(bytes: Uint8Array, from: number, at: number, end: number, to: number, line: number): void {
    const slot = this.#names.find(bytes, at, end);
    const result = resultAt(bytes, end, to);
    const cutAt = result < 0 ? unfinishedAt(bytes, end + 1, to) : -1;
    const { nr } = this.#prefix;
    // A name that no table has counts only where strace itself vouches for it.
    const isShort = end - at <= NAME_MAX;
    const isCall = slot !== undefined || (isShort && (nr >= 0 || textOf(bytes, at, end).startsWith('syscall_0x')));
    if (!isCall) {
      this.#context.unread(bytes, from, to, line);
      return;
    }
    if (this.#open !== undefined) {
      this.#close();
      readPrefix(bytes, from, to, this.#prefix);
    }
    if (result < 0 && cutAt < 0) {
      this.#open = { bytes: bytes.slice(from, to), at: at - from, line };
      return;
    }
    const task = this.#task(bytes);
    task.settle(undefined);
    if (nr >= 0) this.#hasNumbers = true;
    const named = slot === undefined ? this.#unnamed(textOf(bytes, at, end), task) : this.#named(slot, task, nr);
    const isSettled = task.arch !== undefined && this.#mode !== 'unknown' && slot !== undefined;
    const needsText = named.wanted !== 0 || SPECIAL.has(named.name) || !isSettled;
    if (result < 0) {
      const text = needsText ? textOf(bytes, end + 1, cutAt).trimEnd() : '';
      // Its end is missing: a process makes one call at a time.
      this.#flush(task);
      task.unfinished = { slot, named, nr, text, line, emitted: !needsText };
      if (!needsText) this.#emit(task, named.bare, line);
      return;
    }
    const text = needsText ? textOf(bytes, end + 1, argumentsEnd(bytes, end + 1, result)) : '';
    this.#finish(task, { slot, named, nr, text, line }, bytes, result, to);
  }

  /**
   * A line that ends within a call: on a terminal strace is interrupted by its own words about other processes, in a file
   * it is the end of what was copied. Its rest, if it comes, has no prefix.
   */
  #close(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    const { line } = open;
    const bytes = withTail(open.bytes, WITHOUT_END);
    const isVouched = open.at > 0;
    if (isVouched) this.line(bytes, 0, bytes.length, line, false);
    else this.#context.unread(open.bytes, 0, open.bytes.length, line);
  }

  /** The rest of such a line, whole again. */
  #continued(bytes: Uint8Array, from: number, to: number): boolean {
    const open = this.#open;
    if (open === undefined || (resultAt(bytes, from, to) < 0 && unfinishedAt(bytes, from, to) < 0)) return false;
    this.#open = undefined;
    const whole = withTail(open.bytes, bytes.subarray(from, to));
    this.line(whole, 0, whole.length, open.line, false);
    return true;
  }

  /** A call that is whole: decided, or put to those that wait. */
  #finish(task: StraceTask, call: Waiting, bytes: Uint8Array, result: number, to: number): void {
    if (this.#mode === 'unknown') this.#seeMode(call.named.name, splitArguments(call.text));
    if (task.arch === undefined && call.nr < 0) this.#look(task, call, bytes, result, to);
    if (!this.#waits(task, call)) this.#give(task, call, resultNumber(bytes, result, to));
    if (SPECIAL.has(call.named.name)) this.#started(task, call, bytes, result, to);
  }

  /** Whether the ABI of the call is still to come; then the call is kept until it has. */
  #waits(task: StraceTask, call: Waiting): boolean {
    if (task.arch !== undefined || call.nr >= 0 || call.slot === undefined) return false;
    task.waiting.push(call);
    if (task.waiting.length >= WAITING_MAX) this.#decide(task, undefined);
    return true;
  }

  /** Emits a call of a task whose ABI is known, or never will be. `result` is that number, -1 where it is none. */
  #give(task: StraceTask, call: Waiting, result: number): void {
    if (call.emitted) return;
    const named =
      call.slot === undefined || call.nr >= 0 || call.named.arch === task.arch
        ? call.named
        : this.#names.on(call.slot, task.arch);
    const traced = named.wanted === 0 || call.text === '' ? named.bare : this.#withArguments(named, call);
    // What SIGSYS came for shows its own number as the result; the next line of the task tells.
    if (result >= 0 && result === named.nr) task.hold(this.#event(task, traced, call.line), this.#context.emit);
    else this.#emit(task, traced, call.line);
  }

  /** Symbolic once is symbolic for good: -e raw= may name single calls. */
  #seeMode(name: string, texts: readonly string[]): void {
    const mode = modeSeen(name, texts);
    if (mode === 'symbolic' || this.#mode === 'unknown') this.#mode = mode;
  }

  #withArguments(named: Named, call: Waiting): TracedCall {
    const texts = call.text.startsWith('<... resuming') ? [] : splitArguments(call.text);
    this.#seeMode(named.name, texts);
    // clone's arguments are printed in an order of their own.
    const seen = STARTERS.has(named.name) ? texts : texts.filter((_, i) => (named.wanted >> i) & 1);
    const key = `${this.#mode}\0${seen.join('\0')}`;
    const found = named.known.get(key);
    if (found !== undefined) return found;
    const registers =
      named.first === undefined ? registersOf(named.arch, named.name, texts, this.#mode) : [known(BigInt(named.first))];
    const wanted = registers.map((arg, i) => ((named.wanted >> i) & 1 ? arg : undefined));
    const made = this.#context.calls.intern(named.arch, named.nr, named.name, wanted);
    if (key.length > KNOWN_LENGTH) return made;
    if (named.known.size >= KNOWN_MAX) named.known.clear();
    named.known.set(key, made);
    return made;
  }

  #event(task: StraceTask, call: CallEvent['call'], line: number): CallEvent {
    return { kind: 'call', call, task: task.task, line };
  }

  #emit(task: StraceTask, call: CallEvent['call'], line: number): void {
    this.#context.emit(this.#event(task, call, line));
  }

  #task(bytes: Uint8Array): StraceTask {
    const { commFrom, commTo } = this.#prefix;
    const { ofSet } = this.#context.options;
    const tid = this.#prefix.tid === 0 && ofSet !== undefined ? ofSet.tid : this.#prefix.tid;
    let task = this.#last;
    if (task?.tid !== tid || tid === 0 || task.hasEnded) {
      task = this.#tasks.get(tid) ?? this.#renamed(tid);
      if (task === undefined) {
        const isFirst = this.#tasks.size === 0;
        // The file that is read first is the program's own; of the others only the one that started them knows.
        const origin =
          ofSet === undefined || ofSet.origins.size === 0 ? { pid: tid, arch: undefined } : ofSet.origins.get(tid);
        const pid = isFirst ? origin?.pid : undefined;
        task = new StraceTask(tid, this.#context.tasks.get(tid, pid === undefined ? {} : { pid }));
        if (origin !== undefined) ofSet?.origins.set(tid, origin);
        task.arch = this.#hasNumbers ? this.#native : (origin?.arch ?? this.#context.options.arch);
        this.#tasks.set(tid, task);
      }
      this.#last = task;
    }
    if (commTo > commFrom) this.#context.tasks.get(tid, { comm: commOf(bytes, commFrom, commTo) });
    return task;
  }

  /**
   * On a terminal the first process has no number until there is a second one, and the last one none again. Who is not
   * known to be somebody's child is the first one.
   */
  #renamed(tid: number): StraceTask | undefined {
    const living = new Set(this.#tasks.values());
    if (tid === 0) return living.size === 1 ? [...living][0] : undefined;
    const first = this.#tasks.get(0);
    if (first === undefined || this.#attached.has(tid) || living.size !== this.#tasks.size) return undefined;
    this.#tasks.set(tid, first);
    return first;
  }

  /** The call on the ABI that number and name agree on, or by the task's ABI. */
  #named(slot: Slot, task: StraceTask, nr: number): Named {
    if (nr < 0) {
      const { arch } = task;
      if (arch === undefined) return this.#names.on(slot, undefined);
      const named = this.#names.on(slot, arch);
      if (named.nr !== undefined || behind(arch, slot.name) !== undefined) return named;
      // A name that the ABI does not have: the process is in another one.
      const others = this.#family.filter((a) => a !== arch && this.#names.on(slot, a).nr !== undefined);
      if (others.length !== 1) return named;
      task.arch = others[0];
      return this.#names.on(slot, task.arch);
    }
    for (const arch of [task.arch ?? this.#native, ...this.#family]) {
      const named = this.#names.numbered(slot, arch, nr);
      if (named === undefined) continue;
      if (task.arch !== arch) this.#decide(task, arch);
      return named;
    }
    return this.#names.named(undefined, slot.name, nr);
  }

  /** syscall_0x1f4(...), and names that no table has with the number beside them. */
  #unnamed(name: string, task: StraceTask): Named {
    const { nr } = this.#prefix;
    const hex = /^syscall_(0x[0-9a-f]{1,16})$/.exec(name)?.[1];
    // The whole register is printed; what counts as the number is its low half.
    const number = nr >= 0 ? nr : hex === undefined ? undefined : Number(BigInt.asUintN(32, BigInt(hex)));
    const arch = task.arch ?? this.#native;
    const isX32 =
      arch.name === 'x86_64' && number !== undefined && number !== SKIPPED && (number & X32_SYSCALL_BIT) !== 0;
    return this.#names.named(isX32 ? archNamed('x32') : arch, name, number);
  }

  /** Evidence for the ABI of a task that is not known: see strace-task.ts. */
  #look(task: StraceTask, call: Waiting, bytes: Uint8Array, result: number, to: number): void {
    if (call.slot === undefined) return;
    const { slot } = call;
    const having = this.#family.filter(
      (a) => this.#names.on(slot, a).nr !== undefined || behind(a, slot.name) !== undefined,
    );
    if (having.length === 1) {
      this.#decide(task, having[0]);
      return;
    }
    const isWide = WIDE.test(call.text.replace(STRINGS, '')) || WIDE.test(textOf(bytes, result, to));
    if (isWide && this.#native.wordBits === 64) this.#decide(task, this.#native);
  }

  /** From now on the task is in this ABI; what waits for it goes out. */
  #decide(task: StraceTask, arch: Arch | undefined): void {
    task.arch = arch;
    for (const call of task.waiting.splice(0)) this.#give(task, call, -1);
  }

  /** execve, and calls that start a task. */
  #started(task: StraceTask, call: Waiting, bytes: Uint8Array, result: number, to: number): void {
    const { name } = call.named;
    const value = resultNumber(bytes, result, to);
    if (name.startsWith('execve')) {
      if (value === 0) this.#executed(task);
      return;
    }
    if (value <= 0) return;
    const flags = call.text;
    const isThread =
      flags.includes('CLONE_THREAD') || (this.#mode === 'raw' && name === 'clone' && hasThreadFlag(flags));
    const isUnknown = this.#mode === 'raw' && name === 'clone3';
    const pid = isThread ? task.task.pid : isUnknown ? undefined : value;
    this.#context.options.ofSet?.origins.set(value, { pid, arch: task.arch });
    const child = this.#tasks.get(value) ?? new StraceTask(value, this.#context.tasks.get(value));
    this.#context.tasks.get(value, {
      ...(pid !== undefined && { pid }),
      ...(task.task.comm !== undefined && { comm: task.task.comm }),
    });
    this.#tasks.set(value, child);
    this.#attached.add(value);
    if (child.arch === undefined && task.arch !== undefined) this.#decide(child, task.arch);
  }

  /** Another program: its ABI is not known yet, unless calls come with their numbers. */
  #executed(task: StraceTask): void {
    this.#decide(task, task.arch);
    task.arch = this.#hasNumbers ? task.arch : this.#context.options.arch;
  }

  #notCall(bytes: Uint8Array, from: number, at: number, to: number, line: number, c: number): void {
    const { other, unread, incomplete } = this.#context;
    if (c === LESS && bytes[at + 1] === DOT) {
      this.#resumed(bytes, from, at, to, line);
      return;
    }
    if (c === MINUS && bytes[at + 1] === MINUS && bytes[at + 2] === MINUS) {
      const text = textOf(bytes, at, to);
      if (!/^--- (SIG\w+|stopped by SIG\w+)/.test(text)) {
        other();
        return;
      }
      const task = this.#task(bytes);
      if (/^--- SIGSYS .*SYS_SECCOMP/.test(text)) task.settle('trapped');
      else task.settle(undefined);
      other();
      return;
    }
    if (c === PLUS && bytes[at + 1] === PLUS && bytes[at + 2] === PLUS) {
      this.#ended(textOf(bytes, at, to), this.#task(bytes), line);
      other();
      return;
    }
    if (c === OPEN && this.#personality(textOf(bytes, at, to))) {
      other();
      return;
    }
    if (c === GREATER && bytes[at - 1] === SPACE) {
      other();
      return;
    }
    const text = textOf(bytes, at, Math.min(to, at + 200));
    const attached = /^strace: Process (\d+) (?:attached|detached)/.exec(text)?.[1];
    if (attached !== undefined) {
      this.#attached.add(Number(attached));
      other();
      return;
    }
    if (c === PERCENT && text.startsWith('% time')) {
      incomplete('it holds a table of counts (-c or -C): names without arguments, which is not read');
      other();
      return;
    }
    // On a terminal the program's own output may stand in front, once.
    const inside = text.search(/\[pid +\d+\] [a-z<+-]/);
    if (inside > 0 && !this.#isInside) {
      this.#isInside = true;
      this.line(bytes, at + inside, to, line, false);
      this.#isInside = false;
    } else if (this.#continued(bytes, from, to)) other();
    else unread(bytes, from, to, line);
  }

  /** The second half of a call. Its first half may be lost. */
  #resumed(bytes: Uint8Array, from: number, at: number, to: number, line: number): void {
    const head = /^<\.\.\. (\S+) resumed>/.exec(textOf(bytes, at, Math.min(to, at + 80)));
    const result = head === null ? -1 : resultAt(bytes, at + head[0].length, to);
    if (head === null || result < 0) {
      this.#context.unread(bytes, from, to, line);
      return;
    }
    const task = this.#task(bytes);
    const begun = task.unfinished;
    this.#context.other();
    if (begun === undefined || begun.named.name !== head[1]) {
      if (begun === undefined) this.#context.incomplete(`line ${line} ends a call whose beginning is missing`);
      this.#flush(task);
      return;
    }
    task.unfinished = undefined;
    const rest = textOf(bytes, at + head[0].length, argumentsEnd(bytes, at + head[0].length, result));
    this.#finish(task, { ...begun, text: joined(begun.text, rest) }, bytes, result, to);
  }

  /** A call that never ended: what was printed of it counts. */
  #flush(task: StraceTask): void {
    const begun = task.unfinished;
    task.unfinished = undefined;
    if (begun === undefined || begun.emitted) return;
    if (!this.#waits(task, begun)) this.#give(task, begun, -1);
  }

  #ended(text: string, task: StraceTask, line: number): void {
    const signal = /killed by (SIG\w+|SIGRT_\d+)/.exec(text)?.[1];
    if (!/^\+\+\+ (exited|killed|superseded)/.test(text)) return;
    this.#flush(task);
    this.#decide(task, task.arch);
    task.settle(signal === 'SIGSYS' ? 'killed' : undefined);
    const status = /^\+\+\+ exited with (\d{1,3}) /.exec(text)?.[1];
    const end = { kind: 'end', task: task.task, line, signal } as const;
    this.#context.emit(status === undefined ? end : { ...end, status: Number(status) });
    this.#context.tasks.end(task.tid);
    task.hasEnded = true;
    for (const [tid, other] of this.#tasks) if (other === task) this.#tasks.delete(tid);
    this.#attached.delete(task.tid);
  }

  /** '[ Process PID=N runs in 32 bit mode. ]' */
  #personality(text: string): boolean {
    const found = /^\[ Process PID=(\d+) runs in (.+) mode\. \]/.exec(text);
    if (found === null) return false;
    const [, pid, mode] = found;
    const arch =
      mode === 'x32'
        ? this.#family.find((a) => a.name === 'x32')
        : this.#family.find((a) => a.name !== 'x32' && `${a.wordBits} bit` === mode);
    const task = this.#tasks.get(Number(pid)) ?? this.#tasks.get(0);
    if (task !== undefined && arch !== undefined) this.#decide(task, arch);
    return true;
  }

  end(): void {
    if (this.#open !== undefined) {
      this.#context.incomplete('its last line is cut');
      this.#close();
    }
    for (const task of this.#tasks.values()) {
      this.#flush(task);
      this.#decide(task, task.arch);
      task.settle(undefined);
    }
  }
}

const WITHOUT_END = new TextEncoder().encode(' <unfinished ...>');
/** In the middle of a line on a terminal. */
const ATTACHED = /strace: Process \d+ attached$/;

function withTail(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const cut = ATTACHED.exec(textOf(head, Math.max(0, head.length - 60), head.length))?.[0].length ?? 0;
  const whole = new Uint8Array(head.length - cut + tail.length);
  whole.set(head.subarray(0, head.length - cut));
  whole.set(tail, head.length - cut);
  return whole;
}

/** The two halves of an unfinished call's arguments. */
function joined(first: string, second: string): string {
  return first === '' || second === '' || first.endsWith(',') ? first + second : `${first} ${second}`;
}

/** clone's first argument in a raw log holds CLONE_THREAD. */
function hasThreadFlag(text: string): boolean {
  const flags = splitArguments(text)[0] ?? '';
  return /^0x[0-9a-f]+$/.test(flags) && (BigInt(flags) & CLONE_THREAD) !== 0n;
}

const MARK = /^\s*(?:<\.\.\. \S+ resumed>|--- (?:SIG|stopped by)|\+\+\+ (?:exited|killed|superseded)|\[ Process PID=)/;
/** PID, time, [nr] or [ip], name, parenthesis. */
const CALL =
  /^(?:\[pid +\d+(?:<[^>]*>)?\] |\d+(?:<[^>]*>)? +)?(?: *[\d:.]+ )?(?:\(\+ +[\d.]+\) )?(?:\[[ 0-9a-f?]+\] )*[a-z_][a-z0-9_]*\(.*(?:\) += |<unfinished \.\.\.>)/;
const PREFIXES = /^(?:\[pid +\d+\] |\d+ +)?(?:[\d:.]+ )?/;

export const STRACE: ReaderKind = {
  format: 'strace',
  title: 'strace',
  hasArguments: true,
  hasArch: true,
  recognise: (lines) => lines.filter((line) => CALL.test(line) || MARK.test(line.replace(PREFIXES, ''))).length,
  open: (context) => new StraceReader(context),
};
