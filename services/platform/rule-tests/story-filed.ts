import { siteEventDefaults } from '../../core/record-defaults.ts';
import type { Stated } from '../../core/recording.ts';
import type { SiteEvent, WorkRecord } from '../../core/records.ts';
import type { Path } from '../rules-yaml.ts';
import type { EventNotation, StoryNotation, WorkNotation } from './shape.ts';
import { enterpriseId } from './site.ts';
import type { StoryReader } from './stage.ts';
import { reportDelayMs } from './story-series.ts';

/** Cameras count people once a minute. */
const countEveryMs = 60_000;

/** Counted persons of all sections, from the camera that the section has. */
export function countsOf(story: StoryNotation, at: Path, reader: StoryReader): Stated<SiteEvent>[] {
  const { registration, startMs, tag, heldBack } = reader.stage;
  return Object.entries(story.persons ?? {}).flatMap(([id, text]) => {
    const path = [...at, 'persons', id];
    if (!reader.isSection(path, id)) return [];
    const sourceId = registration.cameras.find(({ sectionId }) => sectionId === id)?.cameraId ?? 'camera';
    return reader.figures(path, text, countEveryMs).flatMap((sample, i): Stated<SiteEvent>[] => {
      if (!sample) return [];
      const ms = startMs + i * countEveryMs;
      const value: SiteEvent = {
        ...siteEventDefaults,
        enterpriseId,
        eventId: `persons-${id}-${tag}-${i}`,
        kind: 'PERSON_COUNT',
        startMs: ms,
        sectionId: id,
        sourceId,
        count: Math.max(0, Math.round(sample.value)),
      };
      return [{ arrivalMs: heldBack(id, ms) ?? ms + reportDelayMs, value }];
    });
  });
}

export function eventsOf(story: StoryNotation, at: Path, reader: StoryReader): Stated<SiteEvent>[] {
  return (story.events ?? []).map((event, i) => {
    const path = [...at, 'events', i];
    checkPlace(event, path, reader);
    const id = `${reader.stage.tag}-event-${i + 1}`;
    return eventOf(event, id, (key, offset) => reader.instant([...path, key], offset));
  });
}

export function workRecordsOf(story: StoryNotation, at: Path, reader: StoryReader): Stated<WorkRecord>[] {
  return (story.work ?? []).map((record, i) => {
    const path = [...at, 'work', i];
    checkPlace(record, path, reader);
    const id = `${reader.stage.tag}-work-${i + 1}`;
    return workOf(record, id, (key, offset) => reader.instant([...path, key], offset));
  });
}

function checkPlace({ section, equipment }: EventNotation | WorkNotation, path: Path, reader: StoryReader): void {
  if (section !== undefined) reader.isSection([...path, 'section'], section);
  if (equipment !== undefined) reader.isMachine([...path, 'equipment'], equipment);
}

type Instant = (key: string, offset: string | number) => number;

function eventOf(notation: EventNotation, id: string, instant: Instant): Stated<SiteEvent> {
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

function workOf(notation: WorkNotation, id: string, instant: Instant): Stated<WorkRecord> {
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
