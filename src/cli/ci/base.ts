/**
 * What belongs together of a configuration and the one of the base. Whatever of the base is compared with nothing is named
 * as missing evidence: a profile must not get out of sight by being renamed, moved or left out.
 */
import { dirname, resolve } from 'node:path';
import { type Config, type ProfileEntry, readConfig, type Target } from '../../config/index.ts';
import { Diagnostics, decodeText, fail, quoted, type Source, type Span } from '../../diag/index.ts';
import { type Base, fileAt, isHead } from '../../host/git.ts';
import type { Check } from '../../report/checks.ts';
import type { Places } from './places.ts';
import { attempt } from './step.ts';

/** The configuration at the base: undefined where it was not there, 'unread' where it cannot be read any more. */
export interface Before {
  readonly base: Base;
  readonly config: Config | 'unread' | undefined;
  /** The configuration of now. */
  readonly source: Source;
  /** About the whole report. */
  readonly notes: readonly string[];
}

export function before(base: Base, source: Source): Before {
  const path = resolve(source.name);
  const bytes = fileAt(base, dirname(path), path);
  const own = isHead(base, dirname(path))
    ? [`${base.ref} comes to HEAD itself: only what is not committed can differ from it`]
    : [];
  if (bytes === undefined) {
    const none = 'the base has no such configuration; its profiles are read with the options of now';
    return { base, source, config: undefined, notes: [...own, none] };
  }
  const old = decodeText(bytes, `${source.name} at ${base.ref}`);
  const config = readConfig(old, new Diagnostics()) ?? 'unread';
  const changed = `${source.name} is not what it was at ${base.ref}: see to its fail levels, too`;
  return { base, source, config, notes: [...own, ...(old.text === source.text ? [] : [changed])] };
}

/** Nothing is known of what it was. @throws SeccompcError BASE_MISSING */
export function unknown({ source }: Before, message: string, help?: string, span?: Span): never {
  return fail({
    code: 'BASE_MISSING',
    ...(span === undefined ? { file: source.name } : { source, span }),
    message,
    help,
  });
}

/** Where the profile lay at the base. */
export const placeThen = (entry: ProfileEntry, places: Places): string =>
  resolve(places.folder, (entry.was ?? entry.profile).value);

const listed = (all: readonly { readonly name: string }[]): string => all.map(({ name }) => quoted(name)).join(', ');

/** A configuration's entries by the place of their profile; there may be thousands. */
const PLACES = new WeakMap<Config, ReadonlyMap<string, readonly ProfileEntry[]>>();

function entriesAt(path: string, config: Config, places: Places): readonly ProfileEntry[] {
  const known = PLACES.get(config);
  if (known !== undefined) return known.get(path) ?? [];
  const made = new Map<string, ProfileEntry[]>();
  for (const entry of config.profiles) {
    const at = resolve(places.folder, entry.profile.value);
    const there = made.get(at);
    if (there === undefined) made.set(at, [entry]);
    else there.push(entry);
  }
  PLACES.set(config, made);
  return made.get(path) ?? [];
}

/** Entries of the base for the same profile: of several the one of the same name, if there is one. */
function entriesThen(entry: ProfileEntry, old: Config, places: Places): readonly ProfileEntry[] {
  const there = entriesAt(placeThen(entry, places), old, places);
  const same = there.find(({ name }) => name === entry.name);
  return same === undefined ? there : [same];
}

/** The target of the same name, else those of the base whose names are not there now. */
function targetsThen(target: Target, entry: ProfileEntry, old: ProfileEntry): readonly Target[] {
  const same = old.targets.find(({ name }) => name === target.name);
  return same !== undefined
    ? [same]
    : old.targets.filter((then) => !entry.targets.some(({ name }) => name === then.name));
}

/** Undefined where the base's configuration has no such profile. @throws SeccompcError BASE_MISSING */
export function entryThen(entry: ProfileEntry, now: Before, places: Places): ProfileEntry | undefined {
  const { config, base } = now;
  if (config === undefined) return undefined;
  if (config === 'unread')
    return unknown(now, `it cannot be read as it was at ${base.ref}, so nothing is known of what its profiles meant`);
  const found = entriesThen(entry, config, places);
  if (found.length < 2) return found[0];
  return unknown(
    now,
    `${quoted(entry.name)} may be any of several at ${base.ref}: ${listed(found)}`,
    'keep the names of entries that share a profile',
    entry.profile.span,
  );
}

/** @throws SeccompcError BASE_MISSING */
export function targetThen(target: Target, entry: ProfileEntry, old: ProfileEntry, now: Before): Target {
  const found = targetsThen(target, entry, old);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  return unknown(
    now,
    `there is no target ${quoted(target.name)} at ${now.base.ref} to compare it with, but ${listed(old.targets)}`,
    'where it has another name now, keep the old one; a new one has to be looked at by a person',
    target.span,
  );
}

/** A check without evidence for each profile and target of the base that nothing is compared with. */
export function dropped(config: Config, now: Before, places: Places): readonly Check[] {
  const old = now.config;
  if (old === undefined || old === 'unread') return [];
  const kept = new Set<ProfileEntry | Target>();
  for (const entry of config.profiles) {
    const [then, ...others] = entriesThen(entry, old, places);
    if (then === undefined || others.length > 0) continue;
    kept.add(then);
    for (const target of entry.targets) {
      const found = targetsThen(target, entry, then);
      if (found.length === 1) kept.add(found[0] as Target);
    }
  }
  const gone = (profile: string, message: string, help: string, target?: string): Check => ({
    profile,
    ...(target !== undefined && { target }),
    step: 'diff',
    ...attempt(() => unknown(now, message, help)),
  });
  return old.profiles.flatMap((entry) => {
    const { name, profile, targets } = entry;
    if (!kept.has(entry))
      return [
        gone(
          name,
          `the profile ${quoted(name)} was checked at ${now.base.ref} and is not any more`,
          `where it has moved, "was": ${JSON.stringify(profile.value)} says so; else a person has to look at it`,
        ),
      ];
    return targets
      .filter((target) => !kept.has(target))
      .map((target) =>
        gone(
          name,
          `the target ${quoted(target.name)} was checked at ${now.base.ref} and is not any more`,
          'where it has another name now, keep the old one; else a person has to look at it',
          target.name,
        ),
      );
  });
}
