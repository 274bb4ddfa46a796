/**
 * One page that needs nothing but itself: opened from a disk, without network. What the trace and the profile say stands
 * in a block of JSON without a '<'; the page's own script puts it in as text. Its policy lets that one script and that one
 * style run, by their digests, and loads nothing.
 */

import { describeWord } from '../arch/index.ts';
import { jsonForTerminal, positionAt } from '../diag/index.ts';
import { sha256 } from '../num/sha256.ts';
import { describeCondition, type Policy } from '../policy/index.ts';
import type { Replay } from '../trace/index.ts';
import { type Entry, entriesOf, type ReportContext } from './entries.ts';
import { entryData, replayData } from './json.ts';
import { PAGE_SCRIPT } from './page-script.ts';
import { PAGE_STYLE } from './page-style.ts';

/** Of a profile's line so many characters are shown. */
const MOST_LINE = 300;
/** What a page holds, so that a browser opens it whatever the trace: findings in all, and characters of one text. */
const MOST_FINDINGS = 5000;
const MOST_UNDECIDED = 500;
const MOST_TEXT = 500;

export function toHtml(replay: Replay, context: ReportContext): string {
  const entries = entriesOf(replay, context.policy);
  const kept = entries.slice(0, MOST_FINDINGS);
  const of = (kind: Entry['kind']) => kept.filter((entry) => entry.kind === kind).map(pageEntry);
  const undecided = replay.undecided.slice(0, MOST_UNDECIDED);
  const data = {
    ...replayData({ ...replay, denied: [], ambiguous: [], logged: [], undecided }, context),
    denied: of('denied'),
    ambiguous: of('ambiguous'),
    logged: of('logged'),
    left: { findings: entries.length - kept.length, undecided: replay.undecided.length - undecided.length },
    decisions: context.policy ? decisions(context.policy) : [],
  };
  const csp = `default-src 'none'; script-src '${digest(PAGE_SCRIPT)}'; style-src '${digest(PAGE_STYLE)}'; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${csp}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>seccompc replay</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
${BODY}
<script type="application/json" id="data">${jsonForTerminal(cut(data)).replaceAll('<', '\\u003c')}</script>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

function digest(text: string): string {
  return `sha256-${btoa(String.fromCharCode(...sha256(new TextEncoder().encode(text))))}`;
}

/** The same with no text longer than MOST_TEXT. */
function cut(value: unknown): unknown {
  if (typeof value === 'string') return value.length > MOST_TEXT ? `${value.slice(0, MOST_TEXT)}…` : value;
  if (Array.isArray(value)) return value.map(cut);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, cut(inner)]));
}

/** With the deciding rules' lines, which the page cannot look up. */
function pageEntry(entry: Entry): Record<string, unknown> {
  const { source } = entry;
  return {
    ...entryData(entry),
    rules: entry.rules.map(({ index, span }) => {
      const { line, column, lineStart, lineEnd } = positionAt(source?.text ?? '', span.start);
      const from = lineEnd - lineStart > MOST_LINE ? Math.max(lineStart, span.start - MOST_LINE / 2) : lineStart;
      const to = Math.min(lineEnd, from + MOST_LINE);
      const text = (source?.text ?? '').slice(from, to);
      return { index, line, column, frame: `${from > lineStart ? '…' : ''}${text}${to < lineEnd ? '…' : ''}` };
    }),
    ...(entry.allowing !== undefined && { allow: entry.allowing }),
  };
}

/** What each call is decided by, in the order in which its rules are asked. */
function decisions(policy: Policy): readonly unknown[] {
  return policy.arches.map(({ arch, defaultAction, calls, enosys }) => {
    const otherwise = describeWord(defaultAction, arch);
    return {
      arch: arch.name,
      otherwise:
        enosys === undefined
          ? otherwise
          : `${otherwise}; numbers above ${enosys.above}: ${describeWord(enosys.word, arch)}`,
      calls: [...calls.values()]
        .map(({ nr, name, rules }) => {
          const stubbed = enosys !== undefined && (nr > enosys.above || (enosys.zero && nr === 0));
          return {
            nr,
            name,
            rules: stubbed
              ? []
              : rules.map(({ action, conditions, origin }) => ({
                  action: describeWord(action, arch),
                  conditions: conditions.map(describeCondition),
                  index: origin.ruleIndex,
                })),
            otherwise: stubbed ? describeWord(enosys.word, arch) : otherwise,
          };
        })
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    };
  });
}

const select = (id: string, label: string, options: string): string =>
  `<label>${label}<select id="${id}">${options}</select></label>`;
const COLUMNS = [
  ['call', 'Call'],
  ['action', 'Verdict'],
  ['count', 'Times'],
  ['process', 'By'],
  ['first', 'First'],
] as const;

const BODY = `<header><div><h1>seccompc replay</h1><div id="against" class="soft"></div></div><button type="button" id="theme">Dark</button></header>
<noscript>This page shows its data with a script of its own, which is switched off.</noscript>
<main>
<div id="tiles" class="tiles"></div>
<section aria-labelledby="findings-title"><h2 id="findings-title">Findings</h2>
<div class="controls">
<label>Search<input id="search" type="search" autocomplete="off"></label>
${select('kind', 'Kind', '<option value="">all</option>')}
${select('action', 'Verdict', '<option value="">all</option>')}
${select('process', 'Process', '<option value="">all</option>')}
${select('sort', 'Sort by', `<option value="">strictest</option>${COLUMNS.map(([key, label]) => `<option value="${key}">${label.toLowerCase()}</option>`).join('')}`)}
</div>
<h2>Timeline</h2>
<svg id="timeline" role="img" height="130"></svg><div id="timeline-about" class="soft"></div>
<table><thead><tr>${COLUMNS.map(([key, label]) => `<th scope="col" data-key="${key}"><button type="button">${label}</button></th>`).join('')}</tr></thead><tbody id="rows"></tbody></table>
<p id="left" class="ambiguous" hidden></p><p id="shown" class="soft" role="status"></p><button type="button" id="further" hidden>Show more</button>
</section>
<section id="decision"><h2>How a call is decided</h2>
<div class="controls"><label>Call<input id="syscall" list="calls" autocomplete="off"></label>${select('abi', 'ABI', '')}</div><datalist id="calls"></datalist>
<p id="tree-about" class="soft" role="status"></p><svg id="tree" role="img"></svg></section>
<section id="undecided"><h2>Undecided</h2><ul id="undecided-list"></ul></section>
<section id="lacking"><h2 id="lacking-title"></h2><ul id="lacking-list"></ul></section>
<section id="coverage"><h2>Coverage of the profile</h2><div id="used"></div><div id="rules"></div><p id="unused"></p><ul id="dangerous"></ul></section>
<section><h2>What was read</h2><ul id="sources"></ul><ul id="notes"></ul></section>
</main>`;
