import type { EnterpriseSilence, SiteEvent } from '../records.ts';
import { type Cluster, chanceOf, densest, type Onset } from './cluster.ts';
import { Firm, rankOf, type Spell } from './firm.ts';
import { isPartOf, type Outage, outageEvent, outageId, recoveredMs } from './outage.ts';
import { isSameScope, type Scope, scopesOf } from './scope.ts';

export interface RegionOptions {
  /** Silences that begin within so long of each other may have one cause, ms. */
  readonly windowMs: number;
  /** A cluster that is likelier than this by chance is no outage: at most so many false conclusions an onset of silence. */
  readonly falseConclusionBound: number;
  /** Fewer enterprises never make an outage: two may have agreed. */
  readonly leastEnterprises: number;
  /** Share of the enterprises heard there that must have fallen silent, 0 to 1. */
  readonly leastShare: number;
  /** How long statements are waited for and put in order, ms: detectors of different partitions are not in step. */
  readonly settleMs: number;
  /** How long single silences and ended outages are remembered, ms. */
  readonly memoryMs: number;
}

const dayMs = 86_400_000;
/**
 * Gateways that hang on the workshop's switch go dark together when a village ends its day. A cluster that came at the
 * same time of day on so many of the days before is a habit: as an outage it would excuse whoever works on in the dark.
 */
const habitDays = 2;
const habitWithinDays = 8;
/** Cities have some thousands of enterprises; a county, tens of outages a day at worst. */
const mostFirms = 20_000;
const mostOutages = 64;
const mostClusters = 1_000;

interface Beginning extends Onset {
  readonly firm: Firm;
  readonly spell: Spell;
}

/** One city: its enterprises, and the outages of it, of its counties and of the carriers there. */
export class City {
  readonly code: string;
  /** Enterprises that changed since their state was last taken, and whether the city's own did; kept by the stage too. */
  readonly dirtyFirms = new Set<string>();
  isDirty = false;
  private readonly options: RegionOptions;
  private readonly firms = new Map<string, Firm>();
  private outages: Outage[] = [];
  /** Who is part of each outage: what the marks of the enterprises say, the other way round. */
  private readonly members = new Map<Outage, Set<Firm>>();
  private clusters: { readonly scope: Scope; readonly startMs: number }[] = [];
  private latestMs = 0;

  constructor(code: string, options: RegionOptions) {
    this.code = code;
    this.options = options;
  }

  /** Takes in statements of one moment, and returns what there is to say after them. */
  take(statements: readonly EnterpriseSilence[]): SiteEvent[] {
    const begun: Beginning[] = [];
    const heardOf = new Set<Firm>();
    for (const statement of statements.toSorted((a, b) => rankOf(a) - rankOf(b))) {
      const firm = this.firmOf(statement.enterpriseId);
      if (!firm) continue;
      this.dirtyFirms.add(firm.enterpriseId);
      heardOf.add(firm);
      const spell = firm.take(statement, this.options.memoryMs);
      if (spell) begun.push({ firm, spell, atMs: spell.sinceMs });
    }
    const nowMs = Math.max(this.latestMs, statements[0]!.asOfMs);
    this.moveTo(nowMs);
    const concluded = this.conclude(begun);
    for (const outage of this.outages) {
      const { scope, fromMs, toMs } = outage;
      const joining = concluded.includes(outage) ? this.beginningsIn(scope, fromMs, toMs) : begun;
      for (const beginning of joining) this.join(outage, beginning);
    }
    const touched = this.outages.filter((outage) => [...heardOf].some((firm) => this.members.get(outage)?.has(firm)));
    return touched.flatMap((outage) => this.tell(outage, nowMs));
  }

  firmState(enterpriseId: string): unknown {
    return this.firms.get(enterpriseId)?.toJSON() ?? null;
  }

  ownState(): unknown {
    const { outages, clusters, latestMs } = this;
    return { outages, clusters, latestMs };
  }

  /** Puts back what `ownState` returned. Enterprises are put back by `restoreFirm`; `relink` comes last. */
  restoreOwn(state: unknown): void {
    Object.assign(this, state);
  }

  restoreFirm(enterpriseId: string, state: unknown): void {
    this.firms.set(enterpriseId, Firm.fromJSON(enterpriseId, state));
  }

  relink(): void {
    for (const outage of this.outages) {
      const members = [...this.firms.values()].filter(({ marks }) => marks.has(outage.id));
      this.members.set(outage, new Set(members));
    }
  }

  private firmOf(enterpriseId: string): Firm | undefined {
    let firm = this.firms.get(enterpriseId);
    if (firm || this.firms.size >= mostFirms) return firm;
    firm = new Firm(enterpriseId);
    this.firms.set(enterpriseId, firm);
    return firm;
  }

  private moveTo(nowMs: number): void {
    // What is forgotten need not go at once, but always at the same moment, however statements are handed over.
    const isHourly = Math.floor(nowMs / 3_600_000) > Math.floor(this.latestMs / 3_600_000);
    if (nowMs > this.latestMs) this.isDirty = true;
    this.latestMs = nowMs;
    if (isHourly) this.forget(nowMs - this.options.memoryMs);
  }

  private forget(keepMs: number): void {
    const habitFromMs = this.latestMs - (habitWithinDays + 1) * dayMs;
    this.clusters = this.clusters.filter(({ startMs }) => startMs > habitFromMs).slice(-mostClusters);
    const tooMany = Math.max(0, this.outages.length - mostOutages);
    const ended = this.outages.filter(({ endMs }) => endMs !== null);
    for (const outage of ended.filter(({ toMs, endMs }, i) => i < tooMany || Math.max(toMs, endMs!) < keepMs)) {
      for (const firm of this.members.get(outage)!) {
        firm.marks.delete(outage.id);
        this.dirtyFirms.add(firm.enterpriseId);
      }
      this.members.delete(outage);
    }
    this.outages = this.outages.filter((outage) => this.members.has(outage));
    for (const [enterpriseId, firm] of this.firms) {
      if (!firm.isAway || firm.asOfMs >= keepMs || firm.marks.size > 0) continue;
      this.firms.delete(enterpriseId);
      this.dirtyFirms.add(enterpriseId);
    }
  }

  /** New outages that the new silences make, one a scope at most. */
  private conclude(begun: readonly Beginning[]): Outage[] {
    const scopes: Scope[] = [];
    for (const { firm } of begun) {
      for (const scope of scopesOf(firm.regionCode, firm.carrier)) {
        if (!scopes.some((other) => isSameScope(scope, other))) scopes.push(scope);
      }
    }
    return scopes.flatMap((scope) => {
      const news = begun.filter(({ firm }) => firm.isIn(scope)).map(({ atMs }) => atMs);
      return news.length === 0 ? [] : this.concludeIn(scope, Math.min(...news), Math.max(...news));
    });
  }

  private concludeIn(scope: Scope, firstMs: number, lastMs: number): Outage[] {
    const { windowMs, leastEnterprises, leastShare, falseConclusionBound } = this.options;
    const standing = this.outages.filter((outage) => isSameScope(outage.scope, scope));
    const onsets = this.beginningsIn(scope, firstMs - windowMs, lastMs + windowMs).filter(
      ({ atMs }) => !standing.some((outage) => isPartOf(outage, atMs)),
    );
    const cluster = densest(onsets, windowMs);
    if (!cluster || cluster.firms.size < leastEnterprises) return [];
    const here = this.firmsIn(scope);
    // A part that holds all of the city is the city, of which the same is said already.
    const isPart = scope.county !== '' || scope.carrier !== '';
    if (isPart && here.length === this.firmsIn({ county: '', carrier: '' }).length) return [];
    const heard = here.filter((firm) => cluster.firms.has(firm) || firm.couldFallSilentAt(cluster.startMs));
    if (cluster.firms.size < leastShare * heard.length) return [];
    const chance = chanceOf(cluster, heard.sort(byId), windowMs);
    return chance > falseConclusionBound ? [] : [this.open(scope, cluster, chance)];
  }

  private open(scope: Scope, { startMs, endMs, firms }: Cluster, chance: number): Outage {
    const { windowMs } = this.options;
    const isHabit = this.isHabit(scope, startMs);
    const outage: Outage = {
      id: outageId(this.code, scope, startMs),
      scope,
      startMs,
      fromMs: endMs - windowMs,
      toMs: startMs + windowMs,
      isHabit,
      endMs: isHabit ? startMs : null,
      silent: firms.size,
      chance,
    };
    this.outages.push(outage);
    this.members.set(outage, new Set());
    this.clusters.push({ scope, startMs });
    this.isDirty = true;
    return outage;
  }

  private isHabit(scope: Scope, startMs: number): boolean {
    const days = new Set<number>();
    for (const cluster of this.clusters) {
      const beforeMs = startMs - cluster.startMs;
      const day = Math.round(beforeMs / dayMs);
      if (day < 1 || day > habitWithinDays || Math.abs(beforeMs - day * dayMs) > this.options.windowMs) continue;
      if (isSameScope(cluster.scope, scope)) days.add(day);
    }
    return days.size >= habitDays;
  }

  private join(outage: Outage, { firm, spell, atMs }: Beginning): void {
    if (!isPartOf(outage, atMs) || !firm.isIn(outage.scope)) return;
    spell.kind = 'together';
    this.dirtyFirms.add(firm.enterpriseId);
    if (outage.isHabit) return;
    const startMs = Math.min(outage.startMs, atMs);
    const mark = firm.marks.get(outage.id) ?? { revision: -1, startMs, endMs: null, backMs: null };
    // One that was heard for a moment and fell silent once more is still out.
    mark.backMs = spell.untilMs;
    firm.marks.set(outage.id, mark);
    this.members.get(outage)!.add(firm);
  }

  /** What those who are part of it are told, where that is other than they were told before. */
  private tell(outage: Outage, nowMs: number): SiteEvent[] {
    const members = [...this.members.get(outage)!].map((firm) => ({ firm, mark: firm.marks.get(outage.id)! }));
    if (outage.endMs === null) {
      const here = members.flatMap(({ firm, mark }) => (firm.isAway ? [] : mark));
      outage.endMs = recoveredMs(outage.startMs, here, nowMs);
      if (outage.endMs !== null) this.isDirty = true;
    }
    const untold = members.filter(({ mark }) => mark.revision < 0 || mark.endMs !== outage.endMs);
    untold.sort((a, b) => byId(a.firm, b.firm));
    return untold.map(({ firm, mark }) => {
      mark.revision++;
      mark.endMs = outage.endMs;
      this.dirtyFirms.add(firm.enterpriseId);
      return outageEvent(firm.enterpriseId, outage, mark);
    });
  }

  private firmsIn(scope: Scope): Firm[] {
    return [...this.firms.values()].filter((firm) => firm.isIn(scope));
  }

  /** Silences that began in that time, oldest first, in an order that does not depend on how they came. */
  private beginningsIn(scope: Scope, fromMs: number, toMs: number): Beginning[] {
    const beginnings: Beginning[] = [];
    for (const firm of this.firms.values()) {
      for (const spell of firm.spells) {
        const { sinceMs, kind } = spell;
        if (sinceMs < fromMs || sinceMs > toMs || kind === 'away' || !firm.isIn(scope)) continue;
        beginnings.push({ firm, spell, atMs: sinceMs });
      }
    }
    return beginnings.sort((a, b) => a.atMs - b.atMs || byId(a.firm, b.firm));
  }
}

function byId(a: Firm, b: Firm): number {
  return a.enterpriseId < b.enterpriseId ? -1 : Number(a.enterpriseId > b.enterpriseId);
}
