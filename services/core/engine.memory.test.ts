import { describe, expect, test } from '@jest/globals';
import type { Engine, InputRecord } from './batch.ts';
import type { InputTopic, RunState, TopicValues } from './records.ts';
import {
  aMeter,
  anEngine,
  anEquipment,
  aPower,
  aRandom,
  aRegistration,
  aSiteEvent,
  aTelemetry,
  aWorkRecord,
  dayMs,
  hourMs,
  minuteMs,
  startMs,
} from './testing/builders.ts';

const states: readonly RunState[] = ['UNKNOWN', 'STOPPED', 'STANDBY', 'RUNNING', 'FAULT'];
const horizonMs = 26 * hourMs;

function record<T extends InputTopic>(topic: T, arrivalMs: number, value: TopicValues[T]): InputRecord {
  return { topic, offset: 0, arrivalMs, value };
}

function registered(changes: Parameters<typeof aRegistration>[0] = {}): Engine {
  const engine = anEngine();
  const arrivalMs = startMs - 2 * dayMs;
  engine.apply([record('site-registry', arrivalMs, aRegistration(changes))], arrivalMs);
  return engine;
}

/** Bytes of E1's state: that something came makes it dirty. */
function stateBytes(engine: Engine, nowMs: number): number {
  engine.apply([record('site-registry', nowMs, aRegistration({ revision: 0 }))], nowMs);
  return engine.takeDirty().get('E1')!.byteLength;
}

/** Sends what `recordsOf` makes hour after hour and returns the bytes of state at the end of each day. */
function daysOf(engine: Engine, days: number, recordsOf: (hourMs: number) => InputRecord[]): number[] {
  const sizes: number[] = [];
  for (let hour = 0; hour < days * 24; hour++) {
    const fromMs = startMs + hour * hourMs;
    engine.apply(recordsOf(fromMs), fromMs + hourMs);
    if (hour % 24 === 23) sizes.push(stateBytes(engine, fromMs + hourMs));
  }
  return sizes;
}

function expectSteady(sizes: readonly number[], atMost: number): void {
  expect(Math.max(...sizes)).toBeLessThan(atMost);
  // After the horizon is full, more days of the same add next to nothing.
  expect(sizes.at(-1)! / sizes[2]!).toBeLessThan(1.1);
}

describe('the state of an enterprise stays bounded', () => {
  test('when a machine says another state every second', () => {
    const random = aRandom(1);
    const engine = registered({ equipment: [anEquipment({ reportIntervalMs: 1000 })] });
    const sizes = daysOf(engine, 4, (fromMs) =>
      Array.from({ length: 3600 }, (_, second) => {
        const observedAtMs = fromMs + second * 1000;
        const state = states[Math.floor(random() * states.length)]!;
        return record('telemetry', observedAtMs, aTelemetry({ observedAtMs, state }));
      }),
    );
    // One number a minute of the horizon at most, ten digits each.
    expectSteady(sizes, 4000 + 28 * 60 * 12);
  });

  test('when each minute holds another state than the one before', () => {
    const engine = registered({ equipment: [anEquipment({ reportIntervalMs: minuteMs })] });
    const sizes = daysOf(engine, 4, (fromMs) =>
      Array.from({ length: 60 }, (_, minute) => {
        const observedAtMs = fromMs + minute * minuteMs;
        return record('telemetry', observedAtMs, aTelemetry({ observedAtMs, state: states[1 + (minute % 4)]! }));
      }),
    );
    expectSteady(sizes, 4000 + 28 * 60 * 12);
  });

  test('when everything comes with any time at all', () => {
    const random = aRandom(2);
    const engine = registered();
    const anyTime = (nowMs: number) => {
      const kind = random();
      if (kind < 0.1) return Math.floor(random() * 4e12);
      if (kind < 0.2) return -Math.floor(random() * 1e15);
      return nowMs - Math.floor(random() * 3 * horizonMs) + hourMs;
    };
    const sizes = daysOf(engine, 5, (fromMs) =>
      Array.from({ length: 400 }, (_, i) => {
        const arrivalMs = fromMs + i * 1000;
        if (i % 2 === 0) {
          const state = states[Math.floor(random() * states.length)]!;
          return record('telemetry', arrivalMs, aTelemetry({ observedAtMs: anyTime(arrivalMs), state }));
        }
        const intervalMs = [15, 5, 1][Math.floor(random() * 3)]! * minuteMs;
        const intervalStartMs = Math.floor(anyTime(arrivalMs) / intervalMs) * intervalMs;
        const meanKw = 10 ** (9 * random() - 2);
        return record('power', arrivalMs, aPower({ intervalStartMs, intervalMs, meanKw }));
      }),
    );
    expectSteady(sizes, 40_000);
  });

  test('when thousands of records of work and events are filed, some without end', () => {
    const engine = registered();
    let n = 0;
    const sizes = daysOf(engine, 4, (fromMs) =>
      Array.from({ length: 200 }, () => {
        n++;
        const times = { startMs: fromMs, endMs: fromMs + 8 * hourMs };
        return n % 2 === 0
          ? record('work-records', fromMs, aWorkRecord({ recordId: `W${n}`, ...times, filedBy: 'x'.repeat(40) }))
          : record('site-events', fromMs, aSiteEvent({ eventId: `V${n}`, startMs: fromMs, endMs: null }));
      }),
    );
    expectSteady(sizes, 2 * 1024 * 400);
  });

  test('and sparks of months ago, which nobody ended, do not keep an order of today out', () => {
    const engine = registered();
    let n = 0;
    daysOf(engine, 40, (fromMs) =>
      [1, 2].map(() =>
        record('site-events', fromMs, aSiteEvent({ eventId: `V${n++}`, kind: 'SPARK', startMs: fromMs, endMs: null })),
      ),
    );
    expect(n).toBeGreaterThan(1024);
    const nowMs = startMs + 40 * dayMs;
    const order = aSiteEvent({ eventId: 'order', kind: 'STOPPAGE_ORDERED', startMs: nowMs, endMs: null });
    expect(engine.apply([record('site-events', nowMs, order)], nowMs).map(({ topic }) => topic)).not.toContain(
      'dead-letters',
    );
    expect(stateBytes(engine, nowMs)).toBeLessThan(40_000);
  });

  test('when a machine lies and is honest by turns, day after day, and nobody acknowledges anything', () => {
    const engine = registered();
    const sizes = daysOf(engine, 12, (fromMs) => {
      const quarters = [0, 1, 2, 3].map((q) => fromMs + q * 15 * minuteMs);
      return quarters.flatMap((ms) => {
        const runs = Math.floor(ms / (2 * hourMs)) % 2 === 0;
        const said = [0, 5, 10].map((m) => aTelemetry({ observedAtMs: ms + m * minuteMs, state: 'STOPPED' }));
        return [
          ...said.map((value) => record('telemetry', ms + 14 * minuteMs, value)),
          record('power', ms + 15 * minuteMs - 1, aPower({ intervalStartMs: ms, meanKw: runs ? 45 : 2 })),
        ];
      });
    });
    // Standing alarms are what grows; each is under a kilobyte and their number is bounded.
    const perDay = (sizes.at(-1)! - sizes[5]!) / 6;
    expect(perDay).toBeLessThan(12 * 1200);
    expect(sizes.at(-1)!).toBeLessThan(1024 * 1200);
  });

  test('when it is described anew with other machines and meters again and again', () => {
    const engine = registered();
    let n = 0;
    const sizes = daysOf(engine, 5, (fromMs) =>
      Array.from({ length: 4 }, (_, i) => {
        n++;
        const equipment = Array.from({ length: 5 }, (_, k) => anEquipment({ equipmentId: `M${n}-${k}` }));
        const meters = [aMeter({ meterId: `P${n}`, feeds: equipment.map((e) => e.equipmentId) })];
        const effectiveFromMs = fromMs + i * 15 * minuteMs;
        return record('site-registry', fromMs, aRegistration({ revision: n, effectiveFromMs, equipment, meters }));
      }),
    );
    expectSteady(sizes, 300_000);
  });

  test('when one description is revised with other machines and meters again and again', () => {
    const engine = registered();
    let n = 1;
    const sizes = daysOf(engine, 5, (fromMs) =>
      Array.from({ length: 4 }, () => {
        n++;
        const meters = [aMeter({ meterId: `P${n}`, feeds: [`M${n}`] })];
        const value = aRegistration({ revision: n, equipment: [anEquipment({ equipmentId: `M${n}` })], meters });
        return record('site-registry', fromMs, value);
      }),
    );
    expectSteady(sizes, 300_000);
  });

  test('when a single hour brings more machines and meters than any site has', () => {
    const engine = registered();
    const reasons = new Set<string>();
    const flood = Array.from({ length: 60 }, (_, n) => {
      const equipment = Array.from({ length: 100 }, (_, k) => anEquipment({ equipmentId: `M${n}-${k}` }));
      const meters = equipment.map(({ equipmentId }) => aMeter({ meterId: equipmentId, feeds: [equipmentId] }));
      return record('site-registry', startMs, aRegistration({ revision: n + 2, equipment, meters }));
    });
    for (const output of engine.apply(flood, startMs)) {
      if (output.topic === 'dead-letters') reasons.add(output.refusal.reason);
    }
    expect([...reasons]).toEqual(['too-many-registrations']);
    // A day and the horizon later only what is described last is held.
    engine.apply([], startMs + 3 * dayMs);
    expect(stateBytes(engine, startMs + 3 * dayMs)).toBeLessThan(200_000);
  });
});
