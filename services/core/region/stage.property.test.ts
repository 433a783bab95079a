import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { EnterpriseSilence, SiteEvent } from '../records.ts';
import { createRegionStage, type RegionStage, regionDefaults } from './stage.ts';
import { aStatement, dayMs, minuteMs, silent, startMs } from './testing/statements.ts';

const { settleMs } = regionDefaults;
const days = 5;
const minutes = (days * dayMs) / minuteMs;
const counties = ['330106', '330110', '330205'];
const carriers = ['mobile', 'unicom', ''];
const firms = Array.from({ length: 14 }, (_, i) => ({
  enterpriseId: `e${i}`,
  regionCode: counties[i % 5 === 4 ? 2 : i % 2]!,
  carrier: carriers[i % 3]!,
}));
type Firm = (typeof firms)[number];

const perFirm = (max: number) => fc.array(fc.nat(max), { minLength: firms.length, maxLength: firms.length });

const plan = fc.record({
  /** Silences of single enterprises. */
  alone: fc.array(
    fc.record({ firm: fc.nat(firms.length - 1), atMin: fc.nat(minutes), lastsMin: fc.integer({ min: 1, max: 900 }) }),
    { maxLength: 40 },
  ),
  /** Outages of all enterprises that share a value: each with a jitter of its beginning and its end. */
  outages: fc.array(
    fc.record({
      of: fc.constantFrom('3301', '330106', '330110', 'mobile', 'unicom'),
      atMin: fc.nat(minutes),
      lastsMin: fc.integer({ min: 12, max: 900 }),
      beginS: perFirm(240),
      endS: perFirm(1200),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  /** Minutes after which a silence is told. */
  delayMin: perFirm(12),
});
type Plan = typeof plan extends fc.Arbitrary<infer P> ? P : never;

const isHit = ({ regionCode, carrier }: Firm, of: string): boolean => regionCode.startsWith(of) || carrier === of;

/** What the detectors would say of the plan, in order of time. */
function statementsOf({ alone, outages, delayMin }: Plan): EnterpriseSilence[] {
  const all = firms.flatMap((firm, f) => {
    const spells = [
      ...alone.flatMap(({ firm, atMin, lastsMin }) => (firm === f ? [[atMin, atMin + lastsMin]] : [])),
      ...outages.flatMap(({ of, atMin, lastsMin, beginS, endS }) =>
        isHit(firm, of) ? [[atMin + beginS[f]! / 60, atMin + lastsMin + endS[f]! / 60]] : [],
      ),
    ] as [number, number][];
    const said: EnterpriseSilence[] = [aStatement(firm)];
    let heardMin = 0;
    for (const [from, to] of spells.sort((a, b) => a[0] - b[0])) {
      const toldMin = from + 1 + delayMin[f]!;
      if (from < heardMin || toldMin >= to) continue;
      const at = (min: number): number => startMs + Math.round(min * minuteMs);
      said.push(silent(firm.enterpriseId, at(from), { ...firm, asOfMs: at(toldMin) }));
      said.push(aStatement({ ...firm, asOfMs: at(to) }));
      heardMin = to;
    }
    return said;
  });
  return all.sort((a, b) => a.asOfMs - b.asOfMs);
}

interface Arrival {
  readonly statement: EnterpriseSilence;
  readonly arrivalMs: number;
}

const inTime = (statements: readonly EnterpriseSilence[]): Arrival[] =>
  statements.map((statement) => ({ statement, arrivalMs: statement.asOfMs }));

/** Hands them over as they arrive, in batches of up to so many, and lets all of it settle. */
function said(
  arrivals: readonly Arrival[],
  batchSizes: readonly number[] = [1],
  afterBatch: (stage: RegionStage, nowMs: number) => RegionStage = (stage) => stage,
): SiteEvent[] {
  const inOrder = [...arrivals].sort((a, b) => a.arrivalMs - b.arrivalMs);
  const events: SiteEvent[] = [];
  let stage = createRegionStage(regionDefaults);
  for (let from = 0, n = 0, to = 0; from < inOrder.length; from = to, n++) {
    to = Math.min(inOrder.length, from + batchSizes[n % batchSizes.length]!);
    const nowMs = inOrder[to - 1]!.arrivalMs;
    const batch = inOrder.slice(from, to).map(({ statement }) => statement);
    events.push(...stage.apply(batch, nowMs));
    stage = afterBatch(stage, nowMs);
  }
  return events.concat(stage.apply([], (inOrder.at(-1)?.arrivalMs ?? 0) + settleMs));
}

/** By enterprise and outage, the order over enterprises aside. */
const sorted = (events: readonly SiteEvent[]): string[] => events.map((event) => JSON.stringify(event)).sort();

const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 });
const waits = fc.array(fc.nat(settleMs), { minLength: 1, maxLength: 50 });

describe('what a stage says', () => {
  test('is something, in most of these worlds', () => {
    const worlds = fc.sample(plan, 50).map((one) => said(inTime(statementsOf(one))));
    expect(worlds.filter((events) => events.length > 10).length).toBeGreaterThan(25);
    const carried = worlds.flat().filter((event) => /unicom|mobile/.test(event.eventId));
    expect(carried.length).toBeGreaterThan(10);
  });

  test('does not depend on order within the time to settle, nor on batches, nor on repeats', () => {
    fc.assert(
      fc.property(plan, sizes, waits, fc.nat(5), (one, batchSizes, delays, repeats) => {
        const arrivals = inTime(statementsOf(one));
        const late = arrivals.flatMap(({ statement, arrivalMs }, i) => {
          const wait = (k: number): number => delays[(i * 7 + k) % delays.length]!;
          const again = i % 6 < repeats ? [{ statement, arrivalMs: arrivalMs + wait(1) * 1000 }] : [];
          return [{ statement, arrivalMs: arrivalMs + wait(0) }, ...again];
        });
        expect(sorted(said(late, batchSizes))).toEqual(sorted(said(arrivals)));
      }),
      { numRuns: 150 },
    );
  });

  test('is the same word for word when it is restored after any batch', () => {
    fc.assert(
      fc.property(plan, sizes, fc.array(fc.boolean(), { minLength: 1, maxLength: 9 }), (one, batchSizes, restarts) => {
        const arrivals = inTime(statementsOf(one));
        const states = new Map<string, string>();
        let n = 0;
        const restart = (stage: RegionStage): RegionStage => {
          for (const [key, state] of stage.takeDirty()) {
            if (state === null) states.delete(key);
            else states.set(key, state);
          }
          if (!restarts[n++ % restarts.length]) return stage;
          const next = createRegionStage(regionDefaults);
          // As from a compacted log: in no order that means anything.
          next.restore([...states].reverse());
          expect(next.nextDueMs()).toBe(stage.nextDueMs());
          return next;
        };
        expect(said(arrivals, batchSizes, restart)).toEqual(said(arrivals, batchSizes));
      }),
      { numRuns: 150 },
    );
  });

  test('keeps to its word: revisions rise by one, an end is never taken back, nobody is told who was not silent', () => {
    fc.assert(
      fc.property(plan, (one) => {
        const statements = statementsOf(one);
        const last = new Map<string, SiteEvent>();
        for (const event of said(inTime(statements))) {
          const key = `${event.enterpriseId} ${event.eventId}`;
          const before = last.get(key);
          expect(event.revision).toBe((before?.revision ?? -1) + 1);
          expect(before?.endMs ?? null).toBeNull();
          expect(event.endMs ?? event.startMs).toBeGreaterThanOrEqual(event.startMs);
          last.set(key, event);
          const own = statements.filter(({ enterpriseId }) => enterpriseId === event.enterpriseId);
          const onset = own.find(
            ({ silentSinceMs }) =>
              silentSinceMs !== null && Math.abs(silentSinceMs - event.startMs) <= regionDefaults.windowMs,
          );
          expect(onset).toBeDefined();
        }
        expect([...last.values()].every((event) => (event.count ?? 0) >= regionDefaults.leastEnterprises)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});

test('enterprises that fail by themselves make no outage: thirty of them, twice a day each, over a year', () => {
  const failing = Array.from({ length: 30 }, (_, i) => ({ enterpriseId: `e${i}`, regionCode: `3301${10 + (i % 6)}` }));
  const random = lehmer(1);
  const statements = failing.flatMap((firm) => {
    const said = [aStatement(firm)];
    let ms = startMs;
    for (;;) {
      ms += Math.ceil(-Math.log(random()) * 12 * 60) * minuteMs;
      if (ms > startMs + 365 * dayMs) return said;
      said.push(silent(firm.enterpriseId, ms, { ...firm, asOfMs: ms + minuteMs }));
      ms += Math.ceil(random() * 120) * minuteMs + minuteMs;
      said.push(aStatement({ ...firm, asOfMs: ms }));
    }
  });
  statements.sort((a, b) => a.asOfMs - b.asOfMs);
  expect(statements.length).toBeGreaterThan(35_000);
  expect(said(inTime(statements), [500])).toEqual([]);
});

/** Park and Miller's generator: numbers in (0, 1). */
function lehmer(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
