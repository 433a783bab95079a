import type { TelemetryRun } from './recording.ts';
import { localToInstant } from './recording-time.ts';
import type { Equipment, Meter, SiteRegistration } from './records.ts';
import type { ScoredFinding } from './scoring.ts';
import { dailyEnergy, isWhole } from './scoring-energy.ts';
import { type FirmIndex, meterSlots, metersFeeding, productionOf } from './scoring-index.ts';

/**
 * Plain rules of practice for "reported stopped but running", each of one firm's records: what any detector must beat.
 * Doing nothing is the fourth.
 */
export interface Baseline {
  readonly judge: (firm: FirmIndex) => ScoredFinding[];
  /** What it judges at a time, ms: who names a day is not wrong about its hours. 0: a slot of the meter. */
  readonly slotMs: number;
}

const detector = 'stopped-but-running';
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** The valley tariff's night. */
const nightHour = 23;
const nightHours = 8;

export const baselines = {
  'half nameplate': { judge: halfNameplate, slotMs: 0 },
  'night over day': { judge: nightOverDay, slotMs: nightHours * hourMs },
  'month before': { judge: monthBefore, slotMs: dayMs },
} as const satisfies Record<string, Baseline>;

/**
 * A machine reported stopped through a whole slot, while its meter shows more than the nameplates of what is reported
 * running beside it plus half of its own. Consecutive slots are one finding. Where a nameplate is missing there is no
 * threshold, and it says nothing.
 */
function halfNameplate(firm: FirmIndex): ScoredFinding[] {
  const { site } = firm;
  if (!site) return [];
  return productionOf(site).flatMap((machine) => {
    const meter = metersFeeding(site, machine.equipmentId).sort((a, b) => a.feeds.length - b.feeds.length)[0];
    return meter && machine.ratedPowerKw !== null
      ? judgeMachine(firm, site, machine, meter, machine.ratedPowerKw / 2)
      : [];
  });
}

function judgeMachine(firm: FirmIndex, site: SiteRegistration, machine: Equipment, meter: Meter, halfKw: number) {
  const runsOf = (equipmentId: string) => firm.telemetry.get(equipmentId) ?? [];
  const own = sharesOf(runsOf(machine.equipmentId), (state) => state === 'STOPPED');
  const beside = site.equipment
    .filter((other) => other !== machine && meter.feeds.includes(other.equipmentId))
    .map((other) => ({
      ratedKw: other.ratedPowerKw,
      share: sharesOf(runsOf(other.equipmentId), (state) => state !== 'STOPPED'),
    }));
  const findings: ScoredFinding[] = [];
  for (const slot of meterSlots(firm, meter.meterId)) {
    if (own(slot.startMs, slot.endMs) < 1) continue;
    let explainedKw = 0;
    for (const { ratedKw, share } of beside) {
      // A running neighbour without a nameplate explains anything.
      if (share(slot.startMs, slot.endMs) > 0) explainedKw += ratedKw ?? Number.POSITIVE_INFINITY;
    }
    if (slot.meanKw <= explainedKw + halfKw) continue;
    join(findings, {
      ...common(firm, slot.startMs, slot.endMs, slot.arrivalMs),
      findingId: `half-nameplate/${machine.equipmentId}@${slot.startMs}`,
      ruleId: 'half-nameplate',
      subjectKind: 'EQUIPMENT',
      subjectId: machine.equipmentId,
      equipmentIds: [machine.equipmentId],
      meterId: meter.meterId,
    });
  }
  return findings;
}

/** Zhuzhou's watch list: a night, 23:00 to 07:00 local, that draws more than 1.5 times the kWh of the day before it. */
function nightOverDay(firm: FirmIndex): ScoredFinding[] {
  // A day and the night that follows it are counted from the morning on, so that the night is the last part.
  const morningMs = (nightHour + nightHours - 24) * hourMs;
  const days = dailyEnergy(firm, morningMs, (sinceMs) => sinceMs >= dayMs - nightHours * hourMs);
  return days.flatMap((day): ScoredFinding[] => {
    if (!isWhole(day) || day.markedKwh <= 1.5 * (day.kwh - day.markedKwh)) return [];
    const fromMs = localToInstant(zoneOf(firm), day.localMs + nightHour * hourMs);
    return [ofFirm(firm, 'night-over-day', fromMs, fromMs + nightHours * hourMs, day.arrivalMs)];
  });
}

/** Days of the month before that are enough to compare with. */
const fewestDaysBefore = 7;

/**
 * Guangyuan's "resumed": a day through which all production was reported stopped, and yet its kWh exceed 30 % of the daily
 * mean of the 30 days before. Consecutive days are one finding.
 */
function monthBefore(firm: FirmIndex): ScoredFinding[] {
  const days = dailyEnergy(firm, 0, () => false);
  const machines = firm.site ? productionOf(firm.site) : [];
  const stopped = machines.map(({ equipmentId }) => {
    const runs = firm.telemetry.get(equipmentId) ?? [];
    const shares = [sharesOf(runs, (state) => state === 'STOPPED'), sharesOf(runs, (state) => state !== 'STOPPED')];
    return (fromMs: number, toMs: number) => {
      const [stoppedShare, otherShare] = shares.map((share) => share(fromMs, toMs));
      return stoppedShare! > 0.5 && otherShare === 0;
    };
  });
  const findings: ScoredFinding[] = [];
  days.forEach((day, index) => {
    const fromMs = localToInstant(zoneOf(firm), day.localMs);
    const toMs = localToInstant(zoneOf(firm), day.localMs + dayMs);
    // Every machine is asked of every day: shares move on through time.
    const allStopped = stopped.map((isStopped) => isStopped(fromMs, toMs)).every(Boolean) && stopped.length > 0;
    const before = days
      .slice(Math.max(0, index - 30), index)
      .filter((other) => isWhole(other) && day.localMs - other.localMs <= 30 * dayMs);
    if (!allStopped || !isWhole(day) || before.length < fewestDaysBefore) return;
    const meanKwh = before.reduce((sum, other) => sum + other.kwh, 0) / before.length;
    if (day.kwh > 0.3 * meanKwh) join(findings, ofFirm(firm, 'month-before', fromMs, toMs, day.arrivalMs));
  });
  return findings;
}

function common(firm: FirmIndex, firstSlotMs: number, lastSlotEndMs: number, saidMs: number) {
  const { enterpriseId } = firm;
  const state = 'CONFIRMED' as const;
  return { revision: 1, state, detector, reason: '', enterpriseId, firstSlotMs, lastSlotEndMs, saidMs };
}

function ofFirm(firm: FirmIndex, ruleId: string, fromMs: number, toMs: number, saidMs: number): ScoredFinding {
  return {
    ...common(firm, fromMs, toMs, saidMs),
    findingId: `${ruleId}/${firm.enterpriseId}@${fromMs}`,
    ruleId,
    subjectKind: 'ENTERPRISE',
    subjectId: firm.enterpriseId,
    equipmentIds: firm.site ? productionOf(firm.site).map((machine) => machine.equipmentId) : [],
    meterId: '',
  };
}

/** Adds a finding, or draws out the last one where this one follows without a gap. */
function join(findings: ScoredFinding[], next: ScoredFinding): void {
  const last = findings.at(-1);
  if (last?.lastSlotEndMs !== next.firstSlotMs) findings.push(next);
  else findings[findings.length - 1] = { ...last, lastSlotEndMs: next.lastSlotEndMs };
}

/** The share of [from, to) in which reports said so; calls must come in order of time. */
function sharesOf(
  runs: readonly TelemetryRun[],
  says: (state: TelemetryRun['state']) => boolean,
): (fromMs: number, toMs: number) => number {
  const sorted = runs.filter((run) => says(run.state)).sort((a, b) => a.fromMs - b.fromMs);
  let at = 0;
  return (fromMs, toMs) => {
    while (at < sorted.length && sorted[at]!.toMs <= fromMs) at++;
    let sum = 0;
    for (let i = at; i < sorted.length && sorted[i]!.fromMs < toMs; i++) {
      sum += Math.max(0, Math.min(toMs, sorted[i]!.toMs) - Math.max(fromMs, sorted[i]!.fromMs));
    }
    return sum / (toMs - fromMs);
  };
}

function zoneOf(firm: FirmIndex): string {
  return firm.site?.timeZone ?? 'UTC';
}
