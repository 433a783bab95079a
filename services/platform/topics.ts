import { inputTopics, outputTopics } from '../core/records.ts';
import type { Log, TopicAdmin, TopicSpec } from './log.ts';
import { missingTopicCommand, partitionsCommand, settingCommand, type TopicHome } from './topics-commands.ts';

/** What a detector task keeps to itself: its batches and snapshots. */
export const changelogTopic = 'wattness-changelog';

/** What the second stage keeps of enterprises, cities and outages, and how far it has read. */
export const regionsTopic = 'wattness-regions';

const dayMs = 86_400_000;

export interface TopicSettings {
  /** The same for all topics: partition p of each belongs to one detector task. */
  readonly partitions: number;
  /** How long readings can be replayed and evidence be re-run from the log; past the lateness horizon in any case. */
  readonly readingRetentionMs?: number;
  /** How long what was filed, found and done can be read back. */
  readonly historyRetentionMs?: number;
}

/** All topics of the system with the settings that they need. */
export function topicSpecs(settings: TopicSettings): TopicSpec[] {
  const { partitions, readingRetentionMs = 30 * dayMs, historyRetentionMs = 400 * dayMs } = settings;
  const readings = keptFor(readingRetentionMs);
  const history = keptFor(historyRetentionMs);
  const configs: Record<(typeof inputTopics)[number] | (typeof outputTopics)[number], Record<string, string>> = {
    // A registration holds from a date on, and what came before is judged by the one before it. Compaction would keep
    // only the newest of each enterprise, and retention would drop the plant that has not changed for a year.
    'site-registry': keptFor(-1),
    'work-records': history,
    'site-events': history,
    'alarm-actions': history,
    telemetry: readings,
    power: readings,
    findings: history,
    alarms: history,
    'enterprise-status': { 'cleanup.policy': 'compact' },
    'enterprise-silence': readings,
    'dead-letters': readings,
  };
  const specs = [...inputTopics, ...outputTopics].map((name) => topic(name, partitions, configs[name]));
  for (const name of [changelogTopic, regionsTopic]) specs.push(topic(name, partitions, changelogConfig));
  return specs;
}

const keptFor = (retentionMs: number) => ({ 'cleanup.policy': 'delete', 'retention.ms': String(retentionMs) });

const changelogConfig: Readonly<Record<string, string>> = {
  'cleanup.policy': 'compact',
  // Each batch leaves a tombstone, which a new owner has to read past; it reads all in seconds, so an hour is ample.
  'delete.retention.ms': '3600000',
  // Snapshot parts come near to Kafka's default, which a broker may have lowered.
  'max.message.bytes': '1048588',
  // The open segment is never compacted: with the default of 1 GiB a restore would read mostly what is superseded.
  'segment.bytes': '67108864',
  'segment.ms': '600000',
};

/** The engine orders inputs by append time and takes it for arrival time, so no producer may set it. */
function topic(name: string, partitions: number, config: Readonly<Record<string, string>>): TopicSpec {
  return { name, partitions, config: { ...config, 'message.timestamp.type': 'LogAppendTime' } };
}

export interface TopicProblem {
  readonly topic: string;
  /** `existence`, `partitions` or the name of a topic setting. */
  readonly setting: string;
  readonly found: string;
  readonly wanted: string;
  /** Command line that mends it. */
  readonly command: string;
  /** What the command destroys, where it does. */
  readonly caution: string | null;
}

/** A longer retention or a larger limit than asked for does no harm; `-1` is without limit. */
const atLeast = new Set(['retention.ms', 'delete.retention.ms', 'max.message.bytes']);
const exact = new Set(['cleanup.policy', 'message.timestamp.type']);

/** What is not as `specs` want it. Settings that only tune, such as segment sizes, are the operator's. */
export async function checkTopics(
  admin: TopicAdmin,
  specs: readonly TopicSpec[],
  home: TopicHome,
): Promise<TopicProblem[]> {
  const found = new Map((await admin.describe(specs.map((spec) => spec.name))).map((topic) => [topic.name, topic]));
  const problems: TopicProblem[] = [];
  for (const spec of specs) {
    const topic = found.get(spec.name);
    if (topic) problems.push(...(await checkTopic(admin, topic, spec, home)));
    else {
      const command = missingTopicCommand(home, spec);
      problems.push({ topic: spec.name, setting: 'existence', found: 'no', wanted: 'yes', command, caution: null });
    }
  }
  return problems;
}

async function checkTopic(
  admin: TopicAdmin,
  found: TopicSpec,
  wanted: TopicSpec,
  home: TopicHome,
): Promise<TopicProblem[]> {
  const problems: TopicProblem[] = [];
  const { name } = wanted;
  if (found.partitions !== wanted.partitions) {
    const isEmpty = (await admin.endOffsets(name)).every((offset) => offset === 0);
    const canGrow = isEmpty && found.partitions < wanted.partitions;
    problems.push({
      topic: name,
      setting: 'partitions',
      found: String(found.partitions),
      wanted: String(wanted.partitions),
      command: partitionsCommand(home, wanted, canGrow),
      // More partitions send a key elsewhere, away from its earlier records and from its state.
      caution: isEmpty ? null : `drops all records of ${name}; or set PARTITIONS=${found.partitions} for all topics`,
    });
  }
  for (const [setting, value] of Object.entries(wanted.config)) {
    const has = found.config[setting] ?? 'not told';
    if (has === value || !(exact.has(setting) || (atLeast.has(setting) && !isAtLeast(has, value)))) continue;
    const command = settingCommand(home, name, setting, value);
    problems.push({ topic: name, setting, found: has, wanted: value, command, caution: null });
  }
  return problems;
}

function isAtLeast(found: string, wanted: string): boolean {
  if (found === '-1') return true;
  return wanted !== '-1' && Number(found) >= Number(wanted);
}

/** Topics are not as they must be. Nothing was changed: that is for those to do who know what else reads them. */
export class TopicSettingsError extends Error {
  readonly code = 'TOPIC_SETTINGS';
  readonly problems: readonly TopicProblem[];
  constructor(problems: readonly TopicProblem[]) {
    const lines = problems.map(
      ({ topic, setting, found, wanted, command, caution }) =>
        `  ${topic}: ${setting} is ${found}, must be ${wanted}\n    ${command}${caution ? `\n    (${caution})` : ''}`,
    );
    super(`${problems.length} topic settings are wrong; mend each with the command below it:\n${lines.join('\n')}`);
    this.problems = problems;
  }
}

/**
 * Creates what is missing. Throws `TopicSettingsError` with all problems where an existing topic is not as wanted, and
 * then creates nothing.
 */
export async function migrateTopics(log: Log, specs: readonly TopicSpec[], home: TopicHome): Promise<void> {
  const wrong = (await checkTopics(log.topics, specs, home)).filter((problem) => problem.setting !== 'existence');
  if (wrong.length > 0) throw new TopicSettingsError(wrong);
  await log.topics.create(specs);
  // A broker may override what was asked for.
  const left = await checkTopics(log.topics, specs, home);
  if (left.length > 0) throw new TopicSettingsError(left);
}
