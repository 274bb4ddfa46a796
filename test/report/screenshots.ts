/** `npm run screenshots`: the HTML report at the width of a desk and of a phone, into docs/images. */
import { mkdirSync } from 'node:fs';
import { browser, layoutFaults, open, withoutChromium } from './chromium.ts';
import { sampleReport } from './sample.ts';

const absent = withoutChromium();
if (absent !== undefined) throw new Error(absent);
mkdirSync('docs/images', { recursive: true });
const html = await sampleReport('html');
const inside = await browser();
for (const width of [1280, 390]) {
  await open(inside, html, width, async ({ page, trouble }) => {
    await page.locator('td.name button').first().click();
    await page.fill('#syscall', 'socket');
    const faults = [...trouble, ...(await layoutFaults(page))];
    if (faults.length > 0) throw new Error(faults.join('\n'));
    await page.screenshot({ path: `docs/images/report-${width}.png`, fullPage: true });
    console.log(`docs/images/report-${width}.png`);
  });
}
await inside.close();
