import { describe, expect, test } from '@jest/globals';
import { type Output, Refusal } from './batch.ts';
import type { InputTopic, TopicValues } from './records.ts';
import {
  aMeter,
  anAction,
  anEngine,
  anEquipment,
  aPower,
  aRegistration,
  aSiteEvent,
  aTelemetry,
  aWorkRecord,
  dayMs,
  hourMs,
  minuteMs,
  startMs,
} from './testing/builders.ts';

interface Bad {
  readonly what: string;
  readonly reason: string;
  readonly topic: InputTopic;
  readonly value: TopicValues[InputTopic] | Refusal;
  /** What a person who mends it must be able to read in the refusal. */
  readonly says: string;
}

const nowMs = startMs + 10 * dayMs;
const observedAtMs = nowMs - minuteMs;
const intervalStartMs = nowMs - 15 * minuteMs;

function bad<T extends InputTopic>(
  what: string,
  reason: string,
  topic: T,
  value: TopicValues[T] | Refusal,
  says: string,
): Bad {
  return { what, reason, topic, value, says };
}

function power(what: string, reason: string, says: string, changes: Parameters<typeof aPower>[0]): Bad {
  return bad(`power: ${what}`, reason, 'power', aPower({ intervalStartMs, ...changes }), says);
}

function telemetry(what: string, reason: string, says: string, changes: Parameters<typeof aTelemetry>[0]): Bad {
  return bad(`telemetry: ${what}`, reason, 'telemetry', aTelemetry({ observedAtMs, ...changes }), says);
}

function registry(what: string, reason: string, says: string, changes: Parameters<typeof aRegistration>[0]): Bad {
  const value = aRegistration({ revision: 2, ...changes });
  return bad(`registration: ${what}`, reason, 'site-registry', value, says);
}

const table: Bad[] = [
  bad('bytes that could not be decoded', 'truncated', 'power', new Refusal('truncated', 'ended at byte 7'), 'byte 7'),

  telemetry('of an enterprise that nobody registered', 'unknown-enterprise', 'registration', { enterpriseId: 'E9' }),
  telemetry('of equipment that nobody registered', 'unknown-equipment', 'M9', { equipmentId: 'M9' }),
  telemetry('from the future', 'future-timestamp', '2026-01-15', { observedAtMs: nowMs + 11 * minuteMs }),
  telemetry('from beyond the calendar', 'future-timestamp', '9000000000000000', { observedAtMs: 9e15 }),
  telemetry('at no time at all', 'future-timestamp', 'NaN', { observedAtMs: Number.NaN }),
  telemetry('older than the horizon', 'beyond-horizon', '2026-01-05', { observedAtMs: startMs }),
  telemetry('from 1970', 'beyond-horizon', '1970', { observedAtMs: 0 }),
  telemetry('with a reading that is no number', 'not-a-number', 'temperatureC', {
    readings: [{ indicator: 'temperatureC', value: Number.NaN }],
  }),

  power('of an enterprise that nobody registered', 'unknown-enterprise', 'registration', { enterpriseId: 'E9' }),
  power('of a meter that nobody registered', 'unknown-meter', 'P9', { meterId: 'P9' }),
  power('before the site was registered', 'unknown-meter', 'P1', { intervalStartMs: startMs - 40 * dayMs }),
  power('negative on a meter that does not export', 'negative-power', '-3', { meanKw: -3 }),
  power('not a number', 'not-a-number', 'NaN', { meanKw: Number.NaN }),
  power('infinite', 'not-a-number', 'Infinity', { meanKw: Number.POSITIVE_INFINITY }),
  power('minus infinity', 'not-a-number', '-Infinity', { meanKw: Number.NEGATIVE_INFINITY }),
  power('more than any enterprise draws', 'absurd-power', '2000000', { meanKw: 2e6 }),
  power('from the future', 'future-timestamp', '2026-01-15', { intervalStartMs: nowMs }),
  power('older than the horizon', 'beyond-horizon', '2026-01-06', { intervalStartMs: startMs + dayMs }),
  power('of a quarter of a second', 'bad-interval', '250', { intervalMs: 250 }),
  power('of no length', 'bad-interval', '0', { intervalMs: 0 }),
  power('of a negative length', 'bad-interval', '-900000', { intervalMs: -15 * minuteMs }),
  power('of a length that is no number', 'bad-interval', 'NaN', { intervalMs: Number.NaN }),
  power('longer than the slots of its meter', 'bad-interval', '1800000', { intervalMs: 30 * minuteMs }),
  power('of a length that does not divide the slot', 'bad-interval', '420000', { intervalMs: 7 * minuteMs }),
  power('of more readings a slot than are kept', 'bad-interval', '64', { intervalMs: 10_000 }),
  power('half an interval off the grid', 'bad-interval', 'off the grid', {
    intervalStartMs: intervalStartMs - 5 * minuteMs,
  }),
  power('at no time at all', 'unknown-meter', 'P1', { intervalStartMs: Number.NaN }),

  registry('equipment listed twice', 'equipment-in-two-places', 'M1 is listed twice', {
    equipment: [anEquipment(), anEquipment()],
  }),
  registry('equipment behind two meters at once', 'equipment-in-two-places', 'P1 and P2 at once', {
    meters: [aMeter(), aMeter({ meterId: 'P2' })],
  }),
  registry('a meter that feeds what is not there', 'broken-registration', 'unknown equipment M7', {
    meters: [aMeter({ feeds: ['M7'] })],
  }),
  registry('a meter with a parent that is not there', 'broken-registration', 'unknown parent T1', {
    meters: [aMeter({ parentMeterId: 'T1' })],
  }),
  registry('slots of four minutes', 'broken-registration', '240000 ms', {
    meters: [aMeter({ intervalMs: 4 * minuteMs })],
  }),
  registry('a delivery delay of a month', 'broken-registration', 'delivery delay', {
    meters: [aMeter({ deliveryDelayMs: 30 * dayMs })],
  }),
  registry('a nameplate below zero', 'broken-registration', '-5 kW', {
    equipment: [anEquipment({ ratedPowerKw: -5 })],
  }),
  registry('a nameplate that is no number', 'broken-registration', 'NaN kW', {
    equipment: [anEquipment({ ratedPowerKw: Number.NaN })],
  }),
  registry('reports a hundred times a second', 'broken-registration', '10 ms', {
    equipment: [anEquipment({ reportIntervalMs: 10 })],
  }),
  registry('a meter listed twice', 'broken-registration', "'P1' is empty or listed twice", {
    meters: [aMeter(), aMeter()],
  }),
  registry('of another enterprise, broken from the start', 'broken-registration', 'M7', {
    enterpriseId: 'E9',
    meters: [aMeter({ feeds: ['M7'] })],
  }),

  bad(
    'work that ends before it starts',
    'bad-interval',
    'work-records',
    aWorkRecord({ startMs: nowMs, endMs: nowMs - hourMs }),
    'ends before',
  ),
  bad(
    'work that ends at no time',
    'bad-interval',
    'work-records',
    aWorkRecord({ startMs: nowMs, endMs: Number.NaN }),
    'ends before',
  ),
  bad(
    'work of an enterprise that nobody registered',
    'unknown-enterprise',
    'work-records',
    aWorkRecord({ enterpriseId: 'E9' }),
    'registration',
  ),
  bad(
    'an event that ends before it starts',
    'bad-interval',
    'site-events',
    aSiteEvent({ startMs: nowMs, endMs: nowMs - hourMs }),
    'ends before',
  ),
  bad(
    'an event that ends at no time',
    'bad-interval',
    'site-events',
    aSiteEvent({ startMs: nowMs, endMs: Number.NaN }),
    'ends before',
  ),
  bad('an action on an alarm that does not stand', 'unknown-alarm', 'alarm-actions', anAction({ alarmId: 'A7' }), 'A7'),
];

describe('a bad record', () => {
  test.each(table)('$what: one dead letter, $reason, and nothing else', ({ topic, value, reason, says }) => {
    const engine = prepared();
    const untouched = stateOf(prepared());
    const outputs = engine.apply([{ topic, offset: 41, arrivalMs: nowMs, value }], nowMs);
    expect(outputs).toEqual([
      { topic: 'dead-letters', inputTopic: topic, offset: 41, refusal: expect.objectContaining({ reason }) },
    ]);
    expect((outputs[0] as Extract<Output, { topic: 'dead-letters' }>).refusal.detail).toContain(says);
    // Nothing of it is kept: the state is what it was, and the engine has heard of no enterprise but the one it knew.
    expect(stateOf(engine)).toEqual(untouched);
  });

  test.each(table)('$what: the next good record is taken as if nothing had come', ({ topic, value }) => {
    const [engine, clean] = [prepared(), prepared()];
    const good = goodRecords().map((record, i) => ({ ...record, offset: 42 + i, arrivalMs: nowMs }));
    const outputs = engine.apply([{ topic, offset: 41, arrivalMs: nowMs, value }, ...good], nowMs);
    const expected = clean.apply(good, nowMs);
    expect(outputs.slice(1)).toEqual(expected);
    expect(stateOf(engine)).toEqual(stateOf(clean));
    expect(stateOf(clean)).not.toEqual(stateOf(prepared()));
  });

  test('each of many gives its own dead letter, with its own origin', () => {
    const engine = prepared();
    const records = table.map(({ topic, value }, i) => ({ topic, offset: 100 + i, arrivalMs: nowMs, value }));
    const outputs = engine.apply(records, nowMs);
    expect(outputs.map((output) => output.topic === 'dead-letters' && [output.offset, output.refusal.reason])).toEqual(
      table.map(({ reason }, i) => [100 + i, reason]),
    );
  });

  test('that would be one too many is refused, and so bounds what is kept', () => {
    const engine = prepared();
    const many = Array.from({ length: 1100 }, (_, i) => ({
      topic: 'work-records' as const,
      offset: i,
      arrivalMs: nowMs,
      value: aWorkRecord({ recordId: `W${i}`, startMs: nowMs, endMs: nowMs + hourMs }),
    }));
    const refusals = engine.apply(many, nowMs).flatMap((o) => (o.topic === 'dead-letters' ? [o.refusal.reason] : []));
    expect(refusals).toEqual(Array(1100 - 1024).fill('too-many-records'));
    const dates = Array.from({ length: 70 }, (_, i) => ({
      topic: 'site-registry' as const,
      offset: i,
      arrivalMs: nowMs,
      value: aRegistration({ effectiveFromMs: nowMs + i * hourMs }),
    }));
    const more = engine.apply(dates, nowMs).flatMap((o) => (o.topic === 'dead-letters' ? [o.refusal.reason] : []));
    expect(more).toEqual(Array(70 - 63).fill('too-many-registrations'));
  });
});

/** An engine that knows E1 with one machine and one meter, and has had a good day. */
function prepared() {
  const engine = anEngine();
  const registration = { topic: 'site-registry' as const, offset: 0, arrivalMs: nowMs - dayMs, value: aRegistration() };
  engine.apply([registration], nowMs - dayMs);
  const good = goodRecords().map((record, i) => ({ ...record, offset: 1 + i, arrivalMs: nowMs - hourMs }));
  for (const { value } of good) {
    if ('observedAtMs' in value) Object.assign(value, { observedAtMs: value.observedAtMs - hourMs });
    else Object.assign(value, { intervalStartMs: value.intervalStartMs - hourMs });
  }
  engine.apply(good, nowMs);
  engine.takeDirty();
  return engine;
}

function goodRecords() {
  return [
    { topic: 'telemetry' as const, value: aTelemetry({ observedAtMs, state: 'RUNNING' }) },
    { topic: 'power' as const, value: aPower({ intervalStartMs, meanKw: 55 }) },
  ];
}

/** Everything that an engine holds, made visible by touching each enterprise with a registration that it has. */
function stateOf(engine: ReturnType<typeof anEngine>): Map<string, Uint8Array | null> {
  engine.apply([{ topic: 'site-registry', offset: 999, arrivalMs: nowMs, value: aRegistration() }], nowMs);
  return engine.takeDirty();
}
