/** The tables of keys in docs/ci.md, from the table that the reader uses; a test holds the page against them. */
import { type Key, ROOT, type Shape } from './shape.ts';

function typeText(shape: Shape): string {
  switch (shape.kind) {
    case 'string':
      return (
        shape.word ??
        (shape.choices && shape.choices.length < 8 ? shape.choices.map((c) => `\`"${c}"\``).join(' ') : 'text')
      );
    case 'boolean':
      return 'true or false';
    case 'number':
      return 'number';
    case 'list':
      return `list of ${typeText(shape.of)}`;
    case 'either':
      return shape.of.map(typeText).join(', or ');
    case 'object':
      return 'object';
    default:
      return shape satisfies never;
  }
}

/** The objects below a shape: of a list its items. */
function objectIn(shape: Shape): (Shape & { readonly kind: 'object' }) | undefined {
  if (shape.kind === 'object') return shape;
  if (shape.kind === 'list') return objectIn(shape.of);
  if (shape.kind === 'either') return shape.of.map(objectIn).find((found) => found !== undefined);
  return undefined;
}

function rows(keys: Readonly<Record<string, Key>>, above: string, seen: Set<Shape>): readonly string[] {
  return Object.entries(keys).flatMap(([name, { shape, about, required }]) => {
    const full = above === '' ? name : `${above}.${name}`;
    const own = `| \`${full}\`${required ? ' (required)' : ''} | ${typeText(shape)} | ${about} |`;
    const inner = objectIn(shape);
    if (inner === undefined || seen.has(inner)) return [own];
    seen.add(inner);
    return [own, ...rows(inner.keys, shape.kind === 'list' ? `${full}[]` : full, seen)];
  });
}

/** The table in Markdown, with a line break at its end. */
export function configTable(): string {
  return `${['| key | value | what it does |', '|--|--|--|', ...rows(ROOT.keys, '', new Set())].join('\n')}\n`;
}
