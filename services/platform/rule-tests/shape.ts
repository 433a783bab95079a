import Type, { type Static, type TSchema } from 'typebox';
import { subjectKinds } from '../../core/records.ts';

const closed = { additionalProperties: false } as const;
const optional = <T extends TSchema>(schema: T) => Type.Optional(schema);
const byId = <T extends TSchema>(schema: T) => Type.Record(Type.String(), schema);
const text = Type.String();
const number = Type.Number();
const flag = Type.Boolean();
const duration = Type.String({ description: 'A time such as 15min, 90s, 2h30m or 1d.' });
/** A bare `+0` is a number to YAML. */
const offset = Type.Union([Type.String(), Type.Number()], {
  description: "From the case's start: +2h15m; -6h lies before it.",
});
const series = Type.Union([Type.String(), Type.Number()], {
  description: "'8h 2, 30min 40' or '32x2 2x40'; one value alone holds throughout; - is nothing, 40~2 give or take 2.",
});

const limitShape = Type.Object(
  {
    indicator: text,
    low: optional(number),
    high: optional(number),
    onDelay: optional(duration),
    offDelay: optional(duration),
    deadBand: optional(number),
    ratePerMinute: optional(number),
  },
  closed,
);

const equipmentShape = Type.Object(
  {
    name: optional(text),
    kind: optional(
      Type.Enum([
        ...['OTHER', 'PROCESS', 'DUST_COLLECTOR', 'FAN', 'WELDER', 'HOLDING_FURNACE', 'FURNACE', 'DORMITORY'],
        ...['HVAC', 'PHOTOVOLTAIC'],
      ]),
    ),
    section: optional(Type.String({ description: 'Id of its section.' })),
    ratedKw: optional(number),
    reportEvery: optional(Type.String({ description: 'How often it reports; 5min where nothing is said.' })),
    limits: optional(Type.Array(limitShape)),
    serves: optional(Type.Array(text)),
    collector: optional(Type.Enum(['DRY', 'WET'])),
    gateway: optional(Type.String({ description: 'Gateway that its reports come through.' })),
  },
  closed,
);

const meterShape = Type.Object(
  {
    role: optional(Type.Enum(['MIXED', 'ENTERPRISE_TOTAL', 'PRODUCTION', 'TREATMENT', 'INDIRECT'])),
    interval: optional(Type.String({ description: 'Length of its readings and slots; 15min where nothing is said.' })),
    installation: optional(Type.String({ description: 'Changes with the meter or its current transformers.' })),
    feeds: optional(Type.Array(text)),
    parent: optional(text),
    deliveryDelay: optional(duration),
    exports: optional(flag),
  },
  closed,
);

const sectionShape = Type.Object(
  {
    name: optional(text),
    dust: optional(flag),
    workers: optional(number),
    personLimit: optional(number),
    cleanAfterRunHours: optional(number),
  },
  closed,
);

const shiftShape = Type.Object(
  {
    from: Type.String({ description: 'Time of day, 08:00.' }),
    to: Type.String({ description: 'Time of day; not after `from` means the next day.' }),
    days: optional(Type.String({ description: 'Mon-Fri, or Mon, Wed, Sat; all days where nothing is said.' })),
    onHolidays: optional(flag),
  },
  closed,
);

export const siteShape = Type.Object(
  {
    name: optional(text),
    sector: optional(Type.Enum(['dust', 'steel', 'aluminium', 'other'])),
    region: optional(Type.String({ description: 'GB/T 2260 code, six digits, between quotes.' })),
    timeZone: optional(text),
    equipment: optional(byId(equipmentShape)),
    meters: optional(byId(meterShape)),
    sections: optional(byId(sectionShape)),
    cameras: optional(Type.Record(Type.String(), Type.String(), { description: 'Code: id of its section.' })),
    shifts: optional(byId(shiftShape)),
    latitude: optional(number),
    longitude: optional(number),
    carrier: optional(text),
  },
  closed,
);

const powerShape = Type.Union([
  series,
  Type.Object(
    {
      mean: series,
      min: optional(series),
      max: optional(series),
      kvar: optional(series),
      register: optional(series),
    },
    closed,
  ),
]);

const eventShape = Type.Object(
  {
    kind: Type.Enum([
      ...['OTHER', 'STOPPAGE_DECLARED', 'STOPPAGE_ORDERED', 'POWER_CUT', 'REGIONAL_OUTAGE', 'GATEWAY_FAULT', 'SPARK'],
      ...['FLAME', 'WELDER_START', 'PERSON_COUNT', 'CAMERA_DARK', 'CAMERA_BLIND', 'CLEANING_SEEN', 'CLEANING_NOT_SEEN'],
      ...['DUST_LAYER', 'AIR_BLOWING', 'METER_CHANGE', 'SHIFT_CHANGE'],
    ]),
    at: offset,
    to: optional(offset),
    comes: optional(offset),
    id: optional(text),
    revision: optional(number),
    section: optional(text),
    equipment: optional(text),
    source: optional(text),
    confidence: optional(number),
    count: optional(number),
    value: optional(number),
    reference: optional(text),
  },
  closed,
);

const workShape = Type.Object(
  {
    kind: Type.Enum(['OTHER', 'HOT_WORK_PERMIT', 'CLEANING', 'MAINTENANCE', 'TEST_RUN']),
    from: offset,
    to: offset,
    filed: optional(offset),
    comes: optional(offset),
    id: optional(text),
    revision: optional(number),
    section: optional(text),
    equipment: optional(text),
    filedBy: optional(text),
    regime: optional(text),
    grade: optional(text),
    withdrawn: optional(flag),
  },
  closed,
);

/** What happens over a stretch of time: over a case, or over each day of its history. */
const story = {
  state: optional(byId(Type.String({ description: "Of a machine: '8h STOPPED, 2h RUNNING'; - is silence." }))),
  power: optional(byId(powerShape)),
  readings: optional(byId(byId(series))),
  persons: optional(byId(series)),
  events: optional(Type.Array(eventShape)),
  work: optional(Type.Array(workShape)),
};

const historyShape = Type.Object(
  { days: Type.Integer({ minimum: 0, maximum: 120, description: 'How often the day is repeated.' }), ...story },
  { ...closed, description: 'A day that is repeated before the case, up to its start, so that loads are learned.' },
);

const oneOrMore = Type.Union([Type.String(), Type.Array(Type.String())]);

const expectedShape = Type.Object(
  {
    subject: Type.String({ description: `Kind and id: EQUIPMENT press. Kinds are ${subjectKinds.join(', ')}.` }),
    from: optional(offset),
    to: optional(offset),
    by: optional(Type.Union([Type.String(), Type.Number()], { description: 'Confirmed at this time or before.' })),
    reason: optional(text),
    cause: optional(text),
    indicator: optional(text),
    meter: optional(text),
    seen: optional(number),
    bound: optional(number),
    says: optional(oneOrMore),
    cameras: optional(byId(Type.Enum(['supports', 'contradicts']))),
    retracted: optional(flag),
    suspected: optional(Type.Boolean({ description: 'True: it was said as a suspicion, and never confirmed.' })),
  },
  closed,
);

const lateShape = Type.Object({ of: oneOrMore, from: offset, to: offset, at: offset }, closed);
const changeShape = Type.Object({ at: offset, comes: optional(offset), site: siteShape }, closed);

const caseShape = Type.Object(
  {
    name: Type.String({ minLength: 1, description: 'A sentence on what happens and what must be said of it.' }),
    site: optional(siteShape),
    start: optional(text),
    history: optional(historyShape),
    length: optional(duration),
    ...story,
    changes: optional(Type.Array(changeShape)),
    late: optional(Type.Array(lateShape)),
    expect: optional(Type.Array(expectedShape, { minItems: 1 })),
    quiet: optional(Type.Literal(true)),
    verdicts: optional(Type.Record(Type.String(), Type.String())),
  },
  closed,
);

/** A file of rule tests, as people write it; docs/rules.md says what it means. */
export const ruleTestSchema = Type.Object(
  {
    site: siteShape,
    start: optional(text),
    history: optional(historyShape),
    cases: Type.Array(caseShape, { minItems: 1 }),
  },
  closed,
);

export type SiteNotation = Static<typeof siteShape>;
export type EventNotation = Static<typeof eventShape>;
export type WorkNotation = Static<typeof workShape>;
export type StoryNotation = Omit<Static<typeof historyShape>, 'days'>;
export type HistoryNotation = Static<typeof historyShape>;
export type ExpectedNotation = Static<typeof expectedShape>;
export type CaseNotation = Static<typeof caseShape>;
export type RuleTestNotation = Static<typeof ruleTestSchema>;
