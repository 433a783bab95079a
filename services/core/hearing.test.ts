import { describe, expect, test } from '@jest/globals';
import type { Output } from './batch.ts';
import type { Recording } from './recording.ts';
import type { EnterpriseSilence } from './records.ts';
import { replay } from './replay.ts';
import {
  anEngine,
  anEquipment,
  aRegistration,
  aTelemetry,
  canonical,
  dayMs,
  findingsIn,
  hourMs,
  latestFindings,
  minuteMs,
  run,
  runAndSettle,
  type Sent,
  sent,
  startMs,
} from './testing/builders.ts';
import { aFakeOfflineRule } from './testing/fake-offline.ts';
import { inShift, plantRecords, within } from './testing/plant.ts';

const statementsIn = (outputs: readonly Output[]): EnterpriseSilence[] =>
  outputs.flatMap((output) => (output.topic === 'enterprise-silence' ? [output.value] : []));

const registered = (changes: Parameters<typeof aRegistration>[0] = {}, arrivalMs = startMs - dayMs): Sent =>
  sent(
    'site-registry',
    arrivalMs,
    aRegistration({ equipment: [anEquipment({ reportIntervalMs: minuteMs })], ...changes }),
  );

/** A report a minute from one time to another, nine seconds on its way. */
function reports(fromMs: number, toMs: number, gatewayId: string | null = 'G1', lagMs = 9000): Sent[] {
  const list: Sent[] = [];
  for (let ms = fromMs; ms < toMs; ms += minuteMs) {
    list.push(sent('telemetry', ms + lagMs, aTelemetry({ observedAtMs: ms, gatewayId })));
  }
  return list;
}

describe('whether an enterprise is heard', () => {
  const darkMs = startMs + 3 * hourMs + 3 * minuteMs;
  const backMs = startMs + 5 * hourMs;
  const said = statementsIn(
    runAndSettle(anEngine(), [registered(), ...reports(startMs, darkMs), ...reports(backMs, backMs + hourMs)]),
  );

  test('is said when it is first heard, falls silent, is heard again, and not in between', () => {
    expect(said.map(({ silentSinceMs }) => silentSinceMs)).toEqual([
      null,
      darkMs - minuteMs,
      null,
      backMs + hourMs - minuteMs,
    ]);
    expect(said[0]).toEqual({
      enterpriseId: 'E1',
      regionCode: '330106',
      carrier: '',
      asOfMs: startMs + 9000,
      silentSinceMs: null,
      gateways: 1,
      heardGateways: 1,
    });
  });

  test('is said by the next quarter of an hour, and at once when it is heard again', () => {
    expect(said[1]!.asOfMs).toBe(startMs + 3 * hourMs + 15 * minuteMs);
    expect(said[1]!.heardGateways).toBe(0);
    expect(said[2]!.asOfMs).toBe(backMs + 9000);
  });

  test('does not hang on its clock: one that is ten minutes slow is heard all the same', () => {
    const slow = [registered(), ...reports(startMs, startMs + 4 * hourMs, 'G1', 10 * minuteMs)];
    expect(statementsIn(runAndSettle(anEngine(), slow))).toHaveLength(2);
  });

  test('is not said of one that never sent anything', () => {
    expect(statementsIn(runAndSettle(anEngine(), [registered()]))).toEqual([]);
  });

  test('is taken back in the city that it leaves, and said in the one it comes to', () => {
    const moved = registered({ revision: 2, regionCode: '330282', carrier: 'telecom' }, startMs + hourMs);
    const [, left, came] = statementsIn(
      runAndSettle(anEngine(), [registered(), ...reports(startMs, startMs + 2 * hourMs), moved]),
    );
    expect(left).toMatchObject({ regionCode: '330106', gateways: 0 });
    expect(came).toMatchObject({ regionCode: '330282', carrier: 'telecom', gateways: 1, silentSinceMs: null });
  });

  test('is said word for word by an engine that was restored', () => {
    const records = canonical([registered(), ...reports(startMs, darkMs), ...reports(backMs, backMs + hourMs)]);
    for (const at of [darkMs - hourMs, darkMs + hourMs, backMs + 30 * minuteMs]) {
      const before = records.filter(({ arrivalMs }) => arrivalMs < at);
      const first = anEngine();
      const outputs = run(first, before);
      outputs.push(...first.apply([], at));
      const second = anEngine();
      for (const [id, state] of first.takeDirty()) second.restore(id, state!);
      second.resumeAt(at);
      outputs.push(...run(second, records.slice(before.length)), ...second.apply([], backMs + 3 * dayMs));
      expect(statementsIn(outputs)).toEqual(said);
    }
  });
});

const days = 7;
const darkFromMs = startMs + 5 * dayMs + 10 * hourMs;

/** A firm that works from eight to seventeen, with all that came from it; silent over `dark` while it works. */
function aFirm(n: number, dark: readonly [number, number] | undefined): Sent[] {
  return plantRecords({
    registration: aRegistration({
      enterpriseId: `E${n}`,
      equipment: [anEquipment({ reportIntervalMs: minuteMs })],
      carrier: 'telecom',
    }),
    fromMs: startMs,
    toMs: startMs + days * dayMs,
    seed: n,
    load: { M1: { workingKw: 40, standingKw: 1 } },
    ran: (_, ms) => inShift(ms, 8, 17),
    said: (_, ms) => (dark && within(ms, dark) ? undefined : inShift(ms, 8, 17) ? 'RUNNING' : 'STOPPED'),
  });
}

function recordingOf(records: readonly Sent[]): Recording {
  const sites = records.flatMap(({ topic, value, arrivalMs }) =>
    topic === 'site-registry' ? [{ value, arrivalMs }] : [],
  );
  return {
    about: { title: '', source: '', licence: '', credit: '', timeZone: 'Asia/Shanghai', nominalIntervalMs: 900_000 },
    sites,
    workRecords: [],
    siteEvents: [],
    alarmActions: [],
    labels: [],
    telemetry: records.flatMap(({ topic, value, arrivalMs: atMs }) =>
      topic === 'telemetry'
        ? [{ ...value, fromMs: value.observedAtMs, toMs: value.observedAtMs + 1, everyMs: minuteMs, arrival: { atMs } }]
        : [],
    ),
    power: records.flatMap(({ topic, value, arrivalMs: atMs }) =>
      topic === 'power'
        ? [{ ...value, startMs: value.intervalStartMs, arrival: { atMs }, meanKw: [value.meanKw], extras: {} }]
        : [],
    ),
  };
}

function replayed(records: readonly Sent[]): Output[] {
  return [
    ...replay(recordingOf(records), anEngine({ rules: [aFakeOfflineRule('silent')] }), {
      latenessHorizonMs: 26 * hourMs,
    }),
  ];
}

describe('firms that fall silent while they produce', () => {
  test('are excused when eight do so at once, and the one that did so alone is found', () => {
    const outage = [darkFromMs, darkFromMs + 2 * hourMs] as const;
    const alone = [darkFromMs - dayMs, darkFromMs - dayMs + 2 * hourMs] as const;
    const firms = Array.from({ length: 9 }, (_, i) => aFirm(i + 1, i === 8 ? alone : outage));
    const outputs = replayed(firms.flat());
    const confirmed = findingsIn(outputs).filter(({ state }) => state === 'CONFIRMED');
    expect(new Set(confirmed.map(({ enterpriseId }) => enterpriseId))).toEqual(new Set(['E9']));
    expect(latestFindings(outputs).filter(({ state }) => state === 'CLOSED')).toMatchObject([
      { enterpriseId: 'E9', subjectKind: 'ENTERPRISE', firstSlotMs: alone[0] },
    ]);
    const reasons = outputs.flatMap((output) =>
      output.topic === 'enterprise-status' && output.value.enterpriseId === 'E1'
        ? output.value.subjects.map(({ reason }) => reason)
        : [],
    );
    expect(reasons).toContain('silent-region');
  });
});
