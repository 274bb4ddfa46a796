/** What has been read, as a `Config`: defaults filled in, and what only shows when several keys are looked at together. */
import { findArch } from '../arch/index.ts';
import type { Code, Diagnostics, Source, Span } from '../diag/index.ts';
import { quoted } from '../diag/index.ts';
import type { ResolveOptions } from '../policy/index.ts';
import { capabilityName, DOCKER_CAPABILITIES, didYouMean } from '../policy/vocabulary.ts';
import type { TraceFormat } from '../trace/index.ts';
import type { ObjectValue, Text, Value } from './read.ts';
import type {
  Config,
  DiffClass,
  FailLevels,
  OutputEntry,
  ProfileEntry,
  ProgramEntry,
  Target,
  TraceEntry,
} from './types.ts';

const isText = (value: Value | undefined): value is Text =>
  typeof value === 'object' && !Array.isArray(value) && 'value' in value;

const text = ({ fields }: ObjectValue, key: string): Text | undefined => {
  const value = fields.get(key);
  return isText(value) ? value : undefined;
};
/** The table has judged the word already. */
const choice = <T extends string>(at: ObjectValue, key: string): T | undefined => text(at, key)?.value as T | undefined;
const items = ({ fields }: ObjectValue, key: string): readonly Value[] => {
  const value = fields.get(key);
  return Array.isArray(value) ? value : [];
};
const texts = (at: ObjectValue, key: string): readonly Text[] => items(at, key).filter(isText);
const objects = (list: readonly Value[]): readonly ObjectValue[] =>
  list.filter((value): value is ObjectValue => typeof value === 'object' && 'fields' in value);
const inner = ({ fields }: ObjectValue, key: string): ObjectValue | undefined => {
  const value = fields.get(key);
  return value !== undefined && typeof value === 'object' && 'fields' in value ? value : undefined;
};
const flag = ({ fields }: ObjectValue, key: string): boolean | undefined => {
  const value = fields.get(key);
  return typeof value === 'boolean' ? value : undefined;
};

const DEFAULT_FAIL: FailLevels = { lint: 'warning', diff: ['loosened'], traces: 'denied' };

class Builder {
  readonly #source: Source;
  readonly #diagnostics: Diagnostics;

  constructor(source: Source, diagnostics: Diagnostics) {
    this.#source = source;
    this.#diagnostics = diagnostics;
  }

  #wrong(code: Code, span: Span, message: string, help?: string): void {
    this.#diagnostics.add({ code, severity: 'error', source: this.#source, span, message, help });
  }

  config(root: ObjectValue): Config {
    const fail = this.#fail(inner(root, 'fail'), DEFAULT_FAIL);
    const profiles = objects(items(root, 'profiles')).map((at) => this.#profile(at, fail));
    const seen = new Map<string, Span>();
    for (const { name, profile } of profiles) {
      const earlier = seen.get(name);
      if (earlier !== undefined)
        this.#wrong(
          'KEY_CONFLICT',
          profile.span,
          `two profiles have the name ${quoted(name)}`,
          "give one of them a 'name'",
        );
      seen.set(name, profile.span);
    }
    return { source: this.#source, base: text(root, 'base'), profiles };
  }

  #fail(at: ObjectValue | undefined, before: FailLevels): FailLevels {
    if (at === undefined) return before;
    const one = choice<DiffClass>(at, 'diff');
    const several = texts(at, 'diff').map(({ value }) => value as DiffClass);
    const diff = one !== undefined ? [one] : at.fields.has('diff') ? several : before.diff;
    if (diff.length !== 1 && (diff.length === 0 || diff.includes('none')))
      this.#wrong('VALUE_RANGE', at.span, "'diff' lists at least one class, and 'none' stands alone");
    return {
      lint: choice<FailLevels['lint']>(at, 'lint') ?? before.lint,
      diff,
      traces: choice<FailLevels['traces']>(at, 'traces') ?? before.traces,
    };
  }

  #profile(at: ObjectValue, fail: FailLevels): ProfileEntry {
    const profile = text(at, 'profile') ?? { value: '', span: at.span };
    const named = objects(items(at, 'targets')).map((target) => this.#target(target));
    const targets = named.length > 0 ? named : [{ name: '', span: profile.span, options: {} }];
    this.#distinct(targets);
    const known = (entry: { readonly target?: Text | undefined }, span: Span): void =>
      this.#knows(targets, entry.target, span);
    const traces = items(at, 'traces').map((value) => this.#trace(value));
    const programs = items(at, 'programs').map((value): ProgramEntry => {
      const made = isText(value) ? { file: value } : this.#program(value as ObjectValue);
      if (made.target !== undefined) known(made, made.file.span);
      return made;
    });
    const outputs = objects(items(at, 'outputs')).map((value) => {
      const made = this.#output(value);
      known(made, made.file.span);
      return made;
    });
    for (const trace of traces) if (trace.target !== undefined) known(trace, trace.target.span);
    const lint = inner(at, 'lint');
    const diff = inner(at, 'diff');
    return {
      name: text(at, 'name')?.value ?? profile.value,
      profile,
      was: text(at, 'was'),
      targets,
      optimize: choice(at, 'optimize'),
      search: choice(at, 'search'),
      weights: texts(at, 'weights'),
      statements: texts(at, 'assert'),
      assertFiles: objects(items(at, 'assert')).flatMap((one) => text(one, 'file') ?? []),
      traces,
      programs,
      outputs,
      lintIgnore: objects(lint === undefined ? [] : items(lint, 'ignore')).flatMap((one) => {
        const code = text(one, 'code');
        return code === undefined
          ? []
          : [{ code: code as Text & { value: Code }, reason: choice<string>(one, 'reason') ?? '' }];
      }),
      diffIgnore: diff === undefined ? [] : texts(diff, 'ignore'),
      fail: this.#fail(inner(at, 'fail'), fail),
    };
  }

  #target(at: ObjectValue): Target {
    const arches = texts(at, 'arches');
    const found = arches.flatMap(({ value }) => findArch(value) ?? []);
    const [first] = found;
    const other = found.findIndex(({ endian }) => endian !== first?.endian);
    if (other >= 0)
      this.#wrong(
        'ARCH_BYTE_ORDER',
        arches[other]?.span ?? at.span,
        `${found[other]?.name} has another byte order than ${first?.name}, and a program has one`,
        'make two targets',
      );
    const options: ResolveOptions = {
      ...(arches.length > 0 && { arches: arches.map(({ value }) => value) }),
      caps: capsOf(at),
      kernel: text(at, 'kernel')?.value,
      runtime: choice(at, 'runtime'),
      unknownArch: choice(at, 'unknownArch'),
      onConflict: choice(at, 'onConflict'),
      multiplexed: choice(at, 'multiplexed'),
      ruleOrder: choice(at, 'ruleOrder'),
      argWidth: choice(at, 'argWidth'),
      enosysAbove: flag(at, 'enosysAbove'),
      strict: flag(at, 'strict'),
    };
    const name = text(at, 'name')?.value ?? found.map((arch) => arch.name).join(',');
    return { name, span: at.span, options };
  }

  #distinct(targets: readonly Target[]): void {
    const seen = new Set<string>();
    for (const { name, span } of targets) {
      if (seen.has(name))
        this.#wrong('KEY_CONFLICT', span, `two targets have the name ${quoted(name)}`, "give each a 'name' of its own");
      seen.add(name);
    }
  }

  /** What belongs to one of several targets has to say to which. */
  #knows(targets: readonly Target[], target: Text | undefined, span: Span): void {
    const names = targets.map(({ name }) => name);
    if (target === undefined && targets.length > 1)
      this.#wrong(
        'KEY_MISSING',
        span,
        "it needs 'target', for there are several",
        `one of ${names.map((n) => quoted(n)).join(', ')}`,
      );
    else if (target !== undefined && !names.includes(target.value))
      this.#wrong(
        'VALUE_RANGE',
        target.span,
        `there is no target ${quoted(target.value)}`,
        didYouMean(target.value, names) ?? (names.every((n) => n === '') ? "the profile has no 'targets'" : undefined),
      );
  }

  #trace(value: Value): TraceEntry {
    if (isText(value)) return { files: [value], denied: [], maxDenials: 0 };
    const at = value as ObjectValue;
    const file = text(at, 'file');
    const files = texts(at, 'files');
    if ((file === undefined) === (files.length === 0) && !(at.fields.has('files') && file === undefined))
      this.#wrong('KEY_CONFLICT', { ...at.span, end: at.span.start + 1 }, "a trace has either 'file' or 'files'");
    const most = at.fields.get('maxDenials');
    return {
      files: file === undefined ? files : [file],
      format: choice<TraceFormat>(at, 'format'),
      arch: text(at, 'arch')?.value,
      denied: texts(at, 'denied'),
      maxDenials: typeof most === 'number' ? most : 0,
      baseline: text(at, 'baseline'),
      target: text(at, 'target'),
    };
  }

  #program(at: ObjectValue): ProgramEntry {
    const file = text(at, 'file') ?? { value: '', span: at.span };
    return { file, section: text(at, 'section')?.value, target: text(at, 'target') };
  }

  #output(at: ObjectValue): OutputEntry {
    const into = text(at, 'into');
    if (into !== undefined && at.fields.has('format'))
      this.#wrong('KEY_CONFLICT', into.span, "'into' puts the program into an ELF file; it goes with no 'format'");
    for (const key of ['section', 'load', 'enforce', 'embedProfile'])
      if (into === undefined && at.fields.has(key))
        this.#wrong('KEY_CONFLICT', at.span, `'${key}' is about a section of an ELF file; it goes with 'into'`);
    return {
      ...this.#program(at),
      into,
      format: choice(at, 'format'),
      load: flag(at, 'load') === true,
      enforce: flag(at, 'enforce') === true,
      embedProfile: flag(at, 'embedProfile') === true,
    };
  }
}

function capsOf(at: ObjectValue): ResolveOptions['caps'] {
  const set = choice<'none' | 'all' | 'docker'>(at, 'caps');
  if (set !== undefined || !at.fields.has('caps')) return set;
  return texts(at, 'caps').flatMap(({ value }) => (value === 'docker' ? DOCKER_CAPABILITIES : [capabilityName(value)]));
}

/** `root` has been read by the table; what was wrong there has been reported and left out. */
export function configOf(root: ObjectValue, source: Source, diagnostics: Diagnostics): Config {
  return new Builder(source, diagnostics).config(root);
}
