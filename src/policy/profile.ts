/** The public road from text to policy: each step throws one SeccompcError with everything that is wrong. */
import { Diagnostics, SeccompcError } from '../diag/index.ts';
import { readProfile } from './parse.ts';
import { resolve } from './resolve.ts';
import type { OciProfile, Policy, ResolveOptions } from './types.ts';

/**
 * Reads a seccomp profile: OCI runtime-spec, Docker or podman dialect, as JSON with comments and trailing commas.
 *
 * @param text the profile's text
 * @param options `file`: the name shown in diagnostics
 * @returns the profile with places, and warnings in `diagnostics`
 * @throws SeccompcError with every error in the text: syntax, types, unknown words
 */
export function parseProfile(text: string, options: { readonly file?: string } = {}): OciProfile {
  const { profile, diagnostics } = readProfile({ name: options.file ?? '<profile>', text });
  if (diagnostics.hasErrors || profile === undefined) {
    const all = new Diagnostics();
    all.addAll(diagnostics.sorted);
    // The rest of the profile is judged too, as far as it can be read, so that one run shows every mistake.
    if (profile) all.addAll(resolve(profile, { arches: likelyArches(profile) }).diagnostics.sorted);
    throw new SeccompcError(all.sorted);
  }
  return profile;
}

/** The profile's own ABIs as far as one program can have them; which ones are wanted is not known before resolving. */
function likelyArches(profile: OciProfile): readonly string[] {
  const named = profile.arches.map((a) => a.value);
  const sameOrder = named.filter((a) => a.endian === named[0]?.endian).map((a) => a.name);
  return sameOrder.length > 0 ? sameOrder : ['x86_64'];
}

/**
 * The policy that a profile means for chosen ABIs, capabilities and kernel: exactly one result word for every call.
 * @param profile what `parseProfile` gave
 * @param options ABIs, capabilities, kernel, and how the dialect is read
 * @returns the policy, with the warnings of parsing and resolving in `diagnostics`
 * @throws SeccompcError: unknown or missing architectures, mixed byte orders, unknown names in strict rules, RULE_CONFLICT
 */
export function resolvePolicy(profile: OciProfile, options: ResolveOptions = {}): Policy {
  const { policy, diagnostics } = resolve(profile, options);
  diagnostics.throwIfErrors();
  return policy;
}
