import type { Diagnostic } from './diagnostic.ts';
import { renderPlain } from './render.ts';

/** Everything wrong with one input, thrown once at the edge of the API. `diagnostics` is never empty. */
export class SeccompcError extends Error {
  override readonly name: string = 'SeccompcError';
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((d) => renderPlain(d)).join('\n'));
    this.diagnostics = diagnostics;
  }
}

/** A broken invariant: our bug, not the user's input. */
export function unreachable(why: string): never {
  throw new Error(`seccompc has a bug: ${why}`);
}
