import type { FakeOffline } from '../detectors/fake-offline.ts';
import type { Rule } from '../rule.ts';
import { aRule } from './builders.ts';

type Sign = FakeOffline['sign'];

const common = { confirmAfterMinutes: 60, clearAfterMinutes: 60, falseAlarmsPerMonth: 0.1 };

/** The parameters that the shipped rules state; core reads no file, so they are repeated here. */
const parameters: { readonly [S in Sign]: Extract<FakeOffline, { sign: S }> } = {
  silent: { sign: 'silent', ...common, confirmAfterMinutes: 30, clearAfterMinutes: 720, faultGraceMinutes: 240 },
  flicker: {
    sign: 'flicker',
    ...common,
    confirmAfterMinutes: 40,
    clearAfterMinutes: 180,
    faultGraceMinutes: 240,
    longestDropMinutes: 45,
    leastDrops: 4,
    usualDropsPerDay: 2,
  },
  frozen: { sign: 'frozen', ...common },
  replayed: { sign: 'replayed', ...common },
  zero: { sign: 'zero', ...common, confirmAfterMinutes: 30 },
  identical: { sign: 'identical', ...common, confirmAfterMinutes: 30 },
};

/** A rule against false offline that looks for one sign of it. */
export function aFakeOfflineRule(sign: Sign): Rule {
  return aRule({
    id: `fake-offline-${sign}`,
    detector: 'fake-offline',
    title: { en: 'False offline', zh: '虚假离线' },
    parameters: parameters[sign] as never,
  }) as Rule;
}
