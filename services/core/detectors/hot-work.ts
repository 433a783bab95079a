/**
 * Unreported hot work (违规动火): sparks, flames, starts of welding sets and arcs on the meter against the permits on
 * file, and the line of a section against a permit that holds in it.
 */
import Type from 'typebox';
import { hotWorkSentence } from '../catalogue/hot-work.ts';
import type { Verdict } from '../records.ts';
import type { Rule } from '../rule.ts';
import type { SiteVersion } from '../site.ts';
import type { Detector, SiteView, SlotJudgement, TestPolicy } from './detector.ts';
import { arcLessons, type HotWorkArcs, hotWorkArcPlaces, judgeHotWorkArcs, nextLeapMs } from './hot-work-arcs.ts';
import { type HotWorkEvents, hotWorkEventPlaces, judgeHotWorkEvents, nextSightingMs } from './hot-work-events.ts';
import { type HotWorkLine, hotWorkLinePlaces, judgeHotWorkLine, nextPermitMs } from './hot-work-line.ts';
import { type HotWorkSuspicion, hotWorkSuspicionPlaces, judgeHotWorkSuspicion } from './hot-work-suspicion.ts';
import { type BySign, signParameters } from './sign-parameters.ts';

const minutes = (description: string, most = 1440) => Type.Integer({ minimum: 0, maximum: most, description });
const percent = (description: string) => Type.Number({ exclusiveMinimum: 0, maximum: 100, description });

/** How permits are read. */
const permit = {
  earlyMinutes: minutes('Work may begin this long before its permit does: clocks are off.', 240),
  overrunMinutes: minutes('Work may go on this long after its permit has ended.', 240),
  lateFilingMinutes: minutes(
    'A permit filed up to this long after the work was seen still counts; a later one does not.',
  ),
  pastPermitHours: Type.Number({
    minimum: 0,
    maximum: 48,
    description: 'Work up to this long after the end of a permit is work past it; after that it is work without one.',
  }),
  gradeHours: Type.Array(
    Type.Object(
      {
        regime: Type.String({ description: 'Rule book that the permit names.' }),
        grade: Type.String({ description: 'Grade that the permit names.' }),
        hours: Type.Number({ exclusiveMinimum: 0, description: 'For how long such a permit holds at most.' }),
        offHours: Type.Optional(
          Type.Number({
            exclusiveMinimum: 0,
            description: 'The same for work on holidays, rest days and from 22:00 to 06:00, where it is upgraded then.',
          }),
        ),
      },
      { additionalProperties: false },
    ),
    { description: 'For how long a permit holds at most, by regime and grade; others hold as long as they say.' },
  ),
};

const test = {
  confirmAfterMinutes: minutes('Contradictory time before a confirmation: clocks are off and reports late by minutes.'),
  clearAfterMinutes: minutes('A confirmed contradiction ends when nothing spoke for it for this long.'),
  falseAlarmsPerMonth: Type.Number({
    exclusiveMinimum: 0,
    description: 'Stated bound: expected false confirmations a subject and 30 days of judged time.',
  }),
};

const signs = {
  event: {
    breach: Type.Enum(['no-permit', 'past-permit'], {
      description: 'What is looked for: work that no permit covers, or work past the end of one.',
    }),
    eventKinds: Type.Array(Type.Enum(['SPARK', 'FLAME', 'WELDER_START']), {
      minItems: 1,
      description: 'What counts as a sign of hot work.',
    }),
    sections: Type.Enum(['dust', 'other', 'all'], {
      description: 'Sections in which dust is made, all others, or both.',
    }),
    leastConfidence: Type.Number({
      minimum: 0,
      maximum: 1,
      description: 'Events whose source is less confident than this, 0 to 1, are left out.',
    }),
    mergeMinutes: minutes('What is seen again within this time belongs to the same finding.', 720),
    ...permit,
  },
  'process-running': {
    rampDownMinutes: minutes('After the start of a permit its line may still come to rest for this long.', 240),
    weldingAllowanceKw: Type.Number({
      minimum: 0,
      description:
        'Mean load that permitted welding may add to a meter of the section; more where its sets are rated so.',
    }),
    ...test,
  },
  signature: {
    burstsPerHour: Type.Number({
      exclusiveMinimum: 0,
      description: 'Bursts of arc that a welder makes in an hour of work.',
    }),
    leastLearnedHours: Type.Number({
      minimum: 1,
      maximum: 720,
      description: 'A meter is judged once it was learned for this long what leaps behind it by itself.',
    }),
    ...test,
    ...permit,
  },
  suspicion: {
    lowestDutyPercent: percent('Least share of its rated power that a welding set draws on average at work.'),
    highestDutyPercent: percent('Highest share of its rated power that a welding set draws on average at work.'),
    ...permit,
  },
};

export type HotWork = BySign<typeof signs>;
export type HotWorkPlace = HotWorkEvents | HotWorkLine | HotWorkArcs | HotWorkSuspicion;

const reasons = {
  'not-watched': 'UNKNOWN',
  'no-hot-work-seen': 'CONSISTENT',
  permitted: 'CONSISTENT',
  'permit-filed-late': 'CONSISTENT',
  'other-breach': 'UNKNOWN',
  'sparks-of-process': 'UNKNOWN',
  'no-permit': 'CONTRADICTORY',
  'permit-filed-too-late': 'CONTRADICTORY',
  'past-permit': 'CONTRADICTORY',
  'permit-expired-by-grade': 'CONTRADICTORY',
  'no-permit-in-force': 'UNKNOWN',
  'permit-begins-or-ends': 'UNKNOWN',
  'load-missing': 'UNKNOWN',
  'load-not-learned': 'UNKNOWN',
  'which-machine-unknown': 'UNKNOWN',
  'load-between-modes': 'UNKNOWN',
  'line-partly-unseen': 'UNKNOWN',
  'line-stands': 'CONSISTENT',
  'line-runs-under-permit': 'CONTRADICTORY',
  'line-reported-running-under-permit': 'CONTRADICTORY',
  'extremes-missing': 'UNKNOWN',
  'machines-run': 'UNKNOWN',
  'meter-leaps-by-itself': 'UNKNOWN',
  'few-bursts': 'UNKNOWN',
  'no-arc': 'CONSISTENT',
  'arcs-without-permit': 'CONTRADICTORY',
  'arcs-past-permit': 'CONTRADICTORY',
  'state-unknown': 'UNKNOWN',
  'reported-running': 'UNKNOWN',
  'welder-not-rated': 'UNKNOWN',
  'more-than-a-welder': 'UNKNOWN',
  'load-of-stopped-kind': 'CONSISTENT',
  'welder-load-suspected': 'CONTRADICTORY',
} as const satisfies Record<string, Verdict>;

const minuteMs = 60_000;
const hourMs = 3_600_000;
/** A suspicion lapses with the first slot that does not bear it out. */
const suspicionOnly: TestPolicy = {
  confirmAfterMs: Number.POSITIVE_INFINITY,
  clearAfterMs: 0,
  falseAlarmsPerMonth: undefined,
};

function places(version: SiteVersion, { parameters, equipmentKinds }: Rule<HotWork>): readonly HotWorkPlace[] {
  if (version.registration.retired) return [];
  switch (parameters.sign) {
    case 'event':
      return hotWorkEventPlaces(version.registration, parameters.sections);
    case 'process-running':
      return hotWorkLinePlaces(version, equipmentKinds);
    case 'signature':
      return hotWorkArcPlaces(version);
    case 'suspicion':
      return hotWorkSuspicionPlaces(version);
  }
}

function judge(
  view: SiteView,
  version: SiteVersion,
  place: HotWorkPlace,
  startMs: number,
  p: HotWork,
): readonly SlotJudgement[] {
  switch (p.sign) {
    case 'event':
      return judgeHotWorkEvents(view, place as HotWorkEvents, startMs, p, lookBackMs(p));
    case 'process-running':
      return [judgeHotWorkLine(view, version, place as HotWorkLine, startMs, p)];
    case 'signature':
      return [judgeHotWorkArcs(view, place as HotWorkArcs, startMs, p)];
    case 'suspicion':
      return [judgeHotWorkSuspicion(view, place as HotWorkSuspicion, startMs, p)];
  }
}

function policy(p: HotWork): TestPolicy {
  switch (p.sign) {
    case 'event':
      return { confirmAfterMs: 0, clearAfterMs: p.mergeMinutes * minuteMs, falseAlarmsPerMonth: undefined };
    case 'suspicion':
      return suspicionOnly;
    default:
      return {
        confirmAfterMs: p.confirmAfterMinutes * minuteMs,
        clearAfterMs: p.clearAfterMinutes * minuteMs,
        falseAlarmsPerMonth: p.falseAlarmsPerMonth,
      };
  }
}

/** Permits that have ended, and what was seen before. */
function lookBackMs(p: HotWork): number {
  return p.sign === 'process-running' ? 0 : (p.pastPermitHours + 1) * hourMs + p.overrunMinutes * minuteMs;
}

function quietUntil(view: SiteView, place: HotWorkPlace, fromMs: number, toMs: number): number {
  switch (place.sign) {
    case 'event':
      return nextSightingMs(view, fromMs, toMs);
    case 'process-running':
      return nextPermitMs(view, place, fromMs, toMs);
    case 'signature':
      return nextLeapMs(view, place, fromMs, toMs);
    case 'suspicion':
      return fromMs;
  }
}

export const hotWork: Detector<HotWork, HotWorkPlace> = {
  name: 'hot-work',
  parameters: signParameters(
    signs,
    'What is looked for: events that somebody saw, a line that runs under a permit, arcs on a fast meter, or a suspicion.',
  ),
  reasons,
  places,
  subjects: (place) => place.subjects,
  judge: (view, version, place, startMs, { parameters }) => judge(view, version, place, startMs, parameters),
  learn: (view, _version, place) => (place.sign === 'signature' ? [arcLessons(view, place)] : undefined),
  alters: (before, after) => before?.[0] !== after?.[0],
  policy,
  waitMs: (p) =>
    p.sign === 'event' && p.breach === 'past-permit' ? p.overrunMinutes * minuteMs : policy(p).confirmAfterMs,
  lookBackMs,
  aheadMs: (p) => (p.sign === 'process-running' ? 0 : p.earlyMinutes * minuteMs),
  extremes: (version, meterId, { parameters }) =>
    parameters.sign === 'signature' &&
    hotWorkArcPlaces(version).some(({ witnesses }) => witnesses.some((witness) => witness.meterId === meterId)),
  quietUntil,
  sentence: hotWorkSentence,
  indicator: () => null,
};
