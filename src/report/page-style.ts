/** The page's style sheet: dark and light, one column on a phone. */
export const PAGE_STYLE: string = `
:root { color-scheme: light; --back: #fff; --card: #f5f6f8; --line: #d3d7de; --text: #1b1f27; --soft: #59616e; --link: #0b57c4;
  --denied: #b3261e; --ambiguous: #8a5a00; --logged: #1f5fa8; --allowed: #1d6b33; }
:root[data-theme=dark] { color-scheme: dark; --back: #14171c; --card: #1e2229; --line: #3a414c; --text: #e7eaef; --soft: #a4adba;
  --link: #86b6ff; --denied: #ff8a80; --ambiguous: #f2bb55; --logged: #86b6ff; --allowed: #7fd694; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 16px; max-width: 1240px; background: var(--back); color: var(--text);
  font: 15px/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 22px; margin: 0; } h2 { font-size: 17px; margin: 28px 0 8px; }
header { display: flex; gap: 12px; align-items: start; justify-content: space-between; }
code, .mono { font-family: ui-monospace, 'DejaVu Sans Mono', monospace; font-size: 13px; }
pre { margin: 4px 0; padding: 8px; background: var(--back); border: 1px solid var(--line); border-radius: 4px; white-space: pre-wrap; }
.soft { color: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(130px, 1fr)); gap: 8px; margin: 14px 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 8px 10px; }
.tile b { display: block; font-size: 20px; }
.denied { color: var(--denied); } .ambiguous, .undecided { color: var(--ambiguous); } .logged { color: var(--logged); } .allowed { color: var(--allowed); }
.controls { display: grid; grid-template-columns: 2fr repeat(4, 1fr); gap: 8px; }
.controls label, .pick { display: block; font-size: 13px; color: var(--soft); min-width: 0; }
input, select, button { font: inherit; color: var(--text); background: var(--back); border: 1px solid var(--line); border-radius: 4px; padding: 6px 8px; min-height: 36px; }
input, select { width: 100%; min-width: 0; margin-top: 4px; } button { cursor: pointer; }
header button { flex: none; white-space: nowrap; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 1px; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; margin-top: 10px; }
th, td { text-align: left; vertical-align: top; padding: 6px 8px; border-bottom: 1px solid var(--line); }
th button { width: 100%; text-align: left; border: 0; padding: 2px 0; font-weight: 600; background: none; }
th:nth-child(1) { width: 36%; } th:nth-child(2) { width: 18%; } th:nth-child(3) { width: 10%; } th:nth-child(4) { width: 18%; }
td.name button { border: 0; padding: 0; min-height: 0; background: none; color: var(--link); text-align: left; overflow-wrap: anywhere; }
tr.more td { background: var(--card); }
.bar { height: 12px; background: var(--card); border: 1px solid var(--line); border-radius: 6px; overflow: hidden; }
.bar i { display: block; height: 100%; background: var(--allowed); }
.rule { display: grid; grid-template-columns: 5em minmax(0, 1fr) 12em 7em; gap: 10px; padding: 5px 0; border-bottom: 1px solid var(--line); align-items: center; }
.rule > :last-child { text-align: right; }
svg { display: block; width: 100%; background: var(--card); border: 1px solid var(--line); border-radius: 6px; }
svg text { fill: var(--text); font: 12px ui-monospace, 'DejaVu Sans Mono', monospace; }
svg .box { fill: var(--back); stroke: var(--line); } svg .used { stroke: var(--link); stroke-width: 2.5; } svg .edge { stroke: var(--soft); fill: none; }
svg .soft { fill: var(--soft); } svg .d { fill: var(--denied); } svg .a { fill: var(--ambiguous); } svg .l { fill: var(--logged); }
ul { padding-left: 20px; margin: 6px 0; }
@media (max-width: 720px) {
  .controls { grid-template-columns: 1fr 1fr; } .controls label:first-child { grid-column: 1 / -1; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody, tr, td { display: block; width: 100%; }
  tbody tr { border-bottom: 1px solid var(--line); padding: 6px 0; }
  td { border: 0; padding: 2px 0; } td[data-label]::before { content: attr(data-label) ' '; color: var(--soft); font-size: 13px; }
  td:empty { display: none; }
  tr.more { padding: 0; } tr.more td { padding: 8px; }
  .rule { grid-template-columns: 5em minmax(0, 1fr); } .rule > :last-child { text-align: left; }
}
`;
