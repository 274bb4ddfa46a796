/** A headless Chromium of this machine, for pages opened from disk. */
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

function found(): string | undefined {
  const places = (process.env.PATH ?? '').split(':').flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return places.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export const withoutChromium = (): string | undefined => (found() === undefined ? 'no Chromium here' : undefined);

export const browser = (): Promise<Browser> =>
  chromium.launch({ executablePath: found() as string, args: ['--no-sandbox', '--disable-gpu'] });

export interface Opened {
  readonly page: Page;
  /** Everything that went wrong or out: script errors, violations of the page's policy, requests. */
  readonly trouble: string[];
}

/** Opens a page of this text from disk and waits until it has drawn itself. */
export async function open(
  inside: Browser,
  html: string,
  width: number,
  use: (opened: Opened) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'seccompc-page-'));
  const page = await inside.newPage({ viewport: { width, height: 900 } });
  try {
    const file = join(folder, 'report.html');
    writeFileSync(file, html);
    const address = pathToFileURL(file).href;
    const trouble: string[] = [];
    page.on('pageerror', (error) => trouble.push(String(error)));
    page.on('console', (message) => trouble.push(message.text()));
    page.on('dialog', (dialog) => trouble.push(`dialog ${dialog.message()}`));
    page.on('request', (request) => request.url() !== address && trouble.push(`request ${request.url()}`));
    await page.goto(address);
    await page.waitForSelector('html[data-ready=yes]', { timeout: 30_000 });
    await use({ page, trouble });
  } finally {
    await page.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What axe-core calls serious or critical, by its rules for WCAG 2 A and AA and its best practices. */
export async function axeFaults(page: Page, within = 'html'): Promise<readonly string[]> {
  // Evaluated from outside of the page, so that the page's own policy stays as it is.
  if ((await page.evaluate('typeof axe')) === 'undefined') {
    await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  }
  return page.evaluate(`axe.run('${within}', { resultTypes: ['violations'] }).then(({ violations }) => violations.filter((v) => ['serious', 'critical'].includes(v.impact))
    .map((v) => v.id + ': ' + v.nodes.map((n) => n.html.slice(0, 120) + ' ' + n.failureSummary).join('; ')))`);
}

/**
 * What is cut or lies over something else, in words. Runs in the page: texts that do not fit their element, elements that
 * leave the window, controls and texts that share pixels with a neighbour.
 */
export const layoutFaults = (page: Page): Promise<readonly string[]> => page.evaluate(FAULTS);

/** Text, since the project's types know no DOM. */
const FAULTS = `(() => {
  const faults = [];
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > wide) faults.push('the page scrolls sideways: ' + document.documentElement.scrollWidth);
  const say = (e) => e.tagName + '#' + e.id + '.' + (e.getAttribute('class') || '') + ' ' + e.textContent.slice(0, 40);
  const shown = (e) => e.getClientRects().length > 0 && getComputedStyle(e).clipPath === 'none' && !e.closest('thead, datalist, option');
  const all = [...document.body.querySelectorAll('*')].filter(shown);
  for (const e of all) {
    const r = e.getBoundingClientRect();
    if (r.right > wide + 0.5 || r.left < -0.5) faults.push('outside: ' + say(e));
    if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && !['INPUT', 'SELECT'].includes(e.tagName) && getComputedStyle(e).display !== 'inline')
      faults.push('cut: ' + say(e));
  }
  for (const svg of document.querySelectorAll('svg')) {
    if (!shown(svg)) continue;
    const frame = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll('text')].map((t) => [t, t.getBoundingClientRect()]);
    for (const [t, r] of texts) if (r.left < frame.left || r.right > frame.right || r.bottom > frame.bottom + 1) faults.push('cut: ' + say(t));
    texts.forEach(([t, a], i) => texts.slice(i + 1).forEach(([u, b]) => {
      if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3) faults.push('over each other: ' + say(t) + ' / ' + say(u));
    }));
    for (const rect of svg.querySelectorAll('rect.box')) {
      const r = rect.getBoundingClientRect();
      for (const [t, a] of texts)
        if (a.top >= r.top && a.bottom <= r.bottom + 1 && a.left >= r.left && a.left < r.right && a.right > r.right) faults.push('leaves its box: ' + say(t));
    }
  }
  const leaves = all.filter((e) => !e.closest('svg') && (['INPUT', 'SELECT', 'BUTTON'].includes(e.tagName) || (e.children.length === 0 && e.textContent.trim() !== '' && !e.closest('button, select'))));
  const boxes = leaves.filter((e) => getComputedStyle(e).display !== 'inline').map((e) => [e, e.getBoundingClientRect()]);
  boxes.forEach(([e, a], i) => boxes.slice(i + 1).forEach(([f, b]) => {
    if (!e.contains(f) && !f.contains(e) && a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)
      faults.push('over each other: ' + say(e) + ' / ' + say(f));
  }));
  return faults;
})()`;
