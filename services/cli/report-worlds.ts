/**
 * Which worlds the report is made of. Detectors and rules may be changed in view of the tuning seeds and any below 100;
 * nobody looks into the worlds of the held-out ones, only at their scores.
 */
export interface ReportWorld {
  readonly scenario: string;
  readonly tuningSeeds: readonly number[];
  readonly heldOutSeeds: readonly number[];
}

export const reportWorlds: readonly ReportWorld[] = [
  { scenario: 'liars-small', tuningSeeds: [1, 2], heldOutSeeds: [101, 102] },
  { scenario: 'liars-elsewhere', tuningSeeds: [1, 2], heldOutSeeds: [101, 102] },
  { scenario: 'honest-100', tuningSeeds: [1], heldOutSeeds: [101] },
  { scenario: 'furniture', tuningSeeds: [], heldOutSeeds: [101, 102, 103] },
  { scenario: 'one-meter-20-machines', tuningSeeds: [], heldOutSeeds: [101, 102, 103] },
  { scenario: 'pv-firm', tuningSeeds: [], heldOutSeeds: [101, 102, 103] },
  { scenario: 'always-liar', tuningSeeds: [], heldOutSeeds: [101, 102, 103] },
  { scenario: 'never-stops', tuningSeeds: [], heldOutSeeds: [101, 102, 103] },
  { scenario: 'never-runs', tuningSeeds: [], heldOutSeeds: [101, 102, 103] },
];

/** The world of lies, on which the goals for F1, false alarms and delay are stated. */
export const liarsScenario = 'liars-small';
/** The world without a lie, on which the goal for false alarms alone is stated. */
export const honestScenario = 'honest-100';

/** F1 that each detector has to reach where its lies can be observed. */
export function goalF1(detector: string): number {
  return detector === 'stopped-but-running' || detector === 'fake-offline' ? 0.95 : 0.9;
}
/** Two slots of the utility's meters. */
export const goalDelayMs = 2 * 900_000;
export const goalFalsePerEnterpriseMonth = 0.1;
