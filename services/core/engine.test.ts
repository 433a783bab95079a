import { describe, expect, test } from '@jest/globals';
import type { Output } from './batch.ts';
import type { Alarm, EnterpriseStatus, SubjectStatus } from './records.ts';
import {
  aMeter,
  anAction,
  anEngine,
  anEquipment,
  aRegistration,
  aRule,
  aWorkRecord,
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
  settledFindings,
  startMs,
} from './testing/builders.ts';
import { inShift, type PlantStory, plantRecords, within } from './testing/plant.ts';

/** Six honest days teach the meter; in the night after them the machine runs from 20:00 to 02:00 and is said to stand. */
const lie = [startMs + 6 * dayMs + 20 * hourMs, startMs + 7 * dayMs + 2 * hourMs] as const;
const midLieMs = startMs + 6 * dayMs + 23 * hourMs;
const works = (ms: number) => inShift(ms, 7, 17);

function aLyingPlant(changes: Partial<PlantStory> = {}): PlantStory {
  return {
    registration: aRegistration(),
    fromMs: startMs,
    toMs: startMs + 8 * dayMs,
    seed: 7,
    load: { M1: { workingKw: 45, standingKw: 2 } },
    ran: (_, ms) => works(ms) || within(ms, lie),
    said: (_, ms) => (works(ms) ? 'RUNNING' : 'STOPPED'),
    ...changes,
  };
}

function alarmsIn(outputs: readonly Output[]): Alarm[] {
  return outputs.flatMap((output) => (output.topic === 'alarms' ? [output.value] : []));
}

function statusesIn(outputs: readonly Output[]): EnterpriseStatus[] {
  return outputs.flatMap((output) => (output.topic === 'enterprise-status' ? [output.value] : []));
}

function subjectsIn(outputs: readonly Output[]): SubjectStatus[] {
  return statusesIn(outputs).flatMap((status) => status.subjects);
}

const until = (records: readonly Sent[], ms: number) => records.filter((record) => record.arrivalMs < ms);

describe('a machine that runs while it is said to stand', () => {
  const registration = aRegistration({ meters: [aMeter({ intervalMs: 5 * minuteMs })] });
  const outputs = runAndSettle(anEngine(), plantRecords(aLyingPlant({ registration })));

  test('gives one finding, from its first slot to its last, that is said, confirmed, closed and settled in this order', () => {
    const findings = findingsIn(outputs);
    expect(new Set(findings.map((f) => f.findingId)).size).toBe(1);
    expect(findings[0]).toMatchObject({ state: 'PROVISIONAL', revision: 1 });
    expect(findings.at(-1)).toMatchObject({
      state: 'CLOSED',
      settled: true,
      subjectKind: 'EQUIPMENT',
      subjectId: 'M1',
      firstSlotMs: lie[0],
      lastSlotEndMs: lie[1],
      contradictoryMs: 6 * hourMs,
    });
    expect(findings.map((f) => f.revision)).toEqual(findings.map((_, i) => i + 1));
    const states = findings.map((f) => f.state).filter((state, i, all) => state !== all[i - 1]);
    expect(states).toEqual(['PROVISIONAL', 'CONFIRMED', 'CLOSED']);
  });

  test('is confirmed within the hour, and the alarm follows', () => {
    const confirmed = findingsIn(outputs).find((f) => f.state === 'CONFIRMED')!;
    expect(confirmed.saidMs - lie[0]).toBeLessThanOrEqual(hourMs);
    const alarms = alarmsIn(outputs);
    expect(alarms[0]).toMatchObject({ state: 'UNACKNOWLEDGED', raisedMs: confirmed.saidMs, revision: 1 });
    expect(alarms.map((alarm) => alarm.state)).toEqual(['UNACKNOWLEDGED', 'RETURNED_UNACKNOWLEDGED']);
  });

  test('shows loads, odds and evidence that its sentence names', () => {
    const { seenMeanKw, stoppedUpperKw, slots, summaryEn, minimumDetectableKw } = findingsIn(outputs).at(-1)!;
    expect(seenMeanKw).toBeGreaterThan(40);
    expect(stoppedUpperKw).toBeLessThan(15);
    expect(minimumDetectableKw).toBeGreaterThan(0);
    expect(slots).toHaveLength(72);
    expect(summaryEn).toContain('6 h');
  });

  test('keeps its machines in the record although the site was described anew meanwhile', () => {
    const anew = sent(
      'site-registry',
      midLieMs,
      aRegistration({ effectiveFromMs: midLieMs, equipment: [], meters: [] }),
    );
    const described = sent('site-registry', lie[1], aRegistration({ effectiveFromMs: lie[1] - hourMs, revision: 2 }));
    for (const change of [anew, described]) {
      const findings = findingsIn(runAndSettle(anEngine(), [...plantRecords(aLyingPlant()), change]));
      expect(findings.at(-1)).toMatchObject({ settled: true, firstSlotMs: lie[0] });
      expect(findings.map((finding) => finding.equipmentIds)).toEqual(findings.map(() => ['M1']));
    }
  });

  test('is not watched where the rule is for other sectors', () => {
    const engine = anEngine({ rules: [aRule({ sectors: ['IRON_AND_STEEL'] })] });
    const outputs = runAndSettle(engine, plantRecords(aLyingPlant()));
    expect(new Set(outputs.map((output) => output.topic))).toEqual(new Set(['enterprise-silence']));
  });
});

describe('honest plants', () => {
  const honest = (story: PlantStory) => runAndSettle(anEngine(), plantRecords({ ...story, said: undefined }));

  test('with a machine on its own meter give no finding, no alarm and no contradiction', () => {
    const outputs = honest(aLyingPlant({ ran: (_, ms) => works(ms), toMs: startMs + 14 * dayMs }));
    const topics = new Set(outputs.map((output) => output.topic));
    expect(topics).toEqual(new Set(['enterprise-status', 'enterprise-silence']));
    expect(new Set(subjectsIn(outputs).map((subject) => subject.verdict))).toEqual(new Set(['UNKNOWN', 'CONSISTENT']));
  });

  test.each([3, 4, 5])('with machines of changing habits behind one meter give none (seed %d)', (seed) => {
    const on = (id: string, ms: number) => {
      const [from, to] = { M1: [7, 18], M2: [9, 20], M3: [6, 12] }[id]!;
      return inShift(ms, from!, to!) && (Math.floor(ms / (45 * minuteMs)) * 7 + id.charCodeAt(1)) % 5 > 0;
    };
    const outputs = honest({
      ...aLyingPlant({ seed, ran: on, toMs: startMs + 12 * dayMs }),
      registration: aRegistration({
        equipment: ['M1', 'M2', 'M3'].map((equipmentId) => anEquipment({ equipmentId })),
        meters: [aMeter({ role: 'MIXED', feeds: ['M1', 'M2', 'M3'] })],
      }),
      load: {
        M1: { workingKw: 30, standingKw: 1 },
        M2: { workingKw: 42, standingKw: 1 },
        M3: { workingKw: 60, standingKw: 1 },
      },
      baseKw: (ms) => (inShift(ms, 6, 22) ? 5 : 3),
    });
    expect(latestFindings(outputs).filter((f) => f.state !== 'RETRACTED' && f.state !== 'PROVISIONAL')).toEqual([]);
    expect(alarmsIn(outputs)).toEqual([]);
  });
});

describe('silence in the middle of a lie', () => {
  const silentMs = midLieMs;
  const never = () => undefined;

  test.each<[string, Partial<PlantStory>]>([
    [
      'of the meter',
      { metered: (_, ms) => ms < silentMs, said: (_, ms) => (works(ms) && ms < silentMs ? 'RUNNING' : 'STOPPED') },
    ],
    ['of the machine', { said: (_, ms) => (ms >= silentMs ? never() : works(ms) ? 'RUNNING' : 'STOPPED') }],
    [
      'of a machine that says UNKNOWN',
      { said: (_, ms) => (ms >= silentMs ? 'UNKNOWN' : works(ms) ? 'RUNNING' : 'STOPPED') },
    ],
    [
      'of both',
      {
        metered: (_, ms) => ms < silentMs,
        said: (_, ms) => (ms >= silentMs ? never() : works(ms) ? 'RUNNING' : 'STOPPED'),
      },
    ],
  ])('%s keeps the finding open and its alarm standing for days', (_, changes) => {
    const engine = anEngine();
    const outputs = runAndSettle(engine, plantRecords(aLyingPlant({ ...changes, toMs: startMs + 11 * dayMs })));
    const finding = latestFindings(outputs);
    expect(finding).toHaveLength(1);
    expect(['CONFIRMED', 'REVISED']).toContain(finding[0]!.state);
    expect(finding[0]!.settled).toBe(false);
    expect(alarmsIn(outputs).map((alarm) => alarm.state)).toEqual(['UNACKNOWLEDGED']);
    expect(statusesIn(outputs).at(-1)!.openFindings).toBe(1);
  });

  test('ends with the first honest hour that is heard again', () => {
    const heard = (ms: number) => ms < silentMs || ms > startMs + 8 * dayMs + 18 * hourMs;
    const outputs = runAndSettle(
      anEngine(),
      plantRecords(
        aLyingPlant({
          metered: (_, ms) => heard(ms),
          said: (_, ms) => (heard(ms) ? (works(ms) ? 'RUNNING' : 'STOPPED') : undefined),
          toMs: startMs + 9 * dayMs,
        }),
      ),
    );
    expect(latestFindings(outputs)).toMatchObject([{ state: 'CLOSED', settled: true, lastSlotEndMs: silentMs }]);
  });

  test('is never shown as consistent: without load the verdict is unknown, and says why', () => {
    const story = aLyingPlant({ metered: (_, ms) => ms < startMs + 3 * dayMs, ran: (_, ms) => works(ms) });
    const outputs = runAndSettle(anEngine(), plantRecords({ ...story, said: undefined }));
    for (const status of statusesIn(outputs).filter(({ asOfMs }) => asOfMs > startMs + 3.1 * dayMs)) {
      for (const subject of status.subjects) {
        // A verdict is of the slot that it names: nothing is said of the slots that nobody measured.
        expect(subject.slotStartMs).toBeLessThan(startMs + 3 * dayMs);
      }
    }
  });
});

describe('a small machine behind a large shared meter', () => {
  const shifts: Record<string, readonly [number, number]> = { M1: [6, 18], M2: [8, 20], M3: [10, 12] };
  const story: PlantStory = {
    ...aLyingPlant(),
    registration: aRegistration({
      equipment: [
        anEquipment({ ratedPowerKw: 200 }),
        anEquipment({ equipmentId: 'M2', ratedPowerKw: 200 }),
        anEquipment({ equipmentId: 'M3', ratedPowerKw: 1 }),
      ],
      meters: [aMeter({ role: 'MIXED', feeds: ['M1', 'M2', 'M3'] })],
    }),
    load: {
      M1: { workingKw: 150, standingKw: 2 },
      M2: { workingKw: 160, standingKw: 2 },
      M3: { workingKw: 0.8, standingKw: 0.02 },
    },
    ran: (id, ms) =>
      inShift(ms, ...shifts[id]!) || (id === 'M3' && within(ms, [startMs + 7 * dayMs, startMs + 8 * dayMs])),
    said: (id, ms) => (inShift(ms, ...shifts[id]!) ? 'RUNNING' : 'STOPPED'),
  };
  const outputs = runAndSettle(anEngine(), plantRecords(story));
  const subjects = subjectsIn(outputs);

  test('is unknown and never consistent while it is said to stand, with the reason', () => {
    const small = subjects.filter(({ subjectId }) => subjectId === 'M3');
    expect(new Set(small.map(({ verdict }) => verdict))).toEqual(new Set(['UNKNOWN']));
    expect(new Set(small.map(({ reason }) => reason))).toContain('below-detectable-load');
  });

  test('makes the stop of all of them unknown too: nobody would see it run alone', () => {
    const groups = subjects.filter(({ subjectKind }) => subjectKind === 'METER');
    expect(groups.map(({ reason }) => reason)).not.toContain('load-of-stopped-kind');
    expect(groups.map(({ reason }) => reason)).toContain('below-detectable-load');
    expect(groups.at(-1)!.minimumDetectableKw).toBeGreaterThan(0.8);
  });

  test('does not hide the large ones', () => {
    const large = subjects.filter(({ subjectId }) => subjectId === 'M1').map(({ reason }) => reason);
    expect(large).toContain('load-explained');
  });
});

describe('a test run that is filed late', () => {
  const records = plantRecords(aLyingPlant());
  const filedMs = lie[1] + 4 * hourMs;
  const file = (startMs: number, endMs: number, changes = {}): Sent =>
    sent('work-records', filedMs, aWorkRecord({ startMs, endMs, filedAtMs: filedMs, ...changes }));

  test('takes back the whole finding and its alarm', () => {
    const outputs = runAndSettle(anEngine(), [...records, file(lie[0] - 5 * minuteMs, lie[1])]);
    expect(latestFindings(outputs)).toMatchObject([
      { state: 'RETRACTED', retractedBecause: 'reported-running-at-running-load' },
    ]);
    expect(settledFindings(outputs)).toEqual([]);
    expect(alarmsIn(outputs).at(-1)).toMatchObject({
      state: 'NORMAL',
      conditionActive: false,
      clearedBecause: 'reported-running-at-running-load',
    });
    expect(statusesIn(outputs).at(-1)!.openFindings).toBe(0);
  });

  test('shortens it when the run covers only the last three hours', () => {
    const outputs = runAndSettle(anEngine(), [...records, file(lie[1] - 3 * hourMs, lie[1])]);
    expect(latestFindings(outputs)).toMatchObject([
      { state: 'CLOSED', settled: true, firstSlotMs: lie[0], lastSlotEndMs: lie[1] - 3 * hourMs },
    ]);
  });

  test('makes a new finding of the rest when it covers the beginning, and the old one names its heir', () => {
    const outputs = runAndSettle(anEngine(), [...records, file(lie[0] - 5 * minuteMs, lie[0] + 2 * hourMs)]);
    const [old, heir] = latestFindings(outputs);
    expect(heir).toMatchObject({ state: 'CLOSED', settled: true, lastSlotEndMs: lie[1] });
    expect(heir!.firstSlotMs).toBeGreaterThanOrEqual(lie[0] + 2 * hourMs);
    expect(old).toMatchObject({ state: 'RETRACTED', retractedBecause: 'superseded', supersededBy: heir!.findingId });
  });

  test.each([
    ['for another machine', { equipmentId: 'M9' }],
    ['for another section', { sectionId: 'S9' }],
    ['and withdrawn', { withdrawn: true }],
    ['as hot work', { kind: 'HOT_WORK_PERMIT' as const }],
  ])('excuses nothing when it is filed %s', (_, changes) => {
    const outputs = runAndSettle(anEngine(), [...records, file(lie[0] - 5 * minuteMs, lie[1], changes)]);
    expect(settledFindings(outputs)).toEqual(settledFindings(runAndSettle(anEngine(), records)));
  });

  test('and then withdrawn brings the same finding back, with revisions that go on', () => {
    const withdrawn = file(lie[0] - 5 * minuteMs, lie[1], { revision: 2, withdrawn: true });
    const outputs = runAndSettle(anEngine(), [
      ...records,
      file(lie[0] - 5 * minuteMs, lie[1]),
      { ...withdrawn, arrivalMs: filedMs + 3 * hourMs },
    ]);
    expect(settledFindings(outputs)).toEqual(settledFindings(runAndSettle(anEngine(), records)));
    const revisions = findingsIn(outputs).map((finding) => finding.revision);
    expect(revisions).toEqual(revisions.map((_, i) => i + 1));
  });
});

describe('power that comes late', () => {
  const records = plantRecords(aLyingPlant());
  const lateMs = lie[1] + 14 * hourMs;
  const late = records.map((item): Sent => {
    const delayed = item.topic === 'power' && item.value.intervalStartMs >= midLieMs && item.arrivalMs <= lateMs;
    return delayed ? { ...item, arrivalMs: lateMs } : item;
  });

  test('revises what was said, and settles as if it had been in time', () => {
    const engine = anEngine();
    const before = run(engine, canonical(until(late, lateMs)));
    expect(latestFindings(before)).toMatchObject([{ state: 'CONFIRMED', lastSlotEndMs: midLieMs }]);
    const after = runAndSettle(
      engine,
      late.filter((item) => item.arrivalMs >= lateMs),
    );
    expect(findingsIn(after)[0]).toMatchObject({ state: 'CLOSED', lastSlotEndMs: lie[1], contradictoryMs: 6 * hourMs });
    expect(settledFindings(after)).toEqual(settledFindings(runAndSettle(anEngine(), records)));
  });

  test('beyond the horizon is refused and changes nothing', () => {
    const tooLate = records.filter((item) => item.topic === 'power' && within(item.arrivalMs, lie));
    const again = tooLate.map((item): Sent => ({ ...item, arrivalMs: item.arrivalMs + 30 * hourMs }));
    const outputs = runAndSettle(anEngine(), [...records, ...again]);
    const refusals = outputs.flatMap((o) => (o.topic === 'dead-letters' ? [o.refusal.reason] : []));
    expect(refusals).toEqual(again.map(() => 'beyond-horizon'));
    expect(settledFindings(outputs)).toEqual(settledFindings(runAndSettle(anEngine(), records)));
  });
});

describe('another meter', () => {
  const swapMs = startMs + 6 * dayMs + 18 * hourMs;
  /** The old transformers showed a fifth of the truth: a stop on the new meter looks like work on the old one. */
  const swapped = (toMs: number) =>
    plantRecords(aLyingPlant({ toMs, ran: (_, ms) => works(ms), load: { M1: { workingKw: 45, standingKw: 8 } } })).map(
      (item): Sent => {
        if (item.topic !== 'power' || item.value.intervalStartMs >= swapMs) return item;
        return { ...item, value: { ...item.value, meanKw: item.value.meanKw / 5 } } as Sent;
      },
    );
  const filed = sent(
    'site-registry',
    swapMs - dayMs,
    aRegistration({ effectiveFromMs: swapMs, meters: [aMeter({ installationId: 'I2' })] }),
  );

  test('on file starts the model again: nothing is claimed from what the old one taught', () => {
    const outputs = runAndSettle(anEngine(), [filed, ...swapped(startMs + 12 * dayMs)]);
    expect(findingsIn(outputs)).toEqual([]);
    const after = statusesIn(outputs).filter(({ asOfMs }) => asOfMs > swapMs + hourMs);
    const reasons = after.flatMap((s) => s.subjects).map((s) => s.reason);
    expect(reasons.indexOf('load-not-learned')).toBeLessThan(reasons.indexOf('load-of-stopped-kind'));
    expect(reasons).toContain('load-not-learned');
  });

  test('that nobody filed would be taken for a lie: the case before is one that matters', () => {
    const outputs = runAndSettle(anEngine(), swapped(startMs + 8 * dayMs));
    expect(latestFindings(outputs).map((finding) => finding.state)).toContain('CLOSED');
  });
});

describe('a machine and meter that are left out of the description by mistake', () => {
  test('and put back an hour later are still known: the next lie is found', () => {
    const records = plantRecords(aLyingPlant());
    const noonMs = startMs + 6 * dayMs + 12 * hourMs;
    const outputs = runAndSettle(anEngine(), [
      ...records,
      sent('site-registry', noonMs, aRegistration({ revision: 2, equipment: [], meters: [] })),
      sent('site-registry', noonMs + hourMs, aRegistration({ revision: 3 })),
    ]);
    expect(settledFindings(outputs)).toMatchObject([{ firstSlotMs: lie[0], lastSlotEndMs: lie[1] }]);
  });
});

describe('a firm that always says it stands', () => {
  const honest = aLyingPlant({ ran: (_, ms) => works(ms), said: undefined });
  const lying = { ...honest, said: () => 'STOPPED' as const };
  const outputs = runAndSettle(anEngine(), plantRecords(lying));

  test('teaches the meter no other modes than an honest one: they are learned from load alone', () => {
    const detectable = (all: Output[]) => subjectsIn(all).at(-1)!.minimumDetectableKw;
    const truth = detectable(runAndSettle(anEngine(), plantRecords(honest)));
    expect(truth).toBeGreaterThan(0);
    expect(Math.abs(detectable(outputs)! / truth! - 1)).toBeLessThan(0.05);
  });

  test('is found out on every day after the meter has learned', () => {
    const days = settledFindings(outputs).map(({ firstSlotMs }) => Math.floor((firstSlotMs - startMs) / dayMs));
    // Two days teach the modes; from the first slots on they serve what is not sealed by then.
    expect([...new Set(days)].sort()).toEqual(expect.arrayContaining([2, 3, 4, 5, 6, 7]));
  });
});

describe('the nameplate', () => {
  const settledWith = (ratedPowerKw: number | null) => {
    const registration = aRegistration({ equipment: [anEquipment({ ratedPowerKw })] });
    return settledFindings(runAndSettle(anEngine(), plantRecords(aLyingPlant({ registration }))));
  };
  const expected = settledWith(60);

  test.each([
    ['times 0.4', 24],
    ['times 3', 180],
    ['missing', null],
  ])('%s changes no settled finding on a meter that has learned', (_, ratedPowerKw) => {
    expect(expected).toHaveLength(1);
    expect(settledWith(ratedPowerKw)).toEqual(expected);
  });
});

describe('an alarm that somebody acknowledged', () => {
  const records = plantRecords(aLyingPlant());
  const alarmId = alarmsIn(runAndSettle(anEngine(), records))[0]!.alarmId;
  const acknowledge = (arrivalMs: number) => sent('alarm-actions', arrivalMs, anAction({ alarmId }));

  test.each([
    ['while the lie goes on', midLieMs, ['UNACKNOWLEDGED', 'ACKNOWLEDGED', 'NORMAL']],
    ['after it ended', lie[1] + 3 * hourMs, ['UNACKNOWLEDGED', 'RETURNED_UNACKNOWLEDGED', 'NORMAL']],
  ])('%s is done with: it is not raised again when the finding settles', (_, arrivalMs, states) => {
    const alarms = alarmsIn(runAndSettle(anEngine(), [...records, acknowledge(arrivalMs)]));
    expect(alarms.map((alarm) => alarm.state)).toEqual(states);
    expect(alarms.map((alarm) => alarm.revision)).toEqual([1, 2, 3]);
  });
});

describe('time', () => {
  test('moves on by clock marks, which have no other effect', () => {
    const records = canonical(until(plantRecords(aLyingPlant()), lie[1] + 2 * hourMs));
    const [marked, plain] = [anEngine(), anEngine()];
    run(marked, records);
    run(plain, records);
    const nowMs = records.at(-1)!.arrivalMs + 3 * dayMs;
    const marks = marked.apply([{ topic: 'power', offset: 0, arrivalMs: nowMs, value: null }], nowMs);
    expect(JSON.stringify(marks)).toBe(JSON.stringify(plain.apply([], nowMs)));
    expect(settledFindings(marks)).toHaveLength(1);
  });

  test('fires every timer that is due, and names the next one', () => {
    const engine = anEngine();
    expect(engine.nextTimerMs()).toBe(Number.POSITIVE_INFINITY);
    run(engine, canonical(plantRecords(aLyingPlant({ toMs: startMs + hourMs }))));
    engine.apply([], startMs + 100 * dayMs);
    expect(engine.nextTimerMs()).toBeGreaterThan(startMs + 100 * dayMs);
    expect(engine.nextTimerMs()).toBeLessThanOrEqual(startMs + 100 * dayMs + 15 * minuteMs);
  });

  test('without news changes nothing that would have to be kept', () => {
    const engine = anEngine();
    run(engine, canonical(plantRecords(aLyingPlant({ toMs: startMs + hourMs }))));
    expect(engine.takeDirty().size).toBe(1);
    expect(engine.takeDirty().size).toBe(0);
  });
});
