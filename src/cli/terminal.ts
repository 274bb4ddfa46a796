/** Where a command's words go: text or JSON, coloured only for a person, escaped always. */
import {
  COLOUR,
  type Diagnostic,
  jsonForTerminal,
  PLAIN,
  render,
  type Style,
  toJson,
  withoutCommands,
} from '../diag/index.ts';

/** NO_COLOR beats FORCE_COLOR; an empty variable is as good as none (no-color.org, force-color.org). */
function isColoured(): boolean {
  const { NO_COLOR = '', FORCE_COLOR = '', TERM } = process.env;
  if (NO_COLOR !== '') return false;
  if (FORCE_COLOR !== '') return !['0', 'false'].includes(FORCE_COLOR);
  return process.stderr.isTTY === true && TERM !== 'dumb';
}

export class Terminal {
  readonly json: boolean;
  readonly #style: Style;

  constructor(json: boolean) {
    this.json = json;
    this.#style = isColoured() ? COLOUR : PLAIN;
  }

  /** A line of the result, on standard output; nothing under --json. `text` holds no raw outside text. */
  line(text: string): void {
    if (!this.json) process.stdout.write(`${withoutCommands(text)}\n`);
  }

  /** The result as data, on standard output; nothing without --json. */
  data(value: Record<string, unknown>): void {
    if (this.json) process.stdout.write(`${jsonForTerminal(value, 2)}\n`);
  }

  /** A line beside the result, on standard error; nothing under --json. */
  aside(text: string): void {
    if (!this.json) process.stderr.write(`${withoutCommands(text)}\n`);
  }

  /** Code frames on standard error. Under --json they are part of the data. */
  diagnostics(list: readonly Diagnostic[]): void {
    for (const d of list) this.aside(render(d, this.#style));
  }
}

export function diagnosticsData(list: readonly Diagnostic[]): readonly Record<string, unknown>[] {
  return list.map(toJson);
}
