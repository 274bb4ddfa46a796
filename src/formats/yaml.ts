/**
 * YAML in block style, as Kubernetes' tools print it. Texts stand as they are only where no version of YAML takes them for
 * anything else (1.1 reads `no`, `on` and `0o7` as other things); all others in double quotes, whose escapes are JSON's.
 */
import { jsonForTerminal } from '../diag/index.ts';

export type Yaml = string | number | bigint | readonly Yaml[] | { readonly [key: string]: Yaml | undefined };

const OTHER_THINGS = /^(y|n|yes|no|on|off|true|false|null)$/i;

export function yamlText(text: string): string {
  return /^[A-Za-z_][A-Za-z0-9_./-]*$/.test(text) && !OTHER_THINGS.test(text) ? text : jsonForTerminal(text);
}

const isList = (value: Yaml): value is readonly Yaml[] => Array.isArray(value);

function scalar(value: Yaml): string | undefined {
  if (typeof value === 'string') return yamlText(value);
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (isList(value)) return value.length === 0 ? '[]' : undefined;
  return Object.values(value).every((v) => v === undefined) ? '{}' : undefined;
}

/** The lines of a list or an object, without the indent of what it is in. */
function lines(value: Exclude<Yaml, string | number | bigint>): readonly string[] {
  if (isList(value)) {
    return value.flatMap((item) => {
      const flat = scalar(item);
      if (flat !== undefined) return [`- ${flat}`];
      return lines(item as readonly Yaml[]).map((line, i) => (i === 0 ? `- ${line}` : `  ${line}`));
    });
  }
  return Object.entries(value).flatMap(([key, v]) => {
    if (v === undefined) return [];
    const flat = scalar(v);
    if (flat !== undefined) return [`${yamlText(key)}: ${flat}`];
    return [`${yamlText(key)}:`, ...lines(v as readonly Yaml[]).map((line) => `  ${line}`)];
  });
}

/** An object as a document. */
export function yamlDocument(root: { readonly [key: string]: Yaml | undefined }): string {
  return `${lines(root).join('\n')}\n`;
}
