/** The path of a call of which some bits are unknown, against runs of the interpreter with everything filled in. */
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { arch, lowWordOffset, type SeccompData } from '../../src/arch/index.ts';
import type { RawInsn } from '../../src/bpf/index.ts';
import { assemble, compile, parseProfile, resolvePolicy } from '../../src/index.ts';
import { type CheckedProgram, check, run, trace } from '../../src/kernel/index.ts';
import {
  Calls,
  Decider,
  known,
  knownLow,
  type PathStep,
  readTrace,
  replay,
  type TracedArg,
} from '../../src/trace/index.ts';
import { Paths } from '../../src/trace/path.ts';
import { suite } from '../suite.ts';

const X86 = arch('x86_64');
const WHOLE = 0xffff_ffff_ffff_ffffn;
const SOCKET = 41;

const value = fc.oneof(
  fc.constantFrom(0n, 1n, 38n, 0x7fff_ffffn, 0xffff_ffffn, 1n << 32n, WHOLE),
  fc.bigInt(0n, WHOLE),
);
const arg = fc.option(fc.record({ known: fc.oneof(fc.constantFrom(WHOLE, 0xffff_ffffn), value), value }), {
  nil: undefined,
});

/** Forward jumps, loads of the fields, arithmetic on both registers, scratch memory; ends in a return. */
const insn = (left: number) =>
  fc.oneof(
    fc.constantFrom(0, 4, 8, 16, 20, 24, 28).map((off): RawInsn => ({ code: 0x20, jt: 0, jf: 0, k: off })),
    fc
      .record({
        code: fc.constantFrom(0x15, 0x25, 0x35, 0x45, 0x1d, 0x2d, 0x3d, 0x4d),
        k: fc.constantFrom(0, 1, 38, 41, 255, 0xffff_ffff),
        jt: fc.nat(Math.min(left, 3)),
        jf: fc.nat(Math.min(left, 3)),
      })
      .map((raw): RawInsn => raw),
    fc
      .record({
        code: fc.constantFrom(0x04, 0x14, 0x24, 0x44, 0x54, 0xa4, 0x0c, 0x1c, 0x2c, 0x3c, 0x4c, 0x5c, 0xac, 0x6c, 0x7c),
        k: fc.constantFrom(0, 1, 38, 255, 0xffff_ff00),
      })
      .map(({ code, k }): RawInsn => ({ code, jt: 0, jf: 0, k })),
    fc
      .record({ code: fc.constantFrom(0x64, 0x74), k: fc.nat(31) })
      .map(({ code, k }): RawInsn => ({ code, jt: 0, jf: 0, k })),
    fc.constantFrom(0x07, 0x87, 0x84, 0x80, 0x81).map((code): RawInsn => ({ code, jt: 0, jf: 0, k: 0 })),
    fc.constantFrom(0x00, 0x01).map((code): RawInsn => ({ code, jt: 0, jf: 0, k: 38 })),
  );
const LENGTH = 14;
const program = fc
  .tuple(...Array.from({ length: LENGTH }, (_, i) => insn(LENGTH - i - 1)))
  .map((insns): readonly RawInsn[] => [
    // Scratch memory is stored to before it is read.
    { code: 0x02, jt: 0, jf: 0, k: 0 },
    ...insns,
    { code: 0x60, jt: 0, jf: 0, k: 0 },
    { code: 0x06, jt: 0, jf: 0, k: 0x7fff_0000 },
  ]);

const checked = (insns: readonly RawInsn[]): CheckedProgram => {
  const verdict = check(insns);
  if (!verdict.ok) throw new Error(verdict.message);
  return verdict.program;
};
const pcs = (path: readonly PathStep[] | undefined) => path?.map(({ pc }) => pc);

suite('trace/path', (test) => {
  test('every completion runs it; and where all is known there is one', () => {
    let found = 0;
    let none = 0;
    fc.assert(
      fc.property(
        program,
        fc.tuple(arg, arg),
        fc.array(fc.tuple(value, value, value), { minLength: 12, maxLength: 12 }),
        (insns, args, rest) => {
          const made = checked(insns);
          const known = args.map((a): TracedArg | undefined => a && { known: a.known, value: a.value & a.known });
          const path = new Paths(made).of({ arch: X86, nr: SOCKET, args: known });
          if (path === undefined) none += 1;
          else found += 1;
          for (const [ip, ...fill] of rest) {
            const filled = fill.map((word, i) => {
              const { known: mask = 0n, value: bits = 0n } = known[i] ?? {};
              return (word & ~mask) | bits;
            });
            const [a = 0n, b = 0n] = filled;
            const data: SeccompData = {
              nr: SOCKET,
              arch: X86.audit,
              instructionPointer: ip,
              args: [a, b, 0n, 0n, 0n, 0n],
            };
            if (path !== undefined) assert.equal(pcs(path), trace(made, data).pcs);
            const readsPointer = insns.some(({ code, k }) => code === 0x20 && k === 8);
            if (readsPointer) continue;
            const all = filled.map((word) => ({ known: WHOLE, value: word }));
            const whole = new Paths(made).of({ arch: X86, nr: SOCKET, args: all });
            assert.equal(pcs(whole), trace(made, data).pcs);
          }
        },
      ),
      { numRuns: 400 },
    );
    assert.ok(found > 50 && none > 50, `${found} paths, ${none} without`);
  });

  test('the way that a jump went is what the next instruction says', () => {
    const policy = resolvePolicy(
      parseProfile(
        '{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["socket"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"op":"SCMP_CMP_NE","value":38}]}]}',
      ),
      { arches: ['x86_64'] },
    );
    const made = compile(policy);
    const call = new Calls().intern(X86, SOCKET, 'socket', [known(38n)]);
    const verdict = new Decider(made).decide(call);
    const path = verdict?.path ?? [];
    assert.is(
      verdict?.word,
      run(made, { nr: SOCKET, arch: X86.audit, instructionPointer: 0n, args: [38n, 0n, 0n, 0n, 0n, 0n] }),
    );
    for (const [i, { pc, taken }] of path.entries()) {
      const { jt = 0, jf = 0 } = made.insns[pc] ?? {};
      if (taken !== undefined) assert.is(path[i + 1]?.pc, pc + 1 + (taken === 'jt' ? jt : jf));
    }
    assert.match(path.at(-1)?.text ?? '', /^ret /);
    assert.is(new Decider(policy).decide(call)?.path, undefined, 'a policy has rules');
  });

  test('none where the trace does not tell the way, even if the answer is the same', () => {
    const two = checked(
      assemble(`ld [${lowWordOffset(0, 'little')}]\njeq #38, a, b\na: ret #0x50001\nb: ret #0x50001`),
    );
    const calls = new Calls();
    const unsure = new Decider(two).decide(calls.intern(X86, SOCKET, 'socket', []));
    assert.equal([unsure?.confidence, unsure?.path], ['exact', undefined]);
    const sure = new Decider(two).decide(calls.intern(X86, SOCKET, 'socket', [knownLow(38n)]));
    assert.equal(pcs(sure?.path), [0, 1, 2]);
    assert.is(
      new Decider(two).decide(calls.intern(undefined, SOCKET, '', [known(38n)]))?.path,
      undefined,
      'several ABIs',
    );
  });
});

const bytes = (text: string) => new TextEncoder().encode(text);
const TRACE =
  '7 [ 257] openat(0xffffff9c, 0x7ff, 0, 0) = 3\n7 [ 435] clone3(0x7ff, 0x58) = 8\n8 [ 435] clone3(0x7ff, 0x58) = 9\n7 [ 134] uselib(0x7ff) = -1\n7 [ 335] uretprobe() = -1\n7 [ 999] syscall_0x3e7(0, 0, 0, 0, 0, 0) = -1\n7 [   2] open(0x7ff, 0, 0) = 3\n';

suite('trace/lacking', (test) => {
  const allow = '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[]}';
  const lacking = async (kernel: string | undefined, arches: readonly string[], asked?: string) => {
    const policy = resolvePolicy(parseProfile(allow), { arches, kernel });
    const result = await replay(policy, readTrace(bytes(TRACE)), { kernel: asked });
    return result.lacking?.calls.map(({ call, count, why }) => `${call.name} ${count} ${why}`);
  };
  const UNKNOWN = 'syscall_0x3e7 1 x86_64 has no call of this number';

  test('what came later, what has gone, what nobody has', async () => {
    assert.equal(await lacking('5.2', ['x86_64']), [
      'clone3 2 there since Linux 5.3',
      UNKNOWN,
      'uretprobe 1 there since Linux 6.11',
    ]);
    assert.equal(await lacking('5.3', ['x86_64']), [UNKNOWN, 'uretprobe 1 there since Linux 6.11']);
    assert.equal(await lacking('6.12', ['x86_64']), [UNKNOWN]);
  });

  test('another architecture', async () => {
    const found = (await lacking('6.12', ['aarch64'])) ?? [];
    assert.ok(found.includes('open 1 no call of aarch64'));
    assert.not(found.some((each) => each.startsWith('openat')));
  });

  test('only where somebody asks; for a program too', async () => {
    assert.is(await lacking(undefined, ['x86_64']), undefined);
    assert.is((await lacking(undefined, ['x86_64'], '2.6'))?.length, 3);
    const all = checked(assemble('ret #0x7fff0000'));
    assert.is((await replay(all, readTrace(bytes(TRACE)), { kernel: '5.2' })).lacking?.calls.length, 3);
  });
});
