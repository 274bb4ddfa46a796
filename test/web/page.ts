/** The page of web/ in a headless Chromium, opened from disk, and what a person does with it. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import * as assert from 'uvu/assert';

export const PAGE: string = resolve('web/dist/seccompc.html');

/** Makes the page of the sources as they are. */
export function buildPage(): void {
  const done = spawnSync(process.execPath, ['scripts/build-web.mjs'], { encoding: 'utf8' });
  assert.is(done.status, 0, done.stderr);
}

export const folder: string = mkdtempSync(join(tmpdir(), 'seccompc-web-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** A file of the private folder, written now. */
export function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

export interface Look {
  readonly width?: number;
  readonly dark?: boolean;
  /** Runs in the page before its own script. */
  readonly before?: string;
}

/** Counts how often the page has come to the end of looking at something. */
const COUNT_LOOKS = `globalThis.looks = 0;
  new MutationObserver((changes) => {
    for (const { oldValue, target } of changes)
      if (oldValue === 'true' && target.getAttribute('aria-busy') === 'false') globalThis.looks += 1;
  }).observe(document.getElementById('looked'), { attributeFilter: ['aria-busy'], attributeOldValue: true });`;

/** Like uvu's match, and says what there was instead. */
export function matches(text: string, pattern: RegExp, about = ''): void {
  assert.ok(pattern.test(text), `${about}: ${pattern} is not in ${JSON.stringify(text.slice(0, 2000))}`);
}

export class WebPage {
  readonly page: Page;
  /** Everything that went wrong or out: script errors, violations of the page's policy, requests. */
  readonly trouble: string[] = [];
  readonly #address = pathToFileURL(PAGE).href;

  private constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.trouble.push(String(error)));
    page.on('console', (message) => this.trouble.push(message.text()));
    page.on('dialog', (dialog) => this.trouble.push(`dialog ${dialog.message()}`));
    page.on('popup', (other) => this.trouble.push(`window ${other.url()}`));
    page.on('request', (request) => {
      const address = request.url();
      // The Worker is made of the page's own text.
      if (address !== this.#address && !address.startsWith('blob:null/')) this.trouble.push(`request ${address}`);
    });
  }

  static async open(inside: Browser, { width = 1280, dark = false, before }: Look = {}): Promise<WebPage> {
    const page = await inside.newPage({ viewport: { width, height: 900 }, colorScheme: dark ? 'dark' : 'light' });
    const made = new WebPage(page);
    if (before !== undefined) await page.addInitScript(before);
    page.setDefaultTimeout(8000);
    await page.goto(made.#address);
    await page.waitForSelector('html[data-ready=yes]');
    await page.evaluate(COUNT_LOOKS);
    return made;
  }

  /** Does something that makes the page look at an input, and waits until it has done so to the end. */
  async looking(act: () => Promise<unknown>): Promise<void> {
    const before = await this.page.evaluate('globalThis.looks');
    await act();
    // waitForFunction would evaluate text in the page, which its policy forbids.
    await this.page.evaluate(`new Promise((done, failed) => {
      const wait = (left) => globalThis.looks > ${before} ? done() : left > 0 ? setTimeout(wait, 20, left - 1) : failed(new Error('nothing was looked at to the end'));
      wait(1000);
    })`);
  }

  /** Puts a text in as somebody who pastes does, in place of what is there. */
  async paste(text: string): Promise<void> {
    const area = this.page.locator('#source-body textarea');
    // A file that is no text has taken the editor's place.
    if (!(await area.isVisible()) || !(await area.isEditable()))
      await this.page.getByRole('button', { name: 'Clear' }).click();
    await area.click();
    await this.page.keyboard.press('ControlOrMeta+A');
    await this.looking(() => this.page.keyboard.insertText(text));
  }

  async choose(path: string): Promise<void> {
    await this.looking(() => this.page.setInputFiles('#source-body input[type=file]', path));
  }

  /** Drops a file on the page. */
  async drop(path: string, name: string): Promise<void> {
    const content = readFileSync(path).toString('base64');
    await this.page.evaluate(`{
      const bytes = Uint8Array.from(atob('${content}'), (c) => c.charCodeAt(0));
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([bytes], ${JSON.stringify(name)}));
      for (const type of ['dragenter', 'dragover', 'drop'])
        document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
    }`);
  }

  async tab(name: string): Promise<void> {
    await this.page.click(`#tab-${name}`);
  }

  text(selector: string): Promise<string> {
    return this.page.locator(selector).innerText();
  }

  /** What the tiles say: { Findings: '1 note', ... }. */
  async tiles(): Promise<Readonly<Record<string, string>>> {
    const entries = await this.page.evaluate(
      `[...document.querySelectorAll('#summary .tile')].map((t) => [...t.children].map((c) => c.textContent))`,
    );
    return Object.fromEntries(entries as [string, string][]);
  }

  /** What a button hands out as a file. */
  async saved(press: () => Promise<void>): Promise<{ readonly name: string; readonly bytes: Uint8Array }> {
    const [download] = await Promise.all([this.page.waitForEvent('download'), press()]);
    const path = await download.path();
    return { name: download.suggestedFilename(), bytes: new Uint8Array(readFileSync(path)) };
  }
}
