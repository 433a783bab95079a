import type { Label, Recording, Stated } from '../../core/recording.ts';
import type { SiteRegistration } from '../../core/records.ts';
import { dayMs } from './china-days.ts';
import { cleaningOf } from './cleaning.ts';
import type { Firm } from './firm.ts';
import { firmCount, firmPlaces, planFirm } from './firm-plan.ts';
import { meterRuns, trueLoads } from './metering.ts';
import { personCounts } from './people.ts';
import { registrationOf } from './registration.ts';
import { telemetryRuns } from './reporting.ts';
import type { Scenario } from './scenario.ts';
import { stopLabels } from './stop-labels.ts';
import { liveThrough } from './truth.ts';

export interface WorldSize {
  /** At most so many firms; all of the scenario's if left out. */
  readonly firms?: number;
  /** Instead of the scenario's days. */
  readonly days?: number;
}

/**
 * The world of a scenario, a firm at a time: what came in about each, and what was true of it, as labels. The same
 * scenario, seed and size give the same bytes. Memory holds one firm.
 */
export function* simulateWorld(
  scenario: Scenario,
  seed: number,
  size: WorldSize = {},
): Generator<Recording, void, void> {
  const count = firmCount(scenario, size.firms);
  for (let at = 0; at < count; at++) yield worldFirm(scenario, seed, size, at);
}

/** The firm at one place of the world, counted from 0. */
export function worldFirm(scenario: Scenario, seed: number, size: WorldSize, at: number): Recording {
  const place = [...firmPlaces(scenario)][at];
  if (!place) throw new RangeError(`the world has no firm ${at}`);
  const firm = planFirm(scenario, place.group, place.index, seed, size.days ?? scenario.days);
  return firmRecording(firm, `${scenario.title}: ${firm.id}`, `wattness simulate, seed ${seed}`);
}

/** All days of one firm. */
export function firmRecording(firm: Firm, title: string, source: string): Recording {
  const window = liveWindow(firm, firm.startMs, firm.endMs, new Map());
  return {
    about: { title, source, licence: 'CC0-1.0', credit: '', timeZone: 'Asia/Shanghai', nominalIntervalMs: 900_000 },
    sites: registrations(firm),
    alarmActions: [],
    ...window,
  };
}

export type FirmWindow = Pick<Recording, 'workRecords' | 'siteEvents' | 'telemetry' | 'power' | 'labels'>;

/**
 * What a firm gave of itself in [fromMs, toMs), whole quarters of an hour of the firm's days. Windows that follow each
 * other hold what one long window would; `registers` carries the meters' registers from one to the next.
 */
export function liveWindow(firm: Firm, fromMs: number, toMs: number, registers: Map<string, number>): FirmWindow {
  const truth = liveThrough(firm, fromMs, toMs);
  const loads = trueLoads(firm, truth);
  const cleaning = cleaningOf(firm, truth);
  const begins = ({ value }: Stated<{ readonly startMs: number }>) => value.startMs >= fromMs && value.startMs < toMs;
  const labels = [...firm.deeds.labels, ...stopLabels(firm, truth), ...cleaning.labels];
  return {
    workRecords: inOrder([...firm.deeds.works.filter(begins), ...cleaning.works]),
    siteEvents: inOrder([...firm.deeds.events.filter(begins), ...cleaning.events, ...personCounts(firm, truth)]),
    telemetry: telemetryRuns(firm, truth),
    power: meterRuns(firm, truth, loads, registers),
    labels: labels.filter(({ startMs }) => startMs >= fromMs && startMs < toMs).sort(byStart),
  };
}

/** The registration of the first day, and one for each meter that was replaced. */
export function registrations(firm: Firm): Stated<SiteRegistration>[] {
  // It was on file before the first reading.
  const sites = [{ arrivalMs: firm.startMs - dayMs, value: registrationOf(firm, firm.startMs - dayMs, new Map()) }];
  const installations = new Map<string, string>();
  const swaps = firm.deeds.meters.filter(({ how }) => how.kind === 'installed').sort((a, b) => a.fromMs - b.fromMs);
  for (const { meterId, fromMs, how } of swaps) {
    if (how.kind === 'installed') installations.set(meterId, how.installationId);
    sites.push({ arrivalMs: fromMs + 600_000, value: registrationOf(firm, fromMs, new Map(installations)) });
  }
  return sites;
}

function inOrder<T>(stated: Stated<T>[]): Stated<T>[] {
  return stated.sort((a, b) => a.arrivalMs - b.arrivalMs);
}

function byStart(a: Label, b: Label): number {
  return a.startMs - b.startMs || a.subjectId.localeCompare(b.subjectId);
}
