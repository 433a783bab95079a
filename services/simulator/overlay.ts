import { fileURLToPath } from 'node:url';
import { equipmentDefaults } from '../core/record-defaults.ts';
import type { Label, PowerRun, Recording, TelemetryRun } from '../core/recording.ts';
import { instantToLocal, localToInstant } from '../core/recording-time.ts';
import type { Equipment, SiteRegistration } from '../core/records.ts';
import { readRecording, writeRecording } from '../platform/recording.ts';
import { dormitoryLoad, foldMinutes, holdingFurnaceLoad, type MinuteLoad, onOffFurnaceLoad } from './base-load.ts';
import { planLies } from './lies.ts';
import { createRandom } from './random.ts';
import { overlapMs, reportsOf, type Span, withLies } from './reported-state.ts';
import { trueStates } from './true-state.ts';

export interface SteelPlantVariant {
  readonly seed: number;
  /** The registry's nameplate as a multiple of the right one; null: the registry has none. */
  readonly nameplate: number | null;
  /** `immediate`: each reading comes 1 to 5 min after its interval; `bulk`: a whole day at 06:00 of the next. */
  readonly delivery: 'immediate' | 'bulk';
  /** What else hangs on the same meter. */
  readonly base: 'none' | 'dormitory' | 'holding-furnace' | 'on-off-furnace';
}

const plain: SteelPlantVariant = { seed: 1, nameplate: 1, delivery: 'immediate', base: 'none' };

/** The cases that a detector has to stand. */
export const steelPlantVariants = {
  'nameplate-right': plain,
  'nameplate-x0.4': { ...plain, nameplate: 0.4 },
  'nameplate-x3': { ...plain, nameplate: 3 },
  'nameplate-absent': { ...plain, nameplate: null },
  bulk: { ...plain, delivery: 'bulk' },
  dormitory: { ...plain, base: 'dormitory' },
  'holding-furnace': { ...plain, base: 'holding-furnace' },
  'on-off-furnace': { ...plain, base: 'on-off-furnace' },
} as const satisfies Record<string, SteelPlantVariant>;
export type SteelPlantVariantName = keyof typeof steelPlantVariants;

const detector = 'stopped-but-running';
const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** A lie is sought in each of 72 stretches of the year; a week without any comes first, as a firm's first week would. */
const lies = { count: 72, shortestMs: 30 * minuteMs, longestMs: 48 * hourMs };
const honestFirstMs = 7 * dayMs;
/** Honest stops at least this long are labelled. */
const labelledStopMs = hourMs;

const folder = fileURLToPath(new URL('../../testdata/steel-plant/', import.meta.url));

/** The steel plant's real year with reported states laid over it, lies among them, and labels. Same variant, same bytes. */
export async function steelPlantRecording(variant: SteelPlantVariant): Promise<Recording> {
  return overlayReports(await readRecording(folder), variant);
}

/** Writes one variant as a recording folder. */
export async function writeSteelPlant(dir: string, variant: SteelPlantVariant): Promise<void> {
  await writeRecording(dir, await steelPlantRecording(variant));
}

/** Lays reports and lies over the load of a site with one machine and one meter. */
export function overlayReports(load: Recording, variant: SteelPlantVariant): Recording {
  const site = load.sites[0]!.value;
  const line = site.equipment[0]!;
  const { enterpriseId } = site;
  const { equipmentId, reportIntervalMs: everyMs } = line;
  const first = load.power[0]!;
  const { startMs, intervalMs } = first;
  const plantKw = load.power.flatMap((run) => run.meanKw);
  const endMs = startMs + plantKw.length * intervalMs;

  const truth = trueStates(startMs, intervalMs, plantKw, percentile(plantKw, 0.99), everyMs);
  const running = truth.filter((span) => span.state === 'RUNNING');
  const random = createRandom(variant.seed, 'lies');
  const told = planLies(running, startMs + honestFirstMs, endMs, { ...lies, alignMs: everyMs }, random);
  const reports = { enterpriseId, gatewayId: 'gateway-1', everyMs, delayMs: 2000 };
  const telemetry: TelemetryRun[] = reportsOf(withLies(truth, told), { ...reports, equipmentId });
  if (variant.base.endsWith('-furnace')) {
    const span = { fromMs: startMs, toMs: endMs, state: 'RUNNING' as const };
    telemetry.push(...reportsOf([span], { ...reports, equipmentId: furnace.equipmentId }));
  }
  const meanKw = addBase(plantKw, variant, instantToLocal(site.timeZone, startMs), intervalMs);
  const how = `nameplate ${variant.nameplate ?? 'absent'}, ${variant.delivery} delivery, base ${variant.base}`;
  return {
    ...load,
    about: {
      ...load.about,
      title: `${load.about.title}, with simulated reports (${how})`,
      credit: `${load.about.credit}; reported states, lies and labels simulated with seed ${variant.seed}`,
    },
    sites: [{ arrivalMs: startMs, value: registration(site, variant) }],
    telemetry,
    power: deliver({ ...first, meanKw }, site.timeZone, variant),
    labels: labelsOf(
      enterpriseId,
      equipmentId,
      running,
      truth.filter((span) => span.state === 'STOPPED'),
      told,
    ),
  };
}

const furnace: Equipment = {
  ...equipmentDefaults,
  equipmentId: 'holding-furnace-1',
  name: 'Holding furnace',
  kind: 'HOLDING_FURNACE',
  sectionId: 'works',
  ratedPowerKw: 85,
};

/** Nobody reports the state of a dormitory. */
const dormitory: Equipment = {
  ...furnace,
  equipmentId: 'dormitory-1',
  name: 'Dormitory',
  kind: 'DORMITORY',
  sectionId: 'living-quarters',
  ratedPowerKw: null,
};

const baseLoads: Record<
  Exclude<SteelPlantVariant['base'], 'none'>,
  { readonly equipment: Equipment; readonly load: MinuteLoad }
> = {
  dormitory: { equipment: dormitory, load: dormitoryLoad },
  'holding-furnace': { equipment: furnace, load: holdingFurnaceLoad },
  'on-off-furnace': { equipment: { ...furnace, ratedPowerKw: 120 }, load: onOffFurnaceLoad },
};

function registration(site: SiteRegistration, variant: SteelPlantVariant): SiteRegistration {
  const line = site.equipment[0]!;
  const rated = variant.nameplate === null ? null : line.ratedPowerKw! * variant.nameplate;
  const base = variant.base === 'none' ? [] : [baseLoads[variant.base].equipment];
  const deliveryDelayMs = variant.delivery === 'bulk' ? 30.5 * hourMs : 5 * minuteMs;
  return {
    ...site,
    equipment: [{ ...line, ratedPowerKw: rated }, ...base],
    meters: site.meters.map((meter) => ({
      ...meter,
      deliveryDelayMs,
      feeds: [line.equipmentId, ...base.map((equipment) => equipment.equipmentId)],
    })),
  };
}

function addBase(plantKw: number[], variant: SteelPlantVariant, localStartMs: number, intervalMs: number): number[] {
  if (variant.base === 'none') return plantKw;
  const perInterval = intervalMs / minuteMs;
  const random = createRandom(variant.seed, variant.base);
  const minutes = baseLoads[variant.base].load(localStartMs, plantKw.length * perInterval, random);
  const baseKw = foldMinutes(minutes, perInterval);
  return plantKw.map((kw, i) => Math.round((kw + baseKw[i]!) * 100) / 100);
}

function deliver(year: PowerRun, timeZone: string, variant: SteelPlantVariant): PowerRun[] {
  const { startMs, intervalMs, meanKw } = year;
  const random = createRandom(variant.seed, 'delivery');
  const runs: PowerRun[] = [];
  for (let at = 0; at < meanKw.length; ) {
    const fromMs = startMs + at * intervalMs;
    const localDay = Math.floor(instantToLocal(timeZone, fromMs) / dayMs) * dayMs;
    const dayEndMs = localToInstant(timeZone, localDay + dayMs);
    // The wait changes from hour to hour: readings of one hour come through the same poll.
    const count = variant.delivery === 'bulk' ? (dayEndMs - fromMs) / intervalMs : hourMs / intervalMs;
    const arrival =
      variant.delivery === 'bulk'
        ? { atMs: dayEndMs + 6 * hourMs }
        : { delayMs: Math.round(random.between(60, 300)) * 1000 };
    runs.push({ ...year, startMs: fromMs, arrival, meanKw: meanKw.slice(at, at + count) });
    at += count;
  }
  return runs;
}

function labelsOf(
  enterpriseId: string,
  subjectId: string,
  running: readonly Span[],
  stopped: readonly Span[],
  told: readonly Span[],
): Label[] {
  const common = { detector, enterpriseId, subjectKind: 'EQUIPMENT' as const, subjectId };
  const lieLabels = told.map(({ fromMs, toMs }): Label => {
    const ranMs = overlapMs(running, fromMs, toMs);
    const note = ranMs < toMs - fromMs ? 'reported stopped; ran for part of it' : 'reported stopped; ran throughout';
    return { ...common, startMs: fromMs, endMs: toMs, kind: 'lie', ranMs, note };
  });
  const honest = stopped
    .filter(({ fromMs, toMs }) => toMs - fromMs >= labelledStopMs && overlapMs(told, fromMs, toMs) === 0)
    .map(
      ({ fromMs, toMs }): Label => ({
        ...common,
        startMs: fromMs,
        endMs: toMs,
        kind: 'honest-stop',
        ranMs: 0,
        note: '',
      }),
    );
  return [...lieLabels, ...honest].sort((a, b) => a.startMs - b.startMs);
}

function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.floor(share * (sorted.length - 1))]!;
}
