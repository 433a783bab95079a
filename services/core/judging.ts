import type { Place, SlotJudgement } from './detectors/detector.ts';
import { verdictOf } from './detectors/reasons.ts';
import type { Said } from './findings.ts';
import { floorTo } from './grid.ts';
import type { Holdings } from './holdings.ts';
import type { Subject } from './subject.ts';
import type { Watch } from './watch.ts';

/** Slots are sealed on this grid: a multiple of every possible slot length. */
export const sealStepMs = 900_000;
/** After this long a machine whose samples drive a watch is said to be unheard, ms; back-filled samples correct it. */
const unheardAfterMs = 3_600_000;
/** Slots that are asked why a finding is claimed no more. */
const whySlots = 4;

const nothing: readonly never[] = [];

/** Judges the slots of the watches of one enterprise, as far as what is held makes them due. */
export class Judging {
  private readonly held: Holdings;

  constructor(held: Holdings) {
    this.held = held;
  }

  /** The clock by which slots that time drives fall due: it moves with the seals, so it is the same in every host. */
  get clockMs(): number {
    return this.held.sealedMs + this.held.horizonMs;
  }

  /** Whether loads or reports bear on what it judges. */
  heeds(watch: Watch): boolean {
    const drive = this.placeAt(watch, watch.headMs)?.drive;
    return drive !== 'samples' && drive !== 'noted';
  }

  /** Version of all that sealed slots have taught and the watch rests on. */
  modelVersion(watch: Watch): number {
    const { held } = this;
    const place = this.placeAt(watch, watch.headMs);
    // Models learn at seals only: in between what was looked up still holds.
    if (watch.knownAt === held.lessons) return watch.knownVersion;
    watch.knownAt = held.lessons;
    if (place && place.meterId !== '') watch.knownVersion = held.meter(place.meterId)?.version ?? 0;
    else watch.knownVersion = this.heeds(watch) ? held.meters.reduce((sum, { version }) => sum + version, 0) : 0;
    return watch.knownVersion;
  }

  /** What a watch looks at under the description in force at a moment; the oldest that is held before the first. */
  placeAt(watch: Watch, ms: number): Place | undefined {
    const { site } = this.held;
    return watch.placeIn(site.at(ms) ?? site.all()[0]);
  }

  /** Up to where slots of a place may be judged. */
  private dueMs({ drive, stepMs, meterId, equipmentId }: Place): number {
    switch (drive) {
      case 'load':
        return floorTo(meterId === '' ? this.held.readMs : (this.held.meter(meterId)?.newestMs ?? 0), stepMs);
      case 'reports':
        return floorTo(this.held.heardMs - this.held.options.reportMarginMs, stepMs);
      case 'time':
        return floorTo(this.clockMs - this.held.options.reportMarginMs, stepMs);
      case 'samples':
        return Math.max(this.held.samples.untilMs(equipmentId), floorTo(this.clockMs - unheardAfterMs, stepMs));
      case 'filed':
        return floorTo(this.toldMs(stepMs), stepMs);
      case 'noted':
        return floorTo(Math.max(this.clockMs - this.held.options.reportMarginMs, this.held.notedMs + stepMs), stepMs);
    }
  }

  /** Up to where anything was heard; where nothing is filed the clock is enough. */
  private toldMs(stepMs: number): number {
    const { held } = this;
    const { reportMarginMs } = this.held.options;
    const clockMs = this.clockMs - reportMarginMs;
    if (held.work.length + held.events.length === 0) return clockMs;
    return Math.max(clockMs, held.heardMs - reportMarginMs, held.readMs, held.notedMs + stepMs);
  }

  /** Whether a slot of a watch has fallen due, or its slots are to be cut anew. */
  isDue(watch: Watch): boolean {
    const { headMs } = watch;
    const place = this.placeAt(watch, headMs);
    return place !== undefined && (headMs + place.stepMs <= this.dueMs(place) || headMs % place.stepMs !== 0);
  }

  /** Brings a watch up to what has come. */
  advance(watch: Watch): void {
    const first = this.placeAt(watch, watch.headMs);
    if (!first) return;
    // Slots of another length since: the open ones are cut anew.
    if (watch.headMs % first.stepMs !== 0) watch.rewind(this.held.sealedMs, this.modelVersion(watch));
    const judgedMs = this.judgeSlots(watch, watch.headMs, this.dueMs(first), (place, judgements, startMs, stepMs) =>
      watch.takeHead(place, judgements, startMs, stepMs),
    );
    watch.headMs = judgedMs;
  }

  /** Judges the slots that are sealed at `untilMs` for good. */
  judgeSealed(watch: Watch, untilMs: number): void {
    const place = this.placeAt(watch, this.held.sealedMs);
    // Beyond what has come there is nothing to judge unless a run is open or time alone makes slots due.
    const endMs = watch.busy || !place || place.drive === 'time' ? untilMs : Math.min(untilMs, this.dueMs(place));
    const { detector, rule } = watch;
    this.judgeSlots(watch, this.held.sealedMs, endMs, (slotPlace, judgements, startMs, stepMs) => {
      watch.takeSealed(slotPlace, judgements, startMs, stepMs);
      const version = detector.learn && this.held.site.at(startMs);
      if (version && slotPlace) {
        const before = watch.learned;
        watch.learned = detector.learn!(this.held, version, slotPlace, startMs, rule, before);
        if (detector.alters?.(before, watch.learned)) watch.markStale(startMs + stepMs);
      }
    });
  }

  /** Judges slots of [fromMs, endMs) in turn and hands each on; returns the end of the last one. */
  private judgeSlots(
    watch: Watch,
    fromMs: number,
    endMs: number,
    take: (place: Place | undefined, judgements: readonly SlotJudgement[], startMs: number, stepMs: number) => void,
  ): number {
    const { detector, rule } = watch;
    let startMs = fromMs;
    for (;;) {
      const version = this.held.site.at(startMs);
      const place = watch.placeIn(version);
      const stepMs = place?.stepMs ?? sealStepMs;
      if (startMs + stepMs > endMs) return startMs;
      if (place && !watch.busy && detector.quietUntil) {
        // The last slot is judged in any case: it gives the reason that the status shows.
        const calmEndMs = Math.min(endMs - stepMs, this.held.site.nextChangeMs(startMs));
        const calmMs = detector.quietUntil(this.held, place, startMs, calmEndMs, rule);
        if (calmMs > startMs) {
          startMs = calmMs;
          continue;
        }
      }
      take(place, this.judge(watch, place, startMs), startMs, stepMs);
      startMs += stepMs;
    }
  }

  private judge(watch: Watch, place: Place | undefined, startMs: number): readonly SlotJudgement[] {
    const version = this.held.site.at(startMs);
    if (!version || !place) return nothing;
    return watch.detector.judge(this.held, version, place, startMs, watch.rule, watch.learned);
  }

  /** What the first slot of a finding that is claimed no more is now said to be, or the first after it that claims anything. */
  whyGone(watch: Watch, subject: Subject, { firstMs, lastEndMs }: Said): string {
    const place = this.placeAt(watch, firstMs);
    const firstSlotMs = place && floorTo(firstMs, place.stepMs);
    if (!place || firstSlotMs === undefined || firstSlotMs < this.held.sealedMs) return 'evidence-fell';
    const known = watch.detector.subjects(place);
    const endMs = Math.min(lastEndMs, firstSlotMs + whySlots * place.stepMs);
    let why: string | undefined;
    for (let startMs = firstSlotMs; startMs < endMs; startMs += place.stepMs) {
      const judgement = this.judge(watch, place, startMs).find((each, i) => {
        const { kind, id } = each.subject ?? known[i]!;
        return kind === subject.kind && id === subject.id;
      });
      // A contradiction is dated back to its beginning, which may lie in a slot that claims nothing.
      if (judgement?.kind !== 'not-claimed') {
        why = judgement?.reason;
        break;
      }
      why ??= judgement.reason;
    }
    return why === undefined || verdictOf(why) === 'CONTRADICTORY' ? 'evidence-fell' : why;
  }
}
