import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { writeRecording } from '../platform/recording.ts';
import { loadRules } from '../platform/rules.ts';
import { checkRules } from '../platform/rules-check.ts';
import type { LoadedRule } from '../platform/rules-document.ts';
import { rulesDir } from './paths.ts';
import { rulesCommand } from './rules.ts';
import { recordedChanges, rulesDiff } from './rules-diff.ts';
import { explainRule } from './rules-explain.ts';

const shipped = loadRules(rulesDir);

/** The shipped rules with one of them changed, or left out. */
function changed(id: string, change: Partial<LoadedRule> | undefined) {
  const rules = shipped.rules.flatMap((rule) => (rule.id !== id ? rule : change ? { ...rule, ...change } : []));
  return { ...shipped, rules };
}

describe('what differs between two rule sets', () => {
  const parameters = { claim: 'declared', confirmAfterMinutes: 30, clearAfterMinutes: 60, falseAlarmsPerMonth: 0.1 };

  test('is nothing between a set and itself', () => {
    expect(rulesDiff(shipped, shipped)).toEqual([]);
  });

  test('is told by value, with a word on a version that did not rise', () => {
    expect(rulesDiff(shipped, changed('stopped-declared', { level: 'BLUE', parameters, version: 99 }))).toEqual([
      expect.stringMatching(/^~ stopped-declared: version \d+ -> 99$/),
      expect.stringMatching(/^~ stopped-declared: level "[A-Z]+" -> "BLUE"$/),
      '~ stopped-declared: parameters.confirmAfterMinutes 10 -> 30',
    ]);
    expect(rulesDiff(shipped, changed('stopped-declared', { parameters }))).toContainEqual(
      expect.stringMatching(/version stays \d+ though the rule changed; raise it/),
    );
  });

  test('is a rule that comes, goes, or how loads are read', () => {
    const without = changed('stopped-declared', undefined);
    expect(rulesDiff(shipped, without)).toEqual([
      '- stopped-declared: Declared stopped but running / 申报停产期间生产',
    ]);
    expect(rulesDiff(without, shipped).join()).toMatch(/^\+ stopped-declared: .*申报停产期间生产/);
    const load = { ...shipped.load, memoryDays: 28 };
    expect(rulesDiff(shipped, { ...shipped, load })).toEqual(['~ load: memoryDays 56 -> 28']);
  });
});

test('a rule is told in words: figures with units, a sentence that it said, ground and cases', () => {
  const { load, rules, cases } = checkRules(rulesDir);
  const rule = rules.find(({ id }) => id === 'stopped-against-order')!;
  const words = explainRule(rule, load!, cases.get(rule.id)!);
  for (const part of [
    'confirmAfterMinutes = 10 min 分钟',
    'Contradictory time before a confirmation',
    '矛盾持续多久后确认',
    'was ordered to stop, but meter total showed',
    '被责令停产，但电表 total',
    'load-of-running-kind',
    'article 70',
    '第七十条',
    'an order that is kept',
  ]) {
    expect(words).toContain(part);
  }
});

test('what a changed rule would say of a recording is told finding by finding', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'recording-'));
  try {
    const [firing] = checkRules(rulesDir).cases.get('stopped-declared')!;
    await writeRecording(dir, firing!.recording);
    const only = { ...shipped, rules: shipped.rules.filter(({ id }) => id === 'stopped-declared') };
    const lines: string[] = [];
    for await (const line of recordedChanges(dir, only, { ...shipped, rules: [] })) lines.push(line);
    expect(lines.join('\n')).toMatch(/^- .*EQUIPMENT lathe .* for 180 min \(stopped-declared/);
    expect(lines.at(-1)).toMatch(/0 findings appear, 1 vanish, 0 stay$/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

describe('the command', () => {
  afterEach(() => {
    process.exitCode = undefined;
  });

  /** What `wattness rules …` prints, and its exit code. */
  async function run(...args: string[]): Promise<{ text: string; exitCode: unknown }> {
    const printed: string[] = [];
    const write = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => printed.push(String(chunk)) > 0);
    const complain = jest.spyOn(process.stderr, 'write').mockImplementation((chunk) => printed.push(String(chunk)) > 0);
    process.exitCode = undefined;
    try {
      await rulesCommand().parseAsync(args, { from: 'user' });
    } finally {
      write.mockRestore();
      complain.mockRestore();
    }
    return { text: printed.join(''), exitCode: process.exitCode };
  }

  test('lists rules in both languages, a pack of them, or as JSON', async () => {
    expect((await run('list')).text).toMatch(/stopped-but-running.*orange.*Reported stopped but running.*明停暗开/);
    expect(JSON.parse((await run('list', '--json', '--pack', 'common')).text)[0]).toMatchObject({ pack: 'common' });
    await expect(run('list', '--pack', 'cotton')).rejects.toThrow("There is no pack 'cotton'");
  });

  test('checks, and tests one rule', async () => {
    expect(await run('check')).toEqual({ text: expect.stringContaining('nothing wrong'), exitCode: undefined });
    const { text, exitCode } = await run('test', 'stopped-declared');
    expect(text).toMatch(/ok {3}stopped-declared: 3 of 3 cases\n1 rules?, 3 cases: 3 passed, 0 failed/);
    expect(exitCode).toBeUndefined();
    await expect(run('test', 'stoped-declared')).rejects.toThrow("did you mean 'stopped-declared'?");
  });

  test('exits with 1 where rule sets differ, or rules are wrong', async () => {
    expect((await run('diff', rulesDir, rulesDir)).exitCode).toBeUndefined();
    expect(await run('check', '--rules', '/nowhere')).toEqual({
      text: expect.stringContaining('/nowhere: no such folder'),
      exitCode: 1,
    });
  });
});
