import { siteEventDefaults } from '../../core/record-defaults.ts';
import type { Arrival, PowerExtra, PowerRun, Stated, TelemetryRun } from '../../core/recording.ts';
import type { RunState, SiteEvent, SiteRegistration, WorkRecord } from '../../core/records.ts';
import { nearest } from '../rules-hints.ts';
import { formatDuration, parseOffset } from './duration.ts';
import { parseSeries, type Sample, type Stretch, samplesOf, stepsOf } from './series.ts';
import type { EventNotation, StoryNotation, WorkNotation } from './shape.ts';
import { enterpriseId } from './site.ts';

export type Path = readonly (string | number)[];

/** Where and when a story plays, and where its problems go. */
export interface Stage {
  readonly registration: SiteRegistration;
  /** Gateways of the machines that have one. */
  readonly gateways: Readonly<Record<string, string>>;
  readonly startMs: number;
  /** How long what holds throughout holds; `undefined` where nothing says so. */
  readonly lengthMs: number | undefined;
  /** Parts the ids of records of one story from those of another. */
  readonly tag: string;
  /** When a record of an owner comes that is held back; `undefined` where it comes as usual. */
  readonly heldBack: (ownerId: string, ms: number) => number | undefined;
  readonly say: (path: Path, problem: string) => void;
}

/** What came of a story, and how long its longest series is. */
export interface Told {
  readonly telemetry: readonly TelemetryRun[];
  readonly power: readonly PowerRun[];
  readonly siteEvents: readonly Stated<SiteEvent>[];
  readonly workRecords: readonly Stated<WorkRecord>[];
  readonly lengthMs: number;
}

/** Usual ways to the log: a gateway's report takes seconds, a meter's reading a minute after its interval. */
const reportDelayMs = 2000;
const readingDelayMs = 60_000;
const countEveryMs = 60_000;

/** Extras of a reading, by their short names. */
const extras = { min: 'minKw', max: 'maxKw', kvar: 'meanKvar', register: 'registerKwh' } as const satisfies Record<
  string,
  PowerExtra
>;

const states: ReadonlySet<string> = new Set(['UNKNOWN', 'STOPPED', 'STANDBY', 'RUNNING', 'FAULT']);

export function tell(story: StoryNotation, at: Path, stage: Stage): Told {
  const { registration, startMs, tag, say } = stage;
  let lengthMs = stage.lengthMs ?? 0;
  const read = (path: Path, text: string | number, stepMs: number): readonly Stretch[] => {
    const stretches = parseSeries(text, stepMs, stage.lengthMs);
    if (typeof stretches === 'string') {
      say(path, stretches);
      return [];
    }
    lengthMs = Math.max(lengthMs, stepsOf(stretches) * stepMs);
    return stretches;
  };
  const figures = (path: Path, text: string | number | undefined, stepMs: number): readonly (Sample | undefined)[] => {
    if (text === undefined) return [];
    const samples = samplesOf(read(path, text, stepMs), [tag, ...path].join('/'));
    if (typeof samples !== 'string') return samples;
    say(path, samples);
    return [];
  };
  const known = (path: Path, id: string, ids: readonly string[], what: string): boolean => {
    if (ids.includes(id)) return true;
    const near = nearest(id, ids);
    say(
      path,
      `the site has no ${what} '${id}'; ${near ? `did you mean '${near}'?` : `there are ${ids.join(', ') || 'none'}`}`,
    );
    return false;
  };
  const instant = (path: Path, offset: string | number): number => {
    const ms = parseOffset(offset);
    if (ms === undefined) say(path, `'${offset}' is no time of the case; write +2h15m, counted from its start`);
    return startMs + (ms ?? 0);
  };
  const machines = registration.equipment.map(({ equipmentId }) => equipmentId);
  const sections = registration.sections.map(({ sectionId }) => sectionId);

  const telemetry: TelemetryRun[] = [];
  for (const id of Object.keys(story.state ?? {})) known([...at, 'state', id], id, machines, 'equipment');
  for (const id of Object.keys(story.readings ?? {})) known([...at, 'readings', id], id, machines, 'equipment');
  for (const { equipmentId: id, reportIntervalMs: everyMs } of registration.equipment) {
    const state = story.state?.[id];
    const path = [...at, 'state', id];
    const words = (state === undefined ? [] : read(path, state, everyMs)).flatMap(({ word, steps }) => {
      if (word !== '-' && !states.has(word)) {
        say(path, `'${word}' is no state; write one of ${[...states].join(', ')}, or - for silence`);
      }
      return Array<string>(steps).fill(word);
    });
    const channels = Object.entries(story.readings?.[id] ?? {}).map(([indicator, text]) => ({
      indicator,
      samples: figures([...at, 'readings', id, indicator], text, everyMs),
    }));
    const reports = Math.max(words.length, ...channels.map(({ samples }) => samples.length));
    let key = '';
    for (let i = 0; i < reports; i++) {
      const word = state === undefined ? 'UNKNOWN' : (words[i] ?? '-');
      if (word === '-') continue;
      const readings = channels.flatMap(({ indicator, samples }) => {
        const sample = samples[i];
        return sample ? [{ indicator, value: sample.value }] : [];
      });
      const fromMs = startMs + i * everyMs;
      const arrival = arrivalOf(stage.heldBack(id, fromMs), reportDelayMs);
      const last = telemetry.at(-1);
      const thisKey = JSON.stringify([id, word, readings, arrival]);
      if (last && thisKey === key && last.toMs === fromMs) {
        telemetry[telemetry.length - 1] = { ...last, toMs: fromMs + everyMs };
        continue;
      }
      key = thisKey;
      telemetry.push({
        enterpriseId,
        equipmentId: id,
        fromMs,
        toMs: fromMs + everyMs,
        everyMs,
        state: word as RunState,
        arrival,
        gatewayId: stage.gateways[id] ?? null,
        readings,
      });
    }
  }

  const power: PowerRun[] = [];
  const meterIds = registration.meters.map(({ meterId }) => meterId);
  for (const [id, notation] of Object.entries(story.power ?? {})) {
    const path = [...at, 'power', id];
    if (!known(path, id, meterIds, 'meter')) continue;
    const { intervalMs } = registration.meters.find(({ meterId }) => meterId === id)!;
    const parts = typeof notation === 'object' ? notation : { mean: notation };
    const means = figures(path, parts.mean, intervalMs);
    const others = (Object.keys(extras) as (keyof typeof extras)[]).flatMap((name) => {
      const samples = figures([...path, name], parts[name], intervalMs);
      return samples.length > 0 ? [{ name: extras[name], samples }] : [];
    });
    power.push(...runsOf(id, means, others, intervalMs, stage));
  }

  const siteEvents: Stated<SiteEvent>[] = [];
  for (const [id, text] of Object.entries(story.persons ?? {})) {
    const path = [...at, 'persons', id];
    if (!known(path, id, sections, 'section')) continue;
    const sourceId = registration.cameras.find(({ sectionId }) => sectionId === id)?.cameraId ?? 'camera';
    for (const [i, sample] of figures(path, text, countEveryMs).entries()) {
      if (!sample) continue;
      const ms = startMs + i * countEveryMs;
      siteEvents.push({
        arrivalMs: stage.heldBack(id, ms) ?? ms + reportDelayMs,
        value: {
          ...siteEventDefaults,
          enterpriseId,
          eventId: `persons-${id}-${tag}-${i}`,
          kind: 'PERSON_COUNT',
          startMs: ms,
          sectionId: id,
          sourceId,
          count: Math.max(0, Math.round(sample.value)),
        },
      });
    }
  }
  for (const [i, event] of (story.events ?? []).entries()) {
    const path = [...at, 'events', i];
    if (event.section !== undefined) known([...path, 'section'], event.section, sections, 'section');
    if (event.equipment !== undefined) known([...path, 'equipment'], event.equipment, machines, 'equipment');
    siteEvents.push(eventOf(event, `${tag}-event-${i + 1}`, (key, offset) => instant([...path, key], offset)));
  }
  const workRecords = (story.work ?? []).map((record, i) => {
    const path = [...at, 'work', i];
    if (record.section !== undefined) known([...path, 'section'], record.section, sections, 'section');
    if (record.equipment !== undefined) known([...path, 'equipment'], record.equipment, machines, 'equipment');
    return workOf(record, `${tag}-work-${i + 1}`, (key, offset) => instant([...path, key], offset));
  });
  return { telemetry, power, siteEvents, workRecords, lengthMs };
}

/** Readings of one meter, a run for as long as quality and arrival stay. */
function runsOf(
  meterId: string,
  means: readonly (Sample | undefined)[],
  others: readonly { readonly name: PowerExtra; readonly samples: readonly (Sample | undefined)[] }[],
  intervalMs: number,
  { startMs, heldBack }: Stage,
): PowerRun[] {
  const runs: { run: PowerRun; key: string; meanKw: number[]; extras: Partial<Record<PowerExtra, number[]>> }[] = [];
  for (const [i, sample] of means.entries()) {
    const intervalStartMs = startMs + i * intervalMs;
    const quality = sample?.quality ?? 'MEASURED';
    const arrival = arrivalOf(heldBack(meterId, intervalStartMs), readingDelayMs);
    const key = JSON.stringify([quality, arrival]);
    let last = runs.at(-1);
    if (!last || last.key !== key) {
      const meanKw: number[] = [];
      const own: Partial<Record<PowerExtra, number[]>> = {};
      for (const { name } of others) own[name] = [];
      const run = {
        enterpriseId,
        meterId,
        startMs: intervalStartMs,
        intervalMs,
        quality,
        arrival,
        meanKw,
        extras: own,
      };
      last = { run, key, meanKw, extras: own };
      runs.push(last);
    }
    last.meanKw.push(sample?.value ?? Number.NaN);
    for (const { name, samples } of others) last.extras[name]!.push(samples[i]?.value ?? Number.NaN);
  }
  return runs.map(({ run }) => run);
}

function arrivalOf(heldBackMs: number | undefined, delayMs: number): Arrival {
  return heldBackMs === undefined ? { delayMs } : { atMs: heldBackMs };
}

function eventOf(
  notation: EventNotation,
  id: string,
  instant: (key: string, offset: string | number) => number,
): Stated<SiteEvent> {
  const startMs = instant('at', notation.at);
  return {
    arrivalMs: notation.comes === undefined ? startMs : instant('comes', notation.comes),
    value: {
      ...siteEventDefaults,
      enterpriseId,
      eventId: notation.id ?? id,
      revision: notation.revision ?? 0,
      kind: notation.kind as SiteEvent['kind'],
      startMs,
      endMs: notation.to === undefined ? null : instant('to', notation.to),
      sectionId: notation.section ?? null,
      equipmentId: notation.equipment ?? null,
      sourceId: notation.source ?? null,
      confidence: notation.confidence ?? null,
      count: notation.count ?? null,
      value: notation.value ?? null,
      reference: notation.reference ?? null,
    },
  };
}

function workOf(
  notation: WorkNotation,
  id: string,
  instant: (key: string, offset: string | number) => number,
): Stated<WorkRecord> {
  const startMs = instant('from', notation.from);
  const endMs = instant('to', notation.to);
  // A permit is filed before the work; that a section was cleaned is filed after it.
  const usualMs = notation.kind === 'CLEANING' ? endMs : startMs;
  const filedAtMs = notation.filed === undefined ? usualMs : instant('filed', notation.filed);
  return {
    arrivalMs: notation.comes === undefined ? filedAtMs : instant('comes', notation.comes),
    value: {
      enterpriseId,
      recordId: notation.id ?? id,
      revision: notation.revision ?? 0,
      kind: notation.kind as WorkRecord['kind'],
      startMs,
      endMs,
      filedAtMs,
      sectionId: notation.section ?? null,
      equipmentId: notation.equipment ?? null,
      filedBy: notation.filedBy ?? null,
      regime: notation.regime ?? null,
      grade: notation.grade ?? null,
      withdrawn: notation.withdrawn ?? false,
    },
  };
}

/** Says where a day of history is not a day long. */
export function checkDay(story: StoryNotation, at: Path, registration: SiteRegistration, say: Stage['say']): void {
  const dayMs = 86_400_000;
  const check = (path: Path, text: string | number, stepMs: number): void => {
    const stretches = parseSeries(text, stepMs, dayMs);
    if (typeof stretches === 'string') return;
    const ms = stepsOf(stretches) * stepMs;
    if (ms !== dayMs)
      say(path, `a day of history is 24h long, this is ${formatDuration(ms)}; fill it up, with - for nothing`);
  };
  for (const { equipmentId: id, reportIntervalMs } of registration.equipment) {
    const state = story.state?.[id];
    if (state !== undefined) check([...at, 'state', id], state, reportIntervalMs);
  }
  for (const { meterId: id, intervalMs } of registration.meters) {
    const power = story.power?.[id];
    if (power !== undefined) check([...at, 'power', id], typeof power === 'object' ? power.mean : power, intervalMs);
  }
}
