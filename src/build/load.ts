/** Profile text to policy in one step, with everything wrong in it reported together. */
import { Diagnostics, type Source, unreachable } from '../diag/index.ts';
import { type Policy, type ResolveOptions, readProfile, resolve } from '../policy/index.ts';

/**
 * Reads and resolves a profile. Unlike parseProfile followed by resolvePolicy, mistakes of both steps come in one error.
 * @throws SeccompcError
 */
export function loadPolicy(source: Source, options: ResolveOptions): Policy {
  const { profile, diagnostics } = readProfile(source);
  const all = new Diagnostics();
  all.addAll(diagnostics.sorted);
  if (profile === undefined) {
    all.throwIfErrors();
    return unreachable('a profile without errors was not read');
  }
  const resolved = resolve(profile, options);
  all.addAll(resolved.diagnostics.sorted);
  all.throwIfErrors();
  return resolved.policy;
}
