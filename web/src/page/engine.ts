/**
 * The engine as the page sees it: questions in, promises out. It runs in a Worker made of the text in the page's data
 * block, which is ended when somebody cancels, whatever it is busy with. Where a browser makes no such Worker, the same text
 * runs in the page, and cancelling takes effect at the next pause.
 */
import type { Ask, Asks, Finding, Menu, Parts, Reply } from '../protocol.ts';
import { byId, el } from './dom.ts';

/** What the engine says to a question that cannot be answered. */
export class Refused extends Error {
  readonly findings: readonly Finding[];
  constructor(findings: readonly Finding[]) {
    super(findings[0]?.message ?? 'refused');
    this.findings = findings;
  }
}

/** Somebody cancelled, or asked something else. */
export class Cancelled extends Error {}

interface Waiting {
  readonly done: (answer: unknown) => void;
  readonly failed: (error: Error) => void;
  readonly part: (part: Partial<Parts>) => void;
}

/** Milliseconds until an answer is waited for. */
const LONG = 400;

/** One running engine. */
interface Running {
  readonly post: (ask: Ask) => void;
  readonly stop: () => void;
}

export class Engine {
  readonly #waiting = new Map<number, Waiting>();
  readonly #ready: (menu: Menu) => void;
  readonly #asked: (isAsked: boolean) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Running;
  #last = 0;
  #isTold = false;
  #workersRun = true;

  /** `asked`: told when an answer lets itself be waited for, and when none does any more. */
  constructor(ready: (menu: Menu) => void, asked: (isAsked: boolean) => void) {
    this.#ready = ready;
    this.#asked = asked;
    this.#running = this.#start();
  }

  get isBusy(): boolean {
    return this.#waiting.size > 0;
  }

  ask<K extends keyof Asks>(
    kind: K,
    ask: Asks[K]['ask'],
    part: Waiting['part'] = () => {},
  ): Promise<Asks[K]['answer']> {
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { done: resolve as Waiting['done'], failed: reject, part });
      this.#timer ??= setTimeout(() => this.#asked(true), LONG);
      this.#running.post({ id, kind, ...ask } as unknown as Ask);
    });
  }

  /** Ends whatever it does; it has forgotten its input. */
  cancel(): void {
    this.#running.stop();
    this.#running = this.#start();
    this.#fail(new Cancelled());
  }

  #settle(): void {
    if (this.#waiting.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#asked(false);
  }

  #fail(error: Error): void {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { failed } of all) failed(error);
    this.#settle();
  }

  #take(reply: Reply): void {
    if (reply.id === 0) {
      if (!this.#isTold && reply.kind === 'done') this.#ready(reply.answer as Menu);
      this.#isTold = true;
      return;
    }
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    if (reply.kind === 'part') {
      waiting.part(reply.part);
      return;
    }
    this.#waiting.delete(reply.id);
    if (reply.kind === 'done') waiting.done(reply.answer);
    else waiting.failed(new Refused(reply.findings));
    this.#settle();
  }

  #start(): Running {
    try {
      return this.#workersRun ? this.#inWorker() : this.#inPage();
    } catch {
      this.#workersRun = false;
      return this.#inPage();
    }
  }

  #inWorker(): Running {
    const address = URL.createObjectURL(new Blob([byId('engine').textContent ?? ''], { type: 'text/javascript' }));
    const worker = new Worker(address);
    let isAlive = false;
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      if (!isAlive) URL.revokeObjectURL(address);
      isAlive = true;
      this.#take(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      const message = 'this took more memory than the browser has, or the page failed';
      const finding = {
        words: '',
        severity: 'error',
        code: 'INPUT_TOO_LARGE',
        message,
        help: '',
        about: '',
        related: [],
      } as const;
      worker.terminate();
      // One that never spoke was not let run: the browser says so only now.
      this.#workersRun = isAlive;
      this.#running = this.#start();
      this.#fail(new Refused([finding]));
    };
    return { post: (ask) => worker.postMessage(ask), stop: () => worker.terminate() };
  }

  #inPage(): Running {
    if (globalThis.seccompcEngine === undefined) {
      document.head.append(el('script', {}, byId('engine').textContent ?? ''));
    }
    let isStopped = false;
    // What was stopped waits for ever, and is forgotten.
    const pause = () => new Promise<void>((resolve) => setTimeout(() => !isStopped && resolve(), 0));
    const post = globalThis.seccompcEngine?.((reply) => !isStopped && this.#take(reply), pause);
    if (post === undefined) throw new Error('the engine did not start');
    return {
      post: (ask) => {
        setTimeout(() => !isStopped && post(ask), 0);
      },
      stop: () => {
        isStopped = true;
      },
    };
  }
}
