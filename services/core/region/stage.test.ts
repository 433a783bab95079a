import { describe, expect, test } from '@jest/globals';
import type { EnterpriseSilence, SiteEvent } from '../records.ts';
import { createRegionStage, regionDefaults } from './stage.ts';
import { aStatement, dayMs, heard, heardAgain, hourMs, minuteMs, silent, startMs } from './testing/statements.ts';

const noonMs = startMs + 2 * dayMs + 12 * hourMs;

/** What is said of all statements, taken one after the other in order of time. */
function said(statements: readonly EnterpriseSilence[], stage = createRegionStage(regionDefaults)): SiteEvent[] {
  const inOrder = [...statements].sort((a, b) => a.asOfMs - b.asOfMs);
  return inOrder.flatMap((statement) => stage.apply([statement], statement.asOfMs + regionDefaults.settleMs));
}

const ids = (events: readonly SiteEvent[]): string[] => [...new Set(events.map((e) => e.enterpriseId))].sort();

/** Onsets a few seconds apart. */
const together = (names: readonly string[], ms: number, changes: Partial<EnterpriseSilence> = {}) =>
  names.map((name, i) => silent(name, ms + i * 5_000, changes));

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `e${i + 1}`);

describe('a regional outage', () => {
  test('is told to each enterprise that fell silent with the others, and to nobody else', () => {
    const events = said([...heard(10), ...together(names(6), noonMs)]);
    expect(ids(events)).toEqual(names(6));
    expect(events[0]).toEqual({
      enterpriseId: 'e1',
      eventId: `outage-3301-${noonMs}`,
      revision: 0,
      kind: 'REGIONAL_OUTAGE',
      startMs: noonMs,
      endMs: null,
      sectionId: null,
      equipmentId: null,
      sourceId: 'wattness-regions',
      confidence: expect.closeTo(1, 6),
      count: 5,
      reference: null,
      value: null,
    });
    expect(events.every((event) => event.revision === 0 && event.eventId === events[0]!.eventId)).toBe(true);
  });

  test('ends when more than half were heard again; who stays silent is not covered beyond', () => {
    const backMs = noonMs + hourMs;
    const events = said([
      ...heard(10),
      ...together(names(6), noonMs),
      ...names(5).map((name, i) => heardAgain(name, backMs + i * minuteMs)),
    ]);
    const last = new Map(events.map((event) => [event.enterpriseId, event]));
    expect(last.size).toBe(6);
    for (const event of last.values()) {
      expect(event).toMatchObject({ revision: 1, startMs: noonMs, endMs: backMs + 3 * minuteMs });
    }
    expect(events).toHaveLength(12);
  });

  test('does not cover who falls silent an hour later', () => {
    const events = said([...heard(10), ...together(names(6), noonMs), silent('e7', noonMs + hourMs)]);
    expect(ids(events)).toEqual(names(6));
  });

  test('covers who fell silent within the window and says so late, from its own last report on', () => {
    const late = silent('e7', noonMs - 3 * minuteMs, { asOfMs: noonMs + 4 * hourMs });
    const back = names(6).map((name) => heardAgain(name, noonMs + hourMs));
    const events = said([...heard(10), ...together(names(6), noonMs), ...back, late]);
    expect(events.filter((event) => event.enterpriseId === 'e7')).toMatchObject([
      { eventId: `outage-3301-${noonMs}`, revision: 0, startMs: noonMs - 3 * minuteMs, endMs: noonMs + hourMs },
    ]);
  });

  test('goes on for one that was heard for a moment and fell silent again within the window', () => {
    const soon = (name: string, sinceMs: number) => silent(name, sinceMs, { asOfMs: sinceMs + minuteMs });
    const back = ['e2', 'e3'].map((name) => heardAgain(name, noonMs + hourMs));
    const outage = [...heard(4), ...names(4).map((name, i) => soon(name, noonMs + i * 1000))];
    const flap = [heardAgain('e1', noonMs + 90_000), soon('e1', noonMs + 100_000)];
    expect(said([...outage, ...flap, ...back]).every((event) => event.endMs === null)).toBe(true);
    const once = flap.slice(0, 1);
    expect(said([...outage, ...once, ...back]).at(-1)).toMatchObject({ endMs: noonMs + hourMs });
  });

  test('is concluded of a county alone while the city goes on', () => {
    const county = { regionCode: '330110' };
    const others = Array.from({ length: 30 }, (_, i) => aStatement({ enterpriseId: `o${i}` }));
    const events = said([...heard(6, county), ...others, ...together(names(6), noonMs, county)]);
    expect(ids(events)).toEqual(names(6));
    expect(new Set(events.map((event) => event.eventId))).toEqual(new Set([`outage-330110-${noonMs}`]));
  });

  test('is concluded of one carrier over the counties of a city', () => {
    const others = Array.from({ length: 30 }, (_, i) =>
      aStatement({ enterpriseId: `o${i}`, carrier: 'mobile', regionCode: `3301${10 + (i % 4)}` }),
    );
    const own = names(8).map((enterpriseId, i) => ({
      enterpriseId,
      carrier: 'unicom',
      regionCode: `3301${10 + (i % 4)}`,
    }));
    const events = said([
      ...own.map((firm) => aStatement(firm)),
      ...others,
      ...own.map((firm, i) => silent(firm.enterpriseId, noonMs + i * 1000, firm)),
    ]);
    expect(ids(events)).toEqual(names(8));
    expect(new Set(events.map((event) => event.eventId))).toEqual(new Set([`outage-3301-unicom-${noonMs}`]));
  });

  test('of a whole city is said once where nothing tells its parts from it', () => {
    const events = said([...heard(6, { carrier: 'unicom' }), ...together(names(6), noonMs, { carrier: 'unicom' })]);
    expect(new Set(events.map((event) => event.eventId))).toEqual(new Set([`outage-3301-${noonMs}`]));
  });

  test('comes again under another name', () => {
    const again = noonMs + 3 * hourMs;
    const events = said([
      ...heard(6),
      ...together(names(6), noonMs),
      ...names(6).map((name) => heardAgain(name, noonMs + hourMs)),
      ...together(names(6), again),
    ]);
    expect(new Set(events.map((event) => event.eventId))).toEqual(
      new Set([`outage-3301-${noonMs}`, `outage-3301-${again}`]),
    );
    expect(events.filter((event) => event.startMs === again).every((event) => event.endMs === null)).toBe(true);
  });
});

describe('no regional outage is made', () => {
  test.each([1, 2])('by %d enterprises, however improbable', (count) => {
    const quiet = [...heard(count), ...names(count).map((name) => heardAgain(name, startMs + 40 * dayMs))];
    expect(said([...quiet, ...together(names(count), startMs + 41 * dayMs)])).toEqual([]);
  });

  test('by less than half of those heard there', () => {
    expect(said([...heard(21), ...together(names(10), noonMs)])).toEqual([]);
    expect(said([...heard(20), ...together(names(10), noonMs)])).toHaveLength(10);
  });

  test('where enterprises that were silent anyway are counted out', () => {
    const before = Array.from({ length: 8 }, (_, i) => silent(`e${i + 13}`, startMs + i * hourMs));
    expect(said([...heard(20), ...together(names(6), noonMs)])).toEqual([]);
    expect(ids(said([...heard(20), ...before, ...together(names(6), noonMs)]))).toEqual(names(6));
  });

  test('by silences that come one after the other', () => {
    const slowly = names(10).map((name, i) => silent(name, noonMs + i * 6 * minuteMs));
    expect(said([...heard(10), ...slowly])).toEqual([]);
  });

  test('where enterprises fall silent all the time', () => {
    const flapping: EnterpriseSilence[] = [];
    for (let h = 0; h < 48; h++) {
      for (const [i, name] of names(4).entries()) {
        const ms = startMs + h * hourMs + i * 13 * minuteMs;
        flapping.push(silent(name, ms, { asOfMs: ms + minuteMs }), heardAgain(name, ms + 5 * minuteMs));
      }
    }
    expect(said([...heard(4), ...together(names(4), noonMs)])).toHaveLength(4);
    const flapped = said([...heard(4), ...flapping, ...together(names(4), startMs + 50 * hourMs)]);
    expect(flapped).toEqual([]);
  });

  test('by a village that switches off at six every day, once that is known', () => {
    const statements = heard(8);
    for (let day = 0; day < 6; day++) {
      const eveningMs = startMs + day * dayMs + 18 * hourMs;
      statements.push(...together(names(8), eveningMs + day * 20_000));
      statements.push(...names(8).map((name) => heardAgain(name, eveningMs + 13 * hourMs)));
    }
    const days = new Set(said(statements).map((event) => Math.floor((event.startMs - startMs) / dayMs)));
    expect(days).toEqual(new Set([0, 1]));
  });

  test('of enterprises whose region is not known, or that have left it', () => {
    const nowhere = { regionCode: '' };
    expect(said([...heard(6, nowhere), ...together(names(6), noonMs, nowhere)])).toEqual([]);
    const left = names(3).map((name) => aStatement({ enterpriseId: name, asOfMs: noonMs - hourMs, gateways: 0 }));
    expect(said([...heard(5), ...left, ...together(['e4', 'e5'], noonMs)])).toEqual([]);
  });
});

describe('the state of a stage', () => {
  test('waits for what other partitions may still say', () => {
    const stage = createRegionStage(regionDefaults);
    expect(stage.nextDueMs()).toBe(Number.POSITIVE_INFINITY);
    stage.apply(heard(6), startMs + dayMs);
    const [first, ...others] = names(6).map((name, i) => silent(name, noonMs + i * 1000));
    expect(stage.apply([...others, first!], others.at(-1)!.asOfMs)).toEqual([]);
    expect(stage.nextDueMs()).toBe(first!.asOfMs + regionDefaults.settleMs);
    const events = stage.apply([], others.at(-1)!.asOfMs + regionDefaults.settleMs);
    expect(events).toHaveLength(6);
    expect(events[0]!.startMs).toBe(noonMs);
  });

  test('forgets what is over, and says so', () => {
    const stage = createRegionStage(regionDefaults);
    const gone = aStatement({ enterpriseId: 'e7', asOfMs: noonMs, gateways: 0 });
    said(
      [...heard(7), gone, ...together(names(6), noonMs), ...names(6).map((name) => heardAgain(name, noonMs + hourMs))],
      stage,
    );
    const before = stage.takeDirty();
    expect([...before.keys()].sort()).toEqual(['3301', ...names(7).map((name) => `3301/${name}`)]);
    said([silent('e1', noonMs + 2 * dayMs)], stage);
    const after = stage.takeDirty();
    expect(after.get('3301/e7')).toBeNull();
    expect(JSON.parse(after.get('3301')!).outages).toEqual([]);
    for (const name of names(6)) expect(after.get(`3301/${name}`)).not.toContain('outage');
    expect(stage.takeDirty().size).toBe(0);
  });

  test('stays small for an enterprise that flaps without end', () => {
    const stage = createRegionStage(regionDefaults);
    const statements: EnterpriseSilence[] = [];
    for (let i = 0; i < 5000; i++) {
      const ms = startMs + i * minuteMs;
      statements.push(silent('e1', ms, { asOfMs: ms + 20_000 }), heardAgain('e1', ms + 40_000));
    }
    expect(said(statements, stage)).toEqual([]);
    expect(stage.takeDirty().get('3301/e1')!.length).toBeLessThan(3000);
  });
});
