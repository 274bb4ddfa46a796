/** `campaign.mjs PART SEED`: one part of the campaign in a process of its own; scripts/kernel.mjs starts them. */
import { FULL, runPart } from './all.ts';
import { kernelAbsent } from './ask.ts';
import { lengthsAbsent } from './limits.ts';
import { QUESTIONS } from './qemu/all.ts';

const [name, seed] = process.argv.slice(2);
if (name === undefined) {
  const why = kernelAbsent();
  console.log(
    JSON.stringify({
      why,
      parts: [...FULL.keys()],
      machines: QUESTIONS.map((question) => question.name),
      ...(why === undefined && { lengths: lengthsAbsent() }),
    }),
  );
} else {
  console.log(JSON.stringify(await runPart(name, Number(seed))));
}
