/**
 * False offline (虚假离线): nothing is heard, or nothing that is of the moment, while the load shows production. Silence is
 * told apart first: device, gateway, firm, region, power or the utility's feed; what nobody can tell is unknown.
 */
import Type from 'typebox';
import { fakeOfflineSentence } from '../catalogue/fake-offline.ts';
import { evidenceLimit } from '../load-parameters.ts';
import type { Verdict } from '../records.ts';
import { confirmationLimit } from '../sequential-test.ts';
import type { Detector, TestPolicy } from './detector.ts';
import { flickerLookBackMs, type IdleDrops, judgeFlicker, learnIdleDrops } from './flicker.ts';
import { type IdenticalPlace, identicalLookBackMs, identicalPlaces, judgeIdentical } from './identical-readings.ts';
import { isLive, type LivePlace, livePlaces, restLookBackMs } from './live-place.ts';
import { judgeReplayed, learnRepeats, type RepeatCounts } from './replayed-readings.ts';
import { type BySign, signParameters } from './sign-parameters.ts';
import { type SilencePlace, silencePlaces, silenceStepMs } from './silence.ts';
import { judgeSilence } from './silent.ts';
import { judgeFrozen, judgeZero } from './still-readings.ts';

const common = {
  confirmAfterMinutes: Type.Integer({
    minimum: 0,
    maximum: 1440,
    description: 'Contradictory time in all before a confirmation.',
  }),
  clearAfterMinutes: Type.Integer({
    minimum: 0,
    maximum: 1440,
    description: 'A confirmed contradiction ends when nothing has spoken for it for this long.',
  }),
  falseAlarmsPerMonth: Type.Number({
    exclusiveMinimum: 0,
    description: 'Stated bound: expected false confirmations a subject and 30 days of judged time.',
  }),
};

const faultGraceMinutes = Type.Integer({
  minimum: 0,
  maximum: 10_080,
  description: 'For how long a fault of a gateway that is on file excuses silence under a running load.',
});

const signs = {
  silent: { ...common, faultGraceMinutes },
  flicker: {
    ...common,
    faultGraceMinutes,
    longestDropMinutes: Type.Integer({
      minimum: 1,
      maximum: 240,
      description: 'Longer silences are judged one by one, and no drops.',
    }),
    leastDrops: Type.Integer({ minimum: 2, maximum: 100, description: 'Fewer drops never confirm.' }),
    usualDropsPerDay: Type.Number({
      exclusiveMinimum: 0,
      description: 'Quarters of an hour a day in which a good line drops, until its own idle time has shown how often.',
    }),
  },
  frozen: common,
  replayed: common,
  zero: common,
  identical: common,
} as const;

export type FakeOffline = BySign<typeof signs>;

const reasons = {
  heard: 'CONSISTENT',
  'never-heard': 'UNKNOWN',
  'utility-silent': 'UNKNOWN',
  'silent-device': 'UNKNOWN',
  'silent-gateway': 'UNKNOWN',
  'silent-firm': 'UNKNOWN',
  'silent-region': 'UNKNOWN',
  'power-cut': 'UNKNOWN',
  'fault-on-file': 'UNKNOWN',
  'silent-with-its-meters': 'UNKNOWN',
  'silence-not-told-apart': 'UNKNOWN',
  'which-machine-unknown': 'UNKNOWN',
  'judged-with-its-firm': 'UNKNOWN',
  'judged-with-its-gateway': 'UNKNOWN',
  'judged-with-its-meter': 'UNKNOWN',
  'silent-at-rest': 'CONSISTENT',
  'silent-while-running': 'CONTRADICTORY',
  'silent-past-fault': 'CONTRADICTORY',
  'silent-despite-cut': 'CONTRADICTORY',
  'short-silence': 'UNKNOWN',
  'drops-while-running': 'CONTRADICTORY',
  'no-readings': 'UNKNOWN',
  'not-in-use': 'UNKNOWN',
  'readings-not-learned': 'UNKNOWN',
  'readings-hardly-move': 'UNKNOWN',
  'readings-at-zero': 'UNKNOWN',
  'load-of-rest': 'UNKNOWN',
  'load-missing': 'UNKNOWN',
  'load-not-learned': 'UNKNOWN',
  'load-between-modes': 'UNKNOWN',
  'readings-move': 'CONSISTENT',
  'readings-frozen': 'CONTRADICTORY',
  'readings-not-zero': 'CONSISTENT',
  'zero-at-rest': 'CONSISTENT',
  'readings-zero': 'CONTRADICTORY',
  'readings-new': 'CONSISTENT',
  'readings-repeat': 'UNKNOWN',
  'readings-replayed': 'CONTRADICTORY',
  'too-few-readings': 'UNKNOWN',
  'readings-differ': 'CONSISTENT',
  'readings-identical': 'CONTRADICTORY',
} as const satisfies Record<string, Verdict>;

type FakeOfflinePlace = SilencePlace | LivePlace | IdenticalPlace;

export const fakeOffline: Detector<FakeOffline, FakeOfflinePlace> = {
  name: 'fake-offline',
  parameters: signParameters(signs, 'What shows that it is not offline, or that what comes is not of the moment.'),
  reasons,
  places(version, { parameters, equipmentKinds }) {
    switch (parameters.sign) {
      case 'silent':
        return silencePlaces(version, true);
      case 'flicker':
        return silencePlaces(version, false);
      case 'identical':
        return identicalPlaces(version, equipmentKinds);
      default:
        return livePlaces(version, equipmentKinds);
    }
  },
  subjects: (place) => place.subjects,
  judge(view, version, place, startMs, rule, learned) {
    const { parameters } = rule;
    switch (parameters.sign) {
      case 'silent':
        return judgeSilence(view, version, place as SilencePlace, startMs, parameters);
      case 'flicker': {
        const limit = confirmationLimit(policy(parameters), place.stepMs);
        return [judgeFlicker(view, version, place as SilencePlace, startMs, parameters, limit, learned as IdleDrops)];
      }
      case 'frozen':
        return [judgeFrozen(view, version, place as LivePlace, startMs)];
      case 'zero':
        return [judgeZero(view, version, place as LivePlace, startMs)];
      case 'replayed':
        return [judgeReplayed(view, place as LivePlace, startMs, learned as RepeatCounts | undefined)];
      case 'identical':
        return judgeIdentical(view, place as IdenticalPlace, startMs);
    }
  },
  learn(view, version, place, startMs, { parameters }, learned) {
    switch (parameters.sign) {
      case 'flicker':
        return learnIdleDrops(view, version, place as SilencePlace, startMs, learned as IdleDrops | undefined);
      case 'replayed':
        return learnRepeats(
          view,
          place as LivePlace,
          startMs,
          evidenceLimit(view.load),
          learned as RepeatCounts | undefined,
        );
      default:
        return undefined;
    }
  },
  policy,
  // A quarter of an hour holds one drop that counts.
  waitMs: (p) => Math.max(policy(p).confirmAfterMs, p.sign === 'flicker' ? p.leastDrops * silenceStepMs : 0),
  sentence: fakeOfflineSentence,
  indicator: () => null,
  samples: (version, ownerId, indicator, { parameters: { sign } }) =>
    sign !== 'silent' && sign !== 'flicker' && isLive(version, ownerId, indicator),
  lookBackMs: ({ sign }) => lookBacksMs[sign],
};

const lookBacksMs: Readonly<Record<FakeOffline['sign'], number>> = {
  silent: 0,
  flicker: flickerLookBackMs,
  frozen: restLookBackMs,
  replayed: restLookBackMs,
  zero: 0,
  identical: Math.max(identicalLookBackMs, restLookBackMs),
};

function policy({ confirmAfterMinutes, clearAfterMinutes, falseAlarmsPerMonth }: FakeOffline): TestPolicy {
  return {
    confirmAfterMs: confirmAfterMinutes * 60_000,
    clearAfterMs: clearAfterMinutes * 60_000,
    falseAlarmsPerMonth,
  };
}
