import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { firmCount } from './firm-plan.ts';
import { loadScenario } from './scenario.ts';

const shipped = fileURLToPath(new URL('../../../testdata/scenarios', import.meta.url));
const written = (text: string) => {
  const path = join(mkdtempSync(join(tmpdir(), 'scenario-')), 'world.yaml');
  writeFileSync(path, text);
  return path;
};
const problemsOf = (text: string): string => {
  try {
    loadScenario(written(text));
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('a scenario file', () => {
  test.each(readdirSync(shipped))('%s is sound', (file) => {
    expect(firmCount(loadScenario(join(shipped, file)))).toBeGreaterThan(0);
  });

  test('of load holds fifty thousand firms, and the honest world a hundred', () => {
    expect(firmCount(loadScenario(join(shipped, 'load.yaml')))).toBe(50_000);
    expect(firmCount(loadScenario(join(shipped, 'honest-100.yaml')))).toBe(100);
  });

  test('with an unknown trick is refused with its line and the tricks that there are', () => {
    const text = problemsOf(`title: t
title_zh: t
start: 2026-03-02
days: 10
firms:
  - name: a
    count: 1
    sector: wood
    tricks:
      night-shfit: 2
`);
    expect(text).toMatch(/world\.yaml:10: there is no trick "night-shfit"; there are .*night-shift/);
  });

  test('with several faults names them all', () => {
    const text = problemsOf(`title: t
title_zh: t
start: 2026-02-30x
days: 0
firms:
  - { name: A B, count: 1, sector: paper }
`);
    for (const part of ['start', 'days', 'name', 'sector']) expect(text).toContain(part);
  });

  test('whose groups share a name, or whose tricks have no day, is refused', () => {
    const text = problemsOf(`title: t
title_zh: t
start: 2026-03-02
days: 5
honest_days: 5
firms:
  - { name: a, count: 1, sector: wood, tricks: { go-dark: 1 } }
  - { name: a, count: 1, sector: metal }
`);
    expect(text).toContain('world.yaml:7: honest_days leaves no day');
    expect(text).toContain('world.yaml:8: there are two groups named "a"');
  });
});
