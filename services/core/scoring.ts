import type { Label } from './recording.ts';
import type { Finding } from './records.ts';

/**
 * Event-level scoring, without point adjustment: what counts is lies and findings, each once, whatever their length.
 *
 * - A lie is found when a counted finding about its subject overlaps it; a slot of overlap is enough.
 * - A finding is false when more than half of it lies outside every lie of its subject, widened by one slot at either
 *   edge: a finding that overlaps none is, and so is one from January to December, which would else find them all. A
 *   finding within that slot that does not reach the lie itself is neither right nor false.
 * - Precision is over findings, recall over lies. A share without a denominator is NaN, and null in JSON.
 */
export interface Score {
  readonly lies: number;
  readonly found: number;
  readonly missed: number;
  /** Counted findings. */
  readonly findings: number;
  readonly rightFindings: number;
  readonly falseFindings: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly falsePerEnterpriseMonth: number;
  /** From the start of a found lie to its first counted finding. */
  readonly delayFromStartMs: Spread | undefined;
  /** From the moment that a found lie could be known at all: its start, or the arrival of its first reading if later. */
  readonly delayFromDataMs: Spread | undefined;
  /** Time within lies, and how much of it counted findings about the right subject cover. */
  readonly lieMs: number;
  readonly coveredLieMs: number;
  readonly lieResults: readonly LieResult[];
  readonly falseResults: readonly ScoredFinding[];
}

export interface Spread {
  readonly median: number;
  readonly p90: number;
  readonly max: number;
}

export interface LieResult {
  readonly label: Label;
  /** The finding that first said it; undefined: missed. */
  readonly findingId: string | undefined;
  readonly delayFromStartMs: number | undefined;
  readonly delayFromDataMs: number | undefined;
}

/** What scoring needs of a finding; every revision of each, in the order in which they were said. */
export type ScoredFinding = Pick<
  Finding,
  | 'findingId'
  | 'revision'
  | 'state'
  | 'detector'
  | 'enterpriseId'
  | 'subjectKind'
  | 'subjectId'
  | 'equipmentIds'
  | 'meterId'
  | 'firstSlotMs'
  | 'lastSlotEndMs'
  | 'saidMs'
>;

export interface ScoringSpan {
  readonly fromMs: number;
  readonly toMs: number;
  readonly enterprises: number;
  /** Usual slot length: the tolerance at a lie's edges. */
  readonly slotMs: number;
}

const monthMs = 30 * 86_400_000;

interface Counted {
  readonly finding: ScoredFinding;
  /** When it first counted: said as confirmed, not merely suspected. */
  readonly saidMs: number;
}

/**
 * Scores every revision that an engine said against the labels of one detector. `knowableMs` gives when the first
 * reading that contradicts a lie arrived (see `firstContradictionMs`).
 */
export function scoreFindings(
  revisions: Iterable<ScoredFinding>,
  labels: readonly Label[],
  detector: string,
  span: ScoringSpan,
  knowableMs: (lie: Label) => number,
): Score {
  const lies = labels.filter((label) => label.kind === 'lie' && label.detector === detector);
  const counted = countedFindings(revisions, detector);
  const lieResults: LieResult[] = [];
  let lieMs = 0;
  let coveredLieMs = 0;
  for (const label of lies) {
    const hits = counted.filter(({ finding }) => isAbout(finding, label) && overlap(finding, label, 0) > 0);
    const first = hits.reduce<Counted | undefined>((a, b) => (a && a.saidMs <= b.saidMs ? a : b), undefined);
    lieMs += label.endMs - label.startMs;
    coveredLieMs += unionMs(hits.map(({ finding }) => clip(finding, label)));
    lieResults.push({
      label,
      findingId: first?.finding.findingId,
      delayFromStartMs: first && first.saidMs - label.startMs,
      delayFromDataMs: first && first.saidMs - Math.max(label.startMs, knowableMs(label)),
    });
  }
  let right = 0;
  const falseResults: ScoredFinding[] = [];
  for (const { finding } of counted) {
    const about = lies.filter((lie) => isAbout(finding, lie));
    const touched = about.some((lie) => overlap(finding, lie, 0) > 0);
    const near = unionMs(about.map((lie) => clip(finding, lie, span.slotMs)));
    const mostly = 2 * near >= finding.lastSlotEndMs - finding.firstSlotMs;
    if (!mostly) falseResults.push(finding);
    else if (touched) right++;
  }
  const found = lieResults.filter((result) => result.findingId !== undefined).length;
  const precision = right / (right + falseResults.length);
  const recall = found / lies.length;
  const months = (span.enterprises * (span.toMs - span.fromMs)) / monthMs;
  return {
    lies: lies.length,
    found,
    missed: lies.length - found,
    findings: counted.length,
    rightFindings: right,
    falseFindings: falseResults.length,
    precision,
    recall,
    // Nothing found is an F1 of nothing, even where precision has no denominator.
    f1: found === 0 || right === 0 ? 0 : (2 * precision * recall) / (precision + recall),
    falsePerEnterpriseMonth: falseResults.length / months,
    delayFromStartMs: spread(lieResults.map((result) => result.delayFromStartMs)),
    delayFromDataMs: spread(lieResults.map((result) => result.delayFromDataMs)),
    lieMs,
    coveredLieMs,
    lieResults,
    falseResults,
  };
}

/** The last revision of each finding, where that one counts; a suspicion never confirmed or taken back does not. */
function countedFindings(revisions: Iterable<ScoredFinding>, detector: string): Counted[] {
  const last = new Map<string, ScoredFinding>();
  const firstSaid = new Map<string, number>();
  for (const revision of revisions) {
    if (revision.detector !== detector) continue;
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

/**
 * Whether a finding speaks of the label's subject: it names it; or it says that one of several machines behind a meter
 * or in a firm is the one, and the label's is among them; or it speaks of the firm or meter that the label names.
 */
function isAbout(finding: ScoredFinding, label: Label): boolean {
  if (finding.enterpriseId !== label.enterpriseId) return false;
  if (finding.subjectKind === label.subjectKind && finding.subjectId === label.subjectId) return true;
  if (label.subjectKind === 'EQUIPMENT') {
    return finding.subjectKind !== 'EQUIPMENT' && finding.equipmentIds.includes(label.subjectId);
  }
  return label.subjectKind === 'METER' ? finding.meterId === label.subjectId : true;
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

function overlap(finding: ScoredFinding, label: Label, toleranceMs: number): number {
  const { fromMs, toMs } = clip(finding, label, toleranceMs);
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

function spread(delays: readonly (number | undefined)[]): Spread | undefined {
  const sorted = delays.filter((delay) => delay !== undefined).sort((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!;
  return { median: at(0.5), p90: at(0.9), max: sorted.at(-1)! };
}
