/** Files that are chosen or dropped: texts go into an editor, all else stays a file that the engine reads. */
import type { Given } from '../protocol.ts';
import { button, el } from './dom.ts';

/** A text that an editor still shows with ease. */
const MOST_SHOWN = 2 << 20;
const HEAD = 4096;

/** Never throws: what cannot be read is a file for the engine, which says why. */
export async function opened(file: globalThis.File): Promise<Given> {
  const asFile: Given = { kind: 'file', name: file.name, file };
  if (file.size > MOST_SHOWN) return asFile;
  try {
    const bytes = new Uint8Array(await file.arrayBuffer());
    if (bytes.subarray(0, HEAD).some((byte) => byte < 9 || (byte > 13 && byte < 32))) return asFile;
    return { kind: 'text', name: file.name, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return asFile;
  }
}

/** A button and the file input behind it. */
export function chooser(
  text: string,
  take: (file: globalThis.File) => void,
  label: string = text,
): readonly HTMLElement[] {
  const input = el('input', { type: 'file', class: 'unseen', tabindex: -1, 'aria-hidden': 'true' });
  input.addEventListener('change', () => {
    const [file] = input.files ?? [];
    // The same file can be chosen again.
    input.value = '';
    if (file !== undefined) take(file);
  });
  const open = button(text, () => input.click(), label === text ? {} : { 'aria-label': label });
  return [open, input];
}
