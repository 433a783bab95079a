import type { PowerExtra, PowerRun, TelemetryRun } from '../../core/recording.ts';
import type { Equipment, RunState } from '../../core/records.ts';
import type { Path } from '../rules-yaml.ts';
import type { Sample } from './series.ts';
import type { StoryNotation } from './shape.ts';
import { enterpriseId } from './site.ts';
import { arrivalOf, type Stage, type StoryReader } from './stage.ts';

/** Usual ways to the log: a gateway's report takes seconds, a meter's reading a minute after its interval. */
export const reportDelayMs = 2000;
const readingDelayMs = 60_000;

/** Extras of a reading, by their short names. */
const extras = { min: 'minKw', max: 'maxKw', kvar: 'meanKvar', register: 'registerKwh' } as const satisfies Record<
  string,
  PowerExtra
>;

const states: ReadonlySet<string> = new Set(['UNKNOWN', 'STOPPED', 'STANDBY', 'RUNNING', 'FAULT']);

/** Reports of all machines: states and the readings that ride on them. */
export function telemetryOf(story: StoryNotation, at: Path, reader: StoryReader): TelemetryRun[] {
  for (const id of Object.keys(story.state ?? {})) reader.isMachine([...at, 'state', id], id);
  for (const id of Object.keys(story.readings ?? {})) reader.isMachine([...at, 'readings', id], id);
  return reader.stage.registration.equipment.flatMap((machine) => reportsOf(machine, story, at, reader));
}

function reportsOf(machine: Equipment, story: StoryNotation, at: Path, reader: StoryReader): TelemetryRun[] {
  const { equipmentId, reportIntervalMs: everyMs } = machine;
  const { startMs, gateways, heldBack } = reader.stage;
  const words = wordsOf(machine, story, at, reader);
  const channels = Object.entries(story.readings?.[equipmentId] ?? {}).map(([indicator, text]) => ({
    indicator,
    samples: reader.figures([...at, 'readings', equipmentId, indicator], text, everyMs),
  }));
  const reports = Math.max(words?.length ?? 0, ...channels.map(({ samples }) => samples.length));
  const runs: TelemetryRun[] = [];
  let key = '';
  for (let i = 0; i < reports; i++) {
    const state = words ? (words[i] ?? '-') : 'UNKNOWN';
    if (state === '-') continue;
    const readings = channels.flatMap(({ indicator, samples }) => {
      const sample = samples[i];
      return sample ? [{ indicator, value: sample.value }] : [];
    });
    const fromMs = startMs + i * everyMs;
    const toMs = fromMs + everyMs;
    const arrival = arrivalOf(heldBack(equipmentId, fromMs), reportDelayMs);
    const last = runs.at(-1);
    const lastKey = key;
    key = JSON.stringify([state, readings, arrival]);
    if (last && key === lastKey && last.toMs === fromMs) {
      runs[runs.length - 1] = { ...last, toMs };
      continue;
    }
    const gatewayId = gateways[equipmentId] ?? null;
    const what = { enterpriseId, equipmentId, state: state as RunState, gatewayId, readings };
    runs.push({ ...what, fromMs, toMs, everyMs, arrival });
  }
  return runs;
}

/** The state of each report, `-` for none; `undefined` for a machine of which the story tells no state. */
function wordsOf(machine: Equipment, story: StoryNotation, at: Path, reader: StoryReader): string[] | undefined {
  const { equipmentId, reportIntervalMs } = machine;
  const series = story.state?.[equipmentId];
  if (series === undefined) return undefined;
  const path = [...at, 'state', equipmentId];
  return reader.stretches(path, series, reportIntervalMs).flatMap(({ word, steps }) => {
    if (word !== '-' && !states.has(word)) {
      reader.stage.say(path, `'${word}' is no state; write one of ${[...states].join(', ')}, or - for silence`);
    }
    return Array<string>(steps).fill(word);
  });
}

/** Readings of all meters. */
export function powerOf(story: StoryNotation, at: Path, reader: StoryReader): PowerRun[] {
  return Object.entries(story.power ?? {}).flatMap(([id, notation]) => {
    const path = [...at, 'power', id];
    if (!reader.isMeter(path, id)) return [];
    const { intervalMs } = reader.stage.registration.meters.find(({ meterId }) => meterId === id)!;
    const parts = typeof notation === 'object' ? notation : { mean: notation };
    const means = reader.figures(path, parts.mean, intervalMs);
    const others = (Object.keys(extras) as (keyof typeof extras)[]).flatMap((name) => {
      const text = parts[name];
      return text === undefined
        ? []
        : [{ name: extras[name], samples: reader.figures([...path, name], text, intervalMs) }];
    });
    return runsOf(id, means, others, intervalMs, reader.stage);
  });
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
