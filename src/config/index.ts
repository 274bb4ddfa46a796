export { applyIgnores, type IgnoreEntry, readIgnoreFile } from './ignore-file.ts';
export { configTable } from './page.ts';
export { readConfig } from './read.ts';
export { configSchema } from './schema.ts';
export { starterConfig } from './starter.ts';
export type {
  Config,
  DiffClass,
  FailLevels,
  OutputEntry,
  Path,
  ProfileEntry,
  ProgramEntry,
  Target,
  TraceEntry,
} from './types.ts';
