import type { EnterpriseSilence } from '../records.ts';
import { countyOf, type Scope } from './scope.ts';

/**
 * Why a stretch of silence began: `alone` counts against the enterprise's region as a failure of its own; `together` was
 * part of a cluster, which says nothing of independent failures; `away` is no silence: it had left the region.
 */
export type SpellKind = 'alone' | 'together' | 'away';

export interface Spell {
  sinceMs: number;
  /** When it was heard again; `null` while it lasts. */
  untilMs: number | null;
  kind: SpellKind;
}

/** An enterprise's part in an outage, and what it was told of it. */
export interface Mark {
  /** Last revision that was said; -1 before the first. */
  revision: number;
  startMs: number;
  endMs: number | null;
  /** When it was heard again itself; `null` while it is silent. */
  backMs: number | null;
}

/** What is learned of independent failures, as far as time has faded it. */
export interface Experience {
  readonly onsets: number;
  readonly heardMs: number;
}

/** The base rate is that of the last months: what was seen fades by half in so long. */
const halfLifeMs = 30 * 86_400_000;
const meanLifeMs = halfLifeMs / Math.LN2;
/** Stretches of silence kept one by one; older ones go into the experience. */
const mostSpells = 32;

/** What is known of one enterprise: where it is, and when it was silent. */
export class Firm {
  readonly enterpriseId: string;
  regionCode = '';
  carrier = '';
  /** Arrival time of the newest statement, and what it said. */
  asOfMs = Number.NEGATIVE_INFINITY;
  isAway = false;
  readonly marks = new Map<string, Mark>();
  /** Oldest first; only the last can be open. */
  readonly spells: Spell[] = [];
  private knownMs = Number.POSITIVE_INFINITY;
  private rank = Number.NEGATIVE_INFINITY;
  private learned: Experience = { onsets: 0, heardMs: 0 };
  private learnedToMs = 0;

  constructor(enterpriseId: string) {
    this.enterpriseId = enterpriseId;
  }

  get openSpell(): Spell | undefined {
    const last = this.spells.at(-1);
    return last?.untilMs === null ? last : undefined;
  }

  isIn({ county, carrier }: Scope): boolean {
    if (this.isAway) return false;
    return (county === '' || county === countyOf(this.regionCode)) && (carrier === '' || carrier === this.carrier);
  }

  /** Takes a statement in, unless it is old. Returns the spell whose beginning is news, if one is. */
  take(statement: EnterpriseSilence, memoryMs: number): Spell | undefined {
    const { asOfMs, silentSinceMs } = statement;
    const rank = rankOf(statement);
    if (asOfMs < this.asOfMs || (asOfMs === this.asOfMs && rank <= this.rank)) return undefined;
    if (this.asOfMs === Number.NEGATIVE_INFINITY) {
      this.knownMs = this.learnedToMs = Math.min(asOfMs, silentSinceMs ?? asOfMs);
    }
    this.asOfMs = asOfMs;
    this.rank = rank;
    const wasAway = this.isAway;
    this.isAway = statement.gateways === 0;
    if (this.isAway || wasAway || silentSinceMs === null) this.endSpell(asOfMs);
    if (!this.isAway) {
      this.regionCode = statement.regionCode;
      this.carrier = statement.carrier;
    }
    const begun = this.beginSpell(statement);
    this.fold(asOfMs - memoryMs);
    return begun;
  }

  /** True where it could have fallen silent at `ms`: known, here, and not silent already. */
  couldFallSilentAt(ms: number): boolean {
    if (ms < this.knownMs) return false;
    return !this.spells.some(({ sinceMs, untilMs }) => sinceMs < ms && (untilMs === null || untilMs > ms));
  }

  /** Its independent failures and the time in which it was heard, up to `ms`. */
  experienceAt(ms: number): Experience {
    return this.walk(ms, this.spells).experience;
  }

  toJSON(): unknown {
    const { regionCode, carrier, asOfMs, rank, isAway, knownMs, learned, learnedToMs } = this;
    const { onsets, heardMs } = learned;
    const spells = this.spells.map(({ sinceMs, untilMs, kind }) => [sinceMs, untilMs, kind]);
    const marks = [...this.marks].map(([id, mark]) => [id, mark.revision, mark.startMs, mark.endMs, mark.backMs]);
    return [regionCode, carrier, asOfMs, rank, isAway, knownMs, onsets, heardMs, learnedToMs, spells, marks];
  }

  // biome-ignore lint/suspicious/noExplicitAny: the shape is the one that toJSON wrote.
  static fromJSON(enterpriseId: string, json: any): Firm {
    const [regionCode, carrier, asOfMs, rank, isAway, knownMs, onsets, heardMs, learnedToMs, spells, marks] = json;
    const firm = new Firm(enterpriseId);
    Object.assign(firm, { regionCode, carrier, asOfMs, rank, isAway, knownMs, learnedToMs });
    firm.learned = { onsets, heardMs };
    for (const [sinceMs, untilMs, kind] of spells) firm.spells.push({ sinceMs, untilMs, kind });
    for (const [id, revision, startMs, endMs, backMs] of marks) {
      firm.marks.set(id, { revision, startMs, endMs, backMs });
    }
    return firm;
  }

  private endSpell(ms: number): void {
    const open = this.openSpell;
    if (!open) return;
    // A device whose clock is fast may have reported from after the moment at which it was heard again.
    open.untilMs = Math.max(open.sinceMs, ms);
    if (open.kind === 'away') return;
    for (const mark of this.marks.values()) mark.backMs ??= open.untilMs;
  }

  private beginSpell({ asOfMs, silentSinceMs }: EnterpriseSilence): Spell | undefined {
    const open = this.openSpell;
    if (this.isAway) {
      if (!open) this.spells.push({ sinceMs: asOfMs, untilMs: null, kind: 'away' });
      return undefined;
    }
    if (silentSinceMs === null) return undefined;
    if (open) {
      // Late data showed a later report.
      if (open.sinceMs === silentSinceMs) return undefined;
      open.sinceMs = silentSinceMs;
      return open;
    }
    // It was heard at the end of the spell before, whatever time the last report bears.
    const spell: Spell = {
      sinceMs: Math.max(silentSinceMs, this.spells.at(-1)?.untilMs ?? silentSinceMs),
      untilMs: null,
      kind: 'alone',
    };
    this.spells.push(spell);
    return spell;
  }

  /** Spells that ended before `keepMs` go into the experience, and so do the oldest of too many. */
  private fold(keepMs: number): void {
    let count = Math.max(0, this.spells.length - mostSpells);
    while (count < this.spells.length && (this.spells[count]!.untilMs ?? keepMs) < keepMs) count++;
    if (count === 0) return;
    const folded = this.spells.splice(0, count);
    const { experience, toMs } = this.walk(folded.at(-1)!.untilMs!, folded);
    this.learned = experience;
    this.learnedToMs = toMs;
  }

  private walk(endMs: number, spells: readonly Spell[]): { experience: Experience; toMs: number } {
    let { onsets, heardMs } = this.learned;
    let toMs = this.learnedToMs;
    const pass = (untilMs: number, heard: boolean): void => {
      if (untilMs <= toMs) return;
      const faded = Math.exp((toMs - untilMs) / meanLifeMs);
      onsets *= faded;
      heardMs = heardMs * faded + (heard ? meanLifeMs * (1 - faded) : 0);
      toMs = untilMs;
    };
    for (const { sinceMs, untilMs, kind } of spells) {
      if (sinceMs >= endMs) break;
      pass(sinceMs, true);
      if (kind === 'alone') onsets++;
      pass(Math.min(untilMs ?? endMs, endMs), false);
    }
    pass(endMs, true);
    return { experience: { onsets, heardMs }, toMs };
  }
}

/** Of one moment, a departure comes first and being heard last. */
export function rankOf({ gateways, silentSinceMs }: EnterpriseSilence): number {
  if (gateways === 0) return Number.MIN_SAFE_INTEGER;
  return silentSinceMs ?? Number.MAX_SAFE_INTEGER;
}
