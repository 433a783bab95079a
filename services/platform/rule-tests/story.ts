import type { PowerRun, Stated, TelemetryRun } from '../../core/recording.ts';
import type { SiteEvent, SiteRegistration, WorkRecord } from '../../core/records.ts';
import type { Path } from '../rules-yaml.ts';
import { formatDuration } from './duration.ts';
import { parseSeries, stepsOf } from './series.ts';
import type { StoryNotation } from './shape.ts';
import { type Say, type Stage, StoryReader } from './stage.ts';
import { countsOf, eventsOf, workRecordsOf } from './story-filed.ts';
import { powerOf, telemetryOf } from './story-series.ts';

/** What came of a story, and how long its longest series is. */
export interface Told {
  readonly telemetry: readonly TelemetryRun[];
  readonly power: readonly PowerRun[];
  readonly siteEvents: readonly Stated<SiteEvent>[];
  readonly workRecords: readonly Stated<WorkRecord>[];
  readonly lengthMs: number;
}

/** Tells a case, or a day of its history, as the records that come of it. `at` is its path in the file. */
export function tell(story: StoryNotation, at: Path, stage: Stage): Told {
  const reader = new StoryReader(stage);
  const told = {
    telemetry: telemetryOf(story, at, reader),
    power: powerOf(story, at, reader),
    siteEvents: [...countsOf(story, at, reader), ...eventsOf(story, at, reader)],
    workRecords: workRecordsOf(story, at, reader),
  };
  return { ...told, lengthMs: reader.lengthMs };
}

/** Says where a day of history is not a day long. */
export function checkDay(story: StoryNotation, at: Path, registration: SiteRegistration, say: Say): void {
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
