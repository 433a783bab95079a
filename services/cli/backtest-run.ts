import { statedWaitMs } from '../core/detectors/index.ts';
import { createEngine, engineDefaults } from '../core/engine.ts';
import { type Recording, recordingSpan } from '../core/recording.ts';
import { recordingInputCount } from '../core/recording-inputs.ts';
import type { EnterpriseSilence } from '../core/records.ts';
import { replay } from '../core/replay.ts';
import {
  type CountedFinding,
  countFindings,
  type ScoredFinding,
  type Tally,
  type Truth,
  tallyFindings,
  truthOf,
} from '../core/scoring.ts';
import { type Baseline, baselines } from '../core/scoring-baselines.ts';
import { indexRecording } from '../core/scoring-index.ts';
import { type Score, scoreOf } from '../core/scoring-measures.ts';
import { addKnownTimes, type KnownTime, KnownTimes } from '../core/scoring-unknown.ts';
import type { LoadedRules } from '../platform/rules.ts';
import { byPlace } from './detector-names.ts';
import { progressBar } from './progress.ts';

export type Method = 'wattness' | keyof typeof baselines | 'do nothing';

/** What the rules said of one recording; the evidence of findings is let go, so that a large world fits into memory. */
export interface Said {
  readonly findings: readonly CountedFinding[];
  readonly known: ReadonlyMap<string, KnownTime>;
  /** What it said of the enterprises' silence, for the stage that judges regions. */
  readonly silences: readonly EnterpriseSilence[];
  /** Input records that were refused. */
  readonly refused: number;
}

/** Runs the rules over a recording, with progress for whoever watches. */
export function runRules(name: string, recording: Recording, rules: LoadedRules): Said {
  const engine = createEngine({ ...engineDefaults, ...rules });
  const detectorOf = new Map(rules.rules.map((rule) => [rule.id, rule.detector]));
  const known = new KnownTimes((ruleId) => detectorOf.get(ruleId));
  const bar = progressBar(name, recordingInputCount(recording));
  const silences: EnterpriseSilence[] = [];
  let refused = 0;
  function* said(): Generator<ScoredFinding> {
    for (const output of replay(recording, engine, { ...engineDefaults, onProgress: bar.update })) {
      if (output.topic === 'findings') yield withoutEvidence(output.value);
      else if (output.topic === 'enterprise-status') known.take(output.value);
      else if (output.topic === 'enterprise-silence') silences.push(output.value);
      else if (output.topic === 'dead-letters') refused++;
    }
  }
  const endMs = recordingSpan(recording)?.toMs ?? 0;
  // What is first said of time after the recording rests on records that were never recorded.
  const findings = countFindings(said()).filter(
    ({ finding, saidMs }) => saidMs <= endMs || finding.lastSlotEndMs <= endMs,
  );
  bar.stop();
  return { findings, known: known.end(endMs), silences, refused };
}

export interface Row {
  readonly detector: string;
  readonly method: Method;
  readonly score: Score;
  /** For the rules alone: a baseline does not say what it does not know. */
  readonly known: KnownTime | undefined;
  readonly tallies: readonly Tally[];
}

const baselineDetector = 'stopped-but-running';

/** What was true in a recording and what the plain rules say of it: all that scoring needs, without the readings. */
export interface Ground {
  readonly truth: Truth;
  readonly baselineFindings: ReadonlyMap<keyof typeof baselines, readonly CountedFinding[]>;
}

export function groundOf(name: string, recording: Recording): Ground {
  const index = indexRecording(recording);
  const rules = Object.entries(baselines) as [keyof typeof baselines, Baseline][];
  return {
    truth: truthOf(name, recording, index),
    baselineFindings: new Map(
      rules.map(([method, { judge }]) => [method, countFindings([...index.values()].flatMap(judge))]),
    ),
  };
}

/** What rules and baselines were worth on one recording: plain data, which passes between threads. */
export interface Scored {
  readonly recording: string;
  readonly known: ReadonlyMap<string, KnownTime>;
  readonly tallies: readonly (readonly [Method, ReadonlyMap<string, readonly Tally[]>])[];
}

export function scoreRecording({ truth, baselineFindings }: Ground, said: Said, rules: LoadedRules): Scored {
  const ruled = new Set(rules.rules.map((rule) => rule.detector));
  const waits = new Map(rules.rules.map((rule) => [rule.id, statedWaitMs(rule, truth.slotMs)]));
  const tallies: [Method, ReadonlyMap<string, readonly Tally[]>][] = [
    ['wattness', tallyFindings(said.findings, truth, ruled, (ruleId) => waits.get(ruleId) ?? 0)],
  ];
  for (const [method, findings] of baselineFindings) {
    const slotMs = Math.max(truth.slotMs, baselines[method].slotMs);
    const own = tallyFindings(findings, { ...truth, slotMs }, [baselineDetector]).get(baselineDetector)!;
    tallies.push([method, new Map([[baselineDetector, own]])]);
  }
  tallies.push(['do nothing', tallyFindings([], truth, ruled)]);
  return { recording: truth.recording, known: said.known, tallies };
}

/** What rules and baselines are worth on recordings, added one at a time. */
export class Scoreboard {
  private readonly rules: LoadedRules;
  private readonly tallies = new Map<Method, Map<string, Tally[]>>();
  private readonly known = new Map<string, ReadonlyMap<string, KnownTime>[]>();

  constructor(rules: LoadedRules) {
    this.rules = rules;
  }

  /** Adds a recording, or one enterprise of a recording of that name. */
  add(ground: Ground, said: Said): void {
    this.addScored(scoreRecording(ground, said, this.rules));
  }

  addScored({ recording, known, tallies }: Scored): void {
    this.known.set(recording, [...(this.known.get(recording) ?? []), known]);
    for (const [method, added] of tallies) this.addTallies(method, added);
  }

  /** A row a detector and method, detectors in the order of their table; of one recording or of all. */
  rows(recording?: string): Row[] {
    const known = addKnownTimes(
      [...this.known].flatMap(([name, times]) => (name === (recording ?? name) ? times : [])),
    );
    const detectors = new Set([...this.tallies.values()].flatMap((byDetector) => [...byDetector.keys()]));
    return [...detectors].sort(byPlace).flatMap((detector) =>
      [...this.tallies].flatMap(([method, byDetector]): Row[] => {
        const tallies = byDetector.get(detector)?.filter((tally) => tally.recording === (recording ?? tally.recording));
        if (!tallies?.length) return [];
        const score = scoreOf(tallies);
        return [{ detector, method, score, known: method === 'wattness' ? known.get(detector) : undefined, tallies }];
      }),
    );
  }

  private addTallies(method: Method, added: ReadonlyMap<string, readonly Tally[]>): void {
    const byDetector = this.tallies.get(method) ?? new Map<string, Tally[]>();
    this.tallies.set(method, byDetector);
    for (const [detector, tallies] of added) {
      byDetector.set(detector, [...(byDetector.get(detector) ?? []), ...tallies]);
    }
  }
}

function withoutEvidence(finding: ScoredFinding): ScoredFinding {
  const { findingId, revision, state, detector, ruleId, reason, enterpriseId } = finding;
  const { subjectKind, subjectId, equipmentIds, meterId, firstSlotMs, lastSlotEndMs, saidMs } = finding;
  const what = { findingId, revision, state, detector, ruleId, reason, enterpriseId };
  return { ...what, subjectKind, subjectId, equipmentIds, meterId, firstSlotMs, lastSlotEndMs, saidMs };
}
