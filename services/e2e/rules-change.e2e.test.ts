import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { rulesDir as shipped } from '../cli/paths.ts';
import { clockMarks } from '../cli/publish.ts';
import { type Serving, serve } from '../cli/serve.ts';
import { readConfig } from '../cli/settings.ts';
import { openCodec, openLog } from '../cli/stack.ts';
import { recordingInputs } from '../core/recording-inputs.ts';
import { type Finding, inputTopics } from '../core/records.ts';
import { detectorGroup } from '../detector/main.ts';
import { arrivedHeader } from '../platform/arrival.ts';
import type { Codec } from '../platform/avro.ts';
import type { Log, NewRecord } from '../platform/log.ts';
import { createLogger } from '../platform/logger.ts';
import { loadRules } from '../platform/rules.ts';
import { changelogTopic } from '../platform/topics.ts';
import { simulatePlant } from '../simulator/plant.ts';
import { embeddedStack, findingsOn, hasProcessed, type TestStack, until } from './stack.ts';

const file = 'common/stopped-but-running.yaml';
const hourMs = 3_600_000;
const startMs = Date.UTC(2026, 2, 1, 16);
const lieMs = startMs + 4 * 24 * hourMs;
const hidden = [{ equipmentId: 'sander-1', fromMs: lieMs, toMs: lieMs + 12 * hourMs }];
const patienceMs = 60_000;

describe('rules that change while a machine runs that is said to be stopped', () => {
  const inputs = [...recordingInputs(simulatePlant({ seed: 3, startMs, days: 5, lies: 0, hidden }))];
  let stack: TestStack;
  let rules: string;
  let serving: Serving;
  let log: Log;
  let codec: Codec;
  let sent = 0;

  const write = (text: string): void => writeFileSync(join(rules, file), text);
  const shippedText = readFileSync(join(shipped, file), 'utf8');

  beforeAll(async () => {
    stack = await embeddedStack();
    rules = mkdtempSync(join(tmpdir(), 'rules-'));
    for (const name of ['load.yaml', file, 'common/stopped-declared.yaml']) {
      cpSync(join(shipped, name), join(rules, name));
    }
    const config = readConfig({ ...stack.env, LOG_LEVEL: 'fatal', RULES_DIR: rules, RULES_POLL_SECONDS: '1' });
    serving = await serve(config, ['detector'], createLogger({ service: 'e2e', level: config.logLevel }));
    log = await openLog(config);
    codec = await openCodec(config);
  }, 60_000);

  afterAll(async () => {
    await serving?.stop();
    await log?.close();
    await stack?.close();
    rmSync(rules, { recursive: true, force: true });
  }, 60_000);

  /** Sends what came before a time, and waits until it is judged. */
  async function goOnTo(ms: number): Promise<void> {
    const records: NewRecord[] = [];
    for (; sent < inputs.length && inputs[sent]!.arrivalMs < ms; sent++) {
      const { topic, key, value, arrivalMs } = inputs[sent]!;
      const headers = { [arrivedHeader]: String(arrivalMs) };
      records.push({ topic, key, value: codec.encode(topic, value), headers });
    }
    const producer = await log.openProducer();
    await producer.send([...records, ...clockMarks(await log.topics.describe(inputTopics), ms)]);
    await producer.close();
    await until('all is judged', patienceMs, () => hasProcessed(log, detectorGroup, inputTopics));
  }

  const said = async (): Promise<Finding[]> =>
    (await findingsOn(log, codec)).filter(
      ({ ruleId, subjectId }) => ruleId === 'stopped-but-running' && subjectId === 'sander-1',
    );
  const metrics = async (): Promise<string> => (await fetch(new URL('/metrics', serving.opsUrl))).text();
  const judgedBy = (hash: string) => async (): Promise<boolean> =>
    (await metrics()).includes(`wattness_detector_rules_info{hash="${hash}"} 1`);
  const hashes = () => {
    const loaded = loadRules(rules);
    return { set: loaded.hash, rule: loaded.rules.find(({ id }) => id === 'stopped-but-running')?.hash };
  };

  test('a finding names the rule that it was found with', async () => {
    await goOnTo(lieMs + 2 * hourMs);
    const [first] = await said();
    expect(first).toMatchObject({ level: 'ORANGE', ruleHash: hashes().rule, revision: 1 });
    expect((await said()).at(-1)!.state).toBe('CONFIRMED');
  }, 120_000);

  test('a changed level is in what is said next, under the same id, with the hash of the changed rule', async () => {
    const before = (await said()).at(-1)!;
    write(shippedText.replace(/^level: .*/m, 'level: red'));
    const { set, rule } = hashes();
    await until('the changed rules judge', patienceMs, judgedBy(set));
    await goOnTo(lieMs + 4 * hourMs);
    const { findingId, level, ruleHash, revision, state } = (await said()).at(-1)!;
    expect({ findingId, level, ruleHash, state }).toEqual({
      findingId: before.findingId,
      level: 'RED',
      ruleHash: rule,
      state: 'CONFIRMED',
    });
    expect(revision).toBeGreaterThan(before.revision);
  }, 120_000);

  test('a broken rule is refused, and findings go on under the one before', async () => {
    const { set, rule } = hashes();
    write('level: purple');
    await until('it is refused', patienceMs, async () =>
      (await metrics()).includes('wattness_detector_rules_refused_total 1'),
    );
    expect(await judgedBy(set)()).toBe(true);
    const before = (await said()).length;
    await goOnTo(lieMs + 6 * hourMs);
    const later = (await said()).slice(before);
    expect(later.length).toBeGreaterThan(0);
    for (const { ruleHash } of later) expect(ruleHash).toBe(rule);
  }, 120_000);

  test('what a withdrawn rule holds open is taken back, for that reason', async () => {
    rmSync(join(rules, file));
    await until('it is taken back', patienceMs, async () => (await said()).at(-1)!.state === 'RETRACTED');
    expect((await said()).at(-1)).toMatchObject({ retractedBecause: 'rule-withdrawn' });
    const before = (await said()).length;
    await goOnTo(lieMs + 8 * hourMs);
    expect(await said()).toHaveLength(before);
  }, 120_000);

  test('each revision is there once, in order, and no task had to begin anew', async () => {
    const revisions = (await said()).map(({ revision }) => revision);
    expect(revisions).toEqual(revisions.map((_, i) => i + 1));
    expect(await metrics()).not.toMatch(/wattness_detector_task_failures_total\{/);
    const barriers: number[] = [];
    for await (const records of log.read({ topics: [changelogTopic], follow: false })) {
      for (const { key, partition } of records) if (key === 'barrier') barriers.push(partition);
    }
    expect(new Set(barriers).size).toBe(barriers.length);
  });
});
