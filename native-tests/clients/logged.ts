/** SCMP_ACT_LOG: the call goes through as if nothing were there, and the kernel's log has a line of it. */
import { spawnSync } from 'node:child_process';
import { setTimeout as after } from 'node:timers/promises';
import { CALLS } from './calls.ts';
import { BUBBLEWRAP } from './each/bwrap.ts';
import { materialOf } from './material.ts';
import { PROFILES } from './profiles.ts';
import { Session } from './session.ts';

const TRIES = 20;
const PAUSE = 1000;

/** @see Linux kernel/auditsc.c audit_seccomp(); the code is SECCOMP_RET_LOG */
const LINE = /type=1326 .*comm="witness" .*sig=0 .*code=0x7ffc0000/;

const lines = (): ReadonlySet<string> => {
  const { stdout } = spawnSync('dmesg', { encoding: 'utf8', maxBuffer: 64 << 20 });
  return new Set((stdout ?? '').split('\n').filter((line) => LINE.test(line)));
};

/** Whether the kernel's log gets a new line. It takes few in a second, and none where auditd takes them. */
export async function isLogged(): Promise<boolean> {
  const profile = PROFILES.find(({ name }) => name === 'distinct outcomes');
  const call = CALLS.find(({ title }) => title.startsWith('request_key'));
  const form = BUBBLEWRAP.forms[0];
  if (profile === undefined || call === undefined || form === undefined) throw new Error('nothing to log');
  return Session.with(BUBBLEWRAP, async (session) => {
    const before = lines();
    for (let i = 0; i < TRIES; i++) {
      await session.observe((run) => form.start(run, materialOf(profile)), [call]);
      if ([...lines()].some((line) => !before.has(line))) return true;
      await after(PAUSE);
    }
    return false;
  });
}
