import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { inputTopics, outputTopics } from '../core/records.ts';
import type { Log, TopicSpec } from './log.ts';
import { createSqliteLog } from './sqlite-log.ts';
import { changelogTopic, checkTopics, migrateTopics, regionsTopic, TopicSettingsError, topicSpecs } from './topics.ts';

const kafka = { brokers: ['one:9092', 'two:9092'] };
const specs = topicSpecs({ partitions: 4 });
const specOf = (name: string): TopicSpec => specs.find((spec) => spec.name === name)!;

/** The spec of a topic with other settings. */
function altered(name: string, config: Record<string, string>, partitions = 4): TopicSpec {
  return { name, partitions, config: { ...specOf(name).config, ...config } };
}

describe('topics', () => {
  let log: Log;
  beforeEach(() => {
    log = createSqliteLog({ path: `:memory:${randomUUID()}` });
  });
  afterEach(() => log.close());

  test('migrating creates every topic, with equal partition counts, stamped by the log; again changes nothing', async () => {
    await migrateTopics(log, specs, kafka);
    await migrateTopics(log, specs, kafka);
    const names = [...inputTopics, ...outputTopics, changelogTopic, regionsTopic];
    const found = await log.topics.describe(names);
    expect(found.map((topic) => topic.name)).toEqual(names);
    for (const topic of found) {
      expect(topic.partitions).toBe(4);
      expect(topic.config).toMatchObject(specOf(topic.name).config);
      expect(topic.config['message.timestamp.type']).toBe('LogAppendTime');
    }
    expect(await checkTopics(log.topics, specs, kafka)).toEqual([]);
  });

  test('every effective-dated registration is kept, the status only as it is now', () => {
    expect(specOf('site-registry').config).toMatchObject({ 'cleanup.policy': 'delete', 'retention.ms': '-1' });
    for (const name of ['enterprise-status', changelogTopic, regionsTopic]) {
      expect(specOf(name).config['cleanup.policy']).toBe('compact');
      expect(specOf(name).config['retention.ms']).toBeUndefined();
    }
  });

  test('a missing topic is a problem with the command that creates it', async () => {
    await log.topics.create(specs.filter((spec) => spec.name !== 'power'));
    const command =
      "kafka-topics.sh --bootstrap-server 'one:9092,two:9092' --create --topic 'power' --partitions 4" +
      " --config 'cleanup.policy=delete' --config 'retention.ms=2592000000' --config 'message.timestamp.type=LogAppendTime'";
    expect(await checkTopics(log.topics, specs, kafka)).toEqual([
      { topic: 'power', setting: 'existence', found: 'no', wanted: 'yes', command, caution: null },
    ]);
  });

  test.each([
    [
      'telemetry',
      'message.timestamp.type',
      'CreateTime',
      altered('telemetry', { 'message.timestamp.type': 'CreateTime' }),
    ],
    ['site-registry', 'cleanup.policy', 'compact', altered('site-registry', { 'cleanup.policy': 'compact' })],
    ['site-registry', 'retention.ms', '604800000', altered('site-registry', { 'retention.ms': '604800000' })],
    ['findings', 'retention.ms', '1000', altered('findings', { 'retention.ms': '1000' })],
    [
      changelogTopic,
      'cleanup.policy',
      'compact,delete',
      altered(changelogTopic, { 'cleanup.policy': 'compact,delete' }),
    ],
    ['enterprise-status', 'cleanup.policy', 'delete', altered('enterprise-status', { 'cleanup.policy': 'delete' })],
    [changelogTopic, 'max.message.bytes', '65536', altered(changelogTopic, { 'max.message.bytes': '65536' })],
  ])('%s with %s %s is refused', async (_, setting, found, wrong) => {
    await log.topics.create([wrong]);
    const wanted = specOf(wrong.name).config[setting]!;
    const problems = await checkTopics(log.topics, [specOf(wrong.name)], kafka);
    expect(problems).toEqual([
      {
        topic: wrong.name,
        setting,
        found,
        wanted,
        command:
          "kafka-configs.sh --bootstrap-server 'one:9092,two:9092' --alter --entity-type topics " +
          `--entity-name '${wrong.name}' --add-config '${setting}=${wanted}'`,
        caution: null,
      },
    ]);
    await expect(migrateTopics(log, specs, kafka)).rejects.toThrow(problems[0]!.command);
    // Refused as a whole: neither mended in silence nor half created.
    expect(await log.topics.describe(specs.map((spec) => spec.name))).toHaveLength(1);
    expect((await log.topics.describe([wrong.name]))[0]!.config[setting]).toBe(found);
  });

  test('longer retention, larger limits and other tuning than asked for are left to the operator', async () => {
    await log.topics.create([
      altered('telemetry', { 'retention.ms': '-1' }),
      altered('findings', { 'retention.ms': '99999999999' }),
      altered(changelogTopic, { 'max.message.bytes': '10000000', 'segment.bytes': '1048576' }),
    ]);
    await migrateTopics(log, specs, kafka);
  });

  test('all problems are told at once', async () => {
    await log.topics.create([altered('power', { 'retention.ms': '5', 'cleanup.policy': 'compact' }, 3)]);
    const refused = await migrateTopics(log, specs, kafka).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(TopicSettingsError);
    expect((refused as TopicSettingsError).problems.map((problem) => problem.setting).sort()).toEqual([
      'cleanup.policy',
      'partitions',
      'retention.ms',
    ]);
  });

  test('an empty topic can grow; one with records has to be made anew, and the problem says so', async () => {
    await log.topics.create([altered('power', {}, 3), altered('telemetry', {}, 3)]);
    const producer = await log.openProducer();
    await producer.send([{ topic: 'telemetry', key: 'a', value: null }]);
    const problems = await checkTopics(log.topics, [specOf('power'), specOf('telemetry')], kafka);
    const [power, telemetry] = problems;
    expect(power).toMatchObject({ setting: 'partitions', found: '3', wanted: '4', caution: null });
    expect(power!.command).toMatch(/--alter --topic 'power' --partitions 4$/);
    expect(telemetry!.command).toMatch(/--delete --topic 'telemetry' && .*--create --topic 'telemetry' --partitions 4/);
    expect(telemetry!.caution).toContain('PARTITIONS=3');
  });
});

describe('commands for the embedded log', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "wattness topics'"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('mend each problem when they are run', async () => {
    const path = join(folder, 'log.db');
    const wrong = createSqliteLog({ path });
    await wrong.topics.create([altered('power', { 'retention.ms': '5' }), altered('telemetry', {}, 3)]);
    await (await wrong.openProducer()).send([{ topic: 'telemetry', key: 'a', value: null }]);
    const problems = await checkTopics(wrong.topics, [specOf('power'), specOf('telemetry')], { path });
    await wrong.close();
    expect(problems.map((problem) => problem.setting)).toEqual(['retention.ms', 'partitions']);

    for (const { command } of problems) {
      const [mend] = command.split(' && wattness migrate');
      // The shell takes the command apart; the SQL is run here, for sqlite3 itself may not be installed.
      const script = `sqlite3() { printf '%s\\n%s' "$1" "$2"; }; ${mend}`;
      const [file, sql] = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\n');
      const db = new DatabaseSync(file!);
      db.exec(sql!);
      db.close();
    }
    const mended = createSqliteLog({ path });
    await migrateTopics(mended, specs, { path });
    await mended.close();
  });
});
