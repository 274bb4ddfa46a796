/** What can be saved: the same bytes as the command writes. */
import { archOfElf } from '../../../src/arch/index.ts';
import {
  compileProved,
  DEFAULT_SECTION,
  elfArch,
  exportFilter,
  loadPolicy,
  planEmbed,
  requireOwnAbi,
  saidOfFilter,
} from '../../../src/build/index.ts';
import { fail, quoted, SeccompcError } from '../../../src/diag/index.ts';
import { applyEdit, readElf } from '../../../src/elf/index.ts';
import { FORMATS, type FormatName } from '../../../src/formats/index.ts';
import { PROGRAM_FORMATS, type ProgramFormat, programAs } from '../../../src/view/index.ts';
import type { Asks, File, Options } from '../protocol.ts';
import { resolveOptions } from './options.ts';
import { shown } from './shown.ts';
import { bytesOf, editorText, type Subject } from './subject.ts';

declare const SECCOMPC_VERSION: string;

const ENDINGS: ReadonlyMap<string, string> = new Map([
  ['raw', 'bpf'],
  ['asm', 'asm'],
  ['json', 'bpf.json'],
  ['c-section', 'c'],
  ['c-array', 'h'],
  ['go', 'go'],
  ['rust', 'rs'],
  ['base64', 'b64'],
  ['oci-annotation', 'annotation.json'],
  ['oci-annotation-flag', 'txt'],
  ['oci', 'oci.json'],
  ['k8s-localhost', 'k8s.json'],
  ['spo', 'yaml'],
  ['systemd', 'conf'],
]);

/** A name that no file system minds. */
function fileName(name: string, ending: string): string {
  const stem = name.replace(/^.*[\\/]/, '').replace(/\.(jsonc?|bpf|asm)$/i, '');
  return `${
    stem
      .replace(/[^\w.+-]/g, '_')
      .replace(/^\.+/, '')
      .slice(0, 80) || 'filter'
  }.${ending}`;
}

const isProgramFormat = (format: string): format is ProgramFormat => PROGRAM_FORMATS.some((one) => one === format);

export function downloaded(subject: Subject, format: string): File {
  const { program, policy, name, kind } = subject;
  if (program === undefined) return fail({ code: 'USAGE', message: 'there is no valid program to save' });
  const save = (bytes: Uint8Array, warnings: File['warnings'] = []): File => ({
    name: fileName(name, ENDINGS.get(format) ?? 'txt'),
    bytes,
    warnings,
  });
  const ofProfile = kind === 'profile' ? policy : undefined;
  if (isProgramFormat(format)) {
    const beside = ofProfile && { architectures: ofProfile.arches.map((a) => a.arch.scmp) };
    return save(programAs(program, format, beside));
  }
  if (!FORMATS.has(format as FormatName)) return fail({ code: 'USAGE', message: `${quoted(format)} is no format` });
  if (ofProfile !== undefined) {
    const { bytes, diagnostics } = exportFilter(format as FormatName, { policy: ofProfile });
    return save(
      bytes,
      diagnostics.map((d) => shown(d, editorText(subject))),
    );
  }
  const said = subject.elf && saidOfFilter(subject.elf, subject.section ?? DEFAULT_SECTION, program.bytes);
  const own = subject.elf && archOfElf(subject.elf);
  const { bytes, diagnostics } = exportFilter(
    format as FormatName,
    { program },
    { title: name, flags: said?.flags ?? [], arches: said?.arches ?? (own ? [own] : undefined) },
  );
  return save(
    bytes,
    [...(said?.diagnostics ?? []), ...diagnostics].map((d) => shown(d, undefined)),
  );
}

/** `seccompc build PROFILE --into ELF`: the filter for the file's own ABI, unless the options name others. */
export async function embedded(
  subject: Subject,
  options: Options | undefined,
  ask: Asks['embed']['ask'],
): Promise<File> {
  if (subject.kind !== 'profile' || subject.text === undefined || options === undefined) {
    return fail({ code: 'USAGE', message: 'a filter is put into an ELF file from a profile: paste or open one first' });
  }
  const bytes = await bytesOf(ask.elf, ask.name);
  const elf = readElf(bytes, { file: ask.name });
  const own = elfArch(elf, ask.name);
  const chosen = resolveOptions(options);
  const policy = loadPolicy(
    { name: subject.name, text: subject.text },
    { ...chosen, arches: chosen.arches ?? [own.name] },
  );
  requireOwnAbi(policy, own, ask.name);
  const { program } = compileProved(policy);
  const edit = planEmbed(elf, program, policy, {
    section: DEFAULT_SECTION,
    profileName: subject.name.replace(/^.*\//, ''),
    version: SECCOMPC_VERSION,
    load: ask.load,
    embedProfile: ask.profile,
  });
  const errors = policy.diagnostics.filter((d) => d.severity === 'error');
  if (errors.length > 0) throw new SeccompcError(errors);
  const name =
    ask.name
      .replace(/^.*[\\/]/, '')
      .replace(/[^\w.+-]/g, '_')
      .slice(0, 80) || 'program';
  return {
    name,
    bytes: applyEdit(bytes, edit),
    warnings: policy.diagnostics.map((d) => shown(d, editorText(subject))),
  };
}
