import { describe, expect, test } from '@jest/globals';
import type { Output } from '../batch.ts';
import type { EnterpriseStatus, Finding, RunState, SiteEvent } from '../records.ts';
import {
  aMeter,
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
import { inShift, type PlantStory, plantRecords, within } from '../testing/plant.ts';

type Span = readonly [fromMs: number, toMs: number];

const days = 7;
const endMs = startMs + days * dayMs;
/** A shift of the sixth day, in which things go dark. */
const shiftMs = startMs + 5 * dayMs + 8 * hourMs;
const dark: Span = [shiftMs + 2 * hourMs, shiftMs + 4 * hourMs];
const ids = ['M1', 'M2', 'M3', 'M4'];

/** Four machines on meters of their own that work from eight to seventeen, two behind each gateway. */
function aPlant(
  changes: Partial<PlantStory> = {},
  silent: (id: string, ms: number) => boolean = () => false,
): PlantStory {
  const ran = changes.ran ?? ((_: string, ms: number) => inShift(ms, 8, 17));
  return {
    registration: aRegistration({
      equipment: ids.map((equipmentId) => anEquipment({ equipmentId, name: equipmentId, reportIntervalMs: minuteMs })),
      meters: [
        aMeter({ meterId: 'T', role: 'ENTERPRISE_TOTAL', feeds: [] }),
        ...ids.map((id) => aMeter({ meterId: `P-${id}`, feeds: [id], parentMeterId: 'T' })),
      ],
    }),
    fromMs: startMs,
    toMs: endMs,
    seed: 7,
    load: Object.fromEntries(ids.map((id, i) => [id, { workingKw: 20 + 8 * i, standingKw: 0.6 }])),
    baseKw: () => 4,
    ran,
    said: (id, ms): RunState | undefined => (silent(id, ms) ? undefined : ran(id, ms) ? 'RUNNING' : 'STOPPED'),
    ...changes,
  };
}

const gatewayOf = (id: unknown) => (id === 'M1' || id === 'M2' ? 'G1' : 'G2');

/** Telemetry named by its gateway. */
function throughGateways(records: readonly Sent[], gateway: (id: unknown) => string | null = gatewayOf): Sent[] {
  return records.map((item) =>
    item.topic === 'telemetry'
      ? sent('telemetry', item.arrivalMs, { ...item.value, gatewayId: gateway(item.value.equipmentId) })
      : item,
  );
}

function run(records: readonly Sent[], sign: Parameters<typeof aFakeOfflineRule>[0] = 'silent'): Output[] {
  return runAndSettle(anEngine({ rules: [aFakeOfflineRule(sign)] }), records);
}

/** Findings that were confirmed and not taken back. */
const found = (outputs: readonly Output[]): Finding[] =>
  latestFindings(outputs).filter(({ state }) => state === 'CLOSED');
const confirmed = (outputs: readonly Output[]): Finding[] =>
  findingsIn(outputs).filter(({ state }) => state === 'CONFIRMED');

/** Reason of a subject's verdict in the slot that begins at `ms`, as far as it was said. */
function reasonAt(outputs: readonly Output[], subjectId: string, ms: number): string | undefined {
  const statuses = outputs.flatMap((output) => (output.topic === 'enterprise-status' ? [output.value] : []));
  const subject = (status: EnterpriseStatus) => status.subjects.find((each) => each.subjectId === subjectId)!;
  return statuses.map(subject).findLast(({ slotStartMs }) => slotStartMs !== null && slotStartMs <= ms)?.reason;
}

const event = (changes: Partial<SiteEvent>, arrivalMs = changes.startMs!): Sent =>
  sent('site-events', arrivalMs, aSiteEvent(changes));

const allDark = (_: string, ms: number) => within(ms, dark);

describe('a firm that falls silent while it produces', () => {
  const outputs = run(throughGateways(plantRecords(aPlant({}, allDark))));

  test('is found as a whole, from its last report to the next', () => {
    expect(found(outputs)).toHaveLength(1);
    expect(found(outputs)[0]).toMatchObject({
      detector: 'fake-offline',
      subjectKind: 'ENTERPRISE',
      subjectId: 'E1',
      equipmentIds: ids,
      reason: 'silent-while-running',
      cause: 'firm',
      settled: true,
      firstSlotMs: dark[0],
    });
    expect(found(outputs)[0]!.lastSlotEndMs).toBeGreaterThan(dark[1] - 20 * minuteMs);
    expect(found(outputs)[0]!.seenMeanKw).toBeGreaterThan(5);
  });

  test('is found within two slots of its half hour', () => {
    expect(confirmed(outputs)[0]!.firstSaidMs).toBeLessThanOrEqual(dark[0] + 75 * minuteMs);
  });

  test('is told who, since when, for how long, what the load was and how sure that is, in both languages', () => {
    const { summaryEn, summaryZh } = found(outputs)[0]!;
    expect(summaryEn).toMatch(
      /^红木家具厂 as a whole, all 4 machines behind 2 gateways, were not heard from 01-10 18:00 on/,
    );
    expect(summaryEn).toMatch(
      /meter P-M\d showed [\d.]+ kW on average; a stop explains at most [\d.]+ kW, running typically/,
    );
    expect(summaryEn).toMatch(/times likelier than a stop\.$/);
    expect(summaryZh).toMatch(/^企业“红木家具厂”全部 4 台设备（经 2 个网关）自 01-10 18:00 起/);
  });

  test('is seen by its total where its own meters fall silent with it', () => {
    const metered = (meterId: string, ms: number) => meterId === 'T' || !within(ms, dark);
    const [finding] = found(run(plantRecords(aPlant({ metered }, allDark))));
    expect(finding).toMatchObject({ subjectKind: 'ENTERPRISE', meterId: 'T', cause: null });
  });

  describe('where it never rests as a whole', () => {
    const always = new Set(['M1', 'M2']);
    const story = (span: Span): PlantStory =>
      aPlant(
        {
          // Too much for two modes of the total.
          load: Object.fromEntries(
            ids.map((id, i) => [id, { workingKw: always.has(id) ? 70 : 20 + 8 * i, standingKw: 0.6 }]),
          ),
          ran: (id, ms) => always.has(id) || inShift(ms, id === 'M3' ? 8 : 9, 17),
          metered: (meterId, ms) => meterId === 'T' || !within(ms, span),
        },
        (_, ms) => within(ms, span),
      );

    test('is seen by what the others add to its total', () => {
      expect(found(run(plantRecords(story(dark))))).toMatchObject([
        { subjectKind: 'ENTERPRISE', meterId: 'T', reason: 'silent-while-running' },
      ]);
    });

    test('is not judged while those stand that can be told', () => {
      const night: Span = [shiftMs + 10 * hourMs, shiftMs + 20 * hourMs];
      const outputs = run(plantRecords(story(night)));
      expect(findingsIn(outputs)).toEqual([]);
      expect(reasonAt(outputs, 'E1', night[0] + 2 * hourMs)).toBe('silent-firm');
    });
  });

  test('is not blamed on anyone where all goes through one gateway', () => {
    const [finding] = found(run(throughGateways(plantRecords(aPlant({}, allDark)), () => 'G1')));
    expect(finding).toMatchObject({ subjectKind: 'ENTERPRISE', cause: null });
  });
});

describe('a part of a firm that falls silent while it produces', () => {
  test('is its gateway, where all behind that are silent and others are heard', () => {
    const outputs = run(
      throughGateways(plantRecords(aPlant({}, (id, ms) => gatewayOf(id) === 'G2' && within(ms, dark)))),
    );
    expect(found(outputs)).toHaveLength(1);
    expect(found(outputs)[0]).toMatchObject({
      subjectKind: 'GATEWAY',
      subjectId: 'G2',
      cause: 'gateway',
      equipmentIds: ['M3', 'M4'],
    });
    expect(reasonAt(outputs, 'M3', dark[0] + hourMs)).toBe('judged-with-its-gateway');
    expect(reasonAt(outputs, 'M1', dark[0] + hourMs)).toBe('heard');
  });

  test('is the device, where others behind its gateway are heard', () => {
    const outputs = run(throughGateways(plantRecords(aPlant({}, (id, ms) => id === 'M3' && within(ms, dark)))));
    expect(found(outputs)).toHaveLength(1);
    expect(found(outputs)[0]).toMatchObject({
      subjectKind: 'EQUIPMENT',
      subjectId: 'M3',
      meterId: 'P-M3',
      cause: 'device',
    });
  });
});

describe('silence is no finding', () => {
  const quiet = (records: readonly Sent[]): Output[] => {
    const outputs = run(records);
    expect(findingsIn(outputs)).toEqual([]);
    return outputs;
  };

  test('where the plant stands', () => {
    const night: Span = [shiftMs + 10 * hourMs, shiftMs + 20 * hourMs];
    const outputs = quiet(plantRecords(aPlant({}, (_, ms) => within(ms, night))));
    expect(reasonAt(outputs, 'E1', night[0] + 2 * hourMs)).toBe('silent-at-rest');
  });

  test('that is short', () => {
    quiet(plantRecords(aPlant({}, (_, ms) => within(ms, [dark[0], dark[0] + 25 * minuteMs]))));
  });

  test('in a power cut, whose load is missing too', () => {
    const ran = (_: string, ms: number) => inShift(ms, 8, 17) && !within(ms, dark);
    const story = aPlant({ ran, metered: (_, ms) => !within(ms, dark) }, allDark);
    const outputs = quiet([...plantRecords(story), event({ kind: 'POWER_CUT', startMs: dark[0], endMs: dark[1] })]);
    expect(reasonAt(outputs, 'E1', dark[0] + hourMs)).toBe('power-cut');
    expect(reasonAt(quiet(plantRecords(story)), 'E1', dark[0] + hourMs)).toBe('silent-with-its-meters');
  });

  test('in an outage of the region, and is one again after it', () => {
    const records = plantRecords(aPlant({}, allDark));
    const covered = event({ kind: 'REGIONAL_OUTAGE', startMs: dark[0] - minuteMs, endMs: dark[1] });
    expect(reasonAt(quiet([...records, covered]), 'E1', dark[0] + hourMs)).toBe('silent-region');
    const shorter = event({ kind: 'REGIONAL_OUTAGE', startMs: dark[0] - minuteMs, endMs: dark[0] + 30 * minuteMs });
    expect(found(run([...records, shorter]))[0]).toMatchObject({ firstSlotMs: dark[0] + 30 * minuteMs });
  });

  test('with a gateway fault on file, for as long as a repair may take', () => {
    const fault = (startMs: number) => event({ kind: 'GATEWAY_FAULT', startMs, endMs: null, sourceId: 'G1' });
    const records = throughGateways(plantRecords(aPlant({}, allDark)), () => 'G1');
    expect(reasonAt(quiet([...records, fault(dark[0])]), 'E1', dark[0] + hourMs)).toBe('fault-on-file');
    const [finding] = found(run([...records, fault(dark[0] - 3 * hourMs)]));
    expect(finding).toMatchObject({ reason: 'silent-past-fault', firstSlotMs: dark[0] + hourMs });
    expect(finding!.summaryEn).toMatch(/A gateway fault is on file since 01-10 15:00; it excuses 4 h\.$/);
    expect(finding!.summaryZh).toContain('可免责 4 小时');
  });

  test('of a firm that was never heard', () => {
    const outputs = quiet(plantRecords(aPlant({}, () => true)));
    expect(reasonAt(outputs, 'E1', shiftMs)).toBe('never-heard');
  });

  test('of the utility alone', () => {
    const outputs = quiet(plantRecords(aPlant({ metered: (_, ms) => !within(ms, dark) })));
    expect(reasonAt(outputs, 'E1', dark[0] + hourMs)).toBe('utility-silent');
  });

  test('that nobody can tell apart yet, as a slow device has not missed its report', () => {
    const story = aPlant({}, (id, ms) => id === 'M1' && within(ms, dark));
    const slow = story.registration.equipment.map((e) => ({
      ...e,
      reportIntervalMs: e.equipmentId === 'M1' ? minuteMs : hourMs,
    }));
    const outputs = run(plantRecords({ ...story, registration: { ...story.registration, equipment: slow } }));
    expect(reasonAt(outputs, 'M1', dark[0] + 15 * minuteMs)).toBe('silence-not-told-apart');
    expect(found(outputs)[0]).toMatchObject({ subjectKind: 'EQUIPMENT', subjectId: 'M1' });
  });
});

describe('a finding of silence', () => {
  test('is taken back when what was kept comes after all', () => {
    const kept = plantRecords(aPlant()).map((item): Sent => {
      if (item.topic !== 'telemetry' || !within(item.value.observedAtMs, dark)) return item;
      return { ...item, arrivalMs: dark[1] + minuteMs };
    });
    const outputs = run(kept);
    expect(confirmed(outputs).length).toBeGreaterThan(0);
    expect(latestFindings(outputs)).toEqual([
      expect.objectContaining({ state: 'RETRACTED', retractedBecause: 'heard' }),
    ]);
  });

  test('is taken back when a power cut of a meter that counts nothing is filed late', () => {
    const records = plantRecords(aPlant({}, allDark));
    const late = event({ kind: 'REGIONAL_OUTAGE', startMs: dark[0], endMs: dark[1] }, dark[1] + 5 * hourMs);
    expect(latestFindings(run([...records, late]))).toEqual([
      expect.objectContaining({ state: 'RETRACTED', retractedBecause: 'silent-region' }),
    ]);
  });

  test('stands against a power cut that the load belies', () => {
    const records = [
      ...plantRecords(aPlant({}, allDark)),
      event({ kind: 'POWER_CUT', startMs: dark[0], endMs: dark[1] }),
    ];
    const [finding] = found(run(records));
    expect(finding).toMatchObject({ reason: 'silent-despite-cut' });
    expect(finding!.summaryEn).toMatch(/A power cut is on file since 01-10 18:00, which this load belies\.$/);
  });
});
