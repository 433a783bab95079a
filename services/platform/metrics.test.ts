import { expect, test } from '@jest/globals';
import { createMetrics } from './metrics.ts';

test('asking again for a name gives the same metric', () => {
  const metrics = createMetrics();
  const help = 'Records read.';
  expect(metrics.counter('wattness_records_total', help)).toBe(metrics.counter('wattness_records_total', help));
});

test('registries are apart, so that two services in one process do not count into each other', async () => {
  const [one, two] = [createMetrics(), createMetrics()];
  one.gauge('wattness_lag_seconds', 'Lag.').set(5);
  expect(await one.registry.metrics()).toContain('wattness_lag_seconds 5');
  expect(await two.registry.metrics()).not.toContain('wattness_lag_seconds');
});

test('a name without prefix or unit is refused', () => {
  const metrics = createMetrics();
  expect(() => metrics.counter('records_total', 'x')).toThrow(TypeError);
  expect(() => metrics.counter('wattness_records', 'x')).toThrow(TypeError);
  expect(() => metrics.gauge('wattness_lag', 'x')).toThrow(TypeError);
  expect(() => metrics.histogram('wattness_commit_ms', 'x', [1])).toThrow(TypeError);
});

test('a histogram has the buckets it was given', async () => {
  const metrics = createMetrics();
  metrics.histogram('wattness_commit_seconds', 'Duration of a commit.', [0.1, 1]).observe(0.5);
  const text = await metrics.registry.metrics();
  expect(text).toContain('wattness_commit_seconds_bucket{le="0.1"} 0');
  expect(text).toContain('wattness_commit_seconds_bucket{le="1"} 1');
});
