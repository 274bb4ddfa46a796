/** The filter as a file: by itself, as source for others, or inside of an ELF file. */
import type { File, Place } from '../protocol.ts';
import { button, el } from './dom.ts';
import type { Engine } from './engine.ts';
import { failure, findingList } from './findings.ts';
import { chooser } from './open.ts';
import type { Store } from './state.ts';

export interface DownloadView {
  readonly panel: HTMLElement;
  /** An ELF file that the filter is to go into. */
  readonly take: (file: globalThis.File) => void;
}

/** Hands bytes to the browser as a file. */
function save({ name, bytes }: File): void {
  const address = URL.createObjectURL(
    new Blob([bytes as Uint8Array<ArrayBuffer>], { type: 'application/octet-stream' }),
  );
  const link = el('a', { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export function downloadView(store: Store, engine: Engine, goTo: (place: Place) => void): DownloadView {
  const said = el('div', { 'aria-live': 'polite' });
  const formats = el('ul', { class: 'formats' });
  const none = el('p', { class: 'calm' }, 'There is no valid filter to save: the findings say why.');
  const saving = async (make: () => Promise<File>, what: (file: File) => string) => {
    try {
      const file = await make();
      save(file);
      const list = file.warnings.length > 0 ? [findingList(file.warnings, { goTo })] : [];
      said.replaceChildren(el('p', { class: 'notice' }, what(file)), ...list);
    } catch (error) {
      said.replaceChildren(failure(error, { goTo }));
    }
  };
  const size = (file: File) =>
    `${file.name}, ${file.bytes.length.toLocaleString('en-US')} bytes, was handed to the browser.`;

  const load = el('input', { type: 'checkbox', id: 'embed-load' });
  const profile = el('input', { type: 'checkbox', id: 'embed-profile' });
  const target = el('p', {});
  const embed = button(
    'Save it with the filter',
    () => {
      const elf = store.state.target;
      if (elf === undefined) return;
      void saving(
        () => engine.ask('embed', { elf: elf.file, name: elf.name, load: load.checked, profile: profile.checked }),
        (file) =>
          `${size(file)} It carries the filter in .seccomp_rules; nothing is enforced until somebody installs it.`,
      );
    },
    { class: 'main' },
  );
  const take = (file: globalThis.File) => store.set({ target: { name: file.name, file } });
  const check = (input: HTMLInputElement, text: string) =>
    el('p', { class: 'check' }, input, el('label', { for: input.id }, text));
  const elfSection = el(
    'section',
    { 'aria-labelledby': 'embed-title' },
    el('h3', { id: 'embed-title' }, 'Inside of an ELF file'),
    el(
      'p',
      { class: 'soft' },
      'As seccompc build --into does it: a section is added for the file’s own architecture, and no byte of the rest moves.',
    ),
    target,
    check(load, 'Map the section when the program runs'),
    check(profile, 'Put the profile in too, so that rules can be named'),
    el('p', { class: 'bar' }, ...chooser('Choose an ELF file…', take), embed),
  );
  const alone = el(
    'section',
    { 'aria-labelledby': 'alone-title' },
    el('h3', { id: 'alone-title' }, 'By itself'),
    none,
    formats,
  );
  const panel = el('div', { class: 'panel' }, said, alone, elfSection);

  store.watch(['target', 'parts'], ({ target: elf, parts }) => {
    target.textContent =
      elf === undefined ? 'No ELF file is chosen.' : `${elf.name}, ${elf.file.size.toLocaleString('en-US')} bytes`;
    embed.disabled = elf === undefined || parts.about?.kind !== 'profile' || parts.program?.cost === undefined;
  });
  store.watch(['menu', 'parts'], ({ menu, parts: { about, program } }) => {
    const isValid = program?.cost !== undefined;
    none.hidden = isValid;
    formats.hidden = !isValid;
    const offered = (menu?.formats ?? []).filter(({ ofProgram }) => ofProgram || about?.kind === 'profile');
    formats.replaceChildren(
      ...offered.map(({ name, about: what }) =>
        el(
          'li',
          {},
          button(name, () => void saving(() => engine.ask('download', { format: name }), size), {
            'aria-label': `Save as ${name}`,
          }),
          el('span', {}, what),
        ),
      ),
    );
  });
  return { panel, take };
}
