/** What is proved of an input, in words that claim no more than was shown. */
import { describeWord } from '../../../src/arch/index.ts';
import { describeCall } from '../../../src/assert/index.ts';
import { forTerminal } from '../../../src/diag/index.ts';
import type { ProofShown } from '../protocol.ts';
import type { Subject } from './subject.ts';

const NOTHING: Readonly<Record<Subject['kind'], string>> = {
  profile: 'No program was made, so nothing is proved: the profile has errors.',
  assembler: 'A program alone has nothing that it could be equal to. Compare it with a profile to have that proved.',
  program: 'A program alone has nothing that it could be equal to. Compare it with a profile to have that proved.',
  elf: 'The file carries no profile beside its filter. Compare it with one to have it proved equal.',
  'bare-elf': 'The file carries no filter.',
};

export function proofShown({ proof, kind }: Subject): ProofShown {
  if (proof === undefined) return { state: 'none', words: [NOTHING[kind]] };
  const side = kind === 'elf' ? 'the profile beside it' : 'the profile';
  if (proof.proved) {
    const { numbers } = proof.outside;
    return {
      state: 'proved',
      words: [
        `The program and ${side} give every call the same answer: for every architecture, number and argument value, over all 2^512 inputs.`,
        `Shown by code that shares nothing with the compiler: both sides were turned into one decision diagram of ${proof.nodes} nodes.`,
        `Not claimed: x86_64 calls ${numbers.join(' and ')}, which Linux shows to no filter.`,
      ],
    };
  }
  if (proof.undecided) return { state: 'undecided', words: [`Undecided: ${proof.why}. Nothing is claimed.`] };
  const { data, words } = proof.counterexample;
  const call = forTerminal(describeCall(data));
  return {
    state: 'disproved',
    words: [
      `The program and ${side} are not equal: ${call} gets ${describeWord(words[0])} from the program, the profile says ${describeWord(words[1])}.`,
      `${proof.count} of 2^512 inputs differ.`,
    ],
  };
}
