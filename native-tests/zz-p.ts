import { machineAbsent } from './kernel/qemu/boot.ts';
import { MACHINES } from './kernel/qemu/machines.ts';
import { compareProfiles } from './kernel/qemu/profiles.ts';

for (const m of MACHINES) {
  if (process.argv.length > 2 && !process.argv.slice(2).includes(m.name)) continue;
  const why = machineAbsent(m);
  if (why) {
    console.log(m.name, 'absent', why);
    continue;
  }
  try {
    const t = Date.now();
    const r = compareProfiles(m);
    console.log(r.compared, r.disagreed, r.note, Date.now() - t);
    for (const d of r.disagreements) console.log('   ', d);
  } catch (e) {
    console.log(m.name, e);
  }
}
