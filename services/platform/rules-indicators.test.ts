import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { namedIndicators } from '../core/catalogue/indicators.ts';
import { loadRules } from './rules.ts';

/** On or off, and the load of the fan: the collector's own detector reads them. */
const ofCollectors = ['airlock_running', 'fan_running', 'fan_load_kw'];

describe('the shipped rules', () => {
  const { rules } = loadRules(join(import.meta.dirname, '../../rules'));
  const limited = rules
    .filter(({ detector }) => detector === 'limit')
    .map(({ parameters }) => (parameters as { indicator: string }).indicator);

  test('watch every indicator that the three sectors send', () => {
    expect(namedIndicators.filter((name) => !ofCollectors.includes(name) && !limited.includes(name))).toEqual([]);
  });

  test('name no indicator that has no words', () => {
    expect(limited.filter((name) => !namedIndicators.includes(name))).toEqual([]);
  });
});
