import type { Label, Recording } from './recording.ts';
import type { Finding } from './records.ts';
import { knowableMs } from './scoring-evidence.ts';
import { type FirmIndex, indexRecording } from './scoring-index.ts';
import { isAbout, type Places, placesOf } from './scoring-subjects.ts';

/**
 * Event-level scoring, without point adjustment: what counts is lies and findings, each once, whatever their length.
 *
 * - A lie is found when a counted finding about its subject overlaps it; a slot of overlap is enough.
 * - A finding is false when more than half of it lies outside every lie of its subject, widened by one slot at either
 *   edge: a finding that overlaps none is, and so is one from January to December, which would else find them all. A
 *   finding within that slot that does not reach the lie itself is neither right nor false.
 * - A lie that names several detectors (`a|b`) counts once, for the first; any of them may find it, and a finding of none
 *   of them is false for it.
 */

/** What scoring needs of a finding. */
export type ScoredFinding = Pick<
  Finding,
  | 'findingId'
  | 'revision'
  | 'state'
  | 'detector'
  | 'ruleId'
  | 'reason'
  | 'enterpriseId'
  | 'subjectKind'
  | 'subjectId'
  | 'equipmentIds'
  | 'meterId'
  | 'firstSlotMs'
  | 'lastSlotEndMs'
  | 'saidMs'
>;

/** A lie of the labels, and what scoring must know of it. */
interface Lie {
  readonly label: Label;
  readonly detectors: readonly string[];
  /** False where nothing that is recorded could show it: kept apart, not missed. */
  readonly observable: boolean;
  /** When it could be known, once it had lasted for so long, ms. */
  readonly knowableMs: (waitMs: number) => number;
}

interface ScoredFirm {
  readonly enterpriseId: string;
  readonly spanMs: number;
  readonly places: Places;
  readonly lies: readonly Lie[];
  /** Labels of what must stay quiet. */
  readonly quiet: readonly Label[];
}

/** What was true in one recording, enterprise by enterprise, without the readings. */
export interface Truth {
  readonly recording: string;
  /** Usual slot length: the tolerance at a lie's edges. */
  readonly slotMs: number;
  readonly firms: readonly ScoredFirm[];
}

/** What became of one lie. */
export interface LieResult {
  readonly label: Label;
  readonly observable: boolean;
  /** The finding that first said it; undefined: missed. */
  readonly findingId: string | undefined;
  /** From the start of the lie to its first counted finding. */
  readonly delayFromStartMs: number | undefined;
  /** From the moment that it could be known at all: the arrival of its first evidence, or its start. */
  readonly delayFromDataMs: number | undefined;
  /** The same from the moment at which it had lasted for as long as the rule that found it waits on purpose. */
  readonly delayBeyondWaitMs: number | undefined;
  /** How much of it counted findings about the right subject cover. */
  readonly coveredMs: number;
}

export interface FalseResult {
  readonly finding: ScoredFinding;
  /** The label of something innocent that it fell into, if any: which excuse was not seen. */
  readonly during: Label | undefined;
}

/** What was counted of one detector in one enterprise of one recording. */
export interface Tally {
  readonly recording: string;
  readonly enterpriseId: string;
  readonly spanMs: number;
  /** Counted findings. */
  readonly findings: number;
  readonly rightFindings: number;
  readonly lieResults: readonly LieResult[];
  readonly falseResults: readonly FalseResult[];
  /** Labels of what looks like a lie for this detector and is none. */
  readonly excused: readonly Label[];
}

/** What a recording says was true. `name` tells recordings apart whose enterprises have the same ids. */
export function truthOf(
  name: string,
  recording: Recording,
  index: ReadonlyMap<string, FirmIndex> = indexRecording(recording),
): Truth {
  const labelsOf = Map.groupBy(recording.labels, (label) => label.enterpriseId);
  const firms = [...index.values()].map((firm): ScoredFirm => {
    const labels = labelsOf.get(firm.enterpriseId) ?? [];
    return {
      enterpriseId: firm.enterpriseId,
      spanMs: firm.spanMs,
      places: placesOf(firm),
      lies: labels.filter((label) => label.kind === 'lie').map((label) => lieOf(label, firm)),
      quiet: labels.filter((label) => label.kind !== 'lie'),
    };
  });
  return { recording: name, slotMs: recording.about.nominalIntervalMs, firms };
}

function lieOf(label: Label, firm: FirmIndex): Lie {
  return {
    label,
    detectors: label.detector.split('|'),
    observable: !label.note.includes('unobservable'),
    knowableMs: (waitMs) => knowableMs(firm, label, waitMs),
  };
}

/** A finding that counts, as last said. */
export interface CountedFinding {
  readonly finding: ScoredFinding;
  /** When it first counted: said as confirmed, not merely suspected. */
  readonly saidMs: number;
}

/** For how long the rule of that id lets what it doubts last before it may speak, ms. */
export type WaitOf = (ruleId: string) => number;
const noWait: WaitOf = () => 0;

/**
 * Holds counted findings against what was true: a tally of each enterprise, for each of `detectors` and each other that
 * has a lie or a finding.
 */
export function tallyFindings(
  counted: readonly CountedFinding[],
  truth: Truth,
  detectors: Iterable<string>,
  waitOf: WaitOf = noWait,
): ReadonlyMap<string, readonly Tally[]> {
  const countedOf = Map.groupBy(counted, ({ finding }) => finding.enterpriseId);
  const lies = truth.firms.flatMap((firm) => firm.lies.map((lie) => lie.detectors[0]!));
  const said = [...countedOf.values()].flatMap((list) => list.map(({ finding }) => finding.detector));
  const names = [...new Set([...detectors, ...lies, ...said])];
  return new Map(
    names.map((detector) => [
      detector,
      truth.firms.map((firm) => tallyFirm(detector, firm, countedOf.get(firm.enterpriseId) ?? [], truth, waitOf)),
    ]),
  );
}

function tallyFirm(
  detector: string,
  firm: ScoredFirm,
  counted: readonly CountedFinding[],
  truth: Truth,
  waitOf: WaitOf,
): Tally {
  const { places } = firm;
  const lieResults = firm.lies
    .filter((lie) => lie.detectors[0] === detector)
    .map(({ label, detectors, observable, knowableMs }): LieResult => {
      const hits = counted.filter(
        ({ finding }) =>
          detectors.includes(finding.detector) && overlapMs(finding, label) > 0 && isAbout(finding, label, places),
      );
      const first = hits.reduce<CountedFinding | undefined>((a, b) => (a && a.saidMs <= b.saidMs ? a : b), undefined);
      return {
        label,
        observable,
        findingId: first?.finding.findingId,
        delayFromStartMs: first && first.saidMs - label.startMs,
        delayFromDataMs: first && first.saidMs - knowableMs(0),
        delayBeyondWaitMs: first && first.saidMs - knowableMs(waitOf(first.finding.ruleId)),
        coveredMs: unionMs(hits.map(({ finding }) => clip(finding, label))),
      };
    });
  const own = counted.filter(({ finding }) => finding.detector === detector);
  let rightFindings = 0;
  const falseResults: FalseResult[] = [];
  for (const { finding } of own) {
    const about = firm.lies.filter((lie) => lie.detectors.includes(detector) && isAbout(finding, lie.label, places));
    const touched = about.some((lie) => overlapMs(finding, lie.label) > 0);
    const nearMs = unionMs(about.map((lie) => clip(finding, lie.label, truth.slotMs)));
    const mostly = 2 * nearMs >= finding.lastSlotEndMs - finding.firstSlotMs;
    if (!mostly) falseResults.push({ finding, during: excuseOf(finding, firm) });
    else if (touched) rightFindings++;
  }
  const { enterpriseId, spanMs } = firm;
  return {
    recording: truth.recording,
    enterpriseId,
    spanMs,
    findings: own.length,
    rightFindings,
    lieResults,
    falseResults,
    excused: firm.quiet.filter((label) => label.kind === 'excused' && label.detector.split('|').includes(detector)),
  };
}

function excuseOf(finding: ScoredFinding, { quiet, places }: ScoredFirm): Label | undefined {
  const during = quiet.filter((label) => overlapMs(finding, label) > 0 && isAbout(finding, label, places));
  return during.find((label) => label.kind === 'excused') ?? during[0];
}

/**
 * The last revision of each finding, where that one counts; a suspicion never confirmed or taken back does not. Takes
 * every revision in any order, and holds one of each.
 */
export function countFindings(revisions: Iterable<ScoredFinding>): CountedFinding[] {
  const last = new Map<string, ScoredFinding>();
  const firstSaid = new Map<string, number>();
  for (const revision of revisions) {
    const before = last.get(revision.findingId);
    if (!before || revision.revision > before.revision) last.set(revision.findingId, revision);
    if (counts(revision)) {
      const said = firstSaid.get(revision.findingId);
      firstSaid.set(revision.findingId, said === undefined ? revision.saidMs : Math.min(said, revision.saidMs));
    }
  }
  return [...last.values()].filter(counts).map((finding) => ({ finding, saidMs: firstSaid.get(finding.findingId)! }));
}

function counts(finding: ScoredFinding): boolean {
  return finding.state === 'CONFIRMED' || finding.state === 'REVISED' || finding.state === 'CLOSED';
}

interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

function clip(finding: ScoredFinding, label: Label, toleranceMs = 0): Stretch {
  return {
    fromMs: Math.max(finding.firstSlotMs, label.startMs - toleranceMs),
    toMs: Math.min(finding.lastSlotEndMs, label.endMs + toleranceMs),
  };
}

function overlapMs(finding: ScoredFinding, label: Label): number {
  const { fromMs, toMs } = clip(finding, label);
  return Math.max(0, toMs - fromMs);
}

function unionMs(stretches: Stretch[]): number {
  let sum = 0;
  let reached = Number.NEGATIVE_INFINITY;
  for (const { fromMs, toMs } of stretches.sort((a, b) => a.fromMs - b.fromMs)) {
    sum += Math.max(0, toMs - Math.max(fromMs, reached));
    reached = Math.max(reached, toMs);
  }
  return sum;
}
