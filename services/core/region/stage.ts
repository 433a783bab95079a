import type { EnterpriseSilence, SiteEvent } from '../records.ts';
import { City, type RegionOptions } from './city.ts';
import { cityOf } from './scope.ts';

export type { RegionOptions } from './city.ts';

const hourMs = 3_600_000;
/** Statements of one enterprise that wait at most: more within the time to settle say nothing. */
const mostWaiting = 64;

export const regionDefaults: RegionOptions = {
  windowMs: 300_000,
  falseConclusionBound: 1e-6,
  leastEnterprises: 3,
  leastShare: 0.5,
  settleMs: 10_000,
  // As long as the engine takes late data.
  memoryMs: 26 * hourMs,
};

/**
 * The second stage: tells from the silences of single enterprises which of them have a cause in the region. Like the
 * engine it is a function of what it is handed and of the time it is told, and of nothing else.
 */
export interface RegionStage {
  /**
   * Takes statements, which may be repeated and in any order within `settleMs`, and returns `REGIONAL_OUTAGE` events for
   * the enterprises that are part of one. `nowMs` never goes back.
   */
  apply(statements: readonly EnterpriseSilence[], nowMs: number): SiteEvent[];
  /** When a statement that waits is next taken in; `Infinity` when none waits. */
  nextDueMs(): number;
  /** State that changed since the last call, by key; `null` where there is none any more. */
  takeDirty(): Map<string, string | null>;
  /** Puts back all that `takeDirty` returned, the last of each key, into an empty stage. */
  restore(states: Iterable<readonly [string, string]>): void;
}

/** A stage for any number of cities. Enterprises whose region is not known are part of no region. */
export function createRegionStage(options: RegionOptions): RegionStage {
  const cities = new Map<string, City>();
  /** Statements that wait, by key of their enterprise. */
  const waiting = new Map<string, EnterpriseSilence[]>();
  const dirty = new Set<string>();

  function cityFor(code: string): City {
    let city = cities.get(code);
    if (!city) {
      city = new City(code, options);
      cities.set(code, city);
    }
    return city;
  }

  /** Statements up to `ms` by city, taken out. */
  function takeDue(ms: number): Map<string, EnterpriseSilence[]> {
    const due = new Map<string, EnterpriseSilence[]>();
    for (const [key, statements] of waiting) {
      const later = statements.filter(({ asOfMs }) => asOfMs > ms).slice(-mostWaiting);
      if (later.length === statements.length) continue;
      dirty.add(key);
      const city = cityOf(statements[0]!.regionCode);
      const taken = statements.filter(({ asOfMs }) => asOfMs <= ms);
      due.set(city, [...(due.get(city) ?? []), ...taken]);
      if (later.length === 0) waiting.delete(key);
      else waiting.set(key, later);
    }
    return due;
  }

  return {
    apply(statements, nowMs) {
      for (const statement of statements) {
        const city = cityOf(statement.regionCode);
        if (city === '') continue;
        const key = keyOf(city, statement.enterpriseId);
        waiting.set(key, [...(waiting.get(key) ?? []), statement]);
        dirty.add(key);
      }
      const events: SiteEvent[] = [];
      for (const [code, due] of [...takeDue(nowMs - options.settleMs)].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const city = cityFor(code);
        const moments = Map.groupBy(due, ({ asOfMs }) => asOfMs);
        for (const moment of [...moments.keys()].sort((a, b) => a - b)) {
          events.push(...city.take(moments.get(moment)!));
        }
      }
      return events;
    },

    nextDueMs() {
      let oldestMs = Number.POSITIVE_INFINITY;
      for (const statements of waiting.values()) {
        for (const { asOfMs } of statements) oldestMs = Math.min(oldestMs, asOfMs);
      }
      return oldestMs + options.settleMs;
    },

    takeDirty() {
      const states = new Map<string, string | null>();
      for (const city of cities.values()) {
        if (city.isDirty) states.set(keyOf(city.code), JSON.stringify(city.ownState()));
        city.isDirty = false;
        for (const enterpriseId of city.dirtyFirms) dirty.add(keyOf(city.code, enterpriseId));
        city.dirtyFirms.clear();
      }
      for (const key of dirty) {
        const [code, enterpriseId] = partsOf(key);
        const firm = cities.get(code)?.firmState(enterpriseId!) ?? null;
        const pending = waiting.get(key) ?? [];
        states.set(key, firm || pending.length > 0 ? JSON.stringify([firm, pending]) : null);
      }
      dirty.clear();
      return states;
    },

    restore(states) {
      for (const [key, state] of states) {
        const [code, enterpriseId] = partsOf(key);
        const city = cityFor(code);
        if (enterpriseId === undefined) {
          city.restoreOwn(JSON.parse(state));
          continue;
        }
        const [firm, pending] = JSON.parse(state);
        if (firm) city.restoreFirm(enterpriseId, firm);
        if (pending.length > 0) waiting.set(key, pending);
      }
      for (const city of cities.values()) city.relink();
    },
  };
}

function keyOf(...parts: string[]): string {
  return parts.map(encodeURIComponent).join('/');
}

/** Code of the city, and the enterprise where the key is one's. */
function partsOf(key: string): [string, string | undefined] {
  const [code, enterpriseId] = key.split('/');
  return [decodeURIComponent(code!), enterpriseId === undefined ? undefined : decodeURIComponent(enterpriseId)];
}
