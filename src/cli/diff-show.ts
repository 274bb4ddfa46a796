/** Groups of changes as lines and as data, and which of them make a command fail. */
import { InvalidArgumentError, Option } from 'commander';
import { describeWord } from '../arch/index.ts';
import { describeCall } from '../assert/index.ts';
import { hex } from '../num/index.ts';
import { changeText, type Group, whereText } from '../view/index.ts';
import { list } from './options.ts';

const FAIL_ON = ['loosened', 'tightened', 'changed', 'any', 'none'];

function failOn(text: string, before: readonly string[] | undefined): readonly string[] {
  const all = list(text.toLowerCase(), before);
  const wrong = all.find((word) => !FAIL_ON.includes(word));
  if (wrong !== undefined) throw new InvalidArgumentError(`Allowed choices are ${FAIL_ON.join(', ')}.`);
  if (all.length > 1 && all.includes('none')) throw new InvalidArgumentError("'none' stands alone.");
  return all;
}

export function failOnOption(): Option {
  return new Option('--fail-on <classes>', `which differences make the exit status 1: ${FAIL_ON.join(', ')}`)
    .argParser(failOn)
    .default(undefined, 'any');
}

/** Whether any of these is of a class that fails; without classes each is. */
export function isFailure(groups: readonly Group[], classes: readonly string[] = ['any']): boolean {
  return groups.some(({ kind }) => classes.includes('any') || classes.includes(kind.toLowerCase()));
}

export function groupLines(group: Group): readonly string[] {
  const where = whereText(group.where);
  return [
    `${group.kind}: ${changeText(group)}`,
    `  ${group.arches.join(', ')}: ${group.callsText}`,
    ...(where === '' ? [] : [`  where ${where}`]),
    `  such as ${describeCall(group.example.data)}`,
  ];
}

export function groupData(group: Group): Record<string, unknown> {
  const { data, words } = group.example;
  const { calls, except, others } = group.calls ?? { calls: [], except: true, others: 'all' };
  return {
    kind: group.kind,
    from: group.from ?? null,
    to: group.to ?? null,
    architectures: group.arches,
    numbers: group.callsText,
    calls,
    // True: every call of these ABIs but those.
    except,
    otherNumbers: typeof others === 'bigint' ? String(others) : others,
    where: group.where,
    count: String(group.count),
    example: {
      call: describeCall(data),
      arch: data.arch,
      nr: data.nr,
      args: data.args.map(hex),
      from: describeWord(words[0]),
      to: describeWord(words[1]),
    },
    withoutEffect: group.outside,
    ignored: group.ignored?.reason ?? null,
  };
}
