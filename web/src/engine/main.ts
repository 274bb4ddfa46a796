/**
 * The engine: the library behind a mailbox. It runs in a Worker that the page makes of this text; where a browser lets no
 * Worker be made, the page runs the same text itself and talks to it by the same messages; between pieces of work it gives
 * way to the page's `pause`.
 */
import type { Ask, Reply, StartEngine } from '../protocol.ts';
import { MENU, Session } from './session.ts';
import { thrown } from './shown.ts';

const engine: StartEngine = (send, pause) => {
  const session = new Session(pause);
  send({ id: 0, kind: 'done', answer: MENU });
  return async (ask) => {
    try {
      const answer = await session.answer(ask, (part) => send({ id: ask.id, kind: 'part', part }));
      send({ id: ask.id, kind: 'done', answer });
    } catch (error) {
      const text = ask.kind === 'compare' && ask.given.kind === 'text' ? ask.given.text : undefined;
      send({ id: ask.id, kind: 'failed', findings: thrown(error, text) });
    }
  };
};

if (typeof document === 'undefined') {
  const scope = globalThis as unknown as {
    postMessage: (reply: Reply) => void;
    onmessage: (event: { readonly data: Ask }) => void;
  };
  const take = engine(
    (reply) => scope.postMessage(reply),
    () => Promise.resolve(),
  );
  scope.onmessage = ({ data }) => take(data);
} else {
  globalThis.seccompcEngine = engine;
}
