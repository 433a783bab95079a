import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { publish } from '../cli/publish.ts';
import { type Serving, serve } from '../cli/serve.ts';
import { detectorParts, readConfig } from '../cli/settings.ts';
import { openCodec, openLog } from '../cli/stack.ts';
import { engineDefaults } from '../core/engine.ts';
import { type Finding, inputTopics } from '../core/records.ts';
import { replay } from '../core/replay.ts';
import { detectorGroup } from '../detector/main.ts';
import type { Codec } from '../platform/avro.ts';
import type { Log } from '../platform/log.ts';
import { createLogger } from '../platform/logger.ts';
import { loadRules } from '../platform/rules.ts';
import { steelPlantRecording, steelPlantVariants } from '../simulator/overlay.ts';
import { embeddedStack, findingsOn, hasProcessed, realStack, settledFacts, type TestStack, until } from './stack.ts';

const real = await realStack();
if ('unavailable' in real)
  process.stderr.write(`NOT RUN: the steel plant on real Kafka and registry: ${real.unavailable}\n`);

const stacks: [string, TestStack | undefined][] = [
  ['the embedded stack', await embeddedStack()],
  ['Apache Kafka, a Confluent-compatible registry and chDB', 'unavailable' in real ? undefined : real],
];

for (const [name, stack] of stacks) {
  const run = stack ? describe : describe.skip;
  run(`the steel plant's year on ${name}`, () => {
    const config = readConfig(stack?.env ?? {});
    let serving: Serving;
    let log: Log;
    let codec: Codec;
    let expected: string[];
    let said: Finding[];

    beforeAll(async () => {
      const recording = await steelPlantRecording(steelPlantVariants['nameplate-right']);
      const findings: Finding[] = [];
      for (const output of replay(
        recording,
        detectorParts(config).createEngine(loadRules(config.rulesDir)),
        engineDefaults,
      )) {
        if (output.topic === 'findings') findings.push(output.value);
      }
      expected = settledFacts(findings);

      serving = await serve(config, ['detector', 'sink'], createLogger({ service: 'e2e', level: config.logLevel }));
      log = await openLog(config);
      codec = await openCodec(config);
      await publish(recording, log, codec, { speed: Number.POSITIVE_INFINITY, settle: true });
      await until('the detector has processed all', 900_000, () => hasProcessed(log, detectorGroup, inputTopics));
      said = await findingsOn(log, codec);
    }, 1_200_000);

    afterAll(async () => {
      await log?.close();
      await serving?.stop();
      await stack?.close();
    }, 60_000);

    test('the topic holds the settled findings that a replay gives', () => {
      expect(expected.length).toBeGreaterThanOrEqual(60);
      expect(settledFacts(said)).toEqual(expected);
    });

    test('every revision of a finding is there once, in order', () => {
      const revisions = new Map<string, number[]>();
      for (const { findingId, revision } of said)
        revisions.set(findingId, [...(revisions.get(findingId) ?? []), revision]);
      for (const numbers of revisions.values()) expect(numbers).toEqual(numbers.map((_, i) => i + 1));
    });

    test('ClickHouse holds the same findings and every meter reading once', async () => {
      const ids = new Set(expected.map((facts) => JSON.parse(facts).findingId as string));
      const query =
        "SELECT finding_id FROM wattness.findings_latest WHERE settled AND state = 'CLOSED' FORMAT JSONCompact";
      await until('all rows are in', 60_000, async () => (await sql(serving, query)).length >= ids.size);
      expect(new Set((await sql(serving, query)).map(([id]) => id))).toEqual(ids);
      const readings = 'SELECT toUInt32(count()) FROM wattness.meter_readings FINAL FORMAT JSONCompact';
      await until('all readings are in', 60_000, async () => (await sql(serving, readings))[0]![0] === 35_040);
    });

    test('the metric counts what was said', async () => {
      const metrics = await (await fetch(new URL('/metrics', serving.opsUrl))).text();
      const closed = said.filter((finding) => finding.state === 'CLOSED').length;
      expect(metrics).toContain(`wattness_findings_total{rule="stopped-but-running",state="CLOSED"} ${closed}`);
    });

    test('each finding that was confirmed raised one alarm, which its end cleared', async () => {
      const states =
        'SELECT toUInt32(count()), toUInt32(countIf(condition_active)) FROM wattness.alarms_active FORMAT JSONCompact';
      const confirmed = new Set(said.filter((f) => f.state === 'CLOSED' && f.settled).map((f) => f.findingId));
      await until('all alarms are in', 60_000, async () => (await sql(serving, states))[0]![0] === confirmed.size);
      expect((await sql(serving, states))[0]).toEqual([confirmed.size, 0]);
    });

    test('nothing was refused', async () => {
      expect((await log.topics.endOffsets('dead-letters')).reduce((sum, end) => sum + end, 0)).toBe(0);
    });
  });
}

async function sql(serving: Serving, query: string): Promise<unknown[][]> {
  const response = await fetch(new URL('/?user=reader', serving.clickhouseUrl), { method: 'POST', body: query });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return (JSON.parse(text) as { data: unknown[][] }).data;
}
