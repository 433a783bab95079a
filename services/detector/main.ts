import { inputTopics } from '../core/records.ts';
import type { Rule } from '../core/rule.ts';
import type { Codec } from '../platform/avro.ts';
import type { Readiness } from '../platform/http.ts';
import type { Running } from '../platform/lifecycle.ts';
import type { Log, Membership } from '../platform/log.ts';
import type { Logger } from '../platform/logger.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { RulesListener, RulesWatch } from '../platform/rules-watch.ts';
import { changelogTopic } from '../platform/topics.ts';
import type { LedgerParts } from './ledger.ts';
import { detectorMetrics } from './metrics.ts';
import { Task, type TaskSettings } from './task.ts';

export interface DetectorParts {
  readonly log: Log;
  readonly codec: Codec;
  readonly createEngine: LedgerParts['createEngine'];
  /** Starts to watch the rules that are to judge; the detector ends it when it stops. */
  readonly watchRules: (listener: RulesListener) => RulesWatch;
  readonly settings: Omit<TaskSettings, 'group'>;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export interface Detector extends Running {
  ready(): Readiness;
}

export const detectorGroup = 'wattness-detector';

const observeMs = 1_000;

/**
 * Judges every partition that the group gives to this process, one task each. `stop` commits what is under way, writes
 * snapshots and leaves, so that the next owner need not execute anything again.
 */
export async function startDetector(parts: DetectorParts): Promise<Detector> {
  const { log, logger } = parts;
  const metrics = detectorMetrics(parts.metrics);
  const settings = { ...parts.settings, group: detectorGroup };
  const rules = parts.watchRules({
    changed: (loaded, before) =>
      logger.info(
        { before: before.hash, hash: loaded.hash, ...changesOf(before.rules, loaded.rules) },
        'rules changed',
      ),
    refused(problems) {
      metrics.rulesRefused.inc();
      logger.error({ problems, hash: rules.current.hash }, 'changed rules cannot be used: the old ones go on');
    },
  });
  const tasks = new Map<number, Task>();
  /** When the last task of a partition will have let go of it: the next one begins after that. */
  const endings = new Map<number, Promise<void>>();
  const ended = Promise.withResolvers<void>();
  ended.promise.catch(() => {});
  let membership: Membership | undefined;
  let assignment: { readonly partitions: readonly number[]; readonly generation: number } | undefined;
  let stopped: Promise<void> | undefined;

  function start(partition: number, member: Membership): void {
    const task = new Task(partition, { ...parts, rules, membership: member, settings, metrics });
    tasks.set(partition, task);
    // Two tasks of one partition would take its transactions from each other.
    const before = endings.get(partition) ?? Promise.resolve();
    endings.set(partition, before.then(() => task.run()).catch(ended.reject));
  }

  function assign(): void {
    if (!membership || !assignment) return;
    const { partitions, generation } = assignment;
    for (const [partition, task] of tasks) {
      if (partitions.includes(partition)) continue;
      task.drop();
      tasks.delete(partition);
      metrics.behindSeconds.remove({ partition });
    }
    for (const partition of partitions) {
      const kept = tasks.get(partition);
      if (kept) kept.rejoin();
      else if (!stopped) start(partition, membership);
    }
    observe();
    logger.info({ generation, partitions }, 'assigned');
  }

  const countLive = (): number => [...tasks.values()].filter((task) => task.phase.name === 'live').length;

  function observe(): void {
    metrics.assignedPartitions.set(tasks.size);
    metrics.livePartitions.set(countLive());
    for (const [partition, task] of tasks) {
      const behindMs = task.behindMs(Date.now());
      if (behindMs !== undefined) metrics.behindSeconds.set({ partition }, behindMs / 1000);
    }
    metrics.rulesInfo.reset();
    for (const { rulesHash } of tasks.values())
      if (rulesHash !== undefined) metrics.rulesInfo.set({ hash: rulesHash }, 1);
  }

  const joining = log.joinGroup(detectorGroup, [...inputTopics, changelogTopic], {
    onAssigned(partitions, generation) {
      assignment = { partitions, generation };
      try {
        assign();
      } catch (error) {
        ended.reject(error);
      }
    },
    onRecords: (topic, partition, records) => tasks.get(partition)?.receive(topic, records),
    onFailure: ended.reject,
  });
  membership = await joining.catch((error: unknown) => {
    rules.stop();
    throw error;
  });
  // The first assignment may have come before the membership.
  assign();
  const observing = setInterval(observe, observeMs).unref();

  async function stop(member: Membership): Promise<void> {
    for (const task of tasks.values()) task.stop();
    await Promise.all(endings.values());
    clearInterval(observing);
    rules.stop();
    await member.leave();
    ended.resolve();
  }

  return {
    ended: ended.promise,
    stop: () => {
      stopped ??= stop(membership);
      return stopped;
    },
    ready() {
      const phases = Object.fromEntries([...tasks].map(([partition, { phase }]) => [partition, phase]));
      const detail = { generation: assignment?.generation ?? null, partitions: phases };
      return { ready: assignment !== undefined && countLive() === tasks.size, detail };
    },
  };
}

/** Ids of the rules that differ. */
function changesOf(before: readonly Rule[], after: readonly Rule[]) {
  const hashes = new Map(before.map(({ id, hash }) => [id, hash]));
  const ids = new Set(after.map(({ id }) => id));
  return {
    added: after.filter(({ id }) => !hashes.has(id)).map(({ id }) => id),
    changed: after.filter(({ id, hash }) => hashes.has(id) && hashes.get(id) !== hash).map(({ id }) => id),
    withdrawn: before.filter(({ id }) => !ids.has(id)).map(({ id }) => id),
  };
}
