export {
  DEFAULT_NAMES,
  type DialectFormat,
  FORMATS,
  type FormatKind,
  type FormatName,
  isLoaderFormat,
  isProgramFormat,
  type LoaderFormat,
  type ProgramFormat,
  writeLoader,
  writeProgram,
} from './formats.ts';
export { goArch, rustCfg } from './machines.ts';
export { cIdentifier, goPackage, resourceName, resourceNameOf, rustIdentifier, sectionName } from './names.ts';
export { asProfile, type Lossy, type NamesOnly, namesOnly } from './names-only.ts';
export { ociJson } from './oci.ts';
export { type PlainProfile, plainProfile } from './plain-profile.ts';
export { asOperatorWrites, checkSpo, spoYaml } from './spo.ts';
export { checkSystemd, systemdUnit } from './systemd.ts';
export { commentQuoted, shellWord, wrapped } from './text.ts';
