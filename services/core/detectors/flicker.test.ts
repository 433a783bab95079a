import { describe, expect, test } from '@jest/globals';
import type { Output } from '../batch.ts';
import type { Finding, RunState } from '../records.ts';
import {
  anEngine,
  anEquipment,
  aRegistration,
  aSiteEvent,
  dayMs,
  findingsIn,
  hourMs,
  latestFindings,
  minuteMs,
  runAndSettle,
  type Sent,
  sent,
  startMs,
} from '../testing/builders.ts';
import { aFakeOfflineRule } from '../testing/fake-offline.ts';
import { inShift, plantRecords, within } from '../testing/plant.ts';

type Span = readonly [fromMs: number, toMs: number];

const shiftMs = startMs + 6 * dayMs + 8 * hourMs;

/** `count` silences of `minutes` each, `apart` from beginning to beginning. */
function drops(fromMs: number, count: number, minutes: number, apart: number): Span[] {
  return Array.from({ length: count }, (_, i) => {
    const at = fromMs + i * apart * minuteMs;
    return [at, at + minutes * minuteMs];
  });
}

function aPlant(silences: readonly Span[]): Sent[] {
  return plantRecords({
    registration: aRegistration({ equipment: [anEquipment({ reportIntervalMs: minuteMs })] }),
    fromMs: startMs,
    toMs: startMs + 8 * dayMs,
    seed: 3,
    load: { M1: { workingKw: 40, standingKw: 1 } },
    ran: (_, ms) => inShift(ms, 8, 17),
    said: (_, ms): RunState | undefined => {
      if (silences.some((silence) => within(ms, silence))) return undefined;
      return inShift(ms, 8, 17) ? 'RUNNING' : 'STOPPED';
    },
  });
}

const run = (records: readonly Sent[]): Output[] =>
  runAndSettle(anEngine({ rules: [aFakeOfflineRule('flicker')] }), records);

const found = (outputs: readonly Output[]): Finding[] =>
  latestFindings(outputs).filter(({ state }) => state === 'CLOSED');

describe('a line that drops again and again while the firm produces, and never else', () => {
  const sixDrops = drops(shiftMs + hourMs, 6, 18, 27);
  const outputs = run(aPlant(sixDrops));

  test('is found, from the first drop to the end of the last', () => {
    expect(found(outputs)).toHaveLength(1);
    expect(found(outputs)[0]).toMatchObject({
      subjectKind: 'ENTERPRISE',
      reason: 'drops-while-running',
      firstSlotMs: sixDrops[0]![0],
      lastSlotEndMs: sixDrops.at(-1)![1],
      contradictoryMs: 6 * 18 * minuteMs,
    });
  });

  test('is found while it goes on', () => {
    const first = findingsIn(outputs).find(({ state }) => state === 'CONFIRMED')!;
    expect(first.firstSaidMs).toBeLessThan(sixDrops.at(-1)![1]);
  });

  test('is told how often it dropped, under which load, and what is usual of it', () => {
    const { summaryEn, summaryZh } = found(outputs)[0]!;
    expect(summaryEn).toMatch(/dropped out again and again from 01-11 17:00 to 01-11 19:33, 1 h 48 min in all/);
    expect(summaryEn).toMatch(
      /running load \([\d.]+ kW\); while nothing runs, its line drops in 0\.\d quarter hours a day/,
    );
    expect(summaryZh).toMatch(/反复短时掉线，累计 1 小时 48 分钟/);
  });
});

describe('is no finding', () => {
  const isQuiet = (records: readonly Sent[]) =>
    expect(findingsIn(run(records)).filter(({ state }) => state !== 'PROVISIONAL' && state !== 'RETRACTED')).toEqual(
      [],
    );

  test('a drop now and then', () => {
    isQuiet(aPlant([0, 1, 2, 3, 4, 5, 6].flatMap((day) => drops(startMs + day * dayMs + 10 * hourMs, 2, 15, 200))));
  });

  test('a line that drops by night as by day', () => {
    isQuiet(aPlant(drops(startMs + 2 * hourMs, 180, 12, 60)));
  });

  test('a line that drops at rest alone', () => {
    isQuiet(aPlant(drops(shiftMs - 6 * hourMs, 8, 18, 30)));
  });

  test('a line whose fault is on file', () => {
    const at = shiftMs + hourMs;
    const fault = aSiteEvent({ kind: 'GATEWAY_FAULT', startMs: at, endMs: at + 3 * hourMs });
    isQuiet([...aPlant(drops(at, 6, 18, 27)), sent('site-events', at, fault)]);
  });

  test('a line that sends later what it kept', () => {
    const silences = drops(shiftMs + hourMs, 6, 18, 27);
    const kept = aPlant([]).map((item): Sent => {
      const dark = item.topic === 'telemetry' ? silences.find((s) => within(item.value.observedAtMs, s)) : undefined;
      return dark ? { ...item, arrivalMs: dark[1] + 20_000 } : item;
    });
    isQuiet(kept);
  });
});
