import type { LabelKind } from '../../core/recording.ts';
import type { SiteEvent, SubjectKind, WorkRecord } from '../../core/records.ts';
import { joinSpans } from '../plant-schedule.ts';
import { createRandom, type Random } from '../random.ts';
import type { Span } from '../reported-state.ts';
import { dayMs, hourMs, localDay, midnightMs, minuteMs } from './china-days.ts';
import type { Firm, Machine } from './firm.ts';
import { spells } from './schedule.ts';
import { intersectSpans } from './spans.ts';

const tries = 300;
/** Time between two deeds of one firm, so that each can be told from the other. */
const apartMs = 3 * hourMs;

/**
 * Finds room for what a firm does beside its routine. Every deed books its time, so that no two overlap; a deed that
 * finds no room is left out.
 */
export class Planner {
  readonly firm: Firm;
  readonly random: Random;
  /** Deeds begin here at the earliest. */
  readonly fromMs: number;
  private readonly booked: Span[] = [];
  private readonly routine = new Map<string, readonly Span[]>();
  private serial = 0;

  constructor(firm: Firm, honestDays: number, name: string) {
    this.firm = firm;
    this.random = createRandom(firm.seed, name);
    this.fromMs = firm.startMs + honestDays * dayMs;
  }

  /** Machines that make the firm's product, collectors and pumps apart. */
  get line(): readonly Machine[] {
    return this.firm.machines.filter(({ works }) => works === 'shifts' || works === 'casts');
  }

  get collectors(): readonly Machine[] {
    return this.firm.machines.filter(({ works }) => works === 'follows');
  }

  /** Runs by routine from the first possible deed to the end. */
  runsOf(machine: Machine): readonly Span[] {
    let runs = this.routine.get(machine.id);
    if (!runs) {
      runs = joinSpans(spells(this.firm, machine, this.fromMs, this.firm.endMs));
      this.routine.set(machine.id, runs);
    }
    return runs;
  }

  /** Runs of any of the machines, joined. */
  jointRuns(machines: readonly Machine[]): Span[] {
    return joinSpans(machines.flatMap((machine) => [...this.runsOf(machine)]));
  }

  /** Books the span unless it is taken or outside of the scenario. */
  book(span: Span): boolean {
    if (span.fromMs < this.fromMs || span.toMs > this.firm.endMs - hourMs || span.toMs <= span.fromMs) return false;
    if (this.booked.some((other) => other.toMs + apartMs > span.fromMs && span.toMs + apartMs > other.fromMs))
      return false;
    this.booked.push(span);
    return true;
  }

  /** A booked stretch of `minutes` inside one of the spans, on whole minutes. */
  inside(spans: readonly Span[], minutes: number): Span | undefined {
    const long = spans.filter(({ fromMs, toMs }) => toMs - fromMs >= minutes * minuteMs);
    return this.attempt(() => {
      if (long.length === 0) return undefined;
      const { fromMs, toMs } = this.random.pick(long);
      const start = fromMs + Math.floor(this.random.between(0, (toMs - fromMs) / minuteMs - minutes)) * minuteMs;
      return { fromMs: start, toMs: start + minutes * minuteMs };
    });
  }

  /** A booked stretch that begins between two local hours and in which none of the machines has routine work. */
  whileIdle(machines: readonly Machine[], hours: readonly [number, number], minutes: number): Span | undefined {
    const runs = this.jointRuns(machines);
    return this.attempt(() => {
      const span = this.atHours(hours, minutes);
      return intersectSpans(runs, [{ fromMs: span.fromMs - 40 * minuteMs, toMs: span.toMs + 40 * minuteMs }]).length ===
        0
        ? span
        : undefined;
    });
  }

  /** A booked stretch that begins between two local hours of any day and passes the test. */
  atTime(hours: readonly [number, number], minutes: number, suits: (span: Span) => boolean): Span | undefined {
    return this.attempt(() => {
      const span = this.atHours(hours, minutes);
      return suits(span) ? span : undefined;
    });
  }

  minutes(low: number, high: number): number {
    return Math.round(this.random.between(low, high));
  }

  label(
    detector: string,
    subjectKind: SubjectKind,
    subjectId: string,
    span: Span,
    kind: LabelKind,
    note: string,
  ): void {
    const { fromMs: startMs, toMs: endMs } = span;
    this.firm.deeds.labels.push({
      detector,
      enterpriseId: this.firm.id,
      subjectKind,
      subjectId,
      startMs,
      endMs,
      kind,
      ranMs: null,
      note,
    });
  }

  /** An event that comes `delayMs` after it begins, or after it ended where it tells its end. */
  event(kind: SiteEvent['kind'], fields: Partial<SiteEvent> & { readonly startMs: number }, delayMs: number): void {
    const value: SiteEvent = {
      enterpriseId: this.firm.id,
      eventId: `e-${kind.toLowerCase()}-${this.serialNumber()}`,
      revision: 0,
      kind,
      endMs: null,
      sectionId: null,
      equipmentId: null,
      sourceId: null,
      confidence: null,
      count: null,
      reference: null,
      value: null,
      ...fields,
    };
    this.firm.deeds.events.push({ arrivalMs: (value.endMs ?? value.startMs) + delayMs, value });
  }

  /** A work record filed at `filedAtMs`. */
  work(kind: WorkRecord['kind'], span: Span, filedAtMs: number, fields: Partial<WorkRecord>): void {
    const value: WorkRecord = {
      enterpriseId: this.firm.id,
      recordId: `w-${kind.toLowerCase()}-${this.serialNumber()}`,
      revision: 0,
      kind,
      startMs: span.fromMs,
      endMs: span.toMs,
      filedAtMs,
      sectionId: null,
      equipmentId: null,
      filedBy: '安全员',
      regime: null,
      grade: null,
      withdrawn: false,
      ...fields,
    };
    this.firm.deeds.works.push({ arrivalMs: filedAtMs + 1500, value });
  }

  private serialNumber(): string {
    return `${this.firm.deeds.events.length}-${++this.serial}`;
  }

  private atHours(hours: readonly [number, number], minutes: number): Span {
    const first = localDay(this.fromMs);
    const last = localDay(this.firm.endMs - 1);
    const day = first + Math.floor(this.random.between(0, last - first + 1));
    const fromMs = midnightMs(day) + this.minutes(hours[0] * 60, hours[1] * 60) * minuteMs;
    return { fromMs, toMs: fromMs + minutes * minuteMs };
  }

  private attempt(propose: () => Span | undefined): Span | undefined {
    for (let i = 0; i < tries; i++) {
      const span = propose();
      if (span && this.book(span)) return span;
    }
    return undefined;
  }
}
