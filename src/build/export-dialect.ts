/**
 * A policy as a profile of somebody else's dialect. The text is read again as its client reads it, and that is compared with
 * the policy for every call there can be: equal, or each difference is named with its direction. What would let more calls
 * run is refused unless the caller asks for it.
 */
import { actionOf, SECCOMP_RET_ERRNO } from '../arch/index.ts';
import { type Diagnostic, SeccompcError, unreachable } from '../diag/index.ts';
import {
  asOperatorWrites,
  asProfile,
  checkSpo,
  checkSystemd,
  type DialectFormat,
  type Lossy,
  namesOnly,
  ociJson,
  type PlainProfile,
  plainProfile,
  resourceName,
  resourceNameOf,
  spoYaml,
  systemdUnit,
  wrapped,
} from '../formats/index.ts';
import { type Policy, parseProfile, resolve } from '../policy/index.ts';
import { UNKNOWN_ARCH } from '../policy/resolve.ts';
import type { ProveOptions } from '../prove/index.ts';
import { type Loss, lossDiagnostic, lossesOf, lossWords } from './export-loss.ts';

export interface DialectOptions extends ProveOptions {
  readonly name?: string | undefined;
  /** Where a dialect lacks words; 'stricter' unless stated. */
  readonly lossy?: Lossy | undefined;
}

interface Written {
  readonly text: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** A profile's text with the meaning that it has on the policy's ABIs, what calls of others get left aside. */
function readAgain(text: string, policy: Policy): Policy {
  const word = Object.entries(UNKNOWN_ARCH).find(([, w]) => w === policy.unknownArch)?.[0];
  const arches = policy.arches.map((a) => a.arch.name);
  const unknownArch = (word ?? unreachable('a word for unknown architectures')) as keyof typeof UNKNOWN_ARCH;
  const { policy: reading, diagnostics } = resolve(parseProfile(text, { file: '<export>' }), { arches, unknownArch });
  // Rules of the text never contradict each other, but what is carried over to a multiplexer may contradict its own.
  if (diagnostics.sorted.some((d) => d.code === 'RULE_CONFLICT')) refuseCarried(arches.join(', '), policy);
  diagnostics.throwIfErrors();
  return reading;
}

function judged(losses: readonly Loss[], policy: Policy, options: DialectOptions): readonly Diagnostic[] {
  const found = losses.map((loss) => lossDiagnostic(loss, policy, options.lossy === 'looser'));
  const errors = found.filter((d) => d.severity === 'error');
  if (errors.length > 0) throw new SeccompcError(errors);
  return found;
}

/** What no dialect can say: that calls of other architectures get an errno. */
function unknownArchLoss(policy: Policy): readonly Diagnostic[] {
  if (actionOf(policy.unknownArch) !== SECCOMP_RET_ERRNO) return [];
  const message =
    'calls of other architectures get an errno in the profile; whoever reads this dialect kills their thread';
  return [{ code: 'EXPORT_DIFFERENT', severity: 'warning', source: policy.source, message }];
}

function flagsLost(policy: Policy, client: string): readonly Diagnostic[] {
  if (policy.flags.length === 0) return [];
  const message = `${client} does not take ${policy.flags.join(', ')} from here`;
  return [{ code: 'EXPORT_FLAGS', severity: 'warning', source: policy.source, message }];
}

const MULTIPLEXERS = ['socketcall', 'ipc'];

/** Readers of the plain dialect make rules for socketcall of those for socket, without their conditions. */
function refuseCarried(where: string, policy: Policy): never {
  const message = `on ${where} whoever reads this dialect lets the rules for socket and the like hold for ${MULTIPLEXERS.join(' and ')} too, whatever the arguments; in the profile those are decided otherwise`;
  const help = 'export for ABIs without them (--arch x86_64), or take it as it is: --multiplexed allow';
  throw new SeccompcError([{ code: 'EXPORT_INEXPRESSIBLE', severity: 'error', source: policy.source, message, help }]);
}

/** The plain dialect says all but from where on ENOSYS is the answer: any other difference is our bug. */
function refuseUnexplained(losses: readonly Loss[], policy: Policy): void {
  const carried = losses.find((l) => l.calls.every((name) => MULTIPLEXERS.includes(name)));
  if (carried) refuseCarried(carried.where, policy);
  if (losses.length === 0 || policy.arches.some((a) => a.enosys !== undefined)) return;
  const [{ where, what, calls }] = losses as readonly [Loss, ...Loss[]];
  const message = `the exported text is not equal to the profile: on ${where}: ${what}: ${calls.slice(0, 5).join(', ')}`;
  const help = 'this is a bug in seccompc, please report it with the profile; nothing was written';
  throw new SeccompcError([{ code: 'PROOF_FAILED', severity: 'error', source: policy.source, message, help }]);
}

/** The policy in the plain dialect, equal to it but for those losses. */
function plain(
  policy: Policy,
  options: DialectOptions,
): { readonly profile: PlainProfile; readonly losses: readonly Loss[] } {
  const profile = plainProfile(policy);
  const losses = lossesOf(policy, readAgain(ociJson(profile), policy), options);
  refuseUnexplained(losses, policy);
  return { profile, losses };
}

function oci(policy: Policy, options: DialectOptions): Written {
  const { profile, losses } = plain(policy, options);
  const diagnostics = [...judged(losses, policy, options), ...unknownArchLoss(policy)];
  return { text: ociJson(profile), diagnostics };
}

function spo(policy: Policy, options: DialectOptions): Written {
  const name = resourceName(options.name ?? resourceNameOf(policy.source.name));
  const { profile } = plain(policy, options);
  checkSpo(profile, policy.source);
  const written = asOperatorWrites(profile);
  const losses = lossesOf(policy, readAgain(ociJson(written), policy), options);
  return {
    text: spoYaml(written, name),
    diagnostics: [...judged(losses, policy, options), ...unknownArchLoss(policy)],
  };
}

const COMMENT_WIDTH = 110;

function systemd(policy: Policy, options: DialectOptions, about: readonly string[]): Written {
  checkSystemd(policy);
  const names = namesOnly(policy, options.lossy ?? 'stricter');
  const read = (multiplexed: 'allow' | 'written') =>
    lossesOf(policy, readAgain(asProfile(names, policy, multiplexed), policy), options);
  const losses = read('written');
  // libseccomp may let a rule for socket reach socketcall too: that must not be looser either.
  const more = read('allow').filter((l) => l.direction === 'looser' && !losses.some((k) => k.what === l.what));
  const said = [...losses, ...more];
  const comment = [
    ...about,
    '',
    ...(said.length === 0
      ? ['Names say all that the profile says: nothing is lost.']
      : ['What is lost, since a unit has names and no arguments:', '']),
    ...said.flatMap((loss) =>
      wrapped(lossWords(loss), COMMENT_WIDTH).map((line, i) => (i === 0 ? line : `    ${line}`)),
    ),
  ];
  const diagnostics = [...judged(said, policy, options), ...unknownArchLoss(policy), ...flagsLost(policy, 'systemd')];
  return { text: systemdUnit(policy, names, comment), diagnostics };
}

/**
 * The policy in a dialect of profiles.
 *
 * @throws SeccompcError EXPORT_INEXPRESSIBLE, EXPORT_MACHINE, EXPORT_NAME, EXPORT_LOOSER, PROOF_UNDECIDED, PROOF_FAILED
 */
export function exportDialect(
  format: DialectFormat,
  policy: Policy,
  options: DialectOptions,
  about: readonly string[],
): Written {
  switch (format) {
    case 'oci':
    case 'k8s-localhost':
      return oci(policy, options);
    case 'spo':
      return spo(policy, options);
    case 'systemd':
      return systemd(policy, options, about);
    default:
      return format satisfies never;
  }
}
