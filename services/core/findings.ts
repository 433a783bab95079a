import { createHash } from 'node:crypto';
import type { CameraWitness, FindingState } from './records.ts';

/** What a detector claims of one subject now: one contradiction. The same claim is recognised by its first slot. */
export interface Claim {
  readonly firstMs: number;
  readonly lastEndMs: number;
  readonly confirmed: boolean;
  /** The contradiction is over. */
  readonly ended: boolean;
  /** All slots that it rests on are sealed. */
  readonly settled: boolean;
  readonly contradictoryMs: number;
  /** What was seen, and the bound that it crossed, as sums over the contradictory time: unit times ms. */
  readonly seenMs: number;
  readonly boundMs: number;
  readonly logLikelihoodRatio: number;
  readonly reason: string;
  readonly cause: string | undefined;
  readonly cameras: readonly CameraWitness[];
  readonly detail: Readonly<Record<string, string | number>>;
}

/** What was last said of a claim, kept until it is settled. */
export interface Said {
  readonly findingId: string;
  readonly firstMs: number;
  readonly firstSaidMs: number;
  revision: number;
  state: FindingState;
  lastEndMs: number;
  contradictoryMs: number;
  seenMs: number;
  boundMs: number;
  logLikelihoodRatio: number;
  reason: string;
  cause: string | undefined;
  cameras: readonly CameraWitness[];
  detail: Readonly<Record<string, string | number>>;
}

export interface Revision<C extends Claim> {
  /** Absent for a retraction: there is no claim any more. */
  readonly claim: C | undefined;
  readonly said: Readonly<Said>;
  readonly settled: boolean;
  readonly retractedBecause: string | null;
  readonly supersededBy: string | null;
}

/** A finding that only goes on is said again after this much more of it, ms: readers need not hear every minute. */
const growthSaidMs = 900_000;

/** Deterministic id of a finding: 32 hexadecimal digits of a SHA-256 over rule, subject and first slot. */
export function findingIdOf(
  ruleId: string,
  enterpriseId: string,
  subjectKind: string,
  subjectId: string,
  firstMs: number,
): string {
  return createHash('sha256')
    .update(JSON.stringify([ruleId, enterpriseId, subjectKind, subjectId, firstMs]))
    .digest('hex')
    .slice(0, 32);
}

/**
 * Compares what is claimed now with what was last said and returns what is to be said: only differences. `said` is
 * brought up to date; `isFinal` tells whether the sealed slots rule out that it is ever claimed again, `whyGone` why one
 * that is claimed no more is not. A claim never vanishes in silence: it is closed, or retracted with a reason.
 */
export function revise<C extends Claim>(
  said: Map<number, Said>,
  claims: readonly C[],
  nowMs: number,
  isFinal: (said: Said) => boolean,
  idOf: (firstMs: number) => string,
  whyGone: (said: Said) => string = () => 'evidence-fell',
): Revision<C>[] {
  const revisions: Revision<C>[] = [];
  const claimed = new Set<number>();
  for (const claim of claims) {
    const before = said.get(claim.firstMs);
    if (claim.ended && !claim.confirmed) continue;
    claimed.add(claim.firstMs);
    const state = nextState(before, claim);
    if (!state && !(claim.settled && before)) continue;
    const after: Said = {
      findingId: before?.findingId ?? idOf(claim.firstMs),
      firstMs: claim.firstMs,
      firstSaidMs: before?.firstSaidMs ?? nowMs,
      revision: (before?.revision ?? 0) + 1,
      state: state ?? before!.state,
      lastEndMs: claim.lastEndMs,
      contradictoryMs: claim.contradictoryMs,
      seenMs: claim.seenMs,
      boundMs: claim.boundMs,
      logLikelihoodRatio: claim.logLikelihoodRatio,
      reason: claim.reason,
      cause: claim.cause,
      cameras: claim.cameras,
      detail: claim.detail,
    };
    if (claim.settled) said.delete(claim.firstMs);
    else said.set(claim.firstMs, after);
    revisions.push({ claim, said: after, settled: claim.settled, retractedBecause: null, supersededBy: null });
  }
  for (const [firstMs, before] of said) {
    if (claimed.has(firstMs)) continue;
    const settled = isFinal(before);
    // What was taken back may be claimed again while its slots are open: its revisions go on then.
    if (settled) said.delete(firstMs);
    if (before.state === 'RETRACTED') continue;
    const after: Said = { ...before, revision: before.revision + 1, state: 'RETRACTED' };
    if (!settled) said.set(firstMs, after);
    const heir = claims.find((c) => claimed.has(c.firstMs) && c.firstMs < before.lastEndMs && c.lastEndMs > firstMs);
    revisions.push({
      claim: undefined,
      said: after,
      settled,
      retractedBecause: heir ? 'superseded' : whyGone(before),
      supersededBy: heir ? idOf(heir.firstMs) : null,
    });
  }
  return revisions;
}

/** The state to say; `undefined` when nothing worth saying has changed. */
function nextState(before: Said | undefined, claim: Claim): FindingState | undefined {
  if (!before || before.state === 'RETRACTED')
    return claim.ended ? 'CLOSED' : claim.confirmed ? 'CONFIRMED' : 'PROVISIONAL';
  const changed =
    before.lastEndMs !== claim.lastEndMs ||
    before.contradictoryMs !== claim.contradictoryMs ||
    before.logLikelihoodRatio !== claim.logLikelihoodRatio ||
    before.reason !== claim.reason ||
    before.cause !== claim.cause;
  if (claim.ended) return before.state === 'CLOSED' && !changed ? undefined : 'CLOSED';
  if (!claim.confirmed) return undefined;
  if (before.state === 'PROVISIONAL') return 'CONFIRMED';
  if (!changed && before.state !== 'CLOSED') return undefined;
  const grownMs = claim.contradictoryMs - before.contradictoryMs;
  if (before.state === 'CLOSED' || before.lastEndMs >= claim.lastEndMs || grownMs <= 0) return 'REVISED';
  return grownMs < growthSaidMs ? undefined : 'CONFIRMED';
}
