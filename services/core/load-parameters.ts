import Type from 'typebox';

const share = Type.Number({ exclusiveMinimum: 0, maximum: 1 });
const positive = Type.Number({ exclusiveMinimum: 0 });

/** How reports and loads are read, the same for every rule: `rules/load.yaml` states and sources each value. */
export const loadParametersSchema = Type.Object(
  {
    runDownMinutes: Type.Integer({ minimum: 0, maximum: 240 }),
    holdReports: Type.Integer({ minimum: 0, maximum: 60 }),
    slotLikelihoodRatio: Type.Number({ exclusiveMinimum: 1 }),
    unexplainedSlotShare: share,
    leastModeHours: positive,
    memoryDays: Type.Number({ minimum: 1 }),
    highestStoppedRatio: share,
    nameplateLow: share,
    nameplateHigh: Type.Number({ minimum: 1 }),
    highestIdleShare: share,
    lowestWorkingShare: share,
  },
  { additionalProperties: false },
);

export interface LoadParameters {
  /** After a stop the load may stay for this long: spindles run down, conveyors empty. */
  readonly runDownMinutes: number;
  /** A machine that misses this many reports keeps its last reported state; after that it is unknown. */
  readonly holdReports: number;
  /** Slots whose likelihood ratio is at least this are contradictory, at most its inverse consistent. */
  readonly slotLikelihoodRatio: number;
  /** Share of honestly stopped slots whose load is of the running kind for reasons that nobody filed. */
  readonly unexplainedSlotShare: number;
  readonly leastModeHours: number;
  readonly memoryDays: number;
  readonly highestStoppedRatio: number;
  /** Nameplates understate power down to this share of the truth. */
  readonly nameplateLow: number;
  /** Nameplates overstate power up to this multiple of the truth. */
  readonly nameplateHigh: number;
  /** Highest share of its rated power that a machine draws while it does not work. */
  readonly highestIdleShare: number;
  /** Lowest share of its rated power that a machine draws while it works. */
  readonly lowestWorkingShare: number;
}

/** Evidence at which a slot is contradictory, natural log. */
export function evidenceLimit(load: LoadParameters): number {
  return Math.log(load.slotLikelihoodRatio);
}

/** Highest evidence that one slot can give: it may always be one of the unexplained few. */
export function evidenceCap(load: LoadParameters): number {
  return -Math.log(load.unexplainedSlotShare);
}
