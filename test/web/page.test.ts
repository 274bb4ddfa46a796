/** The page of web/, end to end, from disk: what it shows is held against the command and the library. */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import * as assert from 'uvu/assert';
import { compile } from '../../src/build/index.ts';
import { trace } from '../../src/kernel/index.ts';
import { lint } from '../../src/lint/index.ts';
import { type Policy, parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { seccompc } from '../cli/command.ts';
import { axeFaults, browser, withoutChromium } from '../report/chromium.ts';
import { suite } from '../suite.ts';
import { HOSTILE, MARK } from '../support/hostile.ts';
import { buildPage, file, matches, WebPage } from './page.ts';
import { ELF, elfWithFilter, heavy, NODE, OTHER, SMALL } from './samples.ts';

const policyOf = (text: string, arches?: readonly string[]): Policy => resolvePolicy(parseProfile(text), { arches });

let inside: Browser | undefined;
let shared: WebPage | undefined;

/** One page for most of the tests: each begins by putting in what it is about. */
async function web(): Promise<WebPage> {
  if (inside === undefined) {
    buildPage();
    inside = await browser();
  }
  shared ??= await WebPage.open(inside);
  return shared;
}

async function another(
  look: Parameters<typeof WebPage.open>[1],
  use: (other: WebPage) => Promise<void>,
): Promise<void> {
  await web();
  const other = await WebPage.open(inside as Browser, look);
  try {
    await use(other);
  } finally {
    await other.page.close();
  }
}

suite('web/page', (test) => {
  const step = (title: string, body: (w: WebPage) => Promise<void>) =>
    test.needs(withoutChromium, title, async () => body(await web()));

  step('opens from disk and says what to do; its policy lets nothing be fetched', async (w) => {
    assert.equal(w.trouble, []);
    matches(await w.text('#welcome'), /Paste a profile/);
    const before = w.trouble.length;
    const fetched = await w.page.evaluate(`fetch('http://127.0.0.1:9/').then(() => 'went', () => 'refused')`);
    assert.is(fetched, 'refused');
    assert.match(w.trouble.splice(before).join('\n'), /Content Security Policy/);
    assert.equal(await axeFaults(w.page), []);
  });

  step('a pasted profile: what lint finds, each at its place; the proof; sizes', async (w) => {
    await w.paste(SMALL);
    const found = lint(SMALL);
    assert.is(await w.page.locator('#panel-findings .finding').count(), found.length);
    const texts = await w.page.locator('#panel-findings .message').allInnerTexts();
    assert.equal(
      texts,
      found.map((f) => f.message),
    );
    const tiles = await w.tiles();
    assert.is(tiles.Instructions, String(compile(policyOf(SMALL)).length));
    assert.is(tiles.Proof, 'proved equal');
    matches(await w.text('#panel-findings .proof'), /over all 2\^512 inputs/);
    // The place of the repeated name.
    const repeated = found.find((f) => f.code === 'NAME_REPEATED');
    await w.page.locator('.finding', { hasText: 'NAME_REPEATED' }).locator('button.link').click();
    const selected = await w.page.evaluate(
      `[document.activeElement.selectionStart, document.activeElement.selectionEnd]`,
    );
    assert.equal(selected, [repeated?.span?.start, repeated?.span?.end]);
    assert.equal(await axeFaults(w.page), []);
  });

  step('a fix is made in the text, and can be undone', async (w) => {
    const repeated = w.page.locator('.finding', { hasText: 'NAME_REPEATED' });
    await w.looking(() => repeated.getByRole('button', { name: /^Fix: / }).click());
    const area = w.page.locator('#source-body textarea');
    assert.match(await area.inputValue(), /"execve"\], "action"/);
    assert.is(await w.page.locator('.finding', { hasText: 'NAME_REPEATED' }).count(), 0);
    await w.looking(() => w.page.getByRole('button', { name: 'Undo the fix' }).click());
    assert.is(await area.inputValue(), SMALL);
  });

  step(
    'calls by category; one of them is tried; its way is that of the interpreter, in program and tree',
    async (w) => {
      await w.tab('table');
      await w.page.getByLabel('Find a call').fill('sock');
      matches(await w.text('#panel-table table'), /network\s+Depends 1\s+socket\s+ALLOW when arg0 == 0x1\s+Denied 4/);
      await w.page.getByRole('button', { name: 'socket', exact: true }).click();
      assert.is(await w.page.getByLabel('Call', { exact: true }).inputValue(), 'socket');
      await w.page.getByLabel('0: family').fill('AF_UNIX');
      await w.page.waitForSelector('.action.runs');
      matches(
        await w.text('#panel-try .answer'),
        /ALLOW[\s\S]*socket\(0x1\) on x86_64[\s\S]*syscalls\[1\], line 6[\s\S]*arg0 == 0x1/,
      );
      await w.page.getByLabel('0: family').fill('AF_ALG');
      await w.page.waitForSelector('.action.fails');
      matches(await w.text('#panel-try .answer'), /ERRNO\(1 EPERM\)[\s\S]*fails with EPERM[\s\S]*default action/);
      assert.equal(await axeFaults(w.page), []);
      const data = { nr: 41, arch: 0xc000003e, instructionPointer: 0n, args: [38n, 0n, 0n, 0n, 0n, 0n] } as const;
      const { pcs } = trace(compile(policyOf(SMALL)), data);
      await w.page.getByRole('button', { name: 'see them' }).click();
      const marked = await w.page.locator('#panel-program tr.on .pc').allInnerTexts();
      assert.equal(marked.map(Number), pcs);
      await w.tab('tree');
      const boxes = await w.page.locator('#panel-tree .box.on text').allTextContents();
      assert.is(boxes.at(0), 'arch = x86_64 or x32');
      assert.ok(boxes.includes('ERRNO(1 EPERM)'), boxes.join());

      await w.tab('try');
      await w.page.getByLabel('Call', { exact: true }).fill('sokcet');
      await w.page.waitForSelector('#panel-try .finding');
      matches(await w.text('#panel-try .finding'), /no system call is named 'sokcet'[\s\S]*did you mean 'socket'/);
      await w.page.getByLabel('Call', { exact: true }).fill('');
    },
  );

  step('two profiles compared: the groups of seccompc diff; and a profile with itself', async (w) => {
    await w.paste(SMALL);
    await w.tab('compare');
    const other = w.page.locator('#panel-compare textarea');
    await other.fill(OTHER);
    await w.page.getByRole('button', { name: 'Compare', exact: true }).click();
    await w.page.waitForSelector('.verdict-line');
    const ran = seccompc(['diff', file('a.jsonc', SMALL), file('b.jsonc', OTHER)]);
    const [tally] = ran.stdout.trim().split('\n').slice(-1);
    matches(await w.text('.verdict-line'), new RegExp(`^${tally}`));
    const heads = await w.page.locator('#panel-compare .change-head').allInnerTexts();
    const kinds = ran.stdout.match(/^(LOOSENED|TIGHTENED|CHANGED): .*$/gm) ?? [];
    assert.equal(
      heads.map((text) => text.replace(/\s+/, ': ').replace('→', '->').toUpperCase()),
      kinds.map((text) => text.toUpperCase()),
    );
    assert.equal(await axeFaults(w.page), []);
    await other.fill(SMALL);
    await w.page.getByRole('button', { name: 'Compare', exact: true }).click();
    await w.page.waitForSelector('.verdict-line.equal');
  });

  step('what is saved is what the command writes, byte for byte', async (w) => {
    await w.paste(SMALL);
    await w.tab('download');
    const path = file('profile.jsonc', SMALL);
    const rows = [
      { format: 'raw', command: ['build', path] },
      { format: 'asm', command: ['build', path, '--format', 'asm'] },
      { format: 'json', command: ['build', path, '--format', 'json'] },
      { format: 'c-array', command: ['export', path, '--format', 'c-array'] },
      { format: 'spo', command: ['export', path, '--format', 'spo'] },
    ];
    for (const { format, command } of rows) {
      const out = file(`out-${format}`, '');
      assert.is(seccompc([...command, '-o', out]).status, 0);
      const { bytes } = await w.saved(() =>
        w.page.getByRole('button', { name: `Save as ${format}`, exact: true }).click(),
      );
      // The command names the path that it was given.
      const wanted = readFileSync(out, 'latin1').replaceAll(path, 'profile.jsonc');
      assert.is(Buffer.from(bytes).toString('latin1'), wanted, format);
    }

    const before = file('program', ELF);
    await w.drop(before, 'program');
    for (const flags of [[], ['--load', '--embed-profile']]) {
      if (flags.length > 0) {
        await w.page.getByLabel('Map the section when the program runs').check();
        await w.page.getByLabel('Put the profile in too').check();
      }
      const out = file('program.out', '');
      const built = seccompc(['build', path, '--into', before, '-o', out, ...flags]);
      assert.is(built.status, 0, built.stderr);
      const { name, bytes } = await w.saved(() =>
        w.page.getByRole('button', { name: 'Save it with the filter' }).click(),
      );
      assert.is(name, 'program');
      assert.ok(Buffer.from(bytes).equals(readFileSync(out)), flags.join());
    }
  });

  step('an ELF file with a filter and its profile: what it carries, proved; the rule is named', async (w) => {
    await w.tab('findings');
    const path = elfWithFilter();
    await w.looking(() => w.drop(path, 'operator'));
    matches(await w.text('.file-card'), /operator\s+ELF file of x86_64, 64-bit program/);
    matches(await w.text('#panel-findings .proof'), /Proved equal[\s\S]*the profile beside it/);
    assert.equal(await axeFaults(w.page), []);
    await w.tab('try');
    await w.page.getByLabel('Call', { exact: true }).fill('read');
    await w.page.waitForSelector('.action.runs');
    matches(await w.text('#panel-try .answer'), /syscalls\[0\], line \d+/);
    await w.page.getByLabel('Call', { exact: true }).fill('');
  });

  step(
    'what an ELF file or a program of the other byte order holds is saved as the command takes it out',
    async (w) => {
      await w.choose(elfWithFilter());
      const out = file('extracted.bpf', '');
      assert.is(seccompc(['elf', 'extract', file('made-too', readFileSync(elfWithFilter())), '-o', out]).status, 0);
      await w.tab('download');
      const { bytes } = await w.saved(() => w.page.getByRole('button', { name: 'Save as raw', exact: true }).click());
      assert.ok(Buffer.from(bytes).equals(readFileSync(out)));
      const big = compile(policyOf(SMALL, ['s390x'])).bytes;
      await w.choose(file('s390x.bpf', big));
      assert.is((await w.tiles()).For, 's390x');
      const saved = await w.saved(() => w.page.getByRole('button', { name: 'Save as raw', exact: true }).click());
      assert.ok(Buffer.from(saved.bytes).equals(big));
      await w.tab('findings');
      matches(await w.text('#panel-findings'), /Read as big-endian/);
    },
  );

  step('an ELF file dropped beside a profile is what the filter goes into; alone it is looked at', async (w) => {
    await w.paste(SMALL);
    await w.drop(file('bare', ELF), 'bare');
    await w.page.waitForSelector('#panel-download:not([hidden]) p:has-text("bare, ")');
    assert.is((await w.tiles()).Proof, 'proved equal');
    await w.page.getByRole('button', { name: 'Clear' }).click();
    await w.looking(() => w.drop(file('bare', ELF), 'bare'));
    await w.tab('findings');
    matches(await w.text('#panel-findings'), /This file carries no filter/);
    assert.equal(await axeFaults(w.page), []);
  });

  step('options change what the profile means', async (w) => {
    await w.paste(SMALL);
    await w.page.locator('#options summary').click();
    await w.looking(() => w.page.getByLabel('aarch64', { exact: true }).check());
    await w.looking(() => w.page.getByLabel('Arguments are compared').selectOption('kernel'));
    assert.is((await w.tiles()).For, 'aarch64');
    const policy = resolvePolicy(parseProfile(SMALL), { arches: ['aarch64'], argWidth: 'kernel' });
    assert.is((await w.tiles()).Instructions, String(compile(policy).length));
    assert.equal(await axeFaults(w.page), []);
    await w.page.getByLabel('Kernel version').fill('six');
    await w.looking(() => w.page.getByLabel('Kernel version').press('Enter'));
    matches(await w.text('#panel-findings'), /KERNEL_VERSION/);
    await w.looking(() => w.page.getByRole('button', { name: 'As at first' }).click());
    assert.is((await w.tiles()).For, 'x86_64');
    await w.page.locator('#options summary').click();
  });

  step('a trace is replayed, packed or not', async (w) => {
    await w.paste(SMALL);
    await w.tab('replay');
    const recorded = (times: number) => 'read(3, "x", 1) = 1\nsocket(AF_INET, SOCK_STREAM, 0) = 3\n'.repeat(times);
    const open = (bytes: string | Uint8Array): Promise<void> =>
      w.page.setInputFiles('#panel-replay input[type=file]', file('app.strace', bytes));
    await open(recorded(2));
    await w.page.waitForSelector('#panel-replay .tile.ambiguous');
    await w.page.getByLabel('Architecture where it tells none').selectOption('x86_64');
    await w.page.waitForSelector('#panel-replay .tile.denied dd:text-is("2")');
    await open(gzipSync(recorded(3)));
    await w.page.waitForSelector('#panel-replay .tile.denied dd:text-is("3")');
    matches(await w.text('#panel-replay .tiles'), /allowed\s+3\s+logged\s+0\s+denied\s+3\s+ambiguous\s+0/);
    matches(await w.text('#panel-replay .change-list'), /denied\s+x86_64 socket\(\S+2, …\): ERRNO\(1 EPERM\)/);
  });

  step('input that is wrong gets words, and the page goes on', async (w) => {
    const rows = [
      { name: 'a.json', content: '{ "defaultAction": ', expected: /JSON_SYNTAX/ },
      {
        name: 'a.json',
        content: '{ "defaultAction": "SCMP_ACT_ALOW" }',
        expected: /ACTION_UNKNOWN[\s\S]*did you mean/,
      },
      { name: 'a.json', content: Buffer.from('{ "a": "\xff" }', 'latin1'), expected: /JSON_ENCODING[\s\S]*byte 8/ },
      { name: 'a.bpf', content: Buffer.from([6, 0, 0, 0, 0, 0, 255]), expected: /Linux refuses the program/ },
      { name: 'a.bpf', content: Buffer.from([0x15, 0, 9, 9, 0, 0, 0, 0]), expected: /instruction 0[\s\S]*EINVAL/ },
      { name: 'a.asm', content: 'ld [0]\nfrobnicate\nret #0\n', expected: /ASM_SYNTAX\s+line 2, column 1/ },
      { name: 'a.elf', content: ELF.subarray(0, 40), expected: /ELF_/ },
      { name: 'a.jpg', content: Buffer.alloc(2 << 20, 0x9b), expected: /INPUT_TOO_LARGE/ },
      { name: 'a.json', content: Buffer.alloc(40 << 20, 0x20), expected: /INPUT_TOO_LARGE[\s\S]*40 MB/ },
    ];
    for (const { name, content, expected } of rows) {
      await w.choose(file(name, content));
      await w.tab('findings');
      matches(await w.text('#panel-findings'), expected, `${name} ${content.length}`);
    }
    await w.paste('{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{ "names": ["rea"] }] ');
    matches(await w.text('#panel-findings'), /error/);
    assert.equal(await axeFaults(w.page), []);
    assert.equal(w.trouble, []);
  });

  step('hostile text stays text', async (w) => {
    const names = HOSTILE.map((text) => JSON.stringify(text)).join(', ');
    await w.paste(`{ "defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"],
      "syscalls": [{ "names": [${names}, "read"], "action": "SCMP_ACT_ALLOW", "comment": ${JSON.stringify(HOSTILE.join())} }] }`);
    assert.ok((await w.text('#panel-findings')).split(MARK).length > HOSTILE.length);
    const made = await w.page.evaluate(
      `[document.querySelectorAll('img, b, iframe, style, #results script').length, typeof globalThis.${MARK}, document.body.innerText.includes('\u202e')]`,
    );
    // One style sheet in the head; the findings' own counts are in bold.
    assert.equal(made, [2, 'undefined', false]);
    assert.equal(w.trouble, []);
  });

  step('what takes long is cancelled, and the page is free meanwhile', async (w) => {
    // In the page, so that a browser that is slow to be asked does not work for nothing.
    const themes = w.page.evaluate(`new Promise((done) => {
      new MutationObserver((_, observer) => {
        observer.disconnect();
        setTimeout(() => {
          const theme = () => document.documentElement.dataset.theme;
          const before = theme();
          document.getElementById('theme').click();
          done([before, theme(), document.getElementById('looked').getAttribute('aria-busy')]);
          document.getElementById('theme').click();
          document.querySelector('#work button').click();
        }, 100);
      }).observe(document.getElementById('looked'), { attributeFilter: ['aria-busy'] });
    })`);
    await w.page.locator('#source-body textarea').fill(heavy());
    assert.equal(await themes, ['light', 'dark', 'true']);
    await w.page.waitForSelector('#looked[aria-busy=false]');
    matches(await w.text('#status'), /Cancelled/);
    await w.paste(SMALL);
    assert.is((await w.tiles()).Proof, 'proved equal');
  });

  step('nothing is kept, and the address has not changed', async (w) => {
    const kept = await w.page.evaluate(
      `[location.search + location.hash, history.length, document.cookie, (() => { try { return localStorage.length; } catch { return 0; } })()]`,
    );
    assert.equal(kept, ['', 2, '', 0]);
    assert.equal(w.trouble, []);
  });

  test.needs(withoutChromium, 'by keyboard alone, at the width of a phone and in the dark, without a Worker', () =>
    another({ width: 390, dark: true, before: 'delete globalThis.Worker;' }, async (w) => {
      const { keyboard } = w.page;
      const focused = () =>
        w.page.evaluate(
          `(document.activeElement.labels?.[0] ?? document.activeElement).textContent || document.activeElement.tagName`,
        );
      const tabTo = async (what: RegExp) => {
        for (let i = 0; i < 80; i++) {
          await keyboard.press('Tab');
          if (what.test(String(await focused()))) return;
        }
        assert.unreachable(`Tab does not come to ${what}`);
      };
      await tabTo(/^TEXTAREA$/);
      await w.looking(() => keyboard.insertText(SMALL));
      assert.is((await w.tiles()).Proof, 'proved equal');
      assert.equal(await axeFaults(w.page), []);
      await tabTo(/^Findings/);
      for (const name of ['table', 'try', 'tree', 'program', 'compare', 'download', 'replay']) {
        await keyboard.press('ArrowRight');
        assert.is(await w.page.evaluate(`document.activeElement.id`), `tab-${name}`);
        assert.ok(await w.page.locator(`#panel-${name}`).isVisible());
        assert.is(await w.page.evaluate(`document.documentElement.scrollWidth`), 390, name);
        assert.equal(await axeFaults(w.page, `#panel-${name}`), [], name);
      }
      await keyboard.press('Home');
      await keyboard.press('ArrowRight');
      await tabTo(/^Find a call$/);
      await keyboard.type('socket');
      await tabTo(/^socket$/);
      await keyboard.press('Enter');
      await w.page.waitForSelector('.action');
      matches(await w.text('#panel-try .answer'), /ERRNO\(1 EPERM\)/);
      // Cancelled before the first piece of work: the page has its turn between two.
      await w.page.evaluate(`new MutationObserver((_, observer) => {
        observer.disconnect();
        document.querySelector('#work button').click();
      }).observe(document.getElementById('looked'), { attributeFilter: ['aria-busy'] })`);
      await w.page.locator('#source-body textarea').fill(NODE);
      await w.page.waitForSelector('#work button:not([hidden]):has-text("Look again")');
      matches(await w.text('#status'), /Cancelled/);
      assert.equal(w.trouble, []);
    }),
  );

  test.needs(withoutChromium, 'the last of it: the browser ends', async () => {
    await inside?.close();
  });
});
