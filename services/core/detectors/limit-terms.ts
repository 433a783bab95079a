/** What a rule of the limit detector states, and which limits that makes for one machine. */
import Type from 'typebox';
import type { Threshold } from '../level-timeline.ts';
import type { Equipment, Limit } from '../records.ts';

/** Longer delays are not for alarms: what came longer ago is not looked at. */
const longestOnDelayMs = 1_800_000;

const value = (description: string) => Type.Optional(Type.Number({ description }));

export const parameters = Type.Object(
  {
    indicator: Type.String({ minLength: 1, description: 'Indicator that is watched, with its unit in the name.' }),
    watches: Type.Enum(['low', 'high', 'both', 'rate'], {
      description: 'What of it: the lower limit, the upper one, both, or how fast it changes.',
    }),
    siteLimits: Type.Enum(['required', 'optional', 'ignored'], {
      description:
        "Limits that the site registered. required: they alone hold, and without them nothing is said; optional: the rule's limit holds, and the site's where it is stricter; ignored: the rule's alone.",
    }),
    low: value("Lower limit, in the indicator's unit."),
    high: value("Upper limit, in the indicator's unit."),
    ratePerMinute: value("Highest change within a minute, up or down, in the indicator's unit."),
    onDelaySeconds: Type.Integer({
      minimum: 0,
      maximum: longestOnDelayMs / 1000,
      description:
        'How long it must be outside, counted from the first sample outside, where the site registered no delay of its own.',
    }),
    offDelaySeconds: Type.Integer({
      minimum: 0,
      maximum: 86_400,
      description: 'How long it must be back inside to be over, where the site registered no delay of its own.',
    }),
    deadBand: Type.Number({
      minimum: 0,
      description:
        "How far inside the limit it must come to be back, in the indicator's unit, where the site registered none.",
    }),
    onlyWhile: Type.Enum(['running', 'any'], {
      description:
        'When the limit holds. running: while the machine reports that it runs, or, where it says nothing of itself, while what it serves does; any: always.',
    }),
    collector: Type.Optional(
      Type.Enum(['DRY', 'WET'], {
        description: 'Kind of dust collector that the indicator belongs to; a registered limit tells as much.',
      }),
    ),
  },
  {
    additionalProperties: false,
    allOf: [
      {
        if: { properties: { siteLimits: { const: 'required' } } },
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
        then: { properties: { low: false, high: false, ratePerMinute: false } },
        else: { anyOf: [{ required: ['low'] }, { required: ['high'] }, { required: ['ratePerMinute'] }] },
      },
    ],
  },
);

export type LimitParameters = Type.Static<typeof parameters>;

/** Limits of one machine; those that are `undefined` do not hold. */
export interface LimitTerms {
  readonly low: number | undefined;
  readonly high: number | undefined;
  readonly ratePerMinute: number | undefined;
  readonly deadBand: number;
  readonly onDelayMs: number;
  readonly offDelayMs: number;
  /** Whose limits they are. */
  readonly from: 'site' | 'rule';
}

export function registeredLimit(machine: Equipment, indicator: string): Limit | undefined {
  return machine.limits.find((limit) => limit.indicator === indicator);
}

/** The limits that a rule holds a machine to; `undefined` where it asks for the site's and there are none. */
export function termsOf(p: LimitParameters, machine: Equipment): LimitTerms | undefined {
  const site = p.siteLimits === 'ignored' ? undefined : registeredLimit(machine, p.indicator);
  const watched = (side: LimitParameters['watches']) => p.watches === side || (p.watches === 'both' && side !== 'rate');
  const low = watched('low') ? strictest(Math.max, p.low, site?.low) : undefined;
  const high = watched('high') ? strictest(Math.min, p.high, site?.high) : undefined;
  const ratePerMinute = watched('rate') ? strictest(Math.min, p.ratePerMinute, site?.ratePerMinute) : undefined;
  if (low === undefined && high === undefined && ratePerMinute === undefined) return undefined;
  const isRules = low === p.low && high === p.high && ratePerMinute === p.ratePerMinute;
  const onDelayMs = p.onDelaySeconds * 1000;
  // Zero is what nobody filled in. A site may not grant itself more time than a standard's limit does.
  const siteDelayMs = Math.min(site?.onDelayMs || onDelayMs, longestOnDelayMs);
  return {
    low,
    high,
    ratePerMinute,
    deadBand: site?.deadBand || p.deadBand,
    onDelayMs: p.siteLimits === 'required' ? siteDelayMs : Math.min(siteDelayMs, onDelayMs),
    offDelayMs: site?.offDelayMs || p.offDelaySeconds * 1000,
    from: isRules ? 'rule' : 'site',
  };
}

/** The levels that limits part: the limits themselves, and where a value is back inside. */
export function thresholdsOf({ low, high, deadBand }: LimitTerms): Threshold[] {
  const thresholds: Threshold[] = [];
  if (low !== undefined) thresholds.push({ value: low, inclusive: true }, { value: low + deadBand, inclusive: true });
  if (high !== undefined) {
    thresholds.push({ value: high, inclusive: false }, { value: high - deadBand, inclusive: false });
  }
  return thresholds;
}

function strictest(
  choose: (a: number, b: number) => number,
  rules: number | undefined,
  sites: number | null | undefined,
): number | undefined {
  if (sites === null || sites === undefined) return rules;
  return rules === undefined ? sites : choose(rules, sites);
}
