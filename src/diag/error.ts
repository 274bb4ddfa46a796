import type { Diagnostic } from './diagnostic.ts';
import { renderPlain } from './render.ts';

/** The message shows as many code frames; `diagnostics` holds them all. */
const MOST_SHOWN = 20;

function messageOf(diagnostics: readonly Diagnostic[]): string {
  const shown = diagnostics.slice(0, MOST_SHOWN).map(renderPlain);
  const rest = diagnostics.length - shown.length;
  return [...shown, ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n');
}

/** Everything wrong with one input, thrown once at the edge of the API. `diagnostics` is never empty. */
export class SeccompcError extends Error {
  override readonly name: string = 'SeccompcError';
  readonly diagnostics: readonly Diagnostic[];

  /**
   * The message shows the first of them. Never throws.
   * @param diagnostics at least one, in the order of their places
   */
  constructor(diagnostics: readonly Diagnostic[]) {
    super(messageOf(diagnostics));
    this.diagnostics = diagnostics;
  }
}

/** A broken invariant: our bug, not the user's input. */
export function unreachable(why: string): never {
  throw new Error(`seccompc has a bug: ${why}`);
}
