/** Meters that lie: they contradict each other, physics or their own history. One file a sign. */
import Type from 'typebox';
import { meterTamperingSentence } from '../catalogue/meter-tampering.ts';
import { meterNodes } from '../meter-tree.ts';
import type { Verdict } from '../records.ts';
import type { SiteVersion } from '../site.ts';
import type { Detector, Learned, SiteView, SlotJudgement, TestPolicy } from './detector.ts';
import { judgeBalance, learnBalance } from './meter-balance.ts';
import { judgeEstimates, learnEstimates } from './meter-estimates.ts';
import { judgeFlat, learnFlat } from './meter-flat.ts';
import { judgePhases, learnPhases } from './meter-phases.ts';
import { MeterPlace, NodePlace, type TamperingPlace } from './meter-places.ts';
import { judgeRegister, learnRegister } from './meter-register.ts';
import { altersScale, judgeScale, learnScale } from './meter-scale.ts';
import { type BySign, signParameters } from './sign-parameters.ts';

const confirmAfterMinutes = Type.Integer({
  minimum: 0,
  maximum: 1440,
  description: 'Contradictory time before a confirmation.',
});
const clearAfterMinutes = Type.Integer({
  minimum: 0,
  maximum: 1440,
  description: 'A confirmed contradiction ends when nothing spoke for it for this long.',
});
const falseAlarmsPerMonth = Type.Number({
  exclusiveMinimum: 0,
  description: 'Stated bound: expected false confirmations a meter and 30 days of judged time.',
});
const times = { confirmAfterMinutes, clearAfterMinutes };
const accuracyPercent = Type.Number({
  exclusiveMinimum: 0,
  maximum: 20,
  description: 'What meters with their transformers are off by at most.',
});
const clockSkewMinutes = Type.Number({
  minimum: 0,
  maximum: 15,
  description: 'The clocks of two meters differ by up to this.',
});
const leastDropPercent = Type.Number({
  exclusiveMinimum: 0,
  exclusiveMaximum: 100,
  description: 'The least share of a load that a meter fails to show.',
});

const signs = {
  'energy-balance': { ...times, falseAlarmsPerMonth, accuracyPercent, clockSkewMinutes, leastDropPercent },
  'phase-loss': { ...times, falseAlarmsPerMonth, accuracyPercent, leastDropPercent },
  'flat-line': {
    ...times,
    falseAlarmsPerMonth,
    constantWithinPercent: Type.Number({
      minimum: 0,
      maximum: 5,
      description: 'Loads of two quarters of an hour that differ by no more than this are the same.',
    }),
  },
  reversal: {
    ...times,
    registerDigits: Type.Integer({
      minimum: 4,
      maximum: 9,
      description: 'Registers have at least so many digits before the point; from the end of them they go on at zero.',
    }),
    tolerancePercent: Type.Number({
      exclusiveMinimum: 0,
      maximum: 100,
      description: 'A register may grow by this much more or less than the means of the meter add up to.',
    }),
  },
  'estimated-run': {
    ...times,
    longestEstimatedHours: Type.Number({
      exclusiveMinimum: 0,
      maximum: 240,
      description: 'Estimates for up to so many hours in a row fill an honest gap.',
    }),
  },
  'unfiled-change': {
    ...times,
    falseAlarmsPerMonth,
    leastChangePercent: Type.Number({
      minimum: 10,
      maximum: 80,
      description: 'The least change of the scale of a meter that is looked for.',
    }),
    lastingHours: Type.Number({
      exclusiveMinimum: 0,
      maximum: 240,
      description: 'A changed scale must have lasted this long.',
    }),
  },
};

export type MeterTampering = BySign<typeof signs>;

const reasons = {
  'load-missing': 'UNKNOWN',
  'load-not-learned': 'UNKNOWN',
  'base-of-season': 'UNKNOWN',
  'state-unknown': 'UNKNOWN',
  'daylight-generation': 'UNKNOWN',
  'meter-changed-on-file': 'UNKNOWN',
  'too-little-load': 'UNKNOWN',
  'below-detectable-load': 'UNKNOWN',
  'not-reported-running': 'UNKNOWN',
  'balance-holds': 'CONSISTENT',
  'parts-near-whole': 'UNKNOWN',
  'parts-exceed-whole': 'CONTRADICTORY',
  'part-exceeds-whole': 'CONTRADICTORY',
  'part-reads-high': 'UNKNOWN',
  'rest-low': 'UNKNOWN',
  'rest-collapsed': 'CONTRADICTORY',
  'load-as-usual': 'CONSISTENT',
  'draws-less': 'CONSISTENT',
  'load-low': 'UNKNOWN',
  'phase-lost': 'CONTRADICTORY',
  'estimates-low': 'CONTRADICTORY',
  'load-varies': 'CONSISTENT',
  'flat-for-long-enough': 'UNKNOWN',
  'always-flat': 'UNKNOWN',
  'flat-so-far': 'UNKNOWN',
  'load-flat': 'CONTRADICTORY',
  'register-missing': 'UNKNOWN',
  'register-counts-up': 'CONSISTENT',
  'register-rolled-over': 'CONSISTENT',
  'register-ran-backwards': 'CONTRADICTORY',
  'register-parts-from-means': 'CONTRADICTORY',
  'load-measured': 'CONSISTENT',
  'estimated-for-hours': 'UNKNOWN',
  'estimated-for-days': 'CONTRADICTORY',
  'scale-as-usual': 'CONSISTENT',
  'scale-changed': 'CONTRADICTORY',
} as const satisfies Record<string, Verdict>;

function places(version: SiteVersion, sign: MeterTampering['sign']): readonly TamperingPlace[] {
  const { registration, witnesses } = version;
  if (registration.retired) return [];
  switch (sign) {
    case 'energy-balance':
      return meterNodes(registration).map((node) => new NodePlace(version, node, 'all'));
    case 'phase-loss':
      return meterNodes(registration)
        .map((node) => new NodePlace(version, node, 'parts'))
        .filter(({ parts }) => parts.length > 0);
    case 'flat-line':
    case 'unfiled-change':
      return witnesses.map(({ meter }) => new MeterPlace(version, meter));
    case 'estimated-run':
      return witnesses.map(({ meter }) => new MeterPlace(version, meter, 'estimates'));
    case 'reversal':
      return registration.meters.map((meter) => new MeterPlace(version, meter, 'registers'));
  }
}

function judge(
  view: SiteView,
  place: TamperingPlace,
  startMs: number,
  p: MeterTampering,
  learned: Learned | undefined,
): readonly SlotJudgement[] {
  if (place instanceof NodePlace) {
    if (p.sign === 'energy-balance') return judgeBalance(view, place, startMs, p, learned);
    if (p.sign === 'phase-loss') return judgePhases(view, place, startMs, p, learned);
    return [];
  }
  switch (p.sign) {
    case 'flat-line':
      return [judgeFlat(view, place, startMs, p, learned)];
    case 'reversal':
      return [judgeRegister(view, place, startMs, p, learned)];
    case 'estimated-run':
      return [judgeEstimates(view, place, startMs, p, learned)];
    case 'unfiled-change':
      return [judgeScale(view, place, startMs, learned)];
    default:
      return [];
  }
}

function learn(
  view: SiteView,
  place: TamperingPlace,
  startMs: number,
  p: MeterTampering,
  learned: Learned | undefined,
): Learned | undefined {
  if (place instanceof NodePlace) {
    if (p.sign === 'energy-balance') return learnBalance(view, place, startMs, learned);
    return p.sign === 'phase-loss' ? learnPhases(view, place, startMs, p, learned) : learned;
  }
  switch (p.sign) {
    case 'flat-line':
      return learnFlat(view, place, startMs, p, learned);
    case 'reversal':
      return learnRegister(view, place, startMs, learned);
    case 'estimated-run':
      return learnEstimates(view, place, startMs, learned);
    case 'unfiled-change':
      return learnScale(view, place, startMs, p, learned);
    default:
      return undefined;
  }
}

function policy(p: MeterTampering): TestPolicy {
  return {
    confirmAfterMs: p.confirmAfterMinutes * 60_000,
    clearAfterMs: p.clearAfterMinutes * 60_000,
    // What a register or an estimate is, is no matter of chance.
    falseAlarmsPerMonth: 'falseAlarmsPerMonth' in p ? p.falseAlarmsPerMonth : undefined,
  };
}

export const meterTampering: Detector<MeterTampering, TamperingPlace> = {
  name: 'meter-tampering',
  parameters: signParameters(signs, 'By which sign meters are found to lie.'),
  reasons,
  places: (version, { parameters: { sign } }) => places(version, sign),
  subjects: (place) => place.subjects,
  judge: (view, _version, place, startMs, { parameters }, learned) => judge(view, place, startMs, parameters, learned),
  learn: (view, _version, place, startMs, { parameters }, learned) => learn(view, place, startMs, parameters, learned),
  alters: altersScale,
  policy,
  registers: (_version, _meterId, { parameters: { sign } }) => sign === 'reversal',
  sentence: meterTamperingSentence,
  indicator: () => null,
};
