import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { createEngine, engineDefaults } from '../core/engine.ts';
import type { Finding } from '../core/records.ts';
import { replay } from '../core/replay.ts';
import { countFindings, tallyFindings, truthOf } from '../core/scoring.ts';
import { readRecording } from '../platform/recording.ts';
import { loadRules } from '../platform/rules.ts';
import { caseLibrary } from '../simulator/cases/index.ts';
import { casesDir, rulesDir } from './paths.ts';

const rules = loadRules(rulesDir);
const names = readdirSync(casesDir).sort();
const table: string[] = [];

describe('the case library, with all rules', () => {
  test.each(names)('%s', async (name) => {
    const recording = await readRecording(join(casesDir, name));
    const findings: Finding[] = [];
    for (const output of replay(recording, createEngine({ ...engineDefaults, ...rules }), engineDefaults)) {
      if (output.topic === 'findings') findings.push(output.value);
      expect(output.topic).not.toBe('dead-letters');
    }
    const tallies = [...tallyFindings(countFindings(findings), truthOf(name, recording), [])].flatMap(([, t]) => t);
    const wrong: string[] = [];
    for (const { lieResults, falseResults } of tallies) {
      for (const { label, observable, findingId, delayFromStartMs } of lieResults) {
        const what = `${label.detector} on ${label.subjectKind} ${label.subjectId} from ${iso(label.startMs)}`;
        if (observable && !findingId) wrong.push(`expected ${what}; got nothing`);
        table.push(
          `${name}: ${what}: ${findingId ? `found after ${Math.round(delayFromStartMs! / 60_000)} min` : 'not found'}`,
        );
      }
      for (const { finding } of falseResults) {
        const { summaryEn, ruleId } = findings.findLast((f) => f.findingId === finding.findingId)!;
        wrong.push(`expected quiet; got ${ruleId} on ${finding.subjectKind} ${finding.subjectId}: ${summaryEn}`);
      }
    }
    for (const { summaryEn, summaryZh } of findings) {
      expect(summaryEn).toMatch(/[a-z]/);
      expect(summaryZh).toMatch(/\p{Script=Han}/u);
    }
    expect(wrong).toEqual([]);
  });

  test('what is stored is what the generator makes', async () => {
    const library = caseLibrary();
    expect(names).toEqual([...library.keys()].sort());
    for (const name of names) {
      const made = library.get(name)!;
      const { telemetry, power, labels } = await readRecording(join(casesDir, name));
      expect({ name, telemetry, power, labels }).toEqual({
        name,
        telemetry: made.telemetry,
        power: made.power,
        labels: made.labels,
      });
    }
  });
});

afterAll(() => {
  if (process.env.CASES_TABLE) process.stderr.write(`${table.join('\n')}\n`);
});

function iso(ms: number): string {
  return new Date(ms + 8 * 3_600_000).toISOString().slice(5, 16);
}
