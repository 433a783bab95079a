import type { Arrival } from '../../core/recording.ts';
import type { SiteRegistration } from '../../core/records.ts';
import { nearest } from '../rules-hints.ts';
import type { Path } from '../rules-yaml.ts';
import { parseOffset } from './duration.ts';
import { parseSeries, type Sample, type Stretch, samplesOf, stepsOf } from './series.ts';

export type Say = (path: Path, problem: string) => void;

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
  readonly say: Say;
}

/** Reads what a story is written in, and says what of it cannot be read. */
export class StoryReader {
  readonly stage: Stage;
  /** Length of the longest series so far, ms. */
  lengthMs: number;

  constructor(stage: Stage) {
    this.stage = stage;
    this.lengthMs = stage.lengthMs ?? 0;
  }

  stretches(path: Path, text: string | number, stepMs: number): readonly Stretch[] {
    const stretches = parseSeries(text, stepMs, this.stage.lengthMs);
    if (typeof stretches === 'string') {
      this.stage.say(path, stretches);
      return [];
    }
    this.lengthMs = Math.max(this.lengthMs, stepsOf(stretches) * stepMs);
    return stretches;
  }

  figures(path: Path, text: string | number, stepMs: number): readonly (Sample | undefined)[] {
    const samples = samplesOf(this.stretches(path, text, stepMs), [this.stage.tag, ...path].join('/'));
    if (typeof samples !== 'string') return samples;
    this.stage.say(path, samples);
    return [];
  }

  /** An instant, ms, of a time of the case. */
  instant(path: Path, offset: string | number): number {
    return this.stage.startMs + offsetOf(offset, path, this.stage.say);
  }

  isMachine(path: Path, id: string): boolean {
    const ids = this.stage.registration.equipment.map(({ equipmentId }) => equipmentId);
    return this.isKnown(path, id, ids, 'equipment');
  }

  isMeter(path: Path, id: string): boolean {
    const ids = this.stage.registration.meters.map(({ meterId }) => meterId);
    return this.isKnown(path, id, ids, 'meter');
  }

  isSection(path: Path, id: string): boolean {
    const ids = this.stage.registration.sections.map(({ sectionId }) => sectionId);
    return this.isKnown(path, id, ids, 'section');
  }

  private isKnown(path: Path, id: string, ids: readonly string[], what: string): boolean {
    if (ids.includes(id)) return true;
    const near = nearest(id, ids);
    const hint = near ? `did you mean '${near}'?` : `there are ${ids.join(', ') || 'none'}`;
    this.stage.say(path, `the site has no ${what} '${id}'; ${hint}`);
    return false;
  }
}

/** A time of a case, ms from its start; 0 where it cannot be read, which is said. */
export function offsetOf(offset: string | number, path: Path, say: Say): number {
  const ms = parseOffset(offset);
  if (ms === undefined) say(path, `'${offset}' is no time of the case; write +2h15m, counted from its start`);
  return ms ?? 0;
}

export function arrivalOf(heldBackMs: number | undefined, delayMs: number): Arrival {
  return heldBackMs === undefined ? { delayMs } : { atMs: heldBackMs };
}
