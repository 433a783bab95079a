import { describe, expect, test } from '@jest/globals';
import { equipmentDefaults, meterDefaults, siteDefaults } from './record-defaults.ts';
import type { Label, Recording } from './recording.ts';
import type { Equipment, Meter, SiteRegistration } from './records.ts';
import { type ScoredFinding, scoreFindings } from './scoring.ts';
import { doNothing, firstContradictionMs, fixedThreshold } from './scoring-baselines.ts';

const detector = 'stopped-but-running';
const hour = 3_600_000;
const slot = 900_000;
const span = { fromMs: 0, toMs: 60 * 24 * hour, enterprises: 1, slotMs: slot };

const aLie = (startMs: number, endMs: number, parts: Partial<Label> = {}): Label => ({
  detector,
  enterpriseId: 'e',
  subjectKind: 'EQUIPMENT',
  subjectId: 'm1',
  startMs,
  endMs,
  kind: 'lie',
  ranMs: null,
  note: '',
  ...parts,
});

const aFinding = (firstSlotMs: number, lastSlotEndMs: number, parts: Partial<ScoredFinding> = {}): ScoredFinding => ({
  findingId: `f${firstSlotMs}`,
  revision: 1,
  state: 'CONFIRMED',
  detector,
  enterpriseId: 'e',
  subjectKind: 'EQUIPMENT',
  subjectId: 'm1',
  equipmentIds: ['m1'],
  meterId: 'p',
  firstSlotMs,
  lastSlotEndMs,
  saidMs: lastSlotEndMs + 60_000,
  ...parts,
});

const score = (findings: ScoredFinding[], labels: Label[], knowableMs = (_lie: Label) => 0) =>
  scoreFindings(findings, labels, detector, span, knowableMs);

describe('scoreFindings', () => {
  test('one finding on each lie and nothing else is perfect', () => {
    const result = score(
      [aFinding(0, hour), aFinding(10 * hour, 11 * hour)],
      [aLie(0, hour), aLie(10 * hour, 11 * hour)],
    );
    expect(result).toMatchObject({ precision: 1, recall: 1, f1: 1, falseFindings: 0, falsePerEnterpriseMonth: 0 });
  });

  test('a long lie weighs no more than a short one, however many slots a finding has in it', () => {
    const result = score([aFinding(0, 40 * hour)], [aLie(0, 40 * hour), aLie(50 * hour, 51 * hour)]);
    expect(result.recall).toBe(0.5);
  });

  test('a finding that never ends does not pass for one that finds every lie', () => {
    const lies = Array.from({ length: 20 }, (_, i) => aLie(i * 48 * hour, i * 48 * hour + hour));
    const result = score([aFinding(0, 60 * 24 * hour)], lies);
    expect(result).toMatchObject({ rightFindings: 0, falseFindings: 1, f1: 0 });
  });

  test('what is suspected only, or taken back, counts neither way', () => {
    const suspected = aFinding(0, hour, { state: 'PROVISIONAL' });
    const retracted = [aFinding(5 * hour, 6 * hour), aFinding(5 * hour, 6 * hour, { revision: 2, state: 'RETRACTED' })];
    expect(score([suspected, ...retracted], [aLie(0, hour)])).toMatchObject({
      findings: 0,
      found: 0,
      falseFindings: 0,
    });
  });

  test('the last revision decides where a finding is, the first confirmed one when it was said', () => {
    const revisions = [
      aFinding(0, slot, { state: 'PROVISIONAL', saidMs: 1 * hour }),
      aFinding(0, 2 * slot, { revision: 2, saidMs: 2 * hour }),
      aFinding(0, 4 * slot, { revision: 3, state: 'CLOSED', saidMs: 9 * hour }),
    ];
    const result = score(revisions, [aLie(0, hour)], () => hour);
    expect(result.delayFromStartMs?.max).toBe(2 * hour);
    expect(result.delayFromDataMs?.max).toBe(hour);
    expect(result.coveredLieMs).toBe(hour);
  });

  test('a finding in an honest stop is a false alarm, a month at a time', () => {
    const honest = aLie(100 * hour, 110 * hour, { kind: 'honest-stop' });
    const result = score([aFinding(0, hour), aFinding(101 * hour, 102 * hour)], [aLie(0, hour), honest]);
    expect(result).toMatchObject({ precision: 0.5, recall: 1, falsePerEnterpriseMonth: 0.5 });
    expect(result.falseResults.map((finding) => finding.firstSlotMs)).toEqual([101 * hour]);
  });

  test('within one slot of a lie but short of it is neither right nor false; beyond it is false', () => {
    const lie = aLie(10 * hour, 11 * hour);
    expect(score([aFinding(11 * hour, 11 * hour + slot)], [lie])).toMatchObject({ found: 0, falseFindings: 0 });
    expect(score([aFinding(12 * hour, 13 * hour)], [lie])).toMatchObject({ found: 0, falseFindings: 1 });
    expect(score([aFinding(11 * hour, 13 * hour)], [lie])).toMatchObject({ found: 0, falseFindings: 1 });
  });

  test('another machine, firm or detector does not find the lie', () => {
    const wrong = [
      aFinding(0, hour, { findingId: 'a', subjectId: 'm2', equipmentIds: ['m2'] }),
      aFinding(0, hour, { findingId: 'b', enterpriseId: 'other' }),
      aFinding(0, hour, { findingId: 'c', detector: 'fake-offline' }),
    ];
    expect(score(wrong, [aLie(0, hour)])).toMatchObject({ found: 0, falseFindings: 2 });
  });

  test('a finding about the meter or the firm finds the lie of a machine that it names', () => {
    const meter = aFinding(0, hour, { subjectKind: 'METER', subjectId: 'p', equipmentIds: ['m1', 'm2'] });
    const firm = aFinding(0, hour, { subjectKind: 'ENTERPRISE', subjectId: 'e', equipmentIds: ['m1'] });
    expect(score([meter], [aLie(0, hour)]).found).toBe(1);
    expect(score([firm], [aLie(0, hour)]).found).toBe(1);
    expect(score([firm], [aLie(0, hour, { subjectId: 'm3' })]).found).toBe(0);
  });
});

const aMachine = (equipmentId: string, ratedPowerKw: number | null): Equipment => ({
  ...equipmentDefaults,
  equipmentId,
  ratedPowerKw,
});

const aPlant = (machines: Equipment[], loadsKw: number[], runs: [string, 'STOPPED' | 'RUNNING'][]): Recording => {
  const feeds = machines.map((machine) => machine.equipmentId);
  const meter: Meter = { ...meterDefaults, meterId: 'p', role: 'ENTERPRISE_TOTAL', intervalMs: slot, feeds };
  const site: SiteRegistration = {
    ...siteDefaults,
    enterpriseId: 'e',
    effectiveFromMs: 0,
    name: '',
    timeZone: 'UTC',
    equipment: machines,
    meters: [meter],
  };
  const common = { enterpriseId: 'e', arrival: { delayMs: 60_000 } };
  return {
    about: { title: '', source: '', licence: '', credit: '', timeZone: 'UTC', nominalIntervalMs: slot },
    sites: [{ arrivalMs: 0, value: site }],
    workRecords: [],
    siteEvents: [],
    alarmActions: [],
    telemetry: runs.map(([equipmentId, state]) => ({
      ...common,
      equipmentId,
      state,
      fromMs: 0,
      toMs: loadsKw.length * slot,
      everyMs: 60_000,
      gatewayId: null,
      readings: [],
    })),
    power: [
      { ...common, meterId: 'p', startMs: 0, intervalMs: slot, quality: 'MEASURED', meanKw: loadsKw, extras: {} },
    ],
    labels: [],
  };
};

describe('baselines', () => {
  test('doing nothing has no false alarm and finds nothing', () => {
    const result = score(doNothing(), [aLie(0, hour)]);
    expect(result).toMatchObject({ recall: 0, f1: 0, falseFindings: 0 });
    expect(result.precision).toBeNaN();
  });

  test('half the nameplate joins consecutive slots above it and says so when the first reading came', () => {
    const plant = aPlant([aMachine('m1', 100)], [10, 60, 70, 10, Number.NaN, 80], [['m1', 'STOPPED']]);
    const found = fixedThreshold(plant, detector);
    expect(found.map((f) => [f.firstSlotMs / slot, f.lastSlotEndMs / slot])).toEqual([
      [1, 3],
      [5, 6],
    ]);
    expect(found[0]?.saidMs).toBe(2 * slot + 60_000);
  });

  test('without a nameplate there is no threshold, so it reports nothing', () => {
    expect(fixedThreshold(aPlant([aMachine('m1', null)], [500, 500], [['m1', 'STOPPED']]), detector)).toEqual([]);
  });

  test('what is reported running on the same meter explains as much as its nameplate', () => {
    const machines = [aMachine('m1', 100), aMachine('m2', 200)];
    const runs: [string, 'STOPPED' | 'RUNNING'][] = [
      ['m1', 'STOPPED'],
      ['m2', 'RUNNING'],
    ];
    expect(fixedThreshold(aPlant(machines, [200, 260], runs), detector).map((f) => f.firstSlotMs / slot)).toEqual([1]);
  });

  test('a lie can be known when the first reading that overlaps it arrives', () => {
    const knowable = firstContradictionMs(aPlant([aMachine('m1', 100)], [10, 60, 70], [['m1', 'STOPPED']]));
    expect(knowable(aLie(slot + 1, 2 * slot))).toBe(2 * slot + 60_000);
    expect(knowable(aLie(slot, 2 * slot, { subjectId: 'nowhere' }))).toBe(Number.POSITIVE_INFINITY);
  });
});
