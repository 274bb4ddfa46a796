/** Threads that come and go while they are looked at: none is left out, none is taken for another. */
import * as assert from 'uvu/assert';
import { fail } from '../../src/diag/index.ts';
import type { ThreadStatus } from '../../src/host/process-status.ts';
import { eachThread, type Threads } from '../../src/host/process-threads.ts';
import { suite, throwsCode } from '../suite.ts';

const PID = 12;
type Some = Partial<ThreadStatus> & { readonly tid: number };

const thread = (some: Some): ThreadStatus => ({
  pid: PID,
  started: `${some.tid}00`,
  name: 'x',
  state: 'S',
  tracer: 0,
  noNewPrivs: true,
  seccomp: 2,
  filters: 1,
  isKernel: false,
  ...some,
});

/** A process whose threads are those of the current scene; looking at one may bring the next scene. */
class Stage {
  readonly looked: string[] = [];
  #scenes: readonly (readonly Some[])[];

  constructor(...scenes: readonly (readonly Some[])[]) {
    this.#scenes = scenes;
  }

  readonly proc: Threads = {
    threadsOf: () => this.#now.map(({ tid }) => tid),
    threadStatus: (_, tid) => {
      const found = this.#now.find((some) => some.tid === tid);
      return found && thread(found);
    },
  };

  get #now(): readonly Some[] {
    return this.#scenes[0] ?? [];
  }

  readonly look = ({ tid, filters }: ThreadStatus): string => {
    this.looked.push(`${tid}:${filters}`);
    if (this.#scenes.length > 1) this.#scenes = this.#scenes.slice(1);
    return `${tid}:${filters}`;
  };

  all(id: number = PID): readonly string[] {
    return eachThread(id, this.look, this.proc).map(({ seen }) => seen);
  }
}

const A = { tid: 12 };
const B = { tid: 13 };
const C = { tid: 14 };

suite('host/process-threads', (test) => {
  test('every thread once, by ascending id, whichever was named', () => {
    for (const id of [12, 13, 14]) {
      const stage = new Stage([C, A, B]);
      assert.equal([stage.all(id), stage.looked.length], [['12:1', '13:1', '14:1'], 3]);
    }
  });
  test('one that is started meanwhile', () => {
    assert.equal(new Stage([A], [A, B]).all(), ['12:1', '13:1']);
    assert.equal(new Stage([A], [A, B], [A, B, C]).all(), ['12:1', '13:1', '14:1']);
  });
  test('one that ends meanwhile is left out, whether it was seen or not', () => {
    assert.equal(new Stage([A, B], [A]).all(), ['12:1']);
    const zombie = { ...B, state: 'Z' };
    assert.equal(new Stage([A, zombie]).all(), ['12:1']);
    const stage = new Stage([A, B]);
    const look = (one: ThreadStatus) =>
      one.tid === 13 ? fail({ code: 'PROCESS_ENDED', message: '' }) : stage.look(one);
    const gone: Threads = {
      threadsOf: () => (stage.looked.length === 0 ? [12, 13] : [12]),
      threadStatus: stage.proc.threadStatus,
    };
    assert.equal(
      eachThread(PID, look, gone).map(({ seen }) => seen),
      ['12:1'],
    );
  });
  test('one that gets a further filter is looked at again', () => {
    const more = { ...A, filters: 2 };
    const stage = new Stage([A, B], [more, B]);
    assert.equal(
      [stage.all(), stage.looked],
      [
        ['12:2', '13:1'],
        ['12:1', '13:1', '12:2'],
      ],
    );
    const bare = { ...A, seccomp: 0, filters: 0 };
    assert.equal(new Stage([bare], [A]).all(), ['12:1']);
  });
  test('kernels that do not count filters', () => {
    const uncounted = [A, B].map((some) => ({ ...some, filters: undefined }));
    assert.equal(new Stage(uncounted).all(), ['12:undefined', '13:undefined']);
  });
  test('an id that comes again is another thread', () => {
    const stage = new Stage([A, B], [A, B], [A, { ...B, started: '999' }]);
    assert.equal(
      [stage.all(), stage.looked],
      [
        ['12:1', '13:1'],
        ['12:1', '13:1', '13:1'],
      ],
    );
  });
  test('the main thread has ended, others live', () => {
    assert.equal(new Stage([{ ...A, state: 'Z' }, B]).all(), ['13:1']);
  });
  test('the process is another one by then', () => {
    throwsCode(() => new Stage([A], [{ ...A, started: '999' }]).all(), 'PROCESS_CHANGED');
  });
  test('threads without end', () => {
    let next = 13;
    const proc: Threads = {
      threadsOf: () => [12, next++],
      threadStatus: (_, tid) => thread({ tid }),
    };
    throwsCode(() => eachThread(PID, () => true, proc), 'PROCESS_CHANGED');
  });
  test('one that the list lacks and the kernel counts', () => {
    // Each has started its successor and ended before anybody looks at it: the list shows the main thread alone.
    const counted = (threads: number) => ({ ...A, threads });
    throwsCode(() => new Stage([counted(2)]).all(), 'PROCESS_CHANGED');
    const vanishing: Threads = {
      threadsOf: () => [12, 13],
      threadStatus: (_, tid) => (tid === 12 ? thread(counted(2)) : undefined),
    };
    throwsCode(() => eachThread(PID, () => true, vanishing), 'PROCESS_CHANGED');
    assert.equal(new Stage([counted(2), B]).all(), ['12:1', '13:1']);
    assert.equal(new Stage([counted(2), { ...B, state: 'Z' }]).all(), ['12:1']);
  });
  test('nothing to look at', () => {
    throwsCode(() => new Stage([]).all(), 'PROCESS_MISSING');
    throwsCode(() => new Stage([{ ...A, state: 'Z' }]).all(), 'PROCESS_ENDED');
    throwsCode(() => new Stage([{ ...A, isKernel: true }]).all(), 'PROCESS_KERNEL');
    throwsCode(() => new Stage([{ ...A, seccomp: undefined }]).all(), 'KERNEL_UNABLE');
  });
  test('what keeps one thread from being looked at keeps all', () => {
    const look = () => fail({ code: 'PROCESS_TRACED', message: '' });
    throwsCode(() => eachThread(PID, look, new Stage([A, B]).proc), 'PROCESS_TRACED');
  });
});
