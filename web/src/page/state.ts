/** What the page knows, in one place. Views say which parts they show and are drawn again when those change. */
import type { Finding, Given, Menu, Options, Parts, Tried } from '../protocol.ts';

export interface State {
  readonly menu: Menu | undefined;
  /** What is looked at. */
  readonly given: Given | undefined;
  readonly options: Options;
  /** What has arrived of it so far. */
  readonly parts: Partial<Parts>;
  /** A question about it has been waiting for a while. */
  readonly isAsked: boolean;
  readonly work: 'idle' | 'busy' | 'cancelled';
  /** Why nothing arrived. */
  readonly failed: readonly Finding[];
  readonly tab: string;
  /** The call tried last: its way is marked in the program and in the tree. */
  readonly tried: Tried | undefined;
  /** An ELF file that the filter is to be put into. */
  readonly target: { readonly name: string; readonly file: Blob } | undefined;
}

export const NO_OPTIONS: Options = {
  arches: [],
  caps: '',
  cap: '',
  kernel: '',
  argWidth: '',
  multiplexed: '',
  runtime: '',
  unknownArch: '',
  onConflict: '',
  ruleOrder: '',
  enosysAbove: '',
  strict: '',
};

type Key = keyof State;

export class Store {
  #state: State = {
    menu: undefined,
    given: undefined,
    options: NO_OPTIONS,
    parts: {},
    isAsked: false,
    work: 'idle',
    failed: [],
    tab: 'findings',
    tried: undefined,
    target: undefined,
  };
  readonly #views: { readonly keys: readonly Key[]; readonly draw: (state: State) => void }[] = [];

  get state(): State {
    return this.#state;
  }

  /** Draws now, and whenever one of these has changed. */
  watch(keys: readonly Key[], draw: (state: State) => void): void {
    this.#views.push({ keys, draw });
    draw(this.#state);
  }

  /** The same for what stands on a tab: drawn when that is shown, if one of these has changed since it was. */
  watchTab(tab: string, keys: readonly Key[], draw: (state: State) => void): void {
    let drawn: State | undefined;
    this.watch(['tab', ...keys], (state) => {
      if (state.tab !== tab || (drawn !== undefined && keys.every((key) => drawn?.[key] === state[key]))) return;
      drawn = state;
      draw(state);
    });
  }

  set(change: Partial<State>): void {
    const before = this.#state;
    this.#state = { ...before, ...change };
    for (const { keys, draw } of this.#views) {
      if (keys.some((key) => before[key] !== this.#state[key])) draw(this.#state);
    }
  }
}
