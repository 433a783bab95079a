import { describe, expect, test } from '@jest/globals';
import { loadRules } from '../platform/rules.ts';
import { checkRules } from '../platform/rules-check.ts';
import type { LoadedRule } from '../platform/rules-document.ts';
import { rulesDir } from './paths.ts';
import { rulesDiff } from './rules-diff.ts';
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
    'was ordered to stop, but meter total showed 70 kW',
    '被责令停产，但电表 total',
    'load-of-running-kind',
    'article 70',
    '第七十条',
    'an order that is kept',
  ]) {
    expect(words).toContain(part);
  }
});
