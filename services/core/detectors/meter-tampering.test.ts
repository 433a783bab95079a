import { describe, expect, test } from '@jest/globals';
import type { Finding } from '../records.ts';
import { aMeter, anEquipment, aSiteEvent, dayMs, hourMs, minuteMs, sent, startMs } from '../testing/builders.ts';
import {
  inHours,
  type MeteredStory,
  meteredSite,
  onThursday,
  quarterMs,
  type Shown,
  tamperingIn,
} from '../testing/metered.ts';
import { within } from '../testing/plant.ts';

const lie = [onThursday(10), onThursday(10) + 2 * dayMs] as const;
const longLie = [onThursday(10), onThursday(10) + 4 * dayMs] as const;

function scaled(meterId: string, factor: number, span: readonly [number, number] = lie) {
  return (id: string, ms: number, kw: number): Shown => (id === meterId && within(ms, span) ? kw * factor : kw);
}

function flatAt(meterId: string, kw: number, span: readonly [number, number] = lie) {
  return (id: string, ms: number, trueKw: number): Shown => (id === meterId && within(ms, span) ? { kw } : trueKw);
}

const every = ['energy-balance', 'phase-loss', 'flat-line', 'reversal', 'estimated-run', 'unfiled-change'] as const;
const all = (story: MeteredStory): Finding[] => tamperingIn(story, ...every);
const said = (findings: readonly Finding[]): string[] => findings.map((f) => `${f.subjectId} ${f.reason}`).sort();

/** How long after the lie began, by the end of the slots that it took, a finding was said for the first time, minutes. */
const delayMinutes = ({ firstSaidMs }: Finding): number => (firstSaidMs - lie[0]) / minuteMs;

/** A total that has photovoltaics behind it beside the machines. */
const sunnySite = {
  ...meteredSite,
  equipment: [...meteredSite.equipment, anEquipment({ equipmentId: 'R1', kind: 'PHOTOVOLTAIC' })],
  meters: meteredSite.meters.map((meter) => (meter.meterId === 'T' ? { ...meter, exports: true } : meter)),
};
/** From half past seven to half past four on the site's clock, as in January. */
const sunKw = (ms: number): number =>
  Math.max(0, 70 * Math.sin((Math.PI * (((ms + 8 * hourMs) % dayMs) / hourMs - 7.5)) / 9));

describe('honest meters are never accused', () => {
  test.each([1, 2])('over three weeks (seed %d)', (seed) => {
    expect(all({ seed, days: 21, registersFromKwh: 1234 })).toEqual([]);
  });

  test('where clocks differ by three minutes', () => {
    // The reading of a quarter is of one that begins three minutes later.
    const skewed = (meterId: string, ms: number, kw: number): Shown => {
      if (meterId !== 'A') return kw;
      const now = inHours('M1', ms) ? 40 : 1.6;
      const next = inHours('M1', ms + quarterMs) ? 40 : 1.6;
      return kw + 0.2 * (next - now);
    };
    expect(all({ shown: skewed })).toEqual([]);
  });

  test('where a tenant behind the total comes and goes', () => {
    const tenantKw = (ms: number): number => {
      const hour = ((ms + 8 * hourMs) % dayMs) / hourMs;
      const day = Math.floor((ms + 8 * hourMs) / dayMs);
      return hour >= 9 && hour < 9 + (day % 5) * 2 ? 30 : 3;
    };
    expect(all({ besideKw: tenantKw, days: 21 })).toEqual([]);
  });

  test('where a machine truly draws less for days, or is taken out', () => {
    const light: MeteredStory = {
      shown: (id, ms, kw) => {
        const saved = within(ms, lie) && inHours('M1', ms) ? 20 : 0;
        return id === 'A' || id === 'T' ? kw - saved * (id === 'T' ? 1.01 : 1) : kw;
      },
    };
    expect(all(light)).toEqual([]);
    const out: MeteredStory = {
      ran: (id, ms) => inHours(id, ms) && !(id === 'M3' && ms >= lie[0]),
      days: 18,
    };
    expect(all(out)).toEqual([]);
  });

  test('over a holiday of nine days in which next to nothing moves', () => {
    const holiday = [startMs + 10 * dayMs, startMs + 19 * dayMs] as const;
    const story: MeteredStory = {
      days: 22,
      ran: (id, ms) => inHours(id, ms) && !within(ms, holiday),
      shown: (id, ms, kw) => (within(ms, holiday) ? { kw: { T: 6, A: 1.6, B: 0.9, H: 1.5 }[id]! } : kw),
    };
    expect(all(story)).toEqual([]);
    // The same where the operators leave for home and nothing is reported any more.
    expect(
      all({ ...story, said: (id, ms) => (within(ms, holiday) ? undefined : inHours(id, ms) ? 'RUNNING' : 'STOPPED') }),
    ).toEqual([]);
  });

  test('where a meter and its transformers are replaced on file', () => {
    const after = {
      ...meteredSite,
      effectiveFromMs: lie[0],
      revision: 2,
      meters: meteredSite.meters.map((m) => (m.meterId === 'A' ? { ...m, installationId: 'I2' } : m)),
    };
    const registered: MeteredStory = {
      days: 18,
      shown: (id, ms, kw) => (id === 'A' && ms >= lie[0] ? { kw: kw / 2, registerKwh: (ms - lie[0]) / hourMs } : kw),
      registersFromKwh: 5000,
      others: [sent('site-registry', lie[0] - hourMs, after)],
    };
    const filed: MeteredStory = {
      ...registered,
      others: [
        sent(
          'site-events',
          lie[0],
          aSiteEvent({ kind: 'METER_CHANGE', startMs: lie[0], endMs: lie[0] + hourMs, sourceId: 'A' }),
        ),
      ],
    };
    // Half of what the total tells passes through it now: the total knows, but the change is on file.
    expect(said(all(registered)).filter((finding) => finding.startsWith('A'))).toEqual([]);
    expect(said(all(filed)).filter((finding) => finding.startsWith('A'))).toEqual([]);
  });

  test('where a season changes what is drawn at rest', () => {
    expect(all({ days: 35, besideKw: (ms) => 4 + (8 * (ms - startMs)) / (35 * dayMs) })).toEqual([]);
  });

  test('by day where photovoltaics take from what comes through', () => {
    const story: MeteredStory = {
      registration: sunnySite,
      shown: (id, ms, kw) => (id === 'T' ? kw - sunKw(ms) : kw),
    };
    expect(all(story)).toEqual([]);
  });

  test('where photovoltaics have a meter of their own', () => {
    const roofMeter = aMeter({ meterId: 'G', role: 'INDIRECT', feeds: ['R1'], parentMeterId: 'T', exports: true });
    const story: MeteredStory = {
      registration: { ...sunnySite, meters: [...sunnySite.meters, roofMeter] },
      shown: (id, ms, kw) => (id === 'T' ? kw - sunKw(ms) : id === 'G' ? -sunKw(ms) : kw),
    };
    expect(all(story)).toEqual([]);
    const bridged = all({
      ...story,
      shown: (id, ms, kw) =>
        id === 'T' ? (within(ms, lie) ? 0.45 : 1) * kw - sunKw(ms) : id === 'G' ? -sunKw(ms) : kw,
    });
    expect(said(bridged)).toContain('T parts-exceed-whole');
  });
});

describe('a total that is bridged', () => {
  const findings = all({ shown: scaled('T', 0.45) });

  test('is found within two slots: its parts are more than the whole', () => {
    const found = findings.find(({ reason }) => reason === 'parts-exceed-whole')!;
    expect(found).toMatchObject({ subjectKind: 'METER', subjectId: 'T', firstSlotMs: lie[0] });
    expect(delayMinutes(found)).toBeLessThanOrEqual(31);
    expect(found.summaryEn).toMatch(
      /^Meter T showed \d+(\.\d)? kW on average for .* but the 3 meters right below it measured \d+(\.\d)? kW together: \d+(\.\d)? kW more than came through it/,
    );
    expect(found.summaryZh).toMatch(/总表 T .* 3 块分表合计/);
    expect(found.falseAlarmBound).toBeCloseTo(0.1, 5);
  });

  test('accuses no other meter', () => {
    expect(new Set(findings.map(({ subjectId }) => subjectId))).toEqual(new Set(['T']));
  });

  test('is found by what runs beside its parts where it lets less through than they should draw', () => {
    const registration = { ...meteredSite, meters: meteredSite.meters.filter(({ meterId }) => meterId !== 'H') };
    // The cable to the hall is tapped before the total.
    const story: MeteredStory = {
      registration,
      shown: (id, ms, kw) => (id === 'T' && within(ms, lie) && inHours('M3', ms) && inHours('M4', ms) ? kw - 40 : kw),
    };
    const found = all(story);
    expect(said(found)).toEqual(['T rest-collapsed', 'T rest-collapsed', 'T rest-collapsed'].slice(0, found.length));
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]!.summaryEn).toMatch(/beyond what its sub-meters measured it let .* kW through, usually/);
  });

  test('is not found by that where those machines are reported to stand', () => {
    const registration = { ...meteredSite, meters: meteredSite.meters.filter(({ meterId }) => meterId !== 'H') };
    const out = (id: string, ms: number) => inHours(id, ms) && !(['M3', 'M4'].includes(id) && within(ms, lie));
    expect(all({ registration, ran: out })).toEqual([]);
  });
});

describe('a meter that shows more than passes', () => {
  test('is told from a total that shows too little', () => {
    const found = tamperingIn({ shown: scaled('A', 2) }, 'energy-balance');
    expect(said(found)).toEqual(['A part-exceeds-whole']);
    expect(found[0]!.summaryEn).toMatch(
      /Meter A measured .* but meter T above it let no more than .* kW through for it/,
    );
  });
});

describe('a phase that is not measured', () => {
  test.each([
    ['two thirds are left', 'A', 2 / 3],
    ['one third is left', 'B', 1 / 3],
    ['8 A are shown for 38 A', 'A', 8 / 38],
    ['it is the meter of a hall', 'H', 2 / 3],
  ])('is found within two slots where %s', (_, meterId, factor) => {
    const found = tamperingIn({ shown: scaled(meterId, factor) }, 'phase-loss');
    expect(said(found)).toEqual([`${meterId} phase-lost`]);
    expect(found[0]).toMatchObject({ firstSlotMs: lie[0] });
    expect(Math.abs(found[0]!.lastSlotEndMs - lie[1])).toBeLessThanOrEqual(2 * quarterMs);
    expect(delayMinutes(found[0]!)).toBeLessThanOrEqual(31);
    expect(found[0]!.seenMeanKw! / found[0]!.stoppedUpperKw!).toBeCloseTo(factor, 0);
  });

  test('says what is shown, what is usual and what the meter above it lets through', () => {
    const [found] = tamperingIn({ shown: scaled('A', 8 / 38) }, 'phase-loss');
    expect(found!.summaryEn).toMatch(
      /^Meter A showed 8\.\d kW on average for .* machines \(Machine M1\) were reported running, 2\d % of their usual 3\d(\.\d)? kW; meter T above it let .* kW through beyond its sub-meters, usually [45]\.\d kW/,
    );
    expect(found!.summaryZh).toMatch(/Machine M1.*电表 A 平均仅显示 8\.\d kW.*上级表 T/);
  });

  test('is not found where no meter above it bears witness: its machine may draw less', () => {
    const registration = {
      ...meteredSite,
      meters: meteredSite.meters
        .filter(({ role }) => role !== 'ENTERPRISE_TOTAL')
        .map((m) => ({ ...m, parentMeterId: null })),
    };
    expect(tamperingIn({ registration, shown: scaled('A', 2 / 3) }, 'phase-loss')).toEqual([]);
  });

  test('is not found while the meter above was not heard', () => {
    const silent: NonNullable<MeteredStory['shown']> = (id, ms, kw) =>
      id === 'T' && within(ms, lie) ? undefined : scaled('A', 2 / 3)(id, ms, kw);
    expect(tamperingIn({ shown: silent }, 'phase-loss')).toEqual([]);
  });
});

describe('a flat line', () => {
  test('of a load that always moved is found within three hours', () => {
    const found = tamperingIn({ shown: flatAt('A', 38.2) }, 'flat-line');
    expect(said(found)).toEqual(['A load-flat']);
    expect(found[0]!.lastSlotEndMs).toBe(lie[1]);
    expect(found[0]!.summaryEn).toMatch(/^Meter A has shown 38.2 kW within 0.2 % for 4\d h/);
    expect(found[0]!.summaryZh).toMatch(/恒定为 38.2 kW/);
  });

  test('at the load of a stop is found while the machine is reported running', () => {
    expect(said(tamperingIn({ shown: flatAt('A', 1.2) }, 'flat-line'))).toEqual(['A load-flat']);
  });

  test('is none where the machine stands', () => {
    const stands = (id: string, ms: number) => inHours(id, ms) && !within(ms, lie);
    expect(tamperingIn({ ran: stands, shown: flatAt('A', 1.6) }, 'flat-line')).toEqual([]);
  });

  test('is none where the load always was flat', () => {
    const heater: MeteredStory = { shown: (id, ms, kw) => (id === 'A' ? { kw: inHours('M1', ms) ? 30 : 2 } : kw) };
    expect(tamperingIn(heater, 'flat-line')).toEqual([]);
  });
});

describe('a register', () => {
  const from = 5000;

  test('that runs backwards is found within two slots', () => {
    let atStart = 0;
    const back: MeteredStory = {
      days: 12,
      registersFromKwh: from,
      shown: (id, ms, kw) => {
        if (id !== 'A' || !within(ms, lie)) return kw;
        atStart ||= 9000;
        return { kw, registerKwh: atStart - (20 * (ms - lie[0])) / hourMs };
      },
    };
    const found = tamperingIn(back, 'reversal');
    expect(said(found)).toEqual(['A register-ran-backwards']);
    expect(delayMinutes(found[0]!)).toBeLessThanOrEqual(46);
    expect(found[0]!.summaryEn).toMatch(/The register of meter A fell from \d+\.\d\d to \d+\.\d\d kWh within 15 min/);
    expect(found[0]!.summaryZh).toMatch(/电能示值.*降至/);
  });

  test('that rolls over goes on', () => {
    const story: MeteredStory = {
      registersFromKwh: 0,
      shown: (id, ms, kw) =>
        id === 'A' ? { kw: 20, registerKwh: (99_000 + (20 * (ms + quarterMs - startMs)) / hourMs) % 100_000 } : kw,
    };
    expect(tamperingIn(story, 'reversal')).toEqual([]);
  });

  test('that counts less than the means of its own meter is found', () => {
    const story: MeteredStory = {
      registersFromKwh: 0,
      shown: (id, ms, kw) => {
        if (id !== 'A') return kw;
        const before = (40 * (Math.min(ms, lie[0]) + quarterMs - startMs)) / hourMs;
        return { kw: 40, registerKwh: before + (15 * Math.max(0, ms - lie[0])) / hourMs };
      },
    };
    const found = tamperingIn(story, 'reversal');
    expect(said(found)).toEqual(['A register-parts-from-means']);
    expect(found[0]!.summaryEn).toMatch(/grew by 15 kWh an hour .* call for 3\d(\.\d)? kWh an hour/);
  });

  test('that is to be multiplied by a ratio, or counts whole kilowatt-hours, is right', () => {
    for (const [ratio, round] of [
      [1 / 80, (x: number) => x],
      [1, Math.round],
    ] as const) {
      const story: MeteredStory = {
        registersFromKwh: 0,
        shown: (id, ms, kw) =>
          id === 'A'
            ? { kw: 40, registerKwh: round(1e5 * ratio + (ratio * 40 * (ms + quarterMs - startMs)) / hourMs) }
            : kw,
      };
      expect(tamperingIn(story, 'reversal')).toEqual([]);
    }
  });

  test('of a meter that exports says nothing', () => {
    const story: MeteredStory = {
      registration: sunnySite,
      registersFromKwh: from,
      shown: (id, ms, kw) => (id === 'T' ? kw - sunKw(ms) : kw),
    };
    expect(tamperingIn(story, 'reversal')).toEqual([]);
  });
});

describe('estimates', () => {
  const estimated =
    (span: readonly [number, number], factor = 0.2): NonNullable<MeteredStory['shown']> =>
    (id, ms, kw) =>
      id === 'A' && within(ms, span) ? { kw: kw * factor, quality: 'ESTIMATED' } : kw;

  test('for days while the machine is reported running are found', () => {
    const found = tamperingIn({ shown: estimated(lie) }, 'estimated-run');
    expect(said(found)).toEqual(['A estimated-for-days']);
    expect(found[0]!.firstSlotMs).toBeGreaterThanOrEqual(lie[0] + 12 * hourMs);
    expect(found[0]!.summaryEn).toMatch(
      /All readings of meter A have been estimates for 48 h \(12 h are an honest gap\)/,
    );
  });

  test('for hours fill a gap', () => {
    const gap = [lie[0], lie[0] + 11 * hourMs] as const;
    for (const factor of [0.85, 1, 1.15]) expect(all({ shown: estimated(gap, factor) })).toEqual([]);
    // What is usual of the hour, as a utility fills it in.
    const filled: MeteredStory['shown'] = (id, ms, kw) =>
      id === 'A' && within(ms, gap) ? { kw: inHours('M1', ms) ? 40 : 1.6, quality: 'ESTIMATED' } : kw;
    expect(all({ shown: filled })).toEqual([]);
    // One measured slot between two of them parts them.
    const parted: NonNullable<MeteredStory['shown']> = (id, ms, kw) =>
      (ms - lie[0]) % (12 * hourMs) === 0 ? kw : estimated([lie[0], lie[0] + 2 * dayMs])(id, ms, kw);
    expect(tamperingIn({ shown: parted }, 'estimated-run')).toEqual([]);
  });

  test('that leave out what the meter above lets through are found within the shift', () => {
    const [found, ...more] = tamperingIn({ shown: estimated([lie[0], lie[0] + 11 * hourMs]) }, 'phase-loss');
    expect(more).toEqual([]);
    expect(found).toMatchObject({ subjectId: 'A', reason: 'estimates-low' });
    expect(delayMinutes(found!)).toBeLessThanOrEqual(61);
    expect(found!.summaryEn).toMatch(/^Estimates of meter A were .* kW on average .* 2\d % of their usual/);
    expect(found!.summaryZh).toMatch(/估算值明显偏低/);
  });

  test("over a holiday are nobody else's business", () => {
    const stands = (id: string, ms: number) => inHours(id, ms) && !within(ms, lie);
    expect(tamperingIn({ ran: stands, shown: estimated(lie) }, 'estimated-run')).toEqual([]);
  });
});

describe('a change of scale that nobody filed', () => {
  test.each([
    ['A', 0.5],
    ['B', 0.4],
    ['A', 2],
    ['T', 2 / 3],
  ])('is found on meter %s by a factor of %d, at work and at rest alike', (meterId, factor) => {
    const found = tamperingIn({ days: 18, shown: scaled(meterId, factor, longLie) }, 'unfiled-change');
    expect(said(found)).toEqual([`${meterId} scale-changed`]);
    expect(Math.abs(found[0]!.firstSlotMs - lie[0])).toBeLessThanOrEqual(2 * hourMs);
    expect(found[0]!.firstSaidMs - lie[0]).toBeLessThan(2.5 * dayMs);
    expect(found[0]!.summaryEn).toMatch(/times its usual loads since 01-1[45] .*, at work and at rest alike/);
    expect(found[0]!.summaryEn.includes('one of three phases')).toBe(factor === 2 / 3);
  });

  test('is none that could be told where a dormitory is behind the meter', () => {
    const dormitory = anEquipment({ equipmentId: 'D1', kind: 'DORMITORY' });
    const registration = { ...meteredSite, equipment: [...meteredSite.equipment, dormitory] };
    const load = { M1: [40, 1.6], M2: [22, 0.9], M3: [30, 1], M4: [12, 0.5], D1: [6, 6] } as const;
    const story = { registration, load, days: 18, shown: scaled('T', 2 / 3, longLie) };
    expect(tamperingIn(story, 'unfiled-change')).toEqual([]);
  });

  test('is none where only work becomes less', () => {
    const story: MeteredStory = { days: 21, load: { M1: [40, 1.6], M2: [22, 0.9], M3: [30, 1], M4: [12, 0.5] } };
    const less: NonNullable<MeteredStory['shown']> = (id, ms, kw) =>
      id === 'A' && ms >= lie[0] && inHours('M1', ms) ? kw / 2 : kw;
    expect(tamperingIn({ ...story, shown: less }, 'unfiled-change')).toEqual([]);
  });
});
