/**
 * Machine code under construction: instructions in order, labels that may be used before they are placed, and a listing.
 *
 * An instruction that names a label has one or more forms, shortest first. All start in the shortest; whatever does not
 * reach its label takes the next form, until nothing changes. Forms only grow, so this ends, and it yields the same bytes
 * as GNU as. Faults here are bugs in our own programs, never bad input, so they end in `unreachable`.
 */
import { unreachable } from '../diag/index.ts';
import { ByteView, type Endian } from '../num/index.ts';

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
  /** Labels that lie outside of the code, in bytes from its first byte. */
  readonly externals: ReadonlyMap<string, number>;
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
  readonly #externals = new Map<string, number>();
  #waiting: string[] = [];

  /** Byte order of data; how instructions are stored is the affair of each CPU's methods. */
  protected readonly endian: Endian = 'little';

  /** Places a label on whatever is emitted next. */
  label(name: string): void {
    this.#claim(name);
    this.#waiting.push(name);
  }

  /** Places a label outside of the code, `distance` bytes from its first byte (negative: before it). */
  external(name: string, distance: number): void {
    if (!fitsSigned(distance, 32)) unreachable(`'${name}' is ${distance} bytes away`);
    this.#claim(name);
    this.#externals.set(name, distance);
  }

  /** What `external` said about this label. */
  distanceOf(name: string): number {
    return this.#externals.get(name) ?? unreachable(`'${name}' is no external label`);
  }

  #claim(name: string): void {
    if (!LABEL.test(name)) unreachable(`'${name}' is no label`);
    if (this.#placed.has(name)) unreachable(`label '${name}' is placed twice`);
    this.#placed.add(name);
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

  /** 32-bit integers as data, signed or unsigned, in the target's byte order. */
  words(label: string, values: readonly number[]): void {
    this.label(label);
    this.emit(
      `.long ${values.join(', ')}`,
      values.flatMap((value) => this.dataWord(value)),
    );
  }

  /** The low 32 bits of `value` in the byte order of data. */
  protected dataWord(value: number): readonly number[] {
    const view = new ByteView(new Uint8Array(4), this.endian);
    view.setU32(0, value >>> 0);
    return Array.from(view.bytes);
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
        const to = piece.target === undefined ? start : (labels.get(piece.target) ?? this.#externals.get(piece.target));
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
    return { bytes, lines, labels, externals: new Map(this.#externals) };
  }
}

/** Labels outside of the code, as GNU as takes them before the first instruction: `entry = . + 4096`. */
export function externalsText(code: MachineCode): readonly string[] {
  return [...code.externals].map(([name, distance]) => `${name} = . ${distance < 0 ? '-' : '+'} ${Math.abs(distance)}`);
}

/** Offset, bytes and text side by side; long data is cut to eight bytes. */
export function listing(code: MachineCode): string {
  const out: string[] = [...externalsText(code)];
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
