import type {
  AlarmAction,
  Power,
  PowerQuality,
  Reading,
  RunState,
  SiteEvent,
  SiteRegistration,
  SubjectKind,
  WorkRecord,
} from './records.ts';

/**
 * A recording: what came in, when it came, and, where somebody knows it, what was true. Simulator, import, replay,
 * backtest and tests all read and write this; `docs/recordings.md` describes it as a folder.
 *
 * Telemetry and power are kept as runs, so that a year of one-minute reports is some thousand rows; they become single
 * records only as `recordingInputs` walks over them.
 */
export interface Recording {
  readonly about: RecordingAbout;
  readonly sites: readonly Stated<SiteRegistration>[];
  readonly workRecords: readonly Stated<WorkRecord>[];
  readonly siteEvents: readonly Stated<SiteEvent>[];
  readonly alarmActions: readonly Stated<AlarmAction>[];
  readonly telemetry: readonly TelemetryRun[];
  readonly power: readonly PowerRun[];
  readonly labels: readonly Label[];
}

export interface RecordingAbout {
  readonly title: string;
  /** Where the figures come from; for a simulated plant, the command and seed that make it. */
  readonly source: string;
  readonly licence: string;
  readonly credit: string;
  /** IANA zone in which the site's people read the clock. Every instant in a recording is absolute all the same. */
  readonly timeZone: string;
  /** Usual length of the power intervals, ms. */
  readonly nominalIntervalMs: number;
}

/** A single record and when it came. */
export interface Stated<T> {
  readonly arrivalMs: number;
  readonly value: T;
}

/** When each record of a run came: some time after its event (a negative delay is a fast device clock), or all at once. */
export type Arrival = { readonly delayMs: number } | { readonly atMs: number };

/** The same report, repeated: one at `fromMs` and then every `everyMs` while before `toMs`. */
export interface TelemetryRun {
  readonly enterpriseId: string;
  readonly equipmentId: string;
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  readonly everyMs: number;
  readonly state: RunState;
  /** A delay counts from the moment observed. */
  readonly arrival: Arrival;
  readonly gatewayId: string | null;
  readonly readings: readonly Reading[];
}

/** Quantities that may stand beside the mean, by the name that they have in a power record. */
export const powerExtras = ['minKw', 'maxKw', 'meanKvar', 'registerKwh'] as const satisfies readonly (keyof Power)[];
export type PowerExtra = (typeof powerExtras)[number];

/** Consecutive intervals of one meter. */
export interface PowerRun {
  readonly enterpriseId: string;
  readonly meterId: string;
  /** Start of the first interval. */
  readonly startMs: number;
  readonly intervalMs: number;
  readonly quality: PowerQuality;
  /** A delay counts from the end of the interval. */
  readonly arrival: Arrival;
  /** kW, one an interval; NaN where no reading came. */
  readonly meanKw: readonly number[];
  /** As many values each as `meanKw`; NaN where the quantity is not known. */
  readonly extras: Readonly<Partial<Record<PowerExtra, readonly number[]>>>;
}

/**
 * `lie`: reported state and truth differ in the way that the detector is there to find.
 * `honest-stop`: really stopped and reported so. `excused`: looks like a lie and is not one (a test run on file).
 */
export const labelKinds = ['lie', 'honest-stop', 'excused'] as const;
export type LabelKind = (typeof labelKinds)[number];

/** What was true of one subject over one stretch of time. */
export interface Label {
  readonly detector: string;
  readonly enterpriseId: string;
  readonly subjectKind: SubjectKind;
  readonly subjectId: string;
  /** For a lie: when the contradiction began, not when the false report did. */
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
  readonly kind: LabelKind;
  /** Time within the label in which the subject truly ran, ms; null when nobody knows. */
  readonly ranMs: number | null;
  readonly note: string;
}

/** Number of records in a telemetry run. */
export function reportCount(run: TelemetryRun): number {
  return Math.max(0, Math.ceil((run.toMs - run.fromMs) / run.everyMs));
}

/** First and last moment that the recording speaks of, in event time, ms; undefined when it holds no telemetry or power. */
export function recordingSpan(recording: Recording): { readonly fromMs: number; readonly toMs: number } | undefined {
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = Number.NEGATIVE_INFINITY;
  for (const run of recording.telemetry) {
    fromMs = Math.min(fromMs, run.fromMs);
    toMs = Math.max(toMs, run.toMs);
  }
  for (const run of recording.power) {
    fromMs = Math.min(fromMs, run.startMs);
    toMs = Math.max(toMs, run.startMs + run.meanKw.length * run.intervalMs);
  }
  return toMs > fromMs ? { fromMs, toMs } : undefined;
}
