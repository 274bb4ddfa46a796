/** The options of meaning as the page has them, as those of the library; and what is chosen where nothing is. */
import { ARCHES, type Arch } from '../../../src/arch/index.ts';
import { fail, quoted } from '../../../src/diag/index.ts';
import type { OciProfile, ResolveOptions } from '../../../src/policy/index.ts';
import { capabilityName, DOCKER_CAPABILITIES } from '../../../src/policy/vocabulary.ts';
import type { Options } from '../protocol.ts';

/** One of these words or undefined for ''; what else arrives is our mistake. */
function oneOf<T extends string>(words: readonly T[], text: string): T | undefined {
  if (text === '') return undefined;
  return words.find((word) => word === text) ?? fail({ code: 'USAGE', message: `${quoted(text)} is no choice` });
}

export function resolveOptions(options: Options): ResolveOptions {
  const base = oneOf(['docker', 'none', 'all'], options.caps) ?? 'docker';
  const added = options.cap
    .split(/[\s,]+/)
    .filter((name) => name !== '')
    .map(capabilityName);
  return {
    arches: options.arches.length > 0 ? options.arches : undefined,
    caps: base === 'all' ? 'all' : base === 'docker' ? [...DOCKER_CAPABILITIES, ...added] : added,
    kernel: options.kernel.trim() === '' ? undefined : options.kernel.trim(),
    argWidth: oneOf(['oci', 'kernel'], options.argWidth),
    multiplexed: oneOf(['allow', 'deny', 'written'], options.multiplexed),
    runtime: oneOf(['none', 'runc'], options.runtime),
    unknownArch: oneOf(['kill-process', 'kill', 'errno'], options.unknownArch),
    onConflict: oneOf(['error', 'first', 'strictest'], options.onConflict),
    ruleOrder: oneOf(['oci', 'first-match'], options.ruleOrder),
    enosysAbove: oneOf(['yes'], options.enosysAbove) && true,
    strict: oneOf(['yes'], options.strict) && true,
  };
}

const list = (arches: readonly Arch[]): string => arches.map(({ name }) => name).join(', ');

/**
 * For which ABIs a profile is shown when nobody has said: its own, where one program can have them all; else those of one
 * machine, x86_64 if it is among them; x86_64 where it names none. The command refuses the last two; a page that people
 * paste into shows what it can and says what it chose. `beside`: the ABIs of what it is compared with, which come first.
 */
export function ownArches(
  profile: OciProfile,
  beside: readonly Arch[] = [],
): { readonly arches: readonly string[]; readonly note: string } {
  const own = [...new Set(profile.arches.map(({ value }) => value))];
  const common = own.length === 0 ? beside : own.filter((arch) => beside.includes(arch));
  if (common.length > 0) {
    const note = common.length === own.length ? '' : `Read for ${list(common)}, as what it is compared with.`;
    return { arches: common.map(({ name }) => name), note };
  }
  if (own.length === 0) {
    return {
      arches: ['x86_64'],
      note: 'The profile names no architecture: shown for x86_64. The options choose others.',
    };
  }
  if (own.every(({ endian }) => endian === own[0]?.endian) && own.length <= MOST_AT_ONCE) {
    return { arches: own.map(({ name }) => name), note: '' };
  }
  const machine = own.some(({ native }) => native === 'x86_64') ? 'x86_64' : own[0]?.native;
  const chosen = own.filter(({ native }) => native === machine);
  const note = `The profile names ${own.length} architectures (${list(own)}), of more than one machine: shown for ${list(chosen)}. The options choose others.`;
  return { arches: chosen.map(({ name }) => name), note };
}

/** Profiles for containers name a dozen, of which a program is built for one machine's. */
const MOST_AT_ONCE = 4;

/** Those, then the others that a program of this byte order can be asked about. */
export function tryable(own: readonly Arch[], endian: Arch['endian']): readonly string[] {
  const others = [...ARCHES.values()].filter((a) => a.endian === endian && !own.includes(a));
  return [...own, ...others].map(({ name }) => name);
}
