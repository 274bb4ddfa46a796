/**
 * The ignore file of `seccompc diff`: differences that are known and wanted, each with the reason. JSON with comments:
 *
 *   { "ignore": [{ "call": "io_uring_setup", "arch": "x86_64", "kind": "LOOSENED", "reason": "ticket 41" }] }
 *
 * `call` is a name, or "*" for every number; without `arch` or `kind` an entry is for all of them.
 */
import { ARCHES, type Arch, findArch, isSyscallName, syscallNames } from '../arch/index.ts';
import { type Diagnostics, quoted, type Source, type Span } from '../diag/index.ts';
import { type Json, JsonReader, spanOf } from '../policy/json.ts';
import { didYouMean } from '../policy/vocabulary.ts';
import type { ArchChange, ChangeKind } from '../prove/index.ts';

export interface IgnoreEntry {
  readonly source: Source;
  readonly span: Span;
  readonly call: string;
  /** 'other': architecture tokens of no ABI. */
  readonly arch?: Arch | 'other' | undefined;
  readonly kind?: ChangeKind | undefined;
  readonly reason: string;
}

const KINDS: readonly ChangeKind[] = ['LOOSENED', 'TIGHTENED', 'CHANGED'];
const ENTRY_KEYS = ['call', 'arch', 'kind', 'reason'];

function entryOf(reader: JsonReader, node: Json): IgnoreEntry | undefined {
  const object = reader.object(node, "each of 'ignore'");
  if (object === undefined) return undefined;
  const keys = reader.fields(object, ENTRY_KEYS);
  const text = (key: string): string | undefined => {
    const at = keys.get(key);
    return at && reader.string(at, `'${key}'`);
  };
  const required = (key: string): string | undefined => {
    const value = text(key);
    if (keys.has(key) && value?.trim() !== '') return value;
    reader.report({ ...node, length: 1 }, { code: 'KEY_MISSING', message: `'${key}' is required` });
    return undefined;
  };
  const call = required('call');
  const reason = required('reason');
  const archName = text('arch');
  const kindName = text('kind');
  const arch = archName === 'other' ? archName : archName === undefined ? undefined : findArch(archName);
  const kind = KINDS.find((k) => k === kindName?.toUpperCase());
  if (archName !== undefined && arch === undefined) {
    reader.report(keys.get('arch') ?? node, {
      code: 'ARCH_UNKNOWN',
      message: `${quoted(archName)} is no architecture`,
      help: didYouMean(archName, [...ARCHES.keys(), 'other']),
    });
  }
  if (kindName !== undefined && kind === undefined) {
    reader.report(keys.get('kind') ?? node, {
      code: 'VALUE_RANGE',
      message: `'kind' is ${KINDS.join(', ')}, not ${quoted(kindName)}`,
      help: didYouMean(kindName, KINDS),
    });
  }
  if (call !== undefined && call !== '*' && !isSyscallName(call)) {
    reader.report(keys.get('call') ?? node, {
      code: 'SYSCALL_UNKNOWN',
      message: `no system call is named ${quoted(call)} on any architecture`,
      help: didYouMean(call, syscallNames()),
    });
  }
  if (call === undefined || reason === undefined) return undefined;
  return { source: reader.source, span: spanOf(node), call, arch, kind, reason };
}

export function readIgnoreFile(source: Source, diagnostics: Diagnostics): readonly IgnoreEntry[] {
  const reader = new JsonReader(source, diagnostics, 'an ignore file');
  const root = reader.root();
  if (root === undefined) return [];
  const list = reader.fields(root, ['ignore', '$schema']).get('ignore');
  if (list === undefined) {
    reader.report(
      { ...root, length: 1 },
      { code: 'KEY_MISSING', message: "'ignore' is required: the list of entries" },
    );
  }
  return reader.array(list, "'ignore'").flatMap((node) => entryOf(reader, node) ?? []);
}

function covers({ call, arch, kind }: IgnoreEntry, change: ArchChange): boolean {
  if (kind !== undefined && kind !== change.kind) return false;
  if (arch !== undefined && (arch === 'other' ? change.arch !== undefined : change.arch !== arch)) return false;
  return call === '*' || call === change.call;
}

/** Which entry, if any, each change is ignored by; entries that no change needs are reported. */
export function applyIgnores(
  changes: readonly ArchChange[],
  entries: readonly IgnoreEntry[],
  diagnostics: Diagnostics,
): readonly { readonly change: ArchChange; readonly ignored?: IgnoreEntry | undefined }[] {
  const used = new Set<IgnoreEntry>();
  const applied = changes.map((change) => {
    const fitting = entries.filter((entry) => covers(entry, change));
    for (const entry of fitting) used.add(entry);
    return { change, ignored: fitting[0] };
  });
  for (const { source, span, call, kind } of entries.filter((entry) => !used.has(entry))) {
    diagnostics.add({
      code: 'IGNORE_UNUSED',
      source,
      span,
      message: `nothing is ${kind ?? 'different'} at ${quoted(call)} any more: this entry ignores nothing`,
      help: 'take it out, lest it hides a later difference',
    });
  }
  return applied;
}
