/** What only some replays have: the way through a program, and what a kernel lacks; in every format. */
import * as assert from 'uvu/assert';
import { assemble, check } from '../../src/index.ts';
import { REPORT_FORMATS, type ReportFormat, render } from '../../src/report/index.ts';
import { type Replay, readTrace, replay } from '../../src/trace/index.ts';
import { suite } from '../suite.ts';

const PROGRAM =
  'ld [4]\njeq #0xc000003e, next, bad\nnext: ld [0]\njeq #41, bad, good\nbad: ret #0x50001\ngood: ret #0x7fff0000';
const TRACE = '7 [  41] socket(0x26, 0x5, 0x0) = 4\n7 [ 435] clone3(0x7ffe, 0x58) = 9\n';

function replayed(kernel: string | undefined, trace: string = TRACE): Promise<Replay> {
  const verdict = check(assemble(PROGRAM));
  if (!verdict.ok) throw new Error(verdict.message);
  return replay(verdict.program, readTrace(new TextEncoder().encode(trace), { file: 'a.strace' }), { kernel });
}

const shown: Readonly<Record<ReportFormat, { readonly path: string | RegExp; readonly lacking: string | RegExp }>> = {
  text: {
    path: /\n +1: jeq #0xc000003e.*\(jt\)\n.*\n +3: jeq #0x29.*\(jt\)\n +4: ret #0x50001 /,
    lacking:
      /\nLinux 5\.2 lacks 1 distinct call\n +a\.strace:2 note REPLAY_LACKING x86_64 clone3\([^)]*\), once: there since Linux 5\.3/,
  },
  json: { path: /"path": \[\s+\{\s+"pc": 0,/, lacking: /"lacking": \{\s+"kernel": "5\.2",/ },
  sarif: { path: /"taken": "jt"/, lacking: /"ruleId": "REPLAY_LACKING"/ },
  junit: {
    path: / 3: jeq #.*\(jt\)/,
    lacking: /<testcase classname="seccompc\.kernel" name="x86_64 clone3\([^)]*\) in Linux 5\.2"/,
  },
  github: {
    path: / 3: jeq #.*\(jt\)/,
    lacking: /^::notice file=a\.strace,line=2,.*not in Linux 5\.2.*there since Linux 5\.3/m,
  },
  html: {
    path: /"path":\[\{"pc":0,/,
    lacking: /"lacking":\{"kernel":"5\.2","calls":\[\{"call":\{"arch":"x86_64","nr":435,"name":"clone3"/,
  },
};

suite('report/program', (test) => {
  for (const format of REPORT_FORMATS) {
    test(`${format} shows the instructions that decide, and what the kernel lacks`, async () => {
      const text = render(format, await replayed('5.2'), { version: '0.1.0' });
      const { path, lacking } = shown[format];
      assert.match(text, path);
      assert.match(text, lacking);
      const unasked = render(format, await replayed(undefined), { version: '0.1.0' });
      if (format !== 'html' && format !== 'sarif') assert.not.match(unasked, /lack|5\.2/i);
    });
  }

  test('that nothing is missing is said, too', async () => {
    assert.match(render('text', await replayed('5.3'), { version: '0.1.0' }), 'Linux 5.3 has every call of the trace');
    const data = JSON.parse(render('json', await replayed('5.3'), { version: '0.1.0' }));
    assert.equal(data.lacking, { kernel: '5.3', calls: [] });
  });
});
