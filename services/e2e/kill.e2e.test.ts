import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { publish } from '../cli/publish.ts';
import { detectorParts, readConfig } from '../cli/settings.ts';
import { migrate, openCodec, openLog } from '../cli/stack.ts';
import { engineDefaults } from '../core/engine.ts';
import { type Finding, inputTopics } from '../core/records.ts';
import { replay } from '../core/replay.ts';
import { detectorGroup } from '../detector/main.ts';
import type { Codec } from '../platform/avro.ts';
import type { Log } from '../platform/log.ts';
import { loadRules } from '../platform/rules.ts';
import { simulatePlant } from '../simulator/plant.ts';
import { findingsOn, hasProcessed, realStack, settledFacts, sideBySide, until } from './stack.ts';

const stack = await realStack();
const run = 'unavailable' in stack ? describe.skip : describe;
const seed = Number(process.env.SEED ?? 7);
const kills = 4;

run('a detector that is killed in mid-stream on Apache Kafka', () => {
  const env = 'unavailable' in stack ? {} : { ...stack.env, SNAPSHOT_MS: '1500', BATCH_RECORDS: '4000' };
  let log: Log;
  let codec: Codec;
  let child: ChildProcess | undefined;
  let expected: string[];
  let said: Finding[];

  function start(): void {
    const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url));
    child = spawn(process.execPath, ['--no-warnings', main, 'detector'], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  }

  async function kill(): Promise<void> {
    const exited = once(child!, 'exit');
    child!.kill('SIGKILL');
    await exited;
  }

  beforeAll(async () => {
    const config = readConfig(env);
    const plant = { startMs: Date.UTC(2026, 2, 1, 16), days: 20, lies: 12, hidden: [] };
    const recording = sideBySide([1, 2, 3, 4].map((n) => simulatePlant({ ...plant, seed: seed + n })));
    const findings: Finding[] = [];
    for (const output of replay(
      recording,
      detectorParts(config).createEngine(loadRules(config.rulesDir)),
      engineDefaults,
    )) {
      if (output.topic === 'findings') findings.push(output.value);
    }
    expected = settledFacts(findings);
    log = await openLog(config);
    await migrate(config, undefined);
    codec = await openCodec(config);
    start();
    const total = { sent: 0 };
    const publishing = publish(recording, log, codec, {
      speed: Number.POSITIVE_INFINITY,
      settle: true,
      onProgress: (sent) => {
        total.sent = sent;
      },
    });
    // The moment of each death comes from the seed: while it restores, gathers, commits or writes a snapshot.
    for (let death = 1; death <= kills; death++) {
      await new Promise((resolve) => setTimeout(resolve, 1500 + ((seed * death * 7919) % 2500)));
      await kill();
      start();
    }
    await publishing;
    await until('the detector has processed all', 900_000, () => hasProcessed(log, detectorGroup, inputTopics));
    said = await findingsOn(log, codec);
  }, 1_200_000);

  afterAll(async () => {
    if (child && child.exitCode === null) await kill();
    await log?.close();
    if (!('unavailable' in stack)) await stack.close();
  }, 60_000);

  test(`loses nothing: the settled findings are those of a replay (seed ${seed})`, () => {
    expect(expected.length).toBeGreaterThan(10);
    expect(settledFacts(said)).toEqual(expected);
  });

  test('doubles nothing: every revision of a finding is there once, in order', () => {
    const revisions = new Map<string, number[]>();
    for (const { findingId, revision } of said)
      revisions.set(findingId, [...(revisions.get(findingId) ?? []), revision]);
    for (const numbers of revisions.values()) expect(numbers).toEqual(numbers.map((_, i) => i + 1));
  });
});
