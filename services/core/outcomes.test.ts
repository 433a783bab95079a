/** What becomes of the plants that are hard to judge: each has a stated outcome, and the name of its test is the statement. */
import { describe, expect, test } from '@jest/globals';
import type { Output } from './batch.ts';
import type { Finding, RunState, SiteRegistration } from './records.ts';
import {
  aMeter,
  anEngine,
  anEquipment,
  aRandom,
  aRegistration,
  dayMs,
  hourMs,
  latestFindings,
  minuteMs,
  runAndSettle,
  type Sent,
  sent,
  startMs,
} from './testing/builders.ts';
import { inShift, type PlantStory, plantRecords, within } from './testing/plant.ts';

const stopped = (): RunState => 'STOPPED';
const works = (_: string, ms: number): boolean => inShift(ms, 1, 10);

function aStory(changes: Partial<PlantStory>): PlantStory {
  return {
    registration: aRegistration(),
    fromMs: startMs,
    toMs: startMs + 10 * dayMs,
    seed: 1,
    load: { M1: { workingKw: 40, standingKw: 1.5 } },
    ran: works,
    ...changes,
  };
}

/** A firm whose machines share one meter, be it the total or one of its own. */
function aShared(count: number, changes: Partial<SiteRegistration['meters'][number]> = {}): SiteRegistration {
  const equipment = Array.from({ length: count }, (_, i) =>
    anEquipment({ equipmentId: `M${i + 1}`, ratedPowerKw: 20 }),
  );
  const meter = aMeter({ role: 'ENTERPRISE_TOTAL', feeds: equipment.map((e) => e.equipmentId), ...changes });
  return aRegistration({ equipment, meters: [meter] });
}

const loads = (count: number, workingKw: (i: number) => number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`M${i + 1}`, { workingKw: workingKw(i), standingKw: 0.2 }] as const),
  );

const found = (outputs: readonly Output[]): Finding[] =>
  latestFindings(outputs).filter(({ state }) => state === 'CLOSED' || state === 'CONFIRMED' || state === 'REVISED');

const outcome = (story: PlantStory, others: readonly Sent[] = []): Output[] =>
  runAndSettle(anEngine(), [...plantRecords(story), ...others]);

/** Reasons that stood for a subject within a time, in the order in which they came. */
function reasonsOf(
  outputs: readonly Output[],
  subjectId: string,
  fromMs = startMs,
  toMs = startMs + 10 * dayMs,
): string[] {
  const reasons = new Set<string>();
  let standing: string | undefined;
  for (const output of outputs) {
    if (output.topic !== 'enterprise-status' || output.value.asOfMs >= toMs) continue;
    const own = output.value.subjects.find((subject) => subject.subjectId === subjectId)?.reason;
    if (output.value.asOfMs >= fromMs && standing) reasons.add(standing);
    standing = own;
  }
  if (standing) reasons.add(standing);
  return [...reasons];
}

const dayOf = ({ firstSlotMs }: Finding): number => Math.floor((firstSlotMs - startMs) / dayMs);

describe('a firm that works from its first day on and always says that it stands', () => {
  test('is found on its first day where the nameplate of a meter of its own says that no idle machine draws so much', () => {
    const registration = aRegistration({ equipment: [anEquipment({ ratedPowerKw: 45 })] });
    const findings = found(outcome(aStory({ registration, said: stopped })));
    expect(findings[0]).toMatchObject({ subjectId: 'M1', reason: 'load-above-any-idle' });
    expect(dayOf(findings[0]!)).toBe(0);
  });

  test('is found every day from the second one on, whatever the nameplate, as the load shows two modes', () => {
    const registration = aRegistration({ equipment: [anEquipment({ ratedPowerKw: null })] });
    const findings = found(outcome(aStory({ registration, said: stopped })));
    expect(findings.map(dayOf)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(new Set(findings.map(({ reason }) => reason))).toEqual(new Set(['load-of-running-kind']));
  });

  test('is found as a firm behind one total, and no machine of it by itself', () => {
    const story = aStory({ registration: aShared(4), load: loads(4, (i) => 8 + i), said: stopped });
    const outputs = outcome(story);
    const findings = found(outputs);
    expect(new Set(findings.map(({ subjectKind, subjectId }) => `${subjectKind} ${subjectId}`))).toEqual(
      new Set(['ENTERPRISE E1']),
    );
    expect(findings.map(dayOf)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(reasonsOf(outputs, 'M1')).not.toContain('load-not-explained');
  });

  test('is unknown, load-not-learned, where it never stops either: one mode of load tells nothing', () => {
    const story = aStory({ registration: aShared(4), load: loads(4, (i) => 8 + i), said: stopped, ran: () => true });
    const outputs = outcome(story);
    expect(found(outputs)).toEqual([]);
    expect(reasonsOf(outputs, 'E1', startMs + 3 * dayMs)).toEqual(['load-not-learned']);
  });

  test('is unknown beside a dormitory that is registered behind its only meter: that may have drawn all of it', () => {
    const dormitory = anEquipment({ equipmentId: 'D1', kind: 'DORMITORY', ratedPowerKw: null });
    const shared = aShared(2);
    const registration = {
      ...shared,
      equipment: [...shared.equipment, dormitory],
      meters: shared.meters.map((meter) => ({ ...meter, feeds: [...meter.feeds, 'D1'] })),
    };
    const load = { ...loads(2, () => 20), D1: { workingKw: 3, standingKw: 3 } };
    const outputs = outcome(aStory({ registration, load, said: (id) => (id === 'D1' ? undefined : 'STOPPED') }));
    expect(found(outputs)).toEqual([]);
    expect(reasonsOf(outputs, 'E1', startMs + 3 * dayMs)).toEqual(['load-not-learned']);
  });
});

describe('a machine that is always said to stand among others that report what they do', () => {
  test('is not accused behind a shared meter, as what it draws was never told apart; what is left is unknown', () => {
    const story = aStory({
      registration: aShared(3, { role: 'MIXED' }),
      load: loads(3, (i) => 10 + 4 * i),
      ran: (id, ms) => inShift(ms, Number(id.slice(1)), 9 + Number(id.slice(1))),
      said: (id, ms) =>
        id === 'M3' || !inShift(ms, Number(id.slice(1)), 9 + Number(id.slice(1))) ? 'STOPPED' : 'RUNNING',
    });
    const outputs = outcome(story);
    expect(found(outputs).filter(({ subjectId }) => subjectId === 'M3')).toEqual([]);
    expect(reasonsOf(outputs, 'M3', startMs + 5 * dayMs)).toContain('below-detectable-load');
  });
});

describe('a meter that sticks at the load of work', () => {
  const stuckFromMs = startMs + 8 * dayMs + 5 * hourMs;
  const stick = (records: readonly Sent[]): Sent[] =>
    records.map((record) => {
      if (record.topic !== 'power' || record.value.intervalStartMs < stuckFromMs) return record;
      return { ...record, value: { ...record.value, meanKw: 40.25 } };
    });

  test.each([1, 15])('of slots of %i minutes accuses nobody: work never drew the very same for so long', (minutes) => {
    const registration = aRegistration({ meters: [aMeter({ intervalMs: minutes * minuteMs })] });
    const outputs = runAndSettle(anEngine(), stick(plantRecords(aStory({ registration }))));
    expect(found(outputs)).toEqual([]);
    expect(reasonsOf(outputs, 'M1', startMs + 8 * dayMs + 12 * hourMs)).toContain('meter-stuck');
  });
});

describe('a load behind the total while a meter of each machine shows that it stands', () => {
  const equipment = ['M1', 'M2'].map((equipmentId) => anEquipment({ equipmentId, ratedPowerKw: 45 }));
  const own = equipment.map(({ equipmentId }) => aMeter({ meterId: `own-${equipmentId}`, feeds: [equipmentId] }));
  const total = aMeter({ meterId: 'total', role: 'ENTERPRISE_TOTAL', feeds: [], intervalMs: 15 * minuteMs });
  const lie = [startMs + 8 * dayMs + 14 * hourMs, startMs + 8 * dayMs + 17 * hourMs] as const;
  const story = aStory({
    registration: aRegistration({ equipment, meters: [total, ...own] }),
    load: loads(2, () => 40),
    ran: (_, ms) => inShift(ms, 1, 10),
  });

  test('accuses nobody: others drew it', () => {
    const outputs = outcome({ ...story, baseKw: (ms) => (within(ms, lie) ? 85 : 0) });
    expect(found(outputs)).toEqual([]);
    expect(reasonsOf(outputs, 'E1', lie[0] + hourMs, lie[1])).toContain('load-of-others');
  });

  test('is found at the machine and at the firm where a machine drew it', () => {
    const outputs = outcome({
      ...story,
      ran: (_, ms) => inShift(ms, 1, 10) || within(ms, lie),
      said: (_, ms) => (inShift(ms, 1, 10) ? 'RUNNING' : 'STOPPED'),
    });
    expect(
      found(outputs)
        .map(({ subjectId }) => subjectId)
        .sort(),
    ).toEqual(['E1', 'M1', 'M2']);
  });
});

describe('a tenant that nobody registered, behind the only meter of a firm', () => {
  const tenant = (ms: number) => (inShift(ms, 0, 12) ? 14 : 0);
  const story = aStory({
    registration: aShared(3, { role: 'ENTERPRISE_TOTAL' }),
    load: loads(3, () => 18),
    baseKw: tenant,
  });
  const works = (ms: number) => inShift(ms, 1, 4) || inShift(ms, 5, 10);

  test('works on over the breaks of the firm, which is accused of none of it: part of the load may be of others', () => {
    const outputs = outcome({ ...story, ran: (_, ms) => works(ms) });
    expect(found(outputs)).toEqual([]);
    expect(reasonsOf(outputs, 'E1', startMs + 5 * dayMs)).toContain('part-of-load-of-others');
  });

  test('is no excuse for the load of the whole plant', () => {
    const lie = [startMs + 8 * dayMs + 14 * hourMs, startMs + 8 * dayMs + 17 * hourMs] as const;
    const outputs = outcome({
      ...story,
      ran: (_, ms) => works(ms) || within(ms, lie),
      said: (_, ms) => (works(ms) ? 'RUNNING' : 'STOPPED'),
    });
    expect(found(outputs)).toMatchObject([{ subjectId: 'E1', reason: 'load-of-running-kind' }]);
  });
});

describe('a plant that never stops', () => {
  const always = (said?: PlantStory['said']) => outcome(aStory({ ran: () => true, ...(said ? { said } : {}) }));

  test('is unknown, reported-running, and never accused while it says so', () => {
    const outputs = always();
    expect(found(outputs)).toEqual([]);
    expect(reasonsOf(outputs, 'M1', startMs + 2 * dayMs)).toEqual(['reported-running']);
  });

  test('is found when it first says that it stands, by the nameplate of its own meter alone', () => {
    const lie = [startMs + 8 * dayMs, startMs + 8 * dayMs + 6 * hourMs] as const;
    const registration = aRegistration({ equipment: [anEquipment({ ratedPowerKw: 45 })] });
    const story = aStory({ registration, ran: () => true, said: (_, ms) => (within(ms, lie) ? 'STOPPED' : 'RUNNING') });
    expect(found(outcome(story))).toMatchObject([{ subjectId: 'M1', reason: 'load-above-any-idle' }]);
    const without = { ...story, registration: aRegistration({ equipment: [anEquipment({ ratedPowerKw: null })] }) };
    const outputs = outcome(without);
    expect(found(outputs)).toEqual([]);
    expect(reasonsOf(outputs, 'M1', lie[0] + hourMs, lie[1])).toEqual(['load-not-learned']);
  });
});

describe('a plant that never runs', () => {
  test('is unknown, load-not-learned, and never accused, whatever little it draws', () => {
    const outputs = outcome(aStory({ ran: () => false }));
    expect(found(outputs)).toEqual([]);
    expect(reasonsOf(outputs, 'M1', startMs + 2 * dayMs)).toEqual(['load-not-learned']);
  });

  test('is not accused of the evenings of its dormitory', () => {
    const dormitory = anEquipment({ equipmentId: 'D1', kind: 'DORMITORY', ratedPowerKw: null });
    const registration = aRegistration({
      equipment: [anEquipment(), dormitory],
      meters: [aMeter({ role: 'ENTERPRISE_TOTAL', feeds: ['M1', 'D1'] })],
    });
    const story = aStory({
      registration,
      load: { M1: { workingKw: 40, standingKw: 0.5 }, D1: { workingKw: 30, standingKw: 6 } },
      ran: (id, ms) => id === 'D1' && inShift(ms, 9, 15),
      said: (id) => (id === 'D1' ? undefined : 'STOPPED'),
    });
    const outputs = outcome(story);
    expect(found(outputs)).toEqual([]);
    expect(reasonsOf(outputs, 'E1', startMs + 3 * dayMs)).toEqual(['load-not-learned']);
  });
});

describe('one meter for twenty machines', () => {
  const days = 12;
  const lie = [startMs + 10 * dayMs + 13 * hourMs, startMs + 10 * dayMs + 17 * hourMs] as const;
  const random = aRandom(20);
  /** Blocks of two hours in which each machine is in work or not, within a shift of twelve hours. */
  const plan = Array.from({ length: days * 12 }, () => Array.from({ length: 20 }, () => random() < 0.6));
  const inWork = (id: string, ms: number): boolean =>
    inShift(ms, 0, 12) && plan[Math.floor((ms - startMs) / (2 * hourMs))]![Number(id.slice(1)) - 1]!;
  const twenty = (changes: Partial<PlantStory>): PlantStory =>
    aStory({
      registration: aShared(20),
      toMs: startMs + days * dayMs,
      load: loads(20, (i) => (i === 0 ? 55 : 3 + (i % 5) * 2)),
      ran: inWork,
      ...changes,
    });
  const liars = (ids: readonly string[], span: readonly [number, number]): Partial<PlantStory> => ({
    ran: (id, ms) => inWork(id, ms) || (ids.includes(id) && within(ms, span)),
    said: (id, ms) => (inWork(id, ms) ? 'RUNNING' : 'STOPPED'),
  });

  test('is found as a firm when all of it is said to stand and part of it works', () => {
    const findings = found(outcome(twenty(liars(['M1', 'M5', 'M10'], lie))));
    expect(findings).toMatchObject([{ subjectKind: 'ENTERPRISE', subjectId: 'E1' }]);
    expect(Math.abs(findings[0]!.firstSlotMs - lie[0])).toBeLessThanOrEqual(15 * minuteMs);
  });

  test('is unknown, below-detectable-load, for its small machines while the others rightly work', () => {
    const noon = [startMs + 10 * dayMs + 4 * hourMs, startMs + 10 * dayMs + 8 * hourMs] as const;
    const block = plan[10 * 12 + 2]!;
    const small = [6, 11, 16].map((n) => `M${n}`).filter((_, i) => !block[[5, 10, 15][i]!]);
    const outputs = outcome(twenty(liars(small, noon)));
    expect(found(outputs)).toEqual([]);
    for (const id of small)
      expect(reasonsOf(outputs, id, noon[0] + hourMs, noon[0] + 2 * hourMs)).toEqual(['below-detectable-load']);
  });
});

describe('a smaller and smaller machine beside a large one', () => {
  /** The large one rightly works by day, the small one as well and, on the tenth afternoon, against its word. */
  const verdict = (workingKw: number): { readonly found: boolean; readonly reasons: string[] } => {
    const lie = [startMs + 11 * dayMs + 8 * hourMs, startMs + 11 * dayMs + 11 * hourMs] as const;
    const small = (ms: number) => inShift(ms, 3, 7) || inShift(ms, 14, 17);
    const story = aStory({
      registration: aShared(2, { role: 'MIXED' }),
      toMs: startMs + 12 * dayMs,
      load: { M1: { workingKw: 100, standingKw: 2 }, M2: { workingKw, standingKw: 0.1 } },
      ran: (id, ms) => (id === 'M1' ? inShift(ms, 1, 12) : small(ms) || within(ms, lie)),
      said: (id, ms) => ((id === 'M1' ? inShift(ms, 1, 12) : small(ms)) ? 'RUNNING' : 'STOPPED'),
    });
    const outputs = outcome(story);
    return {
      found: found(outputs).some(({ subjectId }) => subjectId === 'M2'),
      reasons: reasonsOf(outputs, 'M2', lie[0] + hourMs, lie[1]),
    };
  };

  test('is found while it shows beside the other, then turns to unknown, and is consistent at no size', () => {
    const sizes = [64, 32, 16, 8, 4, 2, 1];
    const verdicts = sizes.map(verdict);
    const turns = verdicts.findIndex(({ found: isFound }) => !isFound);
    expect(turns).toBeGreaterThan(0);
    expect(turns).toBeLessThan(sizes.length - 1);
    for (const [i, { found: isFound, reasons }] of verdicts.entries()) {
      expect([sizes[i], isFound]).toEqual([sizes[i], i < turns]);
      expect(reasons).not.toContain('load-explained');
      if (!isFound) {
        expect(['below-detectable-load', 'load-between-explanations']).toEqual(expect.arrayContaining(reasons));
      }
    }
    expect(verdicts.at(-1)!.reasons).toEqual(['below-detectable-load']);
  });
});

describe('a firm with photovoltaics behind its meter', () => {
  const place = { latitude: 30.3, longitude: 120.2 };
  const roof = anEquipment({ equipmentId: 'R1', kind: 'PHOTOVOLTAIC', ratedPowerKw: null });
  const total = aMeter({ role: 'ENTERPRISE_TOTAL', feeds: ['M1', 'R1'], exports: true });
  const registration = aRegistration({ ...place, equipment: [anEquipment(), roof], meters: [total] });
  /** Half past seven to half past four in January. */
  const sunKw = (ms: number) =>
    Math.max(0, 60 * Math.sin((Math.PI * (((ms + 8 * hourMs) % dayMs) / hourMs - 7.5)) / 9));
  const night = [startMs + 8 * dayMs + 12 * hourMs, startMs + 8 * dayMs + 15 * hourMs] as const;
  const noon = [startMs + 9 * dayMs + 3 * hourMs, startMs + 9 * dayMs + 6 * hourMs] as const;
  /** Works from nine to four on the site's clock but for the tenth noon, when it says so. */
  const byDay = (ms: number) => inShift(ms, 1, 8);
  const story = aStory({
    registration,
    load: { M1: { workingKw: 40, standingKw: 1.5 }, R1: { workingKw: 0, standingKw: 0 } },
    ran: (id, ms) => id === 'M1' && (byDay(ms) || within(ms, night)),
    said: (id, ms) => (id === 'R1' ? undefined : byDay(ms) && !within(ms, noon) ? 'RUNNING' : 'STOPPED'),
  });
  const lowered = (records: readonly Sent[], withMeter: boolean): Sent[] =>
    records.flatMap((item): Sent[] => {
      if (item.topic !== 'power') return [item];
      const { value } = item;
      const kw = sunKw(value.intervalStartMs + 7.5 * minuteMs);
      const net = { ...item, value: { ...value, meanKw: value.meanKw - kw } } as Sent;
      return withMeter ? [net, { ...item, value: { ...value, meterId: 'G', meanKw: -kw } } as Sent] : [net];
    });

  test('is found by night, and by day unknown, daylight-generation, where nobody measures what the sun brings', () => {
    const outputs = runAndSettle(anEngine(), lowered(plantRecords(story), false));
    expect(found(outputs)).toMatchObject([{ subjectId: 'E1' }]);
    expect(Math.abs(found(outputs)[0]!.firstSlotMs - night[0])).toBeLessThanOrEqual(15 * minuteMs);
    expect(reasonsOf(outputs, 'E1', noon[0] + hourMs, noon[1])).toEqual(['daylight-generation']);
    // On other days at noon it says that it works, and nothing is held against it.
    expect(reasonsOf(outputs, 'E1', startMs + 7 * dayMs + 4 * hourMs, startMs + 7 * dayMs + 6 * hourMs)).toEqual([
      'reported-running',
    ]);
  });

  test('is found by day as by night where a meter measures the roof alone', () => {
    const roofMeter = aMeter({ meterId: 'G', role: 'INDIRECT', feeds: ['R1'], exports: true });
    const measured = { ...story, registration: { ...registration, meters: [total, roofMeter] } };
    const records = plantRecords(measured).filter((item) => item.topic !== 'power' || item.value.meterId !== 'G');
    const findings = found(runAndSettle(anEngine(), lowered(records, true)));
    expect(findings).toHaveLength(2);
    for (const [i, span] of [night, noon].entries()) {
      expect(Math.abs(findings[i]!.firstSlotMs - span[0])).toBeLessThanOrEqual(15 * minuteMs);
      expect(findings[i]!.lastSlotEndMs).toBe(span[1]);
    }
  });
});

describe('what changes with the year', () => {
  test('three weeks of idle, as at the Spring Festival, take nothing from what is known of work', () => {
    const idle = [startMs + 7 * dayMs, startMs + 28 * dayMs] as const;
    const night = [startMs + 28 * dayMs + 14 * hourMs, startMs + 28 * dayMs + 16 * hourMs] as const;
    const works28 = (ms: number) => inShift(ms, 1, 10) && !within(ms, idle);
    const story = aStory({
      toMs: startMs + 29 * dayMs,
      ran: (_, ms) => works28(ms) || within(ms, night),
      said: (_, ms) => (works28(ms) ? 'RUNNING' : 'STOPPED'),
    });
    const findings = found(outcome(story));
    expect(findings.map(({ firstSlotMs }) => firstSlotMs)).toEqual([night[0]]);
  });

  test('a load that drifts by two fifths over ten weeks is followed without a false word, and a lie at its end is found', () => {
    const end = startMs + 70 * dayMs;
    const night = [end - 10 * hourMs, end - 8 * hourMs] as const;
    const story = aStory({
      toMs: end,
      ran: (id, ms) => works(id, ms) || within(ms, night),
      said: (id, ms) => (works(id, ms) ? 'RUNNING' : 'STOPPED'),
    });
    const records = plantRecords(story).map((item): Sent => {
      if (item.topic !== 'power') return item;
      const grown = 1 + (0.4 * (item.value.intervalStartMs - startMs)) / (70 * dayMs);
      return { ...item, value: { ...item.value, meanKw: item.value.meanKw * grown } } as Sent;
    });
    const findings = found(runAndSettle(anEngine(), records));
    expect(findings.map(({ firstSlotMs }) => firstSlotMs)).toEqual([night[0]]);
  });
});

describe('a meter that is described anew', () => {
  const lie = [startMs + 8 * dayMs + 12 * hourMs, startMs + 8 * dayMs + 18 * hourMs] as const;
  const changeMs = lie[0] + 3 * hourMs;
  const story = aStory({
    ran: (id, ms) => works(id, ms) || within(ms, lie),
    said: (id, ms) => (works(id, ms) ? 'RUNNING' : 'STOPPED'),
  });
  const described = (changes: Partial<SiteRegistration['meters'][number]>): Sent =>
    sent(
      'site-registry',
      changeMs,
      aRegistration({ revision: 2, effectiveFromMs: changeMs, meters: [aMeter(changes)] }),
    );

  test.each([5, 1])(
    'in slots of %d minutes keeps what is held and learned: a lie that spans the change is one finding',
    (minutes) => {
      const records = plantRecords(story).flatMap((item): Sent[] => {
        if (item.topic !== 'power' || item.value.intervalStartMs < changeMs) return [item];
        const parts = 15 / minutes;
        return Array.from({ length: parts }, (_, i) => {
          const intervalStartMs = item.value.intervalStartMs + i * minutes * minuteMs;
          return { ...item, value: { ...item.value, intervalStartMs, intervalMs: minutes * minuteMs } } as Sent;
        });
      });
      const findings = found(runAndSettle(anEngine(), [...records, described({ intervalMs: minutes * minuteMs })]));
      expect(findings).toMatchObject([{ firstSlotMs: lie[0], lastSlotEndMs: lie[1] }]);
    },
  );

  test('as another installation is unknown, load-not-learned, until its own load has shown two modes', () => {
    const outputs = outcome({ ...story, toMs: startMs + 14 * dayMs }, [described({ installationId: 'I2' })]);
    expect(reasonsOf(outputs, 'M1', changeMs + hourMs, lie[1])).toEqual(['load-not-learned']);
    const after = reasonsOf(outputs, 'M1', startMs + 12 * dayMs, startMs + 14 * dayMs);
    expect(after).toContain('load-of-stopped-kind');
  });
});
