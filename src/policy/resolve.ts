/**
 * `OciProfile` to `Policy`: picks the rules that hold for the architectures, capabilities and kernel, turns names into
 * numbers, and settles which rule decides, as runc with libseccomp 2.5 does (docs/semantics.md):
 *
 *   a rule whose action is the default action is skipped
 *   of unconditional rules for one call the first counts, and it beats every conditional one
 *   one argument index twice in a rule turns its conditions into alternatives
 *   conditional rules with different actions that match one call are an error, unless told how to settle it
 *
 * None of this holds for `"x-ruleOrder": "first-match"`: there a rule is what it says, and the first one decides.
 */
import {
  ARCHES,
  type Arch,
  type ArchName,
  compareStrictness,
  errnoNumber,
  findArch,
  isSyscallName,
  SECCOMP_RET_ERRNO,
  SECCOMP_RET_KILL_PROCESS,
  SECCOMP_RET_KILL_THREAD,
  SECCOMP_RET_LOG,
  SECCOMP_RET_TRACE,
  syscallName,
  syscallNames,
  syscallNumber,
  UNFILTERED_X86_64,
} from '../arch/index.ts';
import { Diagnostics, quoted } from '../diag/index.ts';
import { type U32, u32 } from '../num/index.ts';
import { CallRules } from './call-rules.ts';
import { alternatives, Findings } from './conditions-of.ts';
import { multiplexed } from './multiplex.ts';
import { parseKernelVersion } from './parse.ts';
import type {
  ActionSpec,
  ArchPolicy,
  ArgWidth,
  CallPolicy,
  EnosysStub,
  Filter,
  InactiveRule,
  Multiplexed,
  OciProfile,
  OciRule,
  OtherNumbers,
  Policy,
  ResolveOptions,
  RuleOrder,
  UnknownArch,
} from './types.ts';
import { ACTIONS, CAPABILITIES, capabilityName, DOCKER_CAPABILITIES, didYouMean } from './vocabulary.ts';

/** SCMP_ACT_ERRNO and SCMP_ACT_TRACE without a number mean EPERM. */
const DEFAULT_ERRNO = 1;

/** The whole result word of an action on one architecture (errno names are numbered per architecture). */
export function actionWord(spec: ActionSpec, arch: Arch): U32 {
  const word = ACTIONS.get(spec.action) ?? SECCOMP_RET_KILL_PROCESS;
  if (spec.action !== 'SCMP_ACT_ERRNO' && spec.action !== 'SCMP_ACT_TRACE') return word;
  const errno = typeof spec.errno === 'string' ? errnoNumber(spec.errno, arch) : spec.errno;
  return u32(word | (errno ?? DEFAULT_ERRNO));
}

/** The words that an option may have: callers without a type checker can pass anything, and a typo must not pass. */
const CHOICES = {
  runtime: ['none', 'runc'],
  unknownArch: ['kill-process', 'kill', 'errno'],
  onConflict: ['error', 'first', 'strictest'],
  multiplexed: ['allow', 'deny', 'written'],
  argWidth: ['oci', 'kernel'],
  ruleOrder: ['oci', 'first-match'],
} as const satisfies { readonly [K in keyof ResolveOptions]: readonly ResolveOptions[K][] };

/** Throws USAGE for options that no type checker would have let through. */
function checkOptions(options: ResolveOptions): void {
  const diagnostics = new Diagnostics();
  const refuse = (key: string, value: unknown, wanted: string): void =>
    diagnostics.add({ code: 'USAGE', message: `the option '${key}' is ${wanted}, not ${quoted(String(value))}` });
  for (const [key, words] of Object.entries(CHOICES)) {
    const value: unknown = options[key as keyof typeof CHOICES];
    if (value !== undefined && !words.some((word) => word === value)) refuse(key, value, words.join(' or '));
  }
  const isList = (value: unknown) => Array.isArray(value) && value.every((item) => typeof item === 'string');
  const { arches, caps, kernel } = options;
  if (arches !== undefined && !isList(arches)) refuse('arches', arches, 'a list of names');
  if (caps !== undefined && !isList(caps) && !['none', 'all', 'docker'].includes(String(caps))) {
    refuse('caps', caps, 'none, all, docker or a list of names');
  }
  if (kernel !== undefined && typeof kernel !== 'string') refuse('kernel', kernel, 'a string such as 6.1');
  diagnostics.throwIfErrors();
}

/** The ABIs asked for, each once. Reports what is wrong and returns what can be used. */
function chooseArches(profile: OciProfile, options: ResolveOptions, diagnostics: Diagnostics): readonly Arch[] {
  const choices = () => [...ARCHES.keys()].join(', ');
  const asked = options.arches?.flatMap((name) => {
    const found = findArch(name);
    if (found) return [found];
    const help = didYouMean(name, ARCHES.keys()) ?? `the architectures are ${choices()}`;
    diagnostics.add({ code: 'ARCH_UNKNOWN', message: `${quoted(name)} is no architecture`, help });
    return [];
  });
  const arches = [...new Set(asked ?? profile.arches.map((a) => a.value))];
  const { source } = profile;
  // Names that could not be read are errors of their own.
  const unread = asked === undefined && profile.namesArches;
  if (arches.length === 0 && !unread && (asked === undefined || options.arches?.length === 0)) {
    diagnostics.add({
      code: 'ARCH_MISSING',
      source,
      message: 'for which architecture? The profile names none',
      help: `name one or more: --arch x86_64,i386,x32 (in the API: arches). They are ${choices()}`,
    });
  }
  const big = arches.filter((a) => a.endian === 'big').map((a) => a.name);
  const little = arches.filter((a) => a.endian === 'little').map((a) => a.name);
  if (big.length > 0 && little.length > 0) {
    const first = profile.arches[0]?.span;
    diagnostics.add({
      code: 'ARCH_BYTE_ORDER',
      ...(asked === undefined && first && { source, span: first }),
      message: `one program has one byte order: ${little.join(', ')} are little-endian, ${big.join(', ')} big-endian`,
      help: 'name the architectures of one machine, such as --arch x86_64,i386,x32',
    });
    return [];
  }
  return arches;
}

interface World {
  readonly caps: ReadonlySet<string>;
  readonly kernel: readonly [number, number] | undefined;
}

function chooseWorld(options: ResolveOptions, diagnostics: Diagnostics): World {
  const { caps = 'docker' } = options;
  const kernel = options.kernel === undefined ? undefined : parseKernelVersion(options.kernel);
  if (options.kernel !== undefined && kernel === undefined) {
    diagnostics.add({
      code: 'KERNEL_VERSION',
      message: `a kernel version is MAJOR.MINOR, not ${quoted(options.kernel)}`,
    });
  }
  if (caps === 'none') return { caps: new Set(), kernel };
  if (caps === 'all') return { caps: CAPABILITIES, kernel };
  const held = caps === 'docker' ? DOCKER_CAPABILITIES : caps.map(capabilityName);
  for (const cap of held) {
    if (CAPABILITIES.has(cap)) continue;
    const help = didYouMean(cap, CAPABILITIES);
    diagnostics.add({ code: 'CAP_UNKNOWN', severity: 'error', message: `${quoted(cap)} is no capability`, help });
  }
  return { caps: new Set(held), kernel };
}

/** Negative when `a` is the older one. */
export function compareVersions(a: readonly [number, number], b: readonly [number, number]): number {
  return a[0] - b[0] || a[1] - b[1];
}

/**
 * Docker resolves includes.arches against the machine, not the ABI: on amd64 a rule for amd64 holds for i386 and x32
 * too. So an ABI answers to the name of its native ABI when that is built for as well, else to its own.
 */
export function machineOf(arch: Arch, arches: readonly Arch[]): ArchName {
  return arches.some((a) => a.name === arch.native) ? arch.native : arch.name;
}

/**
 * Why a rule does not hold for an ABI; undefined when it does.
 * @see moby profiles/seccomp/seccomp_linux.go setupSeccomp()
 */
function whyInactive(rule: OciRule, arch: Arch, machine: ArchName, world: World): string | undefined {
  const { includes, excludes, onlyArches } = rule;
  if (onlyArches.length > 0 && !onlyArches.includes(arch.name)) return `is for ${onlyArches.join(', ')} only`;
  const kernelHolds = (f: Filter) =>
    f.minKernel === undefined || world.kernel === undefined || compareVersions(world.kernel, f.minKernel) >= 0;
  if (excludes.arches.includes(machine)) return `is not for ${machine}`;
  const excludedCap = excludes.caps.find((c) => world.caps.has(c));
  if (excludedCap !== undefined) return `is not for holders of CAP_${excludedCap}`;
  if (excludes.minKernel !== undefined && kernelHolds(excludes)) {
    return `is for kernels before ${excludes.minKernel.join('.')}`;
  }
  if (includes.arches.length > 0 && !includes.arches.includes(machine)) {
    return `is for ${includes.arches.join(', ')} only`;
  }
  const missing = includes.caps.filter((c) => !world.caps.has(c));
  if (missing.length > 0) return `needs ${missing.map((c) => `CAP_${c}`).join(' and ')}`;
  return kernelHolds(includes) ? undefined : `needs Linux ${includes.minKernel?.join('.')}`;
}

/** What the profile's own keys and the options come to. */
interface Settings {
  readonly argWidth: ArgWidth;
  readonly multiplexed: Multiplexed;
  readonly ruleOrder: RuleOrder;
  readonly onConflict: NonNullable<ResolveOptions['onConflict']>;
}

const MOST_SUGGESTIONS = 1000;

/** A name that no ABI knows: harmless in a rule looser than the default, a hole in a stricter one. */
function checkNames(profile: OciProfile, options: ResolveOptions, diagnostics: Diagnostics): void {
  const defaultWord = ACTIONS.get(profile.defaultAction.action) ?? SECCOMP_RET_KILL_PROCESS;
  const near = new Map<string, string | undefined>();
  for (const rule of profile.rules) {
    const stricter = compareStrictness(ACTIONS.get(rule.action.action) ?? 0, defaultWord) < 0;
    for (const { value, span } of rule.names) {
      if (isSyscallName(value)) continue;
      // A suggestion is dear; a name that is wrong a thousand times, or the thousandth wrong name, needs none more.
      if (!near.has(value))
        near.set(value, near.size < MOST_SUGGESTIONS ? didYouMean(value, syscallNames()) : undefined);
      const meant = near.get(value);
      const risk = stricter
        ? 'In a rule stricter than the default action a typo leaves the call open.'
        : 'In a rule looser than the default action a typo leaves the call denied.';
      const isError = options.strict === true || (stricter && options.runtime !== 'runc');
      diagnostics.add({
        code: 'SYSCALL_UNKNOWN',
        severity: isError ? 'error' : 'warning',
        source: profile.source,
        span,
        message: `no system call is named ${quoted(value)} on any architecture`,
        help: meant === undefined ? risk : `${meant} ${risk}`,
      });
    }
  }
}

function resolveArch(
  arch: Arch,
  profile: OciProfile,
  rules: readonly OciRule[],
  settings: Settings,
  findings: Findings,
): Omit<ArchPolicy, 'inactive'> {
  const defaultAction = actionWord(profile.defaultAction, arch);
  const direct = new Map<number, CallRules>();
  const byName = new Map<string, CallRules>();
  const entry = <K>(map: Map<K, CallRules>, key: K, name: string): CallRules => {
    const made = map.get(key) ?? new CallRules(arch, name, defaultAction, settings, findings);
    map.set(key, made);
    return made;
  };
  for (const rule of rules) {
    const action = actionWord(rule.action, arch);
    if (action === defaultAction && settings.ruleOrder === 'oci') continue;
    for (const name of new Set(rule.names.map((n) => n.value))) {
      const nr = syscallNumber(arch, name);
      const other = settings.multiplexed === 'written' ? undefined : multiplexed(arch, name);
      if (nr === undefined && other === undefined) continue;
      const origin = { ruleIndex: rule.index, span: rule.span };
      const policyRules = alternatives(
        rule,
        nr === undefined ? undefined : name,
        arch,
        settings,
        action,
        defaultAction,
        findings,
      ).map((conditions) => ({ action, conditions, origin }));
      if (nr !== undefined) for (const r of policyRules) entry(direct, nr, syscallName(arch, nr) ?? name).add(r);
      if (other !== undefined) for (const r of policyRules) entry(byName, name, name).add(r);
    }
  }
  for (const [name, callRules] of byName) {
    const other = multiplexed(arch, name);
    if (other === undefined) continue;
    const target = entry(direct, other.nr, other.multiplexer);
    target.addMultiplexed(callRules, other, settings.multiplexed, settings.argWidth);
  }
  const calls = new Map<number, CallPolicy>();
  for (const [nr, callRules] of [...direct].sort(([a], [b]) => a - b)) {
    const settled = callRules.settle();
    if (settled.length > 0) calls.set(nr, { nr, name: syscallName(arch, nr) ?? callRules.name, rules: settled });
  }
  return { arch, defaultAction, calls };
}

/**
 * Which numbers runc answers with ENOSYS in front of the filter: those above the largest one that its rules name.
 * @see runc libcontainer/seccomp/patchbpf/enosys_linux.go findLastSyscalls(), generatePatch()
 */
function enosysStub(arch: Arch, defaultAction: U32, rules: readonly OciRule[]): EnosysStub | undefined {
  const harmless = compareStrictness(defaultAction, SECCOMP_RET_TRACE) >= 0;
  if (harmless || defaultAction === stubAbove(arch, 0).word) return undefined;
  // libseccomp numbers a call that is also multiplexed by its pseudo-number, which runc passes over.
  const named = rules.flatMap((rule) => rule.names).filter(({ value }) => multiplexed(arch, value) === undefined);
  const above = named.reduce((most, { value }) => Math.max(most, syscallNumber(arch, value) ?? 0), 0);
  return above === 0 ? undefined : stubAbove(arch, above);
}

const EM_S390 = 22;

/** ENOSYS for all numbers above this one; on s390 and s390x also for 0. */
export function stubAbove(arch: Arch, above: number): EnosysStub {
  const word = u32(SECCOMP_RET_ERRNO | (errnoNumber('ENOSYS', arch) ?? 0));
  return { above, zero: arch.elf.machine === EM_S390, word };
}

/** Where the numbers begin that get ENOSYS: runc's own place, or what an option or the profile asks for. */
function chooseEnosys(
  arch: Arch,
  defaultAction: U32,
  rules: readonly OciRule[],
  profile: OciProfile,
  options: ResolveOptions,
): EnosysStub | undefined {
  const asked = options.enosysAbove ?? profile.enosysAbove ?? false;
  if (asked === true || options.runtime === 'runc') return enosysStub(arch, defaultAction, rules);
  const above = asked === false ? undefined : asked.get(arch.name);
  return above === undefined ? undefined : stubAbove(arch, above);
}

/**
 * What would be let through by the default action although it is another ABI's call, whose numbers no rule names: it counts
 * as a call of an architecture that is not named. Where the default action refuses, there is nothing to close.
 */
function otherNumbers(arch: Arch, defaultAction: U32, word: U32): OtherNumbers | undefined {
  const isOpen = compareStrictness(defaultAction, SECCOMP_RET_LOG) >= 0;
  return isOpen && arch.otherNumbers.length > 0 ? { ranges: arch.otherNumbers, word } : undefined;
}

/** The stub stands in front of the filter, so it decides before any rule does. */
function withoutStubbed<T extends Pick<ArchPolicy, 'calls'>>(arch: T, enosys: EnosysStub | undefined): T {
  if (enosys === undefined) return arch;
  const calls = new Map([...arch.calls].filter(([nr]) => nr <= enosys.above && !(enosys.zero && nr === 0)));
  return { ...arch, calls };
}

/** A rule that denies a call which no filter ever sees promises what it cannot keep. */
function reportUnfiltered(resolved: readonly ArchPolicy[], findings: Findings): void {
  const x86_64 = resolved.find((a) => a.arch.name === 'x86_64');
  for (const [nr, name] of UNFILTERED_X86_64) {
    for (const rule of x86_64?.calls.get(nr)?.rules ?? []) {
      if (compareStrictness(rule.action, SECCOMP_RET_LOG) >= 0) continue;
      findings.add({
        code: 'CALL_UNFILTERED',
        span: rule.origin.span,
        message: `on x86_64 the kernel shows ${name} (${nr}) to no filter: this rule cannot deny it`,
      });
    }
  }
}

/** What calls of an architecture get that the policy does not name. */
export const UNKNOWN_ARCH: Readonly<Record<UnknownArch, U32>> = {
  'kill-process': SECCOMP_RET_KILL_PROCESS,
  kill: SECCOMP_RET_KILL_THREAD,
  errno: u32(SECCOMP_RET_ERRNO | DEFAULT_ERRNO),
};

/** A real profile makes a few thousand; what makes a million does not fit 4096 instructions. */
const MOST_RULES = 1_000_000;

/** Never handed out: it goes with an error. */
function emptyPolicy(profile: OciProfile, options: ResolveOptions): Policy {
  return {
    source: profile.source,
    endian: 'little',
    arches: [],
    unknownArch: SECCOMP_RET_KILL_PROCESS,
    profileArches: [],
    flags: [],
    kernel: options.kernel,
    argWidth: 'oci',
    multiplexed: 'deny',
    diagnostics: [],
  };
}

/** The policy that the profile means under these options, and everything wrong with it. The public form throws. */
export function resolve(
  profile: OciProfile,
  options: ResolveOptions,
): { readonly policy: Policy; readonly diagnostics: Diagnostics } {
  checkOptions(options);
  const diagnostics = new Diagnostics();
  const arches = chooseArches(profile, options, diagnostics);
  const world = chooseWorld(options, diagnostics);
  checkNames(profile, options, diagnostics);
  const settings: Settings = {
    argWidth: options.argWidth ?? profile.argWidth ?? 'oci',
    multiplexed: options.multiplexed ?? profile.multiplexed ?? 'allow',
    ruleOrder: options.ruleOrder ?? profile.ruleOrder ?? 'oci',
    onConflict: options.onConflict ?? 'error',
  };
  const findings = new Findings(profile.source, diagnostics);
  // What would be made of the rules, before it is made: a hostile profile multiplies.
  const size =
    profile.rules.reduce((sum, r) => sum + r.names.length * Math.max(1, r.conditions.length), 0) * arches.length;
  if (size > MOST_RULES) {
    diagnostics.add({
      code: 'POLICY_TOO_LARGE',
      source: profile.source,
      message: `${size} rules (names times conditions times architectures); at most ${MOST_RULES} are worked out`,
    });
    return { policy: emptyPolicy(profile, options), diagnostics };
  }
  const unknownArch = UNKNOWN_ARCH[options.unknownArch ?? profile.unknownArch ?? 'kill-process'];
  const resolved = arches.map((arch) => {
    const machine = machineOf(arch, arches);
    const judged = profile.rules.map((rule) => ({ rule, why: whyInactive(rule, arch, machine, world) }));
    const rules = judged.filter((j) => j.why === undefined).map((j) => j.rule);
    const inactive = judged.flatMap(({ rule, why }): InactiveRule[] =>
      why === undefined
        ? []
        : [{ origin: { ruleIndex: rule.index, span: rule.span }, names: rule.names.map((n) => n.value), why }],
    );
    const resolvedArch = resolveArch(arch, profile, rules, settings, findings);
    const enosys = chooseEnosys(arch, resolvedArch.defaultAction, rules, profile, options);
    const others = otherNumbers(arch, resolvedArch.defaultAction, unknownArch);
    return { ...withoutStubbed(resolvedArch, enosys), inactive, enosys, others };
  });
  reportUnfiltered(resolved, findings);
  findings.report();
  const policy: Policy = {
    source: profile.source,
    endian: arches[0]?.endian ?? 'little',
    arches: resolved,
    unknownArch,
    profileArches: profile.arches.map((a) => a.value),
    flags: profile.flags,
    listener: { path: profile.listenerPath, metadata: profile.listenerMetadata },
    kernel: options.kernel,
    argWidth: settings.argWidth,
    multiplexed: settings.multiplexed,
    diagnostics: [...profile.diagnostics, ...diagnostics.sorted],
  };
  return { policy, diagnostics };
}
