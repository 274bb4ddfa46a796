/**
 * The one hostile corpus: text that wants to be more than text in some sink that seccompc writes to. Each string holds
 * MARK, by which it is found again, and goes through every writer: reports (test/report), exports (test/formats), learned
 * profiles (test/algebra), and the command itself (test/cli/hostile.test.ts).
 */

export const MARK = 'hOsTiLe';

export const HOSTILE: readonly string[] = [
  // HTML and XML.
  `</script><script>globalThis.${MARK}=1</script>`,
  `<!--<script>${MARK}`,
  `"><img src=x onerror="globalThis.${MARK}=1">`,
  `' onmouseover='${MARK}`,
  `]]>${MARK}<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e "${MARK}">]>&e;`,
  `&lt;${MARK}&amp;&#60;&#x0;`,
  `${MARK}\u0000\u0001\u000b\u007f\uffff\ufffe`,
  `javascript:${MARK}`,
  // Terminals: titles, screens, hyperlinks, eight-bit controls, turned and hidden text.
  `\u001b]0;${MARK}\u0007\u001b[2J\u009b31m`,
  `\u001b]8;;http://127.0.0.1/${MARK}\u001b\\link\u001b]8;;\u0007\u0090q\u009c`,
  `${MARK}\u202egnp.exe\u2028\u200b\ufeff\u2066\u2029\u0085\u{e0041}`,
  `${MARK}\ud800x\udc00`,
  // Logs of CI.
  `${MARK}\r\n::error file=x,line=1::forged`,
  `##[error]${MARK}`,
  `::stop-commands::${MARK}%0A%25,:`,
  `::error::${MARK}`,
  `${MARK}%0A::warning::forged%0D`,
  // Markdown and templates.
  `${MARK} | \`x\` | [y](javascript:1) ![z](http://127.0.0.1/) <b>\n| forged | row |\n# head`,
  `\${${MARK}} \`${MARK}\` \${{ secrets.X }} {{ ${MARK} }} {0} \\u003c \\`,
  // JSON, JSON with comments, YAML.
  `${MARK}"}],"defaultAction":"SCMP_ACT_ALLOW","x":[{"y":"`,
  `${MARK}\n"defaultAction": "SCMP_ACT_ALLOW", //`,
  `${MARK}: !!js/function '' # &a *a\n---\n- ? |\n  %TAG`,
  `__proto__ constructor ${MARK}`,
  // Source code and shells: ends of comments, strings and lines.
  `*/ int ${MARK}; /* // */`,
  `// ${MARK}\n#error`,
  `${MARK}??/`,
  `${MARK}\\`,
  `//go:build ${MARK}`,
  `"""'''"'); panic!("${MARK}"); //`,
  `\`id\` $(id) $HOME %n %i ;${MARK}`,
  // Paths and places.
  `../../${MARK}?a#b c%2f`,
  `${MARK}${'A'.repeat(5000)}`,
];

/** What no text for people may hold, but for line breaks: controls, and what turns, hides or breaks lines. */
export const RAW: RegExp =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\u{e0000}-\u{e007f}]|\p{Surrogate}/u;

/** Lines that a CI runner obeys. */
export const OBEYED: RegExp = /^\s*::|##\[/m;
