import { basename } from 'node:path';
import { type Static, Type } from 'typebox';
import type { Stated } from '../core/recording.ts';
import { zoneOffsetMs } from '../core/recording-time.ts';
import type { SiteRegistration } from '../core/records.ts';
import { Problems } from '../platform/recording-problems.ts';
import { checkStated } from '../platform/recording-shapes.ts';
import { checkShape, readYaml } from '../platform/recording-yaml.ts';
import { timeFormat } from './import-time.ts';

const text = Type.String({ minLength: 1 });

/** How a foreign CSV becomes a recording; docs/recordings.md explains each field. */
const mappingShape = Type.Object(
  {
    title: text,
    source: text,
    licence: text,
    credit: text,
    time_zone: text,
    interval_s: Type.Integer({ minimum: 1, maximum: 900 }),
    csv: Type.Optional(
      Type.Object(
        {
          delimiter: Type.Optional(Type.Enum([',', ';', '\t', '|'])),
          decimal: Type.Optional(Type.Enum(['.', ','])),
        },
        { additionalProperties: false },
      ),
    ),
    time: Type.Object(
      {
        column: text,
        format: text,
        stamps: Type.Enum(['interval-start', 'interval-end']),
        order: Type.Enum(['by-row', 'by-stamp']),
      },
      { additionalProperties: false },
    ),
    meters: Type.Array(
      Type.Object(
        {
          meter: text,
          column: text,
          unit: Type.Enum(['kWh', 'kW', 'W']),
          quality: Type.Optional(Type.Enum(['SUSPECT', 'ESTIMATED', 'MEASURED'])),
        },
        { additionalProperties: false },
      ),
      { minItems: 1 },
    ),
    delivery: Type.Object(
      {
        delay_s: Type.Optional(Type.Number({ minimum: 0 })),
        next_day_at: Type.Optional(Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$' })),
      },
      { additionalProperties: false, minProperties: 1, maxProperties: 1 },
    ),
    /** A site-registry record; `effectiveFromMs` may be left out and is then the start of the first interval. */
    site: Type.Record(Type.String(), Type.Unknown()),
  },
  { additionalProperties: false },
);

export type Mapping = Static<typeof mappingShape>;

export interface ImportMapping {
  readonly mapping: Mapping;
  /** The registration, once it is known when the data begins. */
  readonly siteFrom: (startMs: number) => Stated<SiteRegistration>;
}

/** Reads a mapping file. Throws `RecordingError` with every problem at once. */
export function readMapping(path: string): ImportMapping {
  const file = basename(path);
  const problems = new Problems();
  const yaml = readYaml(path, problems);
  if (!yaml || !checkShape(mappingShape, yaml.value, file, yaml.lineOf, problems)) {
    problems.throwIfAny(`mapping ${file}`);
    throw new Error('unreachable: a mapping that does not fit has problems');
  }
  const mapping = yaml.value;
  try {
    zoneOffsetMs(mapping.time_zone, 0);
  } catch {
    problems.add(file, yaml.lineOf(['time_zone']), `time_zone "${mapping.time_zone}" is not known; write an IANA name`);
  }
  if (!timeFormat(mapping.time.format)) {
    const hint = 'write iso, epoch-s, epoch-ms or a pattern of yyyy MM dd HH mm ss, such as dd-MM-yyyy HH:mm';
    problems.add(file, yaml.lineOf(['time', 'format']), `time.format "${mapping.time.format}" has no date; ${hint}`);
  }
  const siteFrom = (startMs: number, into = problems) => {
    const site = { effectiveFromMs: startMs, ...mapping.site };
    const line = (at: readonly (string | number)[]) => yaml.lineOf(['site', ...at]);
    return checkStated('site-registry', site, file, line, into, 'effectiveFromMs');
  };
  const site = siteFrom(0);
  const known = new Set(site?.value.meters.map((meter) => meter.meterId));
  mapping.meters.forEach(({ meter }, index) => {
    if (site && !known.has(meter)) {
      const hint = `the site has ${[...known].join(', ') || 'none'}`;
      problems.add(file, yaml.lineOf(['meters', index, 'meter']), `meter "${meter}" is not among site.meters; ${hint}`);
    }
  });
  problems.throwIfAny(`mapping ${file}`);
  return { mapping, siteFrom: (startMs) => siteFrom(startMs, new Problems())! };
}
