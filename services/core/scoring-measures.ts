import type { Tally } from './scoring.ts';
import { bootstrapF1, f1Of, type Interval, poissonInterval, wilsonInterval } from './scoring-confidence.ts';

/** Tallies of one detector added up. A share without a denominator is NaN, and null in JSON. */
export interface Score {
  readonly enterprises: number;
  /** Observable lies, found and missed. */
  readonly lies: number;
  readonly found: number;
  readonly missed: number;
  /** Lies that nothing recorded could show, and how many were found all the same. */
  readonly unobservable: number;
  readonly unobservableFound: number;
  readonly findings: number;
  readonly rightFindings: number;
  readonly falseFindings: number;
  readonly precision: number;
  readonly precisionInterval: Interval | undefined;
  readonly recall: number;
  readonly recallInterval: Interval | undefined;
  readonly f1: number;
  readonly f1Interval: Interval | undefined;
  readonly enterpriseMonths: number;
  readonly falsePerEnterpriseMonth: number;
  readonly falsePerEnterpriseMonthInterval: Interval | undefined;
  readonly delayFromStartMs: Spread | undefined;
  readonly delayFromDataMs: Spread | undefined;
  readonly delayBeyondWaitMs: Spread | undefined;
  /** Time within observable lies, and how much of it findings cover. */
  readonly lieMs: number;
  readonly coveredLieMs: number;
}

/** Quantiles of delays. */
export interface Spread {
  readonly p10: number;
  readonly p25: number;
  readonly median: number;
  readonly p75: number;
  readonly p90: number;
  readonly max: number;
}

const monthMs = 30 * 86_400_000;

/** Adds tallies up; recordings are told apart by name and enterprise. */
export function scoreOf(tallies: readonly Tally[]): Score {
  const firms = tallies.map(countsOf);
  const sum = (of: (firm: (typeof firms)[number]) => number) => firms.reduce((total, firm) => total + of(firm), 0);
  const lies = sum((firm) => firm.lies);
  const found = sum((firm) => firm.found);
  const rightFindings = sum((firm) => firm.rightFindings);
  const falseFindings = sum((firm) => firm.falseFindings);
  const results = tallies.flatMap((tally) => tally.lieResults);
  const observable = results.filter((result) => result.observable);
  const hidden = results.filter((result) => !result.observable);
  const months = tallies.reduce((total, tally) => total + tally.spanMs, 0) / monthMs;
  return {
    enterprises: tallies.length,
    lies,
    found,
    missed: lies - found,
    unobservable: hidden.length,
    unobservableFound: hidden.filter((result) => result.findingId !== undefined).length,
    findings: tallies.reduce((total, tally) => total + tally.findings, 0),
    rightFindings,
    falseFindings,
    precision: rightFindings / (rightFindings + falseFindings),
    precisionInterval: wilsonInterval(rightFindings, rightFindings + falseFindings),
    recall: found / lies,
    recallInterval: wilsonInterval(found, lies),
    f1: f1Of({ lies, found, rightFindings, falseFindings }),
    f1Interval: bootstrapF1(firms),
    enterpriseMonths: months,
    falsePerEnterpriseMonth: falseFindings / months,
    falsePerEnterpriseMonthInterval: poissonInterval(falseFindings, months),
    delayFromStartMs: spread(observable.map((result) => result.delayFromStartMs)),
    delayFromDataMs: spread(observable.map((result) => result.delayFromDataMs)),
    delayBeyondWaitMs: spread(observable.map((result) => result.delayBeyondWaitMs)),
    lieMs: observable.reduce((total, { label }) => total + label.endMs - label.startMs, 0),
    coveredLieMs: observable.reduce((total, { coveredMs }) => total + coveredMs, 0),
  };
}

function countsOf({ lieResults, rightFindings, falseResults }: Tally) {
  const observable = lieResults.filter((result) => result.observable);
  return {
    lies: observable.length,
    found: observable.filter((result) => result.findingId !== undefined).length,
    rightFindings,
    falseFindings: falseResults.length,
  };
}

function spread(delays: readonly (number | undefined)[]): Spread | undefined {
  const sorted = delays.filter((delay) => delay !== undefined).sort((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!;
  return { p10: at(0.1), p25: at(0.25), median: at(0.5), p75: at(0.75), p90: at(0.9), max: sorted.at(-1)! };
}
