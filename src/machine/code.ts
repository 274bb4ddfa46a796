/**
 * Machine code under construction: instructions in order, labels that may be used before they are placed, and a listing.
 *
 * An instruction that names a label has one or more forms, shortest first. All start in the shortest; whatever does not
 * reach its label takes the next form, until nothing changes. Forms only grow, so this ends, and it yields the same bytes
 * as GNU as. Faults here are bugs in our own programs, never bad input, so they end in `unreachable`.
 */
import { unreachable } from '../diag/index.ts';

/** One way to encode a reference; `encode` gets label minus instruction start, and returns undefined when out of reach. */
export interface Form {
  readonly size: number;
  readonly encode: (distance: number) => readonly number[] | undefined;
}

export interface CodeLine {
  readonly byteOffset: number;
  readonly bytes: Uint8Array;
  /** What GNU as would take: `mov ebx, 1`, `.ascii "text"`. */
  readonly text: string;
  /** Labels placed just before this line. */
  readonly labels: readonly string[];
}

/** Finished, position-independent code; execution starts at byte 0. */
export interface MachineCode {
  readonly bytes: Uint8Array;
  readonly lines: readonly CodeLine[];
  readonly labels: ReadonlyMap<string, number>;
}

interface Piece {
  readonly text: string;
  readonly labels: readonly string[];
  readonly forms: readonly Form[];
  readonly target: string | undefined;
  form: number;
}

/** A label is a plain symbol, so that a listing can be assembled as it stands. */
const LABEL = /^[a-z][a-z0-9_]*$/;

export class CodeBuffer {
  readonly #pieces: Piece[] = [];
  readonly #placed = new Set<string>();
  #waiting: string[] = [];

  /** Places a label on whatever is emitted next. */
  label(name: string): void {
    if (!LABEL.test(name)) unreachable(`'${name}' is no label`);
    if (this.#placed.has(name)) unreachable(`label '${name}' is placed twice`);
    this.#placed.add(name);
    this.#waiting.push(name);
  }

  /** ASCII text as data, exactly as given: no NUL is added. */
  ascii(label: string, text: string): void {
    if (!/^[\0\n -~]+$/.test(text)) unreachable('data text is ASCII');
    this.label(label);
    const quoted = text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\0', '\\0');
    this.emit(
      `.ascii "${quoted}"`,
      Array.from(text, (c) => c.charCodeAt(0)),
    );
  }

  protected emit(text: string, bytes: readonly number[]): void {
    this.#add(text, [{ size: bytes.length, encode: () => bytes }], undefined);
  }

  protected emitReference(text: string, target: string, forms: readonly Form[]): void {
    this.#add(text, forms, target);
  }

  #add(text: string, forms: readonly Form[], target: string | undefined): void {
    this.#pieces.push({ text, labels: this.#waiting, forms, target, form: 0 });
    this.#waiting = [];
  }

  finish(): MachineCode {
    if (this.#waiting.length > 0) unreachable(`nothing follows label '${this.#waiting[0]}'`);
    for (;;) {
      const { starts, labels } = this.#layout();
      let grown = false;
      const encoded = this.#pieces.map((piece, i) => {
        const start = starts[i] as number;
        const to = piece.target === undefined ? start : labels.get(piece.target);
        if (to === undefined) unreachable(`label '${piece.target}' is never placed`);
        const bytes = piece.forms[piece.form]?.encode(to - start);
        if (bytes) return bytes;
        piece.form += 1;
        grown = true;
        if (piece.form >= piece.forms.length) unreachable(`'${piece.text}' does not reach its label`);
        return [];
      });
      if (!grown) return this.#assembled(starts, labels, encoded);
    }
  }

  #layout(): { starts: readonly number[]; labels: ReadonlyMap<string, number> } {
    const starts: number[] = [];
    const labels = new Map<string, number>();
    let at = 0;
    for (const piece of this.#pieces) {
      starts.push(at);
      for (const name of piece.labels) labels.set(name, at);
      at += piece.forms[piece.form]?.size ?? 0;
    }
    return { starts, labels };
  }

  #assembled(
    starts: readonly number[],
    labels: ReadonlyMap<string, number>,
    encoded: readonly (readonly number[])[],
  ): MachineCode {
    const bytes = Uint8Array.from(encoded.flat());
    const lines = this.#pieces.map((piece, i) => {
      const start = starts[i] as number;
      const size = piece.forms[piece.form]?.size ?? 0;
      if (encoded[i]?.length !== size) unreachable(`'${piece.text}' has another size than its form states`);
      return { byteOffset: start, bytes: bytes.slice(start, start + size), text: piece.text, labels: piece.labels };
    });
    return { bytes, lines, labels };
  }
}

/** Offset, bytes and text side by side; long data is cut to eight bytes. */
export function listing(code: MachineCode): string {
  const out: string[] = [];
  for (const line of code.lines) {
    for (const name of line.labels) out.push(`${name}:`);
    const shown = Array.from(line.bytes.subarray(0, 8), (b) => b.toString(16).padStart(2, '0')).join(' ');
    const dots = line.bytes.length > 8 ? ' ..' : '';
    out.push(`${line.byteOffset.toString(16).padStart(6)}  ${(shown + dots).padEnd(28)}${line.text}`);
  }
  return `${out.join('\n')}\n`;
}

/** True when `value` is a whole number that fits `bits` bits in two's complement. */
export function fitsSigned(value: number, bits: number): boolean {
  return Number.isInteger(value) && value >= -(2 ** (bits - 1)) && value < 2 ** (bits - 1);
}

/** The low 32 bits of `value`, lowest byte first. */
export function littleEndian32(value: number): readonly number[] {
  return [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >> 24) & 0xff];
}
