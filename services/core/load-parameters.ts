import Type from 'typebox';

const share = (description: string) => Type.Number({ exclusiveMinimum: 0, maximum: 1, description });

/** How reports and loads are read, the same for every rule: `rules/load.yaml` states and sources each value. */
export const loadParametersSchema = Type.Object(
  {
    runDownMinutes: Type.Integer({
      minimum: 0,
      maximum: 240,
      description: 'After a stop the load may stay for this long: spindles run down, conveyors empty.',
    }),
    holdReports: Type.Integer({
      minimum: 0,
      maximum: 60,
      description: 'A machine that misses this many reports keeps its last reported state; after that it is unknown.',
    }),
    slotLikelihoodRatio: Type.Number({
      exclusiveMinimum: 1,
      description: 'Slots whose likelihood ratio is at least this are contradictory, at most its inverse consistent.',
    }),
    unexplainedSlotShare: share(
      'Share of honestly stopped slots whose load is of the running kind, and nobody filed why.',
    ),
    leastModeHours: Type.Number({
      exclusiveMinimum: 0,
      description: 'A mode of load counts once it was seen for this long.',
    }),
    memoryDays: Type.Number({ minimum: 1, description: 'How far back the load is remembered.' }),
    highestStoppedRatio: share('Highest ratio of the stopped to the running load at which they are two modes.'),
    nameplateLow: share('Nameplates understate power down to this share of the truth.'),
    nameplateHigh: Type.Number({
      minimum: 1,
      description: 'Nameplates overstate power up to this multiple of the truth.',
    }),
    highestIdleShare: share('Highest share of its rated power that a machine draws while it does not work.'),
    lowestWorkingShare: share('Lowest share of its rated power that a machine draws while it works.'),
  },
  { additionalProperties: false },
);

export type LoadParameters = Readonly<Type.Static<typeof loadParametersSchema>>;

/** Evidence at which a slot is contradictory, natural log. */
export function evidenceLimit(load: LoadParameters): number {
  return Math.log(load.slotLikelihoodRatio);
}

/** Highest evidence that one slot can give: it may always be one of the unexplained few. */
export function evidenceCap(load: LoadParameters): number {
  return -Math.log(load.unexplainedSlotShare);
}
