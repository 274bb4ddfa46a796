/** Names that the caller chooses: what each language or client takes for one. Throws EXPORT_NAME for what it does not. */
import { fail, quoted } from '../diag/index.ts';

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

const C_WORDS = words(
  'alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl const constexpr continue ' +
    'decltype default delete do double else enum explicit export extern false float for friend goto if inline int long ' +
    'main mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected public register ' +
    'restrict return short signed sizeof static struct switch template this throw true try typedef typeid typename ' +
    'typeof union unsigned using virtual void volatile wchar_t while xor xor_eq',
);
const GO_WORDS = words(
  'break case chan const continue default defer else fallthrough for func go goto if import interface map package range ' +
    'return select struct switch type var',
);
const RUST_WORDS = words(
  'abstract as async await become box break const continue crate do dyn else enum extern false final fn for gen if impl ' +
    'in let loop macro match mod move mut override priv pub ref return self Self static struct super trait true try ' +
    'type typeof union unsafe unsized use virtual where while yield',
);

function refuse(name: string, what: string, help: string): never {
  return fail({ code: 'EXPORT_NAME', message: `${quoted(name)} is ${what}`, help });
}

/** Begins names of C, and of C++: no double underscore, nothing that the libraries keep for themselves. */
export function cIdentifier(name: string): string {
  const good = /^[A-Za-z][A-Za-z0-9_]{0,62}$/.test(name) && !name.includes('__') && !C_WORDS.has(name);
  return good
    ? name
    : refuse(name, 'no name for C', 'letters, digits and single underscores, a letter first, no keyword');
}

export function goPackage(name: string): string {
  const good = /^[A-Za-z][A-Za-z0-9_]{0,62}$/.test(name) && !GO_WORDS.has(name);
  return good
    ? name
    : refuse(name, 'no name for a Go package', 'letters, digits and underscores, a letter first, no keyword');
}

export function rustIdentifier(name: string): string {
  const good = /^[A-Za-z][A-Za-z0-9_]{0,62}$/.test(name) && !RUST_WORDS.has(name);
  return good ? name : refuse(name, 'no name for Rust', 'letters, digits and underscores, a letter first, no keyword');
}

const RESOURCE = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;
const RESOURCE_MAX = 253;

/** metadata.name of a Kubernetes object. @see RFC 1123; Kubernetes "Object Names and IDs" */
export function resourceName(name: string): string {
  const good = name.length <= RESOURCE_MAX && RESOURCE.test(name);
  return good
    ? name
    : refuse(
        name,
        'no name for a Kubernetes object',
        "lower-case letters, digits, '-' and '.', a letter or digit at both ends",
      );
}

/** A resource name made of a profile's: 'My Profile.json' is my-profile. */
export function resourceNameOf(profile: string): string {
  const base = (profile.split('/').at(-1) ?? '').replace(/\.jsonc?$/i, '');
  const plain = base
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .split('.')
    .map((label) =>
      label
        .replace(/^-+|-+$/g, '')
        .slice(0, 63)
        .replace(/-+$/, ''),
    )
    .filter((label) => label !== '')
    .join('.')
    .slice(0, RESOURCE_MAX);
  return RESOURCE.test(plain) ? plain : 'seccomp-profile';
}

/** A section name that can stand in a string of any of the languages; real ones all can. */
export function sectionName(name: string): string {
  return /^[A-Za-z0-9_.$@+-]{1,100}$/.test(name)
    ? name
    : refuse(name, 'no section name that source code can carry', "letters, digits and '_.$@+-', at most 100");
}
