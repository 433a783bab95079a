import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { publish } from '../cli/publish.ts';
import { type Serving, serve } from '../cli/serve.ts';
import { detectorParts, readConfig } from '../cli/settings.ts';
import { openCodec, openLog } from '../cli/stack.ts';
import { engineDefaults } from '../core/engine.ts';
import type { Recording } from '../core/recording.ts';
import { type Finding, inputTopics } from '../core/records.ts';
import { replay } from '../core/replay.ts';
import { detectorGroup } from '../detector/main.ts';
import type { Codec } from '../platform/avro.ts';
import type { Log } from '../platform/log.ts';
import { createLogger } from '../platform/logger.ts';
import { loadRules } from '../platform/rules.ts';
import { caseLibrary } from '../simulator/cases/index.ts';
import { findingsOn, hasProcessed, realStack, settledFacts, type TestStack, until } from './stack.ts';

const stack = await realStack();
if ('unavailable' in stack) {
  process.stderr.write(`NOT RUN: the case library on real Kafka and registry: ${stack.unavailable}\n`);
}
const run = 'unavailable' in stack ? describe.skip : describe;

/** Without the one whose firms fall silent together: no stage that judges regions runs here. */
const cases = [...caseLibrary()].flatMap(([name, recording]) =>
  name === 'offline-region-of-eight' ? [] : [recording],
);

/** All cases as one recording: every firm has an id of its own. */
function allCases(): Recording {
  const each = <T>(part: (recording: Recording) => readonly T[]) => cases.flatMap(part);
  return {
    about: cases[0]!.about,
    sites: each((recording) => recording.sites),
    workRecords: each((recording) => recording.workRecords),
    siteEvents: each((recording) => recording.siteEvents),
    alarmActions: [],
    telemetry: each((recording) => recording.telemetry),
    power: each((recording) => recording.power),
    labels: each((recording) => recording.labels),
  };
}

run('the case library in one log on Apache Kafka', () => {
  const config = readConfig('unavailable' in stack ? {} : stack.env);
  let serving: Serving;
  let log: Log;
  let codec: Codec;
  let said: Finding[];
  const expected: Finding[] = [];

  beforeAll(async () => {
    // Each by itself: what one firm does is no matter of another.
    for (const one of cases) {
      const engine = detectorParts(config).createEngine(loadRules(config.rulesDir));
      for (const output of replay(one, engine, engineDefaults)) {
        if (output.topic === 'findings') expected.push(output.value);
      }
    }
    serving = await serve(config, ['detector'], createLogger({ service: 'e2e', level: config.logLevel }));
    log = await openLog(config);
    codec = await openCodec(config);
    await publish(allCases(), log, codec, { speed: Number.POSITIVE_INFINITY, settle: true });
    await until('the detector has processed all', 900_000, () => hasProcessed(log, detectorGroup, inputTopics));
    said = await findingsOn(log, codec);
  }, 1_200_000);

  afterAll(async () => {
    await log?.close();
    await serving?.stop();
    await (stack as TestStack).close();
  }, 60_000);

  test('the topic holds the settled findings that replays of the cases give', () => {
    expect(settledFacts(expected).length).toBeGreaterThan(30);
    expect(settledFacts(said)).toEqual(settledFacts(expected));
  });
});
