/**
 * What the page asks the engine and what comes back: plain data that can be posted to a Worker. Texts that come from
 * outside (names, messages, sections) have had what hides or reorders text made visible (forTerminal); the page puts them
 * in by textContent alone. Offsets are UTF-16 units of the text that was given.
 */
import type { Cost, Row } from '../../src/view/index.ts';

/** A text as it stands in the editor, or a file, which the engine reads by itself. */
export type Given =
  | { readonly kind: 'text'; readonly name: string; readonly text: string }
  | { readonly kind: 'file'; readonly name: string; readonly file: Blob };

/** The options of meaning; '' where nothing is chosen. */
export interface Options {
  readonly arches: readonly string[];
  readonly caps: string;
  /** Added to them: 'NET_ADMIN, SYS_TIME'. */
  readonly cap: string;
  readonly kernel: string;
  readonly argWidth: string;
  readonly multiplexed: string;
  readonly runtime: string;
  readonly unknownArch: string;
  readonly onConflict: string;
  readonly ruleOrder: string;
  readonly enosysAbove: string;
  readonly strict: string;
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Place {
  /** 'line 41, column 17', 'instruction 5', 'byte 18'; '' for none. */
  readonly words: string;
  /** Of the given text. */
  readonly span?: Span | undefined;
  readonly pc?: number | undefined;
}

export interface Finding extends Place {
  readonly severity: 'error' | 'warning' | 'note';
  readonly code: string;
  readonly message: string;
  readonly help: string;
  /** What the code is about at length, where lint's page says it. */
  readonly about: string;
  readonly related: readonly (Place & { readonly message: string })[];
  /** As `seccompc lint --fix` does it; undefined where nothing is safe. */
  readonly fix?: { readonly title: string; readonly sameMeaning: boolean } | undefined;
}

export type Kind = 'profile' | 'assembler' | 'program' | 'elf' | 'bare-elf';

export interface About {
  readonly kind: Kind;
  /** 'profile', 'ELF file of x86_64, 64-bit program', 'raw program, 62 instructions'. */
  readonly what: string;
  /** ABIs that it is for. */
  readonly arches: readonly string[];
  /** ABIs that calls can be tried on: those, then the others of this byte order. */
  readonly tryable: readonly string[];
  /** What was chosen because nothing said so: 'the profile names no architecture: shown for x86_64'. */
  readonly notes: readonly string[];
  /** The profile that an ELF file carries beside its filter. */
  readonly embedded?: string | undefined;
}

export interface Line {
  readonly pc: number;
  readonly label: string;
  readonly text: string;
  readonly comment: string;
}

export interface Program {
  readonly lines: readonly Line[];
  readonly bytes: number;
  readonly digest: string;
  /** Absent for a program that the kernel refuses. */
  readonly cost?: Cost | undefined;
}

export interface ProofShown {
  readonly state: 'proved' | 'disproved' | 'undecided' | 'none';
  readonly words: readonly string[];
}

export interface Table {
  readonly arch: string;
  readonly rows: readonly Row[];
}

/** A test, with where it leads to, or an answer, which leads nowhere (-1). */
export interface TreeBox {
  readonly pc: number;
  readonly text: string;
  readonly note: string;
  /** Of an answer: its colour. */
  readonly effect?: Effect | undefined;
  readonly yes: number;
  readonly no: number;
  /** Of a test that stands as a tree of its own: 'on aarch64', 'where several ways meet'; else ''. */
  readonly title: string;
}

export interface TreeShown {
  readonly root: number;
  readonly boxes: readonly TreeBox[];
}

export type Effect = 'runs' | 'logged' | 'fails' | 'asks' | 'kills';

/** What arrives one by one while an input is looked at. */
export interface Parts {
  readonly about: About;
  readonly findings: readonly Finding[];
  readonly program: Program;
  readonly tree: TreeShown;
  readonly proof: ProofShown;
  readonly tables: readonly Table[];
}

export interface Tried {
  readonly arch: string;
  /** 'socket(0x26) on x86_64, number 41'. */
  readonly call: string;
  readonly action: string;
  readonly effect: Effect;
  /** What that does to whoever makes the call. */
  readonly outcome: string;
  /** 'syscalls[12] through the rule for socket', 'the default action (...)'. */
  readonly decidedBy: string;
  readonly because: string;
  readonly rule?: Place | undefined;
  readonly notes: readonly string[];
  readonly pcs: readonly number[];
  /** The boxes of the tree that it passes. */
  readonly boxes: readonly number[];
  readonly length: number;
}

export interface ChangeShown {
  readonly kind: 'LOOSENED' | 'TIGHTENED' | 'CHANGED';
  readonly change: string;
  readonly arches: string;
  readonly calls: string;
  readonly where: string;
  readonly example: string;
  /** Linux shows these calls to no filter. */
  readonly withoutEffect: boolean;
}

export interface Compared {
  readonly sides: readonly [string, string];
  readonly verdict: 'equal' | 'different' | 'undecided';
  readonly words: string;
  readonly notes: readonly string[];
  readonly changes: readonly ChangeShown[];
}

export interface File {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly warnings: readonly Finding[];
}

export interface ReplayRow {
  readonly kind: 'denied' | 'ambiguous' | 'logged';
  readonly call: string;
  readonly action: string;
  readonly count: number;
  readonly why: string;
  readonly allowing: string;
  readonly rule?: Place | undefined;
}

export interface Replayed {
  readonly words: string;
  readonly totals: readonly (readonly [string, number])[];
  readonly rows: readonly ReplayRow[];
  readonly left: number;
  readonly notes: readonly string[];
}

/** Every question with its answer. */
export interface Asks {
  readonly analyse: { readonly ask: { readonly given: Given; readonly options: Options }; readonly answer: null };
  readonly try: {
    readonly ask: { readonly call: string; readonly args: readonly string[]; readonly arch: string };
    readonly answer: Tried;
  };
  readonly parameters: {
    readonly ask: { readonly call: string; readonly arch: string };
    readonly answer: readonly { readonly name: string; readonly constants: readonly string[] }[];
  };
  readonly compare: {
    readonly ask: { readonly given: Given; readonly options: Options };
    readonly answer: Compared;
  };
  readonly mend: {
    readonly ask: { readonly which: number | 'all' };
    readonly answer: { readonly text: string; readonly made: readonly string[] };
  };
  /** What a file is, beside what is looked at. */
  readonly kind: {
    readonly ask: { readonly given: Given; readonly options: Options };
    readonly answer: Kind;
  };
  readonly download: { readonly ask: { readonly format: string }; readonly answer: File };
  readonly embed: {
    readonly ask: { readonly elf: Blob; readonly name: string; readonly load: boolean; readonly profile: boolean };
    readonly answer: File;
  };
  /** `arch`: the ABI of calls where the trace does not tell; '' leaves it open. */
  readonly replay: {
    readonly ask: { readonly file: Blob; readonly name: string; readonly arch: string };
    readonly answer: Replayed;
  };
}

export type Ask = { [K in keyof Asks]: { readonly id: number; readonly kind: K } & Asks[K]['ask'] }[keyof Asks];

export type Reply =
  | { readonly id: number; readonly kind: 'part'; readonly part: Partial<Parts> }
  | { readonly id: number; readonly kind: 'done'; readonly answer: unknown }
  | { readonly id: number; readonly kind: 'failed'; readonly findings: readonly Finding[] };

export type Send = (reply: Reply) => void;

/** How an engine is started in the page itself; `pause` is waited for between pieces of work. */
export type StartEngine = (send: Send, pause: () => Promise<void>) => (ask: Ask) => void;

declare global {
  var seccompcEngine: StartEngine | undefined;
}

/** What the page can offer: told once when the engine starts. */
export interface Menu {
  readonly version: string;
  readonly arches: readonly string[];
  readonly calls: readonly string[];
  /** Format, what it is; the raw program first. */
  readonly formats: readonly { readonly name: string; readonly about: string; readonly ofProgram: boolean }[];
}
