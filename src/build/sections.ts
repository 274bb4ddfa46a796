/** The names of the sections that belong to one filter in an ELF file. */

/** The section that build, check, disasm, inspect and explain look for unless told otherwise. */
export const DEFAULT_SECTION = '.seccomp_rules';
/** Says what the filter sections are; one note for each. */
export const NOTE_SECTION = '.note.seccompc';

/** The section that holds the normalized profile of a filter: '.seccomp_profile' for '.seccomp_rules'. */
export function profileSection(section: string): string {
  return section === DEFAULT_SECTION ? '.seccomp_profile' : `${section}.profile`;
}
