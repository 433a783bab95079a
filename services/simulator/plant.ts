import type { Label, PowerRun, Recording } from '../core/recording.ts';
import { instantToLocal, zoneOffsetMs } from '../core/recording-time.ts';
import { dormitoryLoad, foldMinutes } from './base-load.ts';
import { planLies } from './lies.ts';
import { machineLoad } from './plant-load.ts';
import { joinSpans, nightRun, statesOf, workingRuns } from './plant-schedule.ts';
import { dustCollector, type PlantMachine, plantMachines, plantRegistration, totalMeterId } from './plant-site.ts';
import { createRandom } from './random.ts';
import { overlapMs, reportsOf, type Span, type StateSpan, withLies } from './reported-state.ts';

export interface PlantScenario {
  readonly seed: number;
  /** Begins at this instant; a whole quarter of an hour, as the utility's intervals do. */
  readonly startMs: number;
  readonly days: number;
  /** Lies to put in, over all machines, after an honest beginning; fewer where the time is too short for them. */
  readonly lies: number;
  /** Runs to hide besides: the machine and the dust collector run, both are said to be stopped. */
  readonly hidden: readonly { readonly equipmentId: string; readonly fromMs: number; readonly toMs: number }[];
}

const enterpriseId = 'furniture-works';
const timeZone = 'Asia/Shanghai';
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const slotMinutes = 15;

/** What one machine did, what was said of it, and when that was a lie. */
interface Story {
  readonly machine: PlantMachine;
  readonly truth: readonly StateSpan[];
  readonly lies: readonly Span[];
}

/** A woodworking plant over some days, with its truth: loads, reports, lies and labels. The same scenario, the same plant. */
export function simulatePlant(scenario: PlantScenario): Recording {
  const { seed, startMs, days } = scenario;
  const endMs = startMs + days * dayMs;
  const stories = tellStories(scenario, endMs);
  const site = plantRegistration(enterpriseId, startMs, createRandom(seed, 'registry'));
  return {
    about: {
      title: `A simulated furniture works, ${days} days`,
      source: `wattness simulate, seed ${seed}`,
      licence: 'CC0-1.0',
      credit: '',
      timeZone,
      nominalIntervalMs: slotMinutes * minuteMs,
    },
    sites: [{ arrivalMs: startMs, value: site }],
    workRecords: [],
    siteEvents: [],
    alarmActions: [],
    telemetry: stories.flatMap(({ machine, truth, lies }) =>
      reportsOf(withLies(truth, lies), {
        enterpriseId,
        equipmentId: machine.id,
        gatewayId: 'gateway-1',
        everyMs: minuteMs,
        delayMs: 2000,
      }),
    ),
    power: meterRuns(stories, seed, startMs, days * (dayMs / minuteMs)),
    labels: stories.flatMap(labelsOf).sort((a, b) => a.startMs - b.startMs),
  };
}

/** Four days that end in the quarter of an hour of `nowMs`, in the middle of a lie: the sander ran for 100 minutes. */
export function demoPlant(nowMs: number, seed: number): Recording {
  const days = 4;
  const endMs = Math.floor(nowMs / (slotMinutes * minuteMs)) * slotMinutes * minuteMs;
  const fromMs = endMs - 100 * minuteMs;
  const hidden = [{ equipmentId: 'sander-1', fromMs, toMs: endMs }];
  return simulatePlant({ seed, startMs: endMs - days * dayMs, days, lies: 0, hidden });
}

function tellStories(scenario: PlantScenario, endMs: number): Story[] {
  const { seed, startMs, days } = scenario;
  const offsetMs = zoneOffsetMs(timeZone, startMs);
  const midnightMs = Math.floor(instantToLocal(timeZone, startMs) / dayMs) * dayMs;
  const honestMs = Math.min(7, Math.floor(days / 3)) * dayMs;
  // Half of the lies hide a night shift, half a stretch of the day.
  const nights = Math.floor(scenario.lies / 2);
  const nightRandom = createRandom(seed, 'nights');
  const nightly = Array.from({ length: nights }, (_, i) => {
    const day = Math.floor((honestMs + (i / nights) * (days * dayMs - honestMs)) / dayMs);
    return {
      equipmentId: nightRandom.pick(plantMachines).id,
      ...nightRun(midnightMs + day * dayMs, offsetMs, nightRandom),
    };
  });
  const hidden = [...scenario.hidden, ...nightly];
  const daily = scenario.lies - nights;
  const stories = plantMachines.map((machine, index): Story => {
    const random = createRandom(seed, machine.id);
    // A day early: the plant's clock may have begun in the middle of one.
    const runs = workingRuns(midnightMs, days + 1, offsetMs, random);
    const secret = hidden.filter(({ equipmentId }) => equipmentId === machine.id);
    const count = Math.floor(daily / plantMachines.length) + (index < daily % plantMachines.length ? 1 : 0);
    const plan = { count, shortestMs: 30 * minuteMs, longestMs: 8 * hourMs, alignMs: minuteMs };
    const told = planLies(joinSpans(runs), startMs + honestMs, endMs, plan, random);
    const truth = statesOf(joinSpans([...runs, ...secret]), startMs, endMs, machine.standsBy ? 2 * hourMs : 0);
    return { machine, truth, lies: within([...told, ...secret], startMs, endMs) };
  });
  return [...stories, collectorStory(stories, hidden, startMs, endMs)];
}

/** On five minutes before the first dust, off fifteen minutes after the last; silent about hidden runs alone. */
function collectorStory(stories: readonly Story[], hidden: readonly Span[], startMs: number, endMs: number): Story {
  const dusty = stories.flatMap(({ truth }) => truth.filter((span) => span.state === 'RUNNING'));
  const runs = joinSpans(dusty.map((run) => ({ fromMs: run.fromMs - 5 * minuteMs, toMs: run.toMs + 15 * minuteMs })));
  const truth = statesOf(runs, startMs, endMs, 0);
  const seen = stories.flatMap(({ truth: states, lies }) =>
    withLies(states, lies).filter((span) => span.state === 'RUNNING'),
  );
  // Where another machine is openly at work there is nothing to hide, and the collector is reported as it is.
  const lies = within(hidden, startMs, endMs).filter(({ fromMs, toMs }) => overlapMs(seen, fromMs, toMs) === 0);
  return { machine: dustCollector, truth, lies };
}

function within(spans: readonly Span[], startMs: number, endMs: number): Span[] {
  return joinSpans(spans)
    .map(({ fromMs, toMs }) => ({ fromMs: Math.max(fromMs, startMs), toMs: Math.min(toMs, endMs) }))
    .filter(({ fromMs, toMs }) => toMs > fromMs);
}

function meterRuns(stories: readonly Story[], seed: number, startMs: number, minutes: number): PowerRun[] {
  const loads = new Map<string, Float64Array>();
  const total = dormitoryLoad(instantToLocal(timeZone, startMs), minutes, createRandom(seed, 'dormitory'));
  for (const { machine, truth } of stories) {
    const load = machineLoad(machine.load, truth, startMs, minutes, createRandom(seed, `load ${machine.id}`));
    const meter = loads.get(machine.meterId) ?? new Float64Array(minutes);
    for (let i = 0; i < minutes; i++) {
      meter[i]! += load[i]!;
      // One per cent is lost between the transformer and the machines.
      total[i]! += load[i]! * 1.01;
    }
    loads.set(machine.meterId, meter);
  }
  const random = createRandom(seed, 'delivery');
  const runs: PowerRun[] = [];
  for (const [meterId, load] of loads)
    runs.push(...hourly(meterId, [...load], minuteMs, startMs, () => random.between(5, 20)));
  const slots = foldMinutes(total, slotMinutes);
  runs.push(...hourly(totalMeterId, slots, slotMinutes * minuteMs, startMs, () => random.between(60, 300)));
  return runs;
}

/** Rows of an hour each; the wait for a reading changes from hour to hour. */
function hourly(meterId: string, kw: number[], intervalMs: number, startMs: number, delayS: () => number): PowerRun[] {
  const runs: PowerRun[] = [];
  const perRow = hourMs / intervalMs;
  for (let at = 0; at < kw.length; at += perRow) {
    runs.push({
      enterpriseId,
      meterId,
      startMs: startMs + at * intervalMs,
      intervalMs,
      quality: 'MEASURED',
      arrival: { delayMs: Math.round(delayS()) * 1000 },
      meanKw: kw.slice(at, at + perRow).map((value) => Math.round(value * 100) / 100),
      extras: {},
    });
  }
  return runs;
}

function labelsOf({ machine, truth, lies }: Story): Label[] {
  const running = truth.filter((span) => span.state === 'RUNNING');
  return lies.map(({ fromMs, toMs }) => ({
    detector: 'stopped-but-running',
    enterpriseId,
    subjectKind: 'EQUIPMENT',
    subjectId: machine.id,
    startMs: fromMs,
    endMs: toMs,
    kind: 'lie',
    ranMs: overlapMs(running, fromMs, toMs),
    note: 'reported stopped',
  }));
}
