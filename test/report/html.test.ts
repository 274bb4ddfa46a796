/** The HTML report in a real browser: opened from disk, by keyboard, at a phone's width, with hostile data. */
import type { Browser, Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { render } from '../../src/report/index.ts';
import { suite } from '../suite.ts';
import { HOSTILE, MARK } from '../support/hostile.ts';
import { axeFaults, browser, layoutFaults, open, withoutChromium } from './chromium.ts';
import { hostilePolicy, hostileReplay } from './hostile.ts';
import { manyReport, sampleReport } from './sample.ts';

const hostilePage = (text: string): string =>
  render('html', hostileReplay(text), { policy: hostilePolicy(text), profile: { name: text, text }, version: '0.1.0' });

/** What is made for HTML alone, the rest of the corpus several in a text: a page each would take minutes. */
function grouped(): readonly string[] {
  const isMarkup = (text: string) => /[<>]/.test(text);
  const groups: string[] = [''];
  for (const text of HOSTILE.filter((one) => !isMarkup(one))) {
    if (`${groups.at(-1)}${text}`.length > 400) groups.push('');
    groups[groups.length - 1] += text;
  }
  return [...HOSTILE.filter(isMarkup), ...groups];
}

async function inBrowser(use: (inside: Browser) => Promise<void>): Promise<void> {
  const inside = await browser();
  try {
    await use(inside);
  } finally {
    await inside.close();
  }
}

const rows = (page: Page): Promise<readonly string[]> => page.locator('td.name').allTextContents();

/** Tags and attribute names of the whole document, in order: what data must not change. */
const SHAPE = `[...document.querySelectorAll('*')].filter((e) => !e.closest('#tree')).map((e) => e.tagName + ' ' + e.getAttributeNames().join(' ')).join('\\n')`;

suite('report/html', (test) => {
  test('the text of the page holds no markup from outside, and its policy lets nothing else run', () => {
    for (const hostile of HOSTILE) {
      const html = hostilePage(hostile);
      assert.is(html.split('<script').length, 3, hostile);
      assert.is(html.split('</script').length, 3, hostile);
      assert.match(
        html,
        /default-src 'none'; script-src 'sha256-[\w+/]{43}='; style-src 'sha256-[\w+/]{43}='; base-uri 'none'/,
      );
    }
  });

  test.needs(withoutChromium, 'opens from disk without a request, an error or a violation of its policy', () =>
    inBrowser(async (inside) => {
      const html = await sampleReport('html');
      for (const width of [1280, 390]) {
        await open(inside, html, width, async ({ page, trouble }) => {
          assert.equal(trouble, []);
          await page.locator('td.name button').first().click();
          for (const name of ['socket', 'clone', 'read', 'not_a_call']) {
            await page.fill('#syscall', name);
            assert.equal(await layoutFaults(page), [], `${width} ${name}`);
          }
        });
      }
      // The judge itself sees what is cut.
      await open(inside, html, 390, async ({ page }) => {
        await page.evaluate(`document.getElementById('shown').style.width = '900px'`);
        assert.ok((await layoutFaults(page)).length > 0);
      });
    }),
  );

  test.needs(withoutChromium, 'searches, filters, sorts and draws', () =>
    inBrowser(async (inside) => {
      await open(inside, await sampleReport('html'), 1280, async ({ page, trouble }) => {
        const all = await rows(page);
        assert.is(all.length, 9);
        await page.fill('#search', 'socket 0x26');
        assert.equal(await rows(page), ['x86_64 socket(0x26, 0x5, 0x0, …)']);
        await page.fill('#search', '');
        await page.selectOption('#kind', 'ambiguous');
        assert.is((await rows(page)).length, 2);
        await page.selectOption('#kind', '');
        await page.selectOption('#process', 'pid 102');
        assert.equal(
          (await rows(page)).map((t) => t.slice(7, 12)),
          ['clock', 'ioctl'],
        );
        await page.selectOption('#process', '');
        await page.selectOption('#sort', 'count');
        assert.match((await rows(page))[0] ?? '', /ioctl/);
        assert.ok((await page.locator('#timeline rect').count()) > 20);
        // By keyboard alone: a column's button sorts, a row opens, its button leads to the picture.
        await page.locator('th[data-key=call] button').focus();
        await page.keyboard.press('Enter');
        assert.is(await page.locator('th[data-key=call]').getAttribute('aria-sort'), 'ascending');
        await page.fill('#search', 'socket 0x26');
        await page.locator('td.name button').focus();
        await page.keyboard.press('Enter');
        assert.match(await page.locator('tr.more').innerText(), /to allow it:[\s\S]*"value": 38/);
        await page.keyboard.press('Tab');
        await page.keyboard.press('Enter');
        assert.is(await page.inputValue('#syscall'), 'socket');
        assert.match(
          (await page.locator('#tree').getAttribute('aria-label')) ?? '',
          /if arg0 == 0x1 then ALLOW; if arg0 == 0x2 and arg1 & 0xf == 0x1 then ALLOW; otherwise ERRNO\(1 EPERM\)/,
        );
        const light = await page.evaluate(`getComputedStyle(document.body).backgroundColor`);
        await page.locator('#theme').press('Enter');
        assert.is.not(await page.evaluate(`getComputedStyle(document.body).backgroundColor`), light);
        assert.equal(trouble, []);
      });
    }),
  );

  test.needs(withoutChromium, 'hostile text stays text: the same elements whatever it says, and nothing runs', () =>
    inBrowser(async (inside) => {
      const shapeOf = async (hostile: string): Promise<unknown> => {
        let shape: unknown;
        await open(inside, hostilePage(hostile), 390, async ({ page, trouble }) => {
          await page.locator('td.name button').first().click();
          shape = await page.evaluate(SHAPE);
          assert.equal(trouble, [], hostile);
          assert.is(await page.evaluate(`globalThis.${MARK}`), undefined, hostile);
          assert.match(await page.locator('body').innerText(), new RegExp(MARK));
          assert.is(await page.evaluate(`document.documentElement.scrollWidth`), 390, hostile);
        });
        return shape;
      };
      const plain = await shapeOf(MARK);
      for (const hostile of grouped()) assert.is(await shapeOf(hostile), plain, hostile);
    }),
  );

  test.needs(withoutChromium, 'axe-core finds nothing serious, light and dark, on a desk and on a phone', () =>
    inBrowser(async (inside) => {
      const html = await sampleReport('html');
      for (const width of [1280, 390]) {
        await open(inside, html, width, async ({ page }) => {
          await page.locator('td.name button').first().click();
          for (let theme = 0; theme < 2; theme++) {
            assert.equal(await axeFaults(page), [], `${width}, theme ${theme}`);
            await page.locator('#theme').click();
          }
        });
      }
      // The judge itself sees a control without a name.
      await open(inside, html, 1280, async ({ page }) => {
        await page.evaluate(`document.querySelector('label').replaceWith(document.getElementById('search'))`);
        assert.ok((await axeFaults(page)).length > 0);
      });
    }),
  );

  test.needs(withoutChromium, '6,000 denied calls: opens, searches, says what is left out, and nothing overlaps', () =>
    inBrowser(async (inside) => {
      const html = manyReport(6000);
      assert.ok(html.length < 12_000_000, `${html.length} characters`);
      for (const width of [1280, 390]) {
        await open(inside, html, width, async ({ page, trouble }) => {
          assert.match(await page.locator('#left').innerText(), /1,000 more findings, the last of 6,000/);
          assert.match(await page.locator('#shown').innerText(), /200 of 5,000 findings/);
          await page.locator('#further').click();
          assert.is((await rows(page)).length, 400);
          await page.fill('#search', 'ioctl(0x1234, 0x5401)'.slice(0, 12));
          assert.equal(
            (await rows(page)).map((text) => text.slice(0, 20)),
            ['x86_64 ioctl(0x1234,'],
          );
          await page.fill('#search', 'nothing of that kind');
          assert.equal(await rows(page), []);
          await page.fill('#search', 'ioctl(0x12');
          assert.equal(await layoutFaults(page), [], `${width}`);
          assert.equal(trouble, []);
        });
      }
    }),
  );

  test('a page does not grow with the texts in it', () => {
    const plain = hostilePage('x').length;
    const long = hostilePage('x'.repeat(1_000_000)).length;
    assert.ok(long < plain + 200_000, `${long} characters`);
  });
});
