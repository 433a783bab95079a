import type { HotWork } from '../detectors/hot-work.ts';
import type { Power, SiteRegistration } from '../records.ts';
import type { Rule } from '../rule.ts';
import {
  aMeter,
  anEquipment,
  aPower,
  aRandom,
  aRegistration,
  aRule,
  dayMs,
  minuteMs,
  type Sent,
  sent,
  startMs,
} from './builders.ts';

type Sign = HotWork['sign'];
type Parameters<S extends Sign> = Extract<HotWork, { readonly sign: S }>;

const permit = {
  earlyMinutes: 15,
  overrunMinutes: 15,
  lateFilingMinutes: 480,
  pastPermitHours: 12,
  gradeHours: [
    { regime: 'GB 30871-2022', grade: '1', hours: 8 },
    { regime: 'GB 30871-2022', grade: '2', hours: 72, offHours: 8 },
  ],
};
const test = { confirmAfterMinutes: 10, clearAfterMinutes: 30, falseAlarmsPerMonth: 0.1 };

/** The parameters that the shipped rules state; core reads no file, so they are repeated here. */
const parameters: { readonly [S in Sign]: Parameters<S> } = {
  event: {
    sign: 'event',
    breach: 'no-permit',
    eventKinds: ['SPARK', 'FLAME', 'WELDER_START'],
    sections: 'dust',
    leastConfidence: 0.6,
    mergeMinutes: 30,
    ...permit,
  },
  'process-running': { sign: 'process-running', rampDownMinutes: 15, weldingAllowanceKw: 6, ...test },
  signature: {
    sign: 'signature',
    burstsPerHour: 12,
    leastLearnedHours: 24,
    ...test,
    confirmAfterMinutes: 20,
    ...permit,
  },
  suspicion: { sign: 'suspicion', lowestDutyPercent: 15, highestDutyPercent: 60, ...permit },
};

/** A rule against unreported hot work that looks for one sign of it. */
export function aHotWorkRule<S extends Sign>(sign: S, changes: Partial<Parameters<S>> = {}): Rule {
  return aRule({
    id: `hot-work-${sign}`,
    detector: 'hot-work',
    title: { en: 'Hot work without a permit', zh: '违规动火' },
    parameters: { ...parameters[sign], ...changes } as never,
  }) as Rule;
}

export const cameraId = '33010600001320000001';

/** A sanding workshop with a belt sander, a welding set and a camera, and a paint shop beside it. */
export function aWorkshop(changes: Partial<SiteRegistration> = {}): SiteRegistration {
  const section = { workers: null, personLimit: null, cleanAfterRunHours: null };
  return aRegistration({
    equipment: [
      anEquipment({ sectionId: 'sanding' }),
      anEquipment({ equipmentId: 'W1', name: '电焊机', kind: 'WELDER', sectionId: 'sanding', ratedPowerKw: 10 }),
    ],
    meters: [aMeter(), aMeter({ meterId: 'sockets', role: 'INDIRECT', feeds: ['W1'], intervalMs: minuteMs })],
    sections: [
      { ...section, sectionId: 'sanding', name: '砂光车间', dust: true },
      { ...section, sectionId: 'paint', name: '喷漆间', dust: false },
    ],
    cameras: [{ cameraId, sectionId: 'sanding' }],
    ...changes,
  });
}

/** When the site of a test was registered, and when its time begins. */
export const registeredMs = startMs - 2 * dayMs;

export function registered(registration: SiteRegistration): Sent {
  return sent('site-registry', registeredMs, registration);
}

/** Power through a meter in one minute: what it draws on average, and between which bounds it moves. */
export interface Minute {
  readonly kw: number;
  readonly lowKw: number;
  readonly highKw: number;
  readonly kvar?: number;
}

/** Readings of a meter by the minute, each five seconds after its end. */
export function byMinute(meterId: string, fromMs: number, toMs: number, at: (ms: number) => Minute): Sent[] {
  const records: Sent[] = [];
  for (let ms = fromMs; ms < toMs; ms += minuteMs) {
    const { kw, lowKw, highKw, kvar } = at(ms);
    const value: Power = aPower({
      meterId,
      intervalStartMs: ms,
      intervalMs: minuteMs,
      meanKw: kw,
      minKw: lowKw,
      maxKw: highKw,
      meanKvar: kvar ?? null,
    });
    records.push(sent('power', ms + minuteMs + 5000, value));
  }
  return records;
}

/** A base that hardly sways. */
export function steady(kw: number): Minute {
  return { kw, lowKw: 0.97 * kw, highKw: 1.03 * kw, kvar: 0.3 * kw };
}

export interface Tool {
  readonly kw: number;
  /** Seconds that it is on and off in turn; each varies by `scatter` of itself. */
  readonly onS: number;
  readonly offS: number;
  readonly scatter: number;
  /** Reactive over active power. */
  readonly tangent: number;
}

/** A tool that is switched on and off over a base, second by second; the same seed works the same. */
export function working(
  baseKw: number,
  tool: Tool,
  fromMs: number,
  toMs: number,
  seed: number,
): (ms: number) => Minute {
  const random = aRandom(seed);
  const on = new Uint8Array((toMs - fromMs) / 1000);
  for (let at = Math.floor(random() * tool.offS); at < on.length; ) {
    const vary = () => 1 + tool.scatter * (2 * random() - 1);
    const lit = Math.round(tool.onS * vary());
    on.fill(1, at, at + lit);
    at += lit + Math.max(1, Math.round(tool.offS * vary()));
  }
  return (ms) => {
    const base = steady(baseKw);
    if (ms < fromMs || ms >= toMs) return base;
    const first = (ms - fromMs) / 1000;
    const lit = on.subarray(first, first + 60).reduce((sum, one) => sum + one, 0);
    if (lit === 0) return base;
    const kw = tool.kw * (1 + 0.2 * (random() - 0.5));
    return {
      kw: base.kw + (kw * lit) / 60,
      lowKw: lit < 60 ? base.lowKw : base.lowKw + 0.85 * kw,
      highKw: base.highKw + 1.05 * kw,
      kvar: base.kvar! + (kw * lit * tool.tangent) / 60,
    };
  };
}

/** A hand electrode: a minute and a half of arc, two and a half of chipping and changing. */
export const electrode: Tool = { kw: 9, onS: 90, offS: 150, scatter: 0.35, tangent: 0.8 };
