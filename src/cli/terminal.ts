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
import { clearProgress } from './progress.ts';

/** NO_COLOR beats FORCE_COLOR; an empty variable is as good as none (no-color.org, force-color.org). */
export function isColoured(stream: { readonly isTTY?: boolean }): boolean {
  const { NO_COLOR = '', FORCE_COLOR = '', TERM } = process.env;
  if (NO_COLOR !== '') return false;
  if (FORCE_COLOR !== '') return !['0', 'false'].includes(FORCE_COLOR);
  return stream.isTTY === true && TERM !== 'dumb';
}

/** Under --quiet: what waits until it is known whether all is well. `lines`: standard output waits too. */
let waiting: { readonly lines: boolean; readonly texts: (readonly [NodeJS.WriteStream, string])[] } | undefined;

export function startQuiet(lines: boolean): void {
  waiting = { lines, texts: [] };
}

/** At the end: what was held back is said where something is wrong, and never where all is well. */
export function endQuiet(): void {
  const { texts } = waiting ?? { texts: [] };
  waiting = undefined;
  if (process.exitCode) for (const [stream, text] of texts) stream.write(text);
}

function say(stream: NodeJS.WriteStream, text: string): void {
  clearProgress();
  const isHeld = waiting !== undefined && (stream === process.stderr || waiting.lines);
  if (isHeld) waiting?.texts.push([stream, text]);
  else stream.write(text);
}

export class Terminal {
  readonly json: boolean;
  readonly #style: Style;

  constructor(json: boolean) {
    this.json = json;
    this.#style = isColoured(process.stderr) ? COLOUR : PLAIN;
  }

  /** A line of the result, on standard output; nothing under --json. `text` holds no raw outside text. */
  line(text: string): void {
    if (!this.json) say(process.stdout, `${withoutCommands(text)}\n`);
  }

  /** The result as data, on standard output; nothing without --json. */
  data(value: Record<string, unknown>): void {
    clearProgress();
    if (this.json) process.stdout.write(`${jsonForTerminal(value, 2)}\n`);
  }

  /** A line beside the result, on standard error; nothing under --json. */
  aside(text: string): void {
    if (!this.json) say(process.stderr, `${withoutCommands(text)}\n`);
  }

  /** Code frames on standard error. Under --json they are part of the data. */
  diagnostics(list: readonly Diagnostic[]): void {
    for (const d of list) {
      if (this.json) return;
      const text = `${withoutCommands(render(d, this.#style))}\n`;
      if (d.severity === 'error') {
        clearProgress();
        process.stderr.write(text);
      } else say(process.stderr, text);
    }
  }
}

export function diagnosticsData(list: readonly Diagnostic[]): readonly Record<string, unknown>[] {
  return list.map(toJson);
}
