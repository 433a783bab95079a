import { equipmentDefaults, meterDefaults, siteDefaults, siteEventDefaults } from '../../core/record-defaults.ts';
import type { Label, PowerRun, Recording, Stated, TelemetryRun } from '../../core/recording.ts';
import type {
  Equipment,
  Meter,
  RunState,
  SiteEvent,
  SiteEventKind,
  SiteRegistration,
  SubjectKind,
  WorkRecord,
  WorkRecordKind,
} from '../../core/records.ts';
import { createRandom, type Random } from '../random.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** Monday, 2 March 2026, midnight in Shanghai: an ordinary week. */
const mondayMs = Date.UTC(2026, 2, 1, 16);

/** A moment of a story: its day, counted from 0, and the clock on the wall. */
export type Moment = readonly [day: number, clock: string];

interface Machine {
  readonly equipment: Equipment;
  /** kW of each minute as it was; 0 is stopped. */
  readonly kw: Float64Array;
  /** What the gateway says instead of the truth, by minute. */
  readonly said: (RunState | 'SILENT' | undefined)[];
  readonly sensors: { readonly indicator: string; readonly value: (ms: number, running: boolean) => number }[];
  /** Base loads run by themselves and report nothing. */
  readonly reports: boolean;
}

interface MeterStory {
  readonly meter: Meter;
  /** What else draws power here, kW, by minute since the start. */
  readonly besideKw: (minute: number) => number;
  /** Local hour at which a day is delivered on the next; undefined where each reading comes by itself. */
  readonly nextDayAtHour: number | undefined;
  /** What the energy register shows beside each reading, of the kWh that it has counted since the start. */
  readonly register: ((kwh: number, ms: number) => number) | undefined;
  readonly changes: { readonly from: number; readonly to: number; readonly shown: (kw: number) => number }[];
}

export interface StoryOptions {
  readonly days?: number;
  readonly firm?: string;
  readonly startMs?: number;
  readonly site?: Partial<SiteRegistration>;
  /** Hours of a working day, local clock. */
  readonly hours?: readonly (readonly [string, string])[];
  readonly daysOff?: readonly number[];
}

/**
 * One firm and some days of its life, told in plain steps: how its machines run, what is said of them, and what meters,
 * cameras and people put on record. Whatever is not told otherwise is an honest working week.
 */
export class Story {
  private readonly machines = new Map<string, Machine>();
  private readonly meters = new Map<string, MeterStory>();
  private readonly events: Stated<SiteEvent>[] = [];
  private readonly works: Stated<WorkRecord>[] = [];
  private readonly labels: Label[] = [];
  private readonly random: Random;
  private readonly startMs: number;
  private readonly days: number;
  private readonly enterpriseId: string;
  private readonly options: StoryOptions;

  constructor(name: string, options: StoryOptions = {}) {
    this.options = options;
    this.enterpriseId = options.firm ?? name;
    this.random = createRandom(1, this.enterpriseId);
    this.days = options.days ?? 6;
    this.startMs = options.startMs ?? mondayMs;
  }

  ms([day, clock]: Moment): number {
    return this.startMs + day * dayMs + clockMinutes(clock) * minuteMs;
  }

  /** A machine that works its hours; `kw` is what it draws at work. */
  machine(
    id: string,
    kw: number,
    { reports = true, works = true, ...fields }: Partial<Equipment> & { reports?: boolean; works?: boolean } = {},
  ): this {
    const equipment = { ...equipmentDefaults, name: id, reportIntervalMs: 300_000, ...fields, equipmentId: id };
    const minutes = this.days * 1440;
    const said = Array<undefined>(minutes).fill(undefined);
    this.machines.set(id, { equipment, kw: new Float64Array(minutes), said, sensors: [], reports });
    if (!works) return this;
    for (let day = 0; day < this.days; day++) {
      if (this.isOff(day)) continue;
      for (const [from, to] of this.options.hours ?? dayShift) this.runs(id, [day, from], [day, to], kw);
    }
    return this;
  }

  isOff(day: number): boolean {
    const sunday = new Date(this.startMs + day * dayMs + dayMs / 2).getUTCDay() === 0;
    return sunday || (this.options.daysOff ?? []).includes(day);
  }

  /** Works in truth: a load that wanders slowly, with the jumps of single workpieces. */
  runs(id: string, from: Moment, to: Moment, kw: number): this {
    let drift = 0;
    this.eachMinute(from, to, (minute) => {
      drift = 0.9 * drift + 0.03 * this.random.normal();
      this.machineOf(id).kw[minute] = Math.max(0.2, kw * (1 + drift + 0.05 * this.random.normal()));
    });
    return this;
  }

  rests(id: string, from: Moment, to: Moment): this {
    this.eachMinute(from, to, (minute) => {
      this.machineOf(id).kw[minute] = 0;
    });
    return this;
  }

  /** Speed falls off to nothing: the load falls with it. */
  runsDown(id: string, from: Moment, minutes: number, kw: number): this {
    const first = clockMinutes(from[1]) + from[0] * 1440;
    for (let i = 0; i < minutes; i++) this.machineOf(id).kw[first + i] = kw * (1 - i / minutes) ** 2;
    return this;
  }

  says(id: string, from: Moment, to: Moment, state: RunState | 'SILENT'): this {
    this.eachMinute(from, to, (minute) => {
      this.machineOf(id).said[minute] = state;
    });
    return this;
  }

  silent(from: Moment, to: Moment): this {
    for (const id of this.machines.keys()) this.says(id, from, to, 'SILENT');
    return this;
  }

  /** A sensor whose figure rides on each report. */
  senses(id: string, indicator: string, value: (ms: number, running: boolean) => number): this {
    this.machineOf(id).sensors.push({ indicator, value });
    return this;
  }

  /** Standard normal, of the story's own stream. */
  noise(): number {
    return this.random.normal();
  }

  meter(
    id: string,
    feeds: readonly string[],
    {
      besideKw = () => 1,
      nextDayAtHour,
      register,
      ...fields
    }: Partial<Meter> & Partial<Omit<MeterStory, 'meter'>> = {},
  ): this {
    const deliveryDelayMs = nextDayAtHour === undefined ? 0 : dayMs + nextDayAtHour * 60 * minuteMs;
    const meter: Meter = { ...meterDefaults, role: 'PRODUCTION', deliveryDelayMs, ...fields, meterId: id, feeds };
    this.meters.set(id, { meter, besideKw, nextDayAtHour, register, changes: [] });
    return this;
  }

  /** The meter shows something else than flows; NaN is nothing. */
  shows(id: string, from: Moment, to: Moment, shown: (kw: number) => number): this {
    this.meters.get(id)!.changes.push({ from: this.ms(from), to: this.ms(to), shown });
    return this;
  }

  event(
    kind: SiteEventKind,
    from: Moment,
    to: Moment | null,
    fields: Partial<SiteEvent> & { came?: Moment } = {},
  ): this {
    const { came, ...rest } = fields;
    const startMs = this.ms(from);
    const endMs = to && this.ms(to);
    const { enterpriseId } = this;
    const eventId = `event-${this.events.length + 1}`;
    const value = { ...siteEventDefaults, enterpriseId, eventId, kind, startMs, endMs, ...rest };
    this.events.push({ arrivalMs: came ? this.ms(came) : startMs + minuteMs, value });
    return this;
  }

  work(kind: WorkRecordKind, from: Moment, to: Moment, fields: Partial<WorkRecord> & { filed?: Moment } = {}): this {
    const { filed, ...rest } = fields;
    const filedAtMs = filed ? this.ms(filed) : this.ms(from) - 10 * minuteMs;
    const base = { revision: 0, sectionId: null, equipmentId: null, filedBy: null, regime: null, grade: null };
    const recordId = `work-${this.works.length + 1}`;
    const span = { startMs: this.ms(from), endMs: this.ms(to) };
    const { enterpriseId } = this;
    const value = { ...base, enterpriseId, recordId, kind, ...span, filedAtMs, withdrawn: false, ...rest };
    this.works.push({ arrivalMs: filedAtMs + minuteMs, value });
    return this;
  }

  /** Cleaned and put on record after every working day but some. */
  cleans(sectionId: string, except: readonly number[] = []): this {
    for (let day = 0; day < this.days; day++) {
      if (this.isOff(day) || except.includes(day)) continue;
      this.work('CLEANING', [day, '17:05'], [day, '17:25'], { sectionId, filed: [day, '17:26'] });
    }
    return this;
  }

  lie(detector: string, subjectKind: SubjectKind, subjectId: string, from: Moment, to: Moment, note: string): this {
    return this.label('lie', detector, subjectKind, subjectId, from, to, note);
  }

  label(
    kind: Label['kind'],
    detector: string,
    subjectKind: SubjectKind,
    subjectId: string,
    from: Moment,
    to: Moment,
    note: string,
  ): this {
    const subject = { enterpriseId: this.enterpriseId, subjectKind, subjectId: subjectId || this.enterpriseId };
    this.labels.push({ detector, ...subject, startMs: this.ms(from), endMs: this.ms(to), kind, ranMs: null, note });
    return this;
  }

  /** All of it as a recording; `title` tells the story in one sentence. */
  tell(title: string): Recording {
    const about = {
      title,
      source: 'made by services/simulator/cases (wattness simulate --cases DIR)',
      licence: 'Apache-2.0',
      credit: '',
      timeZone: 'Asia/Shanghai',
      nominalIntervalMs: 900_000,
    };
    const machines = [...this.machines.values()];
    const site: SiteRegistration = {
      ...siteDefaults,
      enterpriseId: this.enterpriseId,
      effectiveFromMs: this.startMs - dayMs,
      name: '示例企业',
      nameEn: 'Example works',
      regionCode: '330106',
      sector: 'DUST_EXPLOSION',
      ...this.options.site,
      equipment: machines.map(({ equipment }) => equipment),
      meters: [...this.meters.values()].map(({ meter }) => meter),
    };
    const telemetry = machines.filter(({ reports }) => reports).flatMap((machine) => this.reportsOf(machine));
    const power = [...this.meters.values()].flatMap((meter) => this.readingsOf(meter));
    const sites = [{ arrivalMs: site.effectiveFromMs, value: site }];
    return {
      about,
      sites,
      workRecords: this.works,
      siteEvents: this.events,
      alarmActions: [],
      telemetry,
      power,
      labels: this.labels,
    };
  }

  private reportsOf({ equipment, kw, said, sensors }: Machine): TelemetryRun[] {
    const everyMs = equipment.reportIntervalMs;
    const endMs = this.startMs + this.days * dayMs;
    const runs: TelemetryRun[] = [];
    let before = '';
    for (let ms = this.startMs; ms < endMs; ms += everyMs) {
      const minute = Math.floor((ms - this.startMs) / minuteMs);
      const running = kw[minute]! > 0;
      const state = said[minute] ?? (running ? 'RUNNING' : 'STOPPED');
      const readings = sensors.map(({ indicator, value }) => ({ indicator, value: value(ms, running) }));
      if (state === 'SILENT') continue;
      const now = JSON.stringify([state, readings]);
      const last = runs.at(-1);
      if (last && now === before && last.toMs === ms) {
        runs[runs.length - 1] = { ...last, toMs: ms + everyMs };
        continue;
      }
      before = now;
      const who = { enterpriseId: this.enterpriseId, equipmentId: equipment.equipmentId, gatewayId: 'gw-1' };
      runs.push({ ...who, fromMs: ms, toMs: ms + everyMs, everyMs, state, readings, arrival: { delayMs: 2000 } });
    }
    return runs;
  }

  private readingsOf({ meter, besideKw, nextDayAtHour, register, changes }: MeterStory): PowerRun[] {
    const { meterId, intervalMs } = meter;
    const minutes = intervalMs / minuteMs;
    const fed = meter.feeds.map((id) => this.machineOf(id).kw);
    let kwh = 0;
    return Array.from({ length: this.days }, (_, day) => {
      const meanKw: number[] = [];
      const registerKwh: number[] = [];
      for (let first = day * 1440; first < (day + 1) * 1440; first += minutes) {
        let sum = 0;
        for (let m = first; m < first + minutes; m++) {
          const beside = besideKw(m) * (1 + 0.03 * this.random.normal());
          sum += fed.reduce((kw, load) => kw + load[m]!, beside);
        }
        const ms = this.startMs + first * minuteMs;
        const seen = changes.reduce(
          (kw, { from, to, shown }) => (ms >= from && ms < to ? shown(kw) : kw),
          sum / minutes,
        );
        meanKw.push(Math.round(seen * 100) / 100);
        kwh += (seen * minutes) / 60;
        if (register) registerKwh.push(Math.round(register(kwh, ms + intervalMs) * 100) / 100);
      }
      const startMs = this.startMs + day * dayMs;
      const arrival =
        nextDayAtHour === undefined ? { delayMs: minuteMs } : { atMs: startMs + dayMs + nextDayAtHour * 60 * minuteMs };
      const { enterpriseId } = this;
      return {
        enterpriseId,
        meterId,
        startMs,
        intervalMs,
        quality: 'MEASURED',
        arrival,
        meanKw,
        extras: register ? { registerKwh } : {},
      };
    });
  }

  private machineOf(id: string): Machine {
    return this.machines.get(id)!;
  }

  private eachMinute(from: Moment, to: Moment, visit: (minute: number) => void): void {
    const first = from[0] * 1440 + clockMinutes(from[1]);
    const end = Math.min(to[0] * 1440 + clockMinutes(to[1]), this.days * 1440);
    for (let minute = first; minute < end; minute++) visit(minute);
  }
}

const dayShift = [
  ['08:00', '12:00'],
  ['13:00', '17:00'],
] as const;

function clockMinutes(clock: string): number {
  const [hours, minutes] = clock.split(':').map(Number);
  return hours! * 60 + minutes!;
}
