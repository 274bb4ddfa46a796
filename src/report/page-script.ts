/**
 * What runs in the page. It takes all its words from the embedded JSON and puts them in by textContent alone; nothing is
 * ever parsed as markup, and styles are set one property at a time, which the policy of the page lets through.
 */
export const PAGE_SCRIPT: string = String.raw`'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const by = (id) => document.getElementById(id);
const SVG = 'http://www.w3.org/2000/svg';
function make(tag, attributes, ...inner) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
  element.append(...inner);
  return element;
}
function draw(parent, tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}
const number = (n) => n.toLocaleString('en-US');
const listed = (items, most) => items.slice(0, most).join(', ') + (items.length > most ? ' and ' + number(items.length - most) + ' more' : '');

/* Totals */
by('against').textContent = number(data.totals.events) + ' calls (' + number(data.totals.distinct) + ' distinct) of ' +
  number(data.sources.length) + (data.sources.length === 1 ? ' trace' : ' traces') + ' against ' + (data.profile || 'the filter');
for (const name of ['allowed', 'denied', 'ambiguous', 'undecided', 'logged', 'hypothetical', 'unreachable', 'unfiltered']) {
  const n = data.totals[name];
  by('tiles').append(make('div', { class: 'tile' }, make('b', { class: n > 0 ? name : '' }, number(n)), name));
}

/* Findings */
const findings = [];
for (const kind of ['denied', 'ambiguous', 'logged']) for (const f of data[kind]) {
  const action = kind === 'ambiguous' ? f.possible.map((p) => p.action).join(' or ') : f.action;
  const processes = f.tasks.map((t) => [...(t.tid === 0 ? [] : ['pid ' + (t.pid === undefined ? t.tid : t.pid)]), ...(t.comm === undefined ? [] : [t.comm])].join(' ')).filter((p) => p !== '');
  const arch = f.call.arch || 'unknown ABI';
  findings.push({ ...f, kind, action, processes, arch, place: f.first.file + ':' + f.first.line,
    text: [kind, arch, f.text, action, f.first.file, f.why || '', ...processes].join('\n').toLowerCase(), shown: f.text });
}
function choices(id, values) {
  for (const value of [...new Set(values)].sort()) by(id).append(make('option', { value }, value.length > 60 ? value.slice(0, 60) + '…' : value));
}
choices('kind', findings.map((f) => f.kind));
choices('action', findings.map((f) => f.action));
choices('process', findings.flatMap((f) => f.processes));
const KEYS = {
  call: (f) => f.arch + ' ' + f.shown, action: (f) => f.action, count: (f) => -f.count, process: (f) => f.processes.join(), first: (f) => f.first.line,
};
const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
const STEP = 200;
let most = STEP;
let descending = false;
function chosen() {
  const words = by('search').value.toLowerCase().split(' ').filter((w) => w !== '');
  const [kind, action, process, sort] = ['kind', 'action', 'process', 'sort'].map((id) => by(id).value);
  const list = findings.filter((f) => words.every((w) => f.text.includes(w)) && (kind === '' || f.kind === kind) &&
    (action === '' || f.action === action) && (process === '' || f.processes.includes(process)));
  if (sort !== '') list.sort((a, b) => compare(KEYS[sort](a), KEYS[sort](b)) * (descending ? -1 : 1));
  return list;
}
function details(f) {
  const box = make('td', { colspan: 5 });
  const line = (text) => box.append(make('div', {}, text));
  line('reached ' + number(f.counts.reached) + ', hypothetical ' + number(f.counts.hypothetical) + ', unreachable ' + number(f.counts.unreachable));
  line('first ' + f.place + ', last ' + f.last.file + ':' + f.last.line);
  if (f.why !== undefined) line(f.why);
  for (const rule of f.rules) {
    line('rule ' + rule.index + (f.kind === 'ambiguous' ? ' may decide' : ' decides') + ', ' + (data.profile || 'profile') + ':' + rule.line + ':' + rule.column);
    box.append(make('pre', { class: 'mono' }, rule.frame));
  }
  if (f.path !== undefined) {
    line('instructions that ran, jt and jf the way that a jump went:');
    box.append(make('pre', { class: 'mono path' }, f.path.map((s) => String(s.pc).padStart(5) + ': ' + s.text + (s.taken === undefined ? '' : ' (' + s.taken + ')')).join('\n')));
  }
  if (f.allow !== undefined && f.kind !== 'logged') { line('to allow it:'); box.append(make('pre', { class: 'mono' }, f.allow)); }
  if (f.call.arch !== undefined && data.decisions.some((d) => d.arch === f.call.arch)) {
    const jump = make('button', { type: 'button' }, 'How it is decided');
    jump.addEventListener('click', () => { pick(f.call.arch, f.call.name, f.rules.map((r) => r.index)); by('decision').scrollIntoView(); by('syscall').focus(); });
    box.append(jump);
  }
  return make('tr', { class: 'more' }, box);
}
function show() {
  const list = chosen();
  by('rows').replaceChildren();
  for (const f of list.slice(0, most)) {
    const open = make('button', { type: 'button', class: 'mono', 'aria-expanded': 'false' }, f.arch + ' ' + f.shown);
    const cell = (label, text, css) => make('td', { 'data-label': label, class: css || '' }, text);
    const row = make('tr', {}, make('td', { class: 'name' }, open), cell('verdict:', f.action, f.kind), cell('times:', number(f.count)),
      cell('by:', listed(f.processes, 2)), cell('first:', f.place));
    open.addEventListener('click', () => {
      const isOpen = open.getAttribute('aria-expanded') === 'true';
      open.setAttribute('aria-expanded', String(!isOpen));
      if (isOpen) row.nextSibling.remove();
      else row.after(details(f));
    });
    by('rows').append(row);
  }
  by('shown').textContent = number(Math.min(most, list.length)) + ' of ' + number(list.length) + ' findings shown' +
    (list.length < findings.length ? ', ' + number(findings.length) + ' in all' : '');
  by('further').hidden = list.length <= most;
  for (const head of document.querySelectorAll('th')) {
    head.setAttribute('aria-sort', head.dataset.key !== by('sort').value ? 'none' : descending ? 'descending' : 'ascending');
  }
  timeline(list);
}
if (data.left.findings > 0) {
  by('left').hidden = false;
  by('left').textContent = number(data.left.findings) + ' more findings, the last of ' + number(findings.length + data.left.findings) +
    ', are left out of this page. The JSON report has them all.';
}
for (const id of ['search', 'kind', 'action', 'process', 'sort']) by(id).addEventListener('input', () => { most = STEP; if (id === 'sort') descending = false; show(); });
for (const head of document.querySelectorAll('th')) head.firstChild.addEventListener('click', () => {
  descending = by('sort').value === head.dataset.key && !descending;
  by('sort').value = head.dataset.key;
  show();
});
by('further').addEventListener('click', () => { most += STEP; show(); });

/* Timeline: where in the traces, counted in calls, the chosen findings stand */
function timeline(list) {
  const svg = by('timeline');
  svg.replaceChildren();
  const binned = list.filter((f) => f.timeline !== undefined);
  by('timeline-about').textContent = binned.length === list.length ? '' : number(list.length - binned.length) + ' findings have no timeline';
  const width = Math.max(280, svg.clientWidth || 600);
  const height = 130;
  svg.setAttribute('viewBox', '0 0 ' + width + ' ' + height);
  const step = binned.length > 0 ? binned[0].timeline.width : 1;
  const bins = Math.max(1, Math.ceil(data.totals.events / step));
  const sums = Array.from({ length: bins }, () => ({ denied: 0, ambiguous: 0, logged: 0 }));
  for (const f of binned) f.timeline.counts.forEach((n, i) => { sums[i][f.kind] += n; });
  const top = Math.max(1, ...sums.map((s) => s.denied + s.ambiguous + s.logged));
  const each = (width - 16) / bins;
  sums.forEach((sum, i) => {
    let y = height - 24;
    for (const [kind, css] of [['denied', 'd'], ['ambiguous', 'a'], ['logged', 'l']]) {
      const h = sum[kind] === 0 ? 0 : Math.max(2, (sum[kind] / top) * (height - 46));
      y -= h;
      if (h > 0) draw(svg, 'rect', { class: css, x: 8 + i * each, y, width: Math.max(1, each - 1), height: h });
    }
  });
  draw(svg, 'line', { class: 'edge', x1: 8, x2: width - 8, y1: height - 24, y2: height - 24 });
  draw(svg, 'text', { x: 8, y: height - 8, class: 'soft' }, 'call 1');
  draw(svg, 'text', { x: width - 8, y: height - 8, class: 'soft', 'text-anchor': 'end' }, 'call ' + number(data.totals.events));
  draw(svg, 'text', { x: 8, y: 14, class: 'soft' }, 'most in one bar: ' + number(top) + ' (' + number(step) + (step === 1 ? ' call a bar)' : ' calls a bar)'));
  svg.setAttribute('aria-label', 'Timeline of ' + number(binned.length) + ' findings in ' + number(bins) + ' bars');
}

/* Decision of one call */
let picked = { arch: '', name: '', rules: [] };
function pick(arch, name, rules) {
  picked = { arch, name, rules };
  by('abi').value = arch;
  by('syscall').value = name;
  decision();
}
/* Broken between words where there are any. */
function pieces(text, size) {
  const lines = [];
  let rest = text;
  while (rest.length > size) {
    const space = rest.lastIndexOf(' ', size);
    const end = space > size / 3 ? space : size;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...lines, rest];
}
function decision() {
  const svg = by('tree');
  svg.replaceChildren();
  const abi = data.decisions.find((d) => d.arch === picked.arch);
  const found = abi && abi.calls.find((c) => c.name === picked.name);
  const isAsked = abi !== undefined && picked.name !== '';
  svg.style.display = isAsked ? 'block' : 'none';
  by('tree-about').textContent = !isAsked ? 'Choose a call.' : found ? picked.name + ' on ' + picked.arch + ' is call ' + found.nr :
    'No rule names this call on ' + picked.arch + '.';
  if (!isAsked) return;
  const width = Math.max(280, svg.clientWidth || 600);
  const left = Math.floor(width * (width < 500 ? 0.47 : 0.56));
  const right = width - left - 56;
  const fit = (space) => Math.max(8, Math.floor((space - 16) / 7.4));
  const MOST = 40;
  const all = found ? found.rules : [];
  const rules = all.slice(0, MOST);
  const rows = rules.map((r) => ({ test: r.conditions.length === 0 ? ['always'] : r.conditions.flatMap((c, i) => pieces((i > 0 ? 'and ' : '') + c, fit(left))),
    out: pieces(r.action, fit(right)), index: r.index, isLast: r.conditions.length === 0 }));
  let y = 12;
  const box = (x, w, lines, css) => {
    const h = lines.length * 17 + 12;
    draw(svg, 'rect', { class: css, x, y, width: w, height: h, rx: 6 });
    lines.forEach((line, i) => draw(svg, 'text', { x: x + 8, y: y + 20 + i * 17 }, line));
    return h;
  };
  rows.forEach((row) => {
    const css = picked.rules.includes(row.index) ? 'box used' : 'box';
    const h = Math.max(box(8, left, ['rule ' + row.index, ...row.test], css), box(left + 48, right, row.out, css));
    draw(svg, 'path', { class: 'edge', d: 'M' + (left + 8) + ' ' + (y + 16) + 'h36m-6 -5l6 5l-6 5' });
    draw(svg, 'text', { x: left + 13, y: y + 11, class: 'soft' }, 'yes');
    y += h;
    if (row.isLast) return;
    draw(svg, 'path', { class: 'edge', d: 'M24 ' + y + 'v22m-5 -6l5 6l5 -6' });
    draw(svg, 'text', { x: 34, y: y + 16, class: 'soft' }, 'no');
    y += 24;
  });
  if (all.length > MOST) { draw(svg, 'text', { x: 8, y: y + 14 }, number(all.length - MOST) + ' more rules are not drawn'); y += 24; }
  const endsAlways = all.some((r) => r.conditions.length === 0);
  const last = found ? found.otherwise : abi.otherwise;
  y += (endsAlways ? 0 : box(8, width - 16, pieces('otherwise: ' + last, fit(width - 16)), 'box')) + 12;
  svg.setAttribute('viewBox', '0 0 ' + width + ' ' + y);
  svg.setAttribute('height', y);
  svg.setAttribute('aria-label', 'Decision for ' + picked.name + ': ' +
    rules.map((r) => 'if ' + (r.conditions.join(' and ') || 'always') + ' then ' + r.action).join('; ') + (endsAlways ? '' : '; otherwise ' + last));
}
by('decision').hidden = data.decisions.length === 0;
for (const { arch } of data.decisions) by('abi').append(make('option', { value: arch }, arch));
function names() {
  const abi = data.decisions.find((d) => d.arch === by('abi').value);
  by('calls').replaceChildren(...(abi ? abi.calls.map((c) => make('option', { value: c.name })) : []));
}
by('abi').addEventListener('input', () => { names(); pick(by('abi').value, by('syscall').value, []); });
by('syscall').addEventListener('input', () => pick(by('abi').value, by('syscall').value.trim(), []));
names();
{
  const first = findings.find((f) => data.decisions.some((d) => d.arch === f.call.arch && d.calls.some((c) => c.name === f.call.name)));
  const abi = data.decisions[0];
  if (first) pick(first.call.arch, first.call.name, first.rules.map((r) => r.index));
  else if (abi && abi.calls.length > 0) pick(abi.arch, abi.calls[0].name, []);
  else decision();
}

/* Coverage */
by('coverage').hidden = data.coverage === undefined;
if (data.coverage !== undefined) {
  const { rules, unusedCalls } = data.coverage;
  const hits = (r) => r.hits + r.possibleHits;
  const bar = (part, whole) => { const i = make('i'); i.style.setProperty('width', (whole === 0 ? 0 : Math.max(part > 0 ? 1 : 0, (100 * part) / whole)) + '%'); return make('div', { class: 'bar' }, i); };
  const used = rules.filter((r) => hits(r) > 0).length;
  by('used').replaceChildren(number(used) + ' of ' + number(rules.length) + ' rules used', bar(used, rules.length));
  const top = rules.reduce((most, r) => Math.max(most, hits(r)), 0);
  const MOST_RULES = 500;
  for (const r of [...rules].sort((a, b) => hits(a) - hits(b) || a.ruleIndex - b.ruleIndex).slice(0, MOST_RULES)) {
    const unseen = r.unseen.length === 0 ? [] : [make('div', { class: 'soft' }, 'never seen: ' + listed(r.unseen.map((u) => 'arg' + u.argIndex + ' ' + u.value), 8))];
    by('rules').append(make('div', { class: 'rule' }, make('span', {}, 'rule ' + r.ruleIndex), make('div', {}, make('span', { class: 'mono' }, listed(r.names, 8)), ...unseen),
      bar(hits(r), top), make('span', { class: hits(r) === 0 ? 'ambiguous' : '' }, hits(r) === 0 ? 'never used' : number(hits(r)) + (hits(r) === 1 ? ' call' : ' calls'))));
  }
  if (rules.length > MOST_RULES) by('rules').append(make('p', { class: 'soft' }, 'and ' + number(rules.length - MOST_RULES) + ' more rules, which were used more often'));
  const dangerous = unusedCalls.filter((c) => c.danger > 0);
  by('unused').textContent = number(unusedCalls.length) + ' allowed calls were never made' + (dangerous.length > 0 ? '; the dangerous ones:' : '.');
  for (const c of dangerous) by('dangerous').append(make('li', {}, make('code', {}, c.name), ' (' + c.arches.join(', ') + ')' + (c.why === undefined ? '' : ': ' + c.why)));
}

/* What could not be decided, and what was read */
by('lacking').hidden = data.lacking === undefined;
if (data.lacking !== undefined) {
  by('lacking-title').textContent = 'What Linux ' + data.lacking.kernel + ' lacks';
  for (const l of data.lacking.calls) by('lacking-list').append(make('li', {}, make('code', {}, (l.call.arch || 'unknown ABI') + ' ' + (l.call.name || l.call.nr)), ', ' + number(l.count) + ' times, first ' + l.first.file + ':' + l.first.line + ': ' + l.why));
  if (data.lacking.calls.length === 0) by('lacking-list').append(make('li', {}, 'nothing: it has every call of the trace that is known'));
}
by('undecided').hidden = data.undecided.length === 0;
for (const u of data.undecided) by('undecided-list').append(make('li', {}, make('code', {}, u.call.name), ', ' + number(u.count) + ' times, first ' + u.first.file + ':' + u.first.line + ': ' + u.why));
if (data.left.undecided > 0) by('undecided-list').append(make('li', {}, 'and ' + number(data.left.undecided) + ' more, which the JSON report has'));
for (const s of data.sources) {
  const lines = [...s.incomplete.map((why) => 'incomplete: ' + why), ...(s.hasArguments ? [] : ['this format carries no arguments']),
    ...(s.hasArch ? [] : ['this format does not tell the architecture']), ...s.diagnostics.map((d) => d.severity + ': ' + d.message),
    ...s.firstUnread.map((u) => 'line ' + u.line + ' not understood: ' + u.text)];
  by('sources').append(make('li', {}, make('code', {}, s.file), ': ' + s.format + (s.detected === undefined ? '' : ' (' + s.detected + ')') + ', ' + number(s.lines) + ' lines, ' + number(s.calls) +
    ' calls, ' + number(s.other) + ' other, ' + number(s.unread) + ' not understood', make('ul', {}, ...lines.map((l) => make('li', {}, l)))));
}
by('notes').append(...data.notes.map((n) => make('li', {}, n.severity + ': ' + n.message)));

/* Dark and light */
const root = document.documentElement;
const dark = matchMedia('(prefers-color-scheme: dark)');
function theme(name) { root.dataset.theme = name; by('theme').textContent = name === 'dark' ? 'Light' : 'Dark'; }
theme(dark.matches ? 'dark' : 'light');
dark.addEventListener('change', () => theme(dark.matches ? 'dark' : 'light'));
by('theme').addEventListener('click', () => theme(root.dataset.theme === 'dark' ? 'light' : 'dark'));
show();
addEventListener('resize', () => { timeline(chosen()); decision(); });
root.dataset.ready = 'yes';
`;
