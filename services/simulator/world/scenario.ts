import { basename } from 'node:path';
import { type Static, Type } from 'typebox';
import { Problems } from '../../platform/recording-problems.ts';
import { checkShape, readYaml } from '../../platform/recording-yaml.ts';
import { dayOfDate } from './china-days.ts';
import { type HabitName, habitNames } from './habits.ts';
import { type TrickName, trickNames } from './tricks.ts';

const oneOf = <const T extends string>(names: readonly T[]) => Type.Unsafe<T>(Type.Enum([...names]));
const times = Type.Integer({ minimum: 1, maximum: 200 });
const date = Type.String({ pattern: '^20\\d\\d-\\d\\d-\\d\\d$' });

/** How often each of some named habits or tricks is done over the days of the scenario. */
const repertoire = Type.Record(Type.String(), times);

const neighbours = [
  'dormitory',
  'hvac',
  'holding-furnace',
  'compressor',
  'lighting',
  'tenant',
  'photovoltaic',
] as const;

const groupShape = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z0-9-]{1,30}$' }),
    count: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
    sector: oneOf(['wood', 'metal', 'steel', 'aluminium']),
    start: Type.Optional(date),
    machines: Type.Optional(Type.Tuple([Type.Integer({ minimum: 1 }), Type.Integer({ minimum: 1, maximum: 60 })])),
    shifts: Type.Optional(oneOf(['day', 'two', 'three', 'valley', 'always', 'never'])),
    saturdays: Type.Optional(Type.Boolean()),
    meters: Type.Optional(oneOf(['each', 'halls', 'one'])),
    meter_interval_s: Type.Optional(Type.Union([Type.Literal(60), Type.Literal(300), Type.Literal(900)])),
    utility: Type.Optional(oneOf(['immediate', 'bulk'])),
    report_s: Type.Optional(Type.Integer({ minimum: 1, maximum: 3600 })),
    readings: Type.Optional(Type.Boolean()),
    nameplates: Type.Optional(oneOf(['mixed', 'right', 'missing'])),
    workers: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
    region: Type.Optional(Type.String({ pattern: '^\\d{6}$' })),
    carrier: Type.Optional(oneOf(['mobile', 'unicom', 'telecom'])),
    neighbours: Type.Optional(Type.Array(oneOf(neighbours))),
    habits: Type.Optional(repertoire),
    tricks: Type.Optional(repertoire),
  },
  { additionalProperties: false },
);

const scenarioShape = Type.Object(
  {
    title: Type.String({ minLength: 1 }),
    title_zh: Type.String({ minLength: 1 }),
    start: date,
    days: Type.Integer({ minimum: 1, maximum: 1100 }),
    honest_days: Type.Optional(Type.Integer({ minimum: 0, maximum: 365 })),
    outages: Type.Optional(
      Type.Array(
        Type.Object(
          {
            region: Type.String({ pattern: '^\\d{4,6}$' }),
            carrier: Type.Optional(oneOf(['mobile', 'unicom', 'telecom'])),
            day: Type.Integer({ minimum: 0 }),
            hour: Type.Number({ minimum: 0, maximum: 24 }),
            minutes: Type.Integer({ minimum: 1, maximum: 2880 }),
          },
          { additionalProperties: false },
        ),
      ),
    ),
    firms: Type.Array(groupShape, { minItems: 1 }),
  },
  { additionalProperties: false },
);

export type Neighbour = (typeof neighbours)[number];
export type FirmGroup = Omit<Static<typeof groupShape>, 'habits' | 'tricks' | 'neighbours'> & {
  readonly habits?: Partial<Record<HabitName, number>>;
  readonly tricks?: Partial<Record<TrickName, number>>;
  readonly neighbours?: readonly Neighbour[];
};
export type Scenario = Omit<Static<typeof scenarioShape>, 'firms'> & { readonly firms: readonly FirmGroup[] };

/**
 * Reads a scenario file (docs/simulator.md). Throws `RecordingError` (code RECORDING_INVALID) with every problem, each
 * with file, line and a hint.
 */
export function loadScenario(path: string): Scenario {
  const problems = new Problems();
  const file = basename(path);
  const yaml = readYaml(path, problems);
  const where = `scenario ${file}`;
  if (yaml && checkShape(scenarioShape, yaml.value, file, yaml.lineOf, problems)) {
    const scenario = yaml.value as unknown as Scenario;
    checkMeaning(scenario, file, yaml.lineOf, problems);
    problems.throwIfAny(where);
    return scenario;
  }
  problems.throwIfAny(where);
  throw new Error(`${where} could not be read`);
}

function checkMeaning(
  scenario: Scenario,
  file: string,
  lineOf: (path: readonly (string | number)[]) => number,
  problems: Problems,
): void {
  if (Number.isNaN(dayOfDate(scenario.start)))
    problems.add(file, lineOf(['start']), `start "${scenario.start}" is no date; write one such as 2026-03-02`);
  const names = new Set<string>();
  scenario.firms.forEach((group, index) => {
    const at = (field: string) => lineOf(['firms', index, field]);
    if (names.has(group.name))
      problems.add(file, at('name'), `there are two groups named "${group.name}"; their firms would have the same ids`);
    names.add(group.name);
    if (group.start !== undefined && Number.isNaN(dayOfDate(group.start)))
      problems.add(file, at('start'), `start "${group.start}" is no date`);
    if (group.machines && group.machines[0] > group.machines[1])
      problems.add(file, at('machines'), 'machines are [fewest, most]');
    const named = (field: 'habits' | 'tricks', known: readonly string[]) => {
      for (const name of Object.keys(group[field] ?? {})) {
        if (known.includes(name)) continue;
        const line = lineOf(['firms', index, field, name]);
        problems.add(file, line, `there is no ${field.slice(0, -1)} "${name}"; there are ${known.join(', ')}`);
      }
    };
    named('habits', habitNames);
    named('tricks', trickNames);
    const tricks = Object.keys(group.tricks ?? {}).length;
    if (tricks > 0 && (scenario.honest_days ?? 0) >= scenario.days) {
      problems.add(
        file,
        at('tricks'),
        `honest_days leaves no day for tricks; make it less than days (${scenario.days})`,
      );
    }
  });
}
