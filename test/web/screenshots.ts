/** `npm run screenshots`, the page's part: what docs/web.md shows, at the width of a desk and of a phone. */
import { mkdirSync } from 'node:fs';
import { browser, withoutChromium } from '../report/chromium.ts';
import { buildPage, WebPage } from './page.ts';

const absent = withoutChromium();
if (absent !== undefined) throw new Error(absent);
mkdirSync('docs/images', { recursive: true });
buildPage();
const inside = await browser();

async function shot(name: string, width: number, prepare: (w: WebPage) => Promise<void>): Promise<void> {
  const w = await WebPage.open(inside, { width });
  await prepare(w);
  if (w.trouble.length > 0) throw new Error(w.trouble.join('\n'));
  await w.page.screenshot({ path: `docs/images/${name}.png`, fullPage: width < 900 });
  console.log(`docs/images/${name}.png`);
  await w.page.close();
}

async function trySocket(w: WebPage): Promise<void> {
  await w.tab('try');
  await w.page.getByLabel('Call', { exact: true }).fill('socket');
  await w.page.getByLabel('0: family').fill('AF_ALG');
  await w.page.waitForSelector('.verdict:has-text("0x26")');
}

await shot('web-1280', 1280, async (w) => {
  await w.choose('web/samples/with-mistakes.jsonc');
  await w.page.locator('.finding button.link').nth(2).click();
});
await shot('web-tree-1280', 1280, async (w) => {
  await w.choose('profiles/node-service.jsonc');
  await trySocket(w);
  await w.tab('tree');
});
await shot('web-390', 390, async (w) => {
  await w.choose('profiles/node-service.jsonc');
  await trySocket(w);
});
await inside.close();
