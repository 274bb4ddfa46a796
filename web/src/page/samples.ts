/** The profiles of profiles/, and one with mistakes to look at. Their texts are put in by the build. */
import containerDefault from '../../../profiles/container-default.jsonc';
import goService from '../../../profiles/go-service.jsonc';
import noNetwork from '../../../profiles/no-network.jsonc';
import nodeService from '../../../profiles/node-service.jsonc';
import withMistakes from '../../samples/with-mistakes.jsonc';

export interface Sample {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly text: string;
}

export const SAMPLES: readonly Sample[] = [
  {
    name: 'container-default.jsonc',
    title: 'Container default',
    about: 'Any container: what Docker’s default profile denies, and a little more.',
    text: containerDefault,
  },
  {
    name: 'node-service.jsonc',
    title: 'Node.js service',
    about: 'An HTTP service: no child processes, no raw sockets, no io_uring.',
    text: nodeService,
  },
  { name: 'go-service.jsonc', title: 'Go service', about: 'A Go service or operator, static or cgo.', text: goService },
  {
    name: 'no-network.jsonc',
    title: 'No network',
    about: 'Anything but reaching others; everything else is allowed.',
    text: noNetwork,
  },
  {
    name: 'with-mistakes.jsonc',
    title: 'With mistakes',
    about: 'What people get wrong, to see how it is said and mended.',
    text: withMistakes,
  },
];
