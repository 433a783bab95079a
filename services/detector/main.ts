import type { Engine } from '../core/batch.ts';
import { inputTopics } from '../core/records.ts';
import type { Codec } from '../platform/avro.ts';
import type { Readiness } from '../platform/http.ts';
import type { Running } from '../platform/lifecycle.ts';
import type { Log, Membership } from '../platform/log.ts';
import type { Logger } from '../platform/logger.ts';
import type { Metrics } from '../platform/metrics.ts';
import { changelogTopic } from '../platform/topics.ts';
import { detectorMetrics } from './metrics.ts';
import { Task, type TaskSettings } from './task.ts';

export interface DetectorParts {
  readonly log: Log;
  readonly codec: Codec;
  readonly createEngine: () => Engine;
  readonly settings: Omit<TaskSettings, 'group'>;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export interface Detector extends Running {
  ready(): Readiness;
}

export const detectorGroup = 'wattness-detector';

/**
 * Judges every partition that the group gives to this process, one task each. `stop` commits what is under way, writes
 * snapshots and leaves, so that the next owner need not execute anything again.
 */
export async function startDetector(parts: DetectorParts): Promise<Detector> {
  const { log, logger } = parts;
  const metrics = detectorMetrics(parts.metrics);
  const settings = { ...parts.settings, group: detectorGroup };
  const tasks = new Map<number, { readonly task: Task; readonly ended: Promise<void> }>();
  const ended = Promise.withResolvers<void>();
  ended.promise.catch(() => {});
  const joined = Promise.withResolvers<Membership>();
  let generation = -1;
  let stopped: Promise<void> | undefined;

  function start(partition: number, membership: Membership): void {
    const task = new Task(partition, { ...parts, membership, settings, metrics });
    const run = task.run();
    tasks.set(partition, { task, ended: run });
    run.catch(ended.reject);
  }

  function assign(assigned: readonly number[], membership: Membership): void {
    for (const [partition, { task }] of tasks) {
      if (assigned.includes(partition) && task.phase.name === 'live') continue;
      task.drop();
      tasks.delete(partition);
    }
    for (const partition of assigned) {
      const kept = tasks.get(partition);
      if (kept) kept.task.rejoin();
      else if (!stopped) start(partition, membership);
    }
    logger.info({ generation, partitions: assigned }, 'assigned');
  }

  const topics = [...inputTopics, changelogTopic];
  const membership = await log.joinGroup(detectorGroup, topics, {
    onAssigned(assigned, newGeneration) {
      generation = newGeneration;
      joined.promise.then((member) => {
        if (generation === newGeneration) assign(assigned, member);
      });
    },
    onRecords: (topic, partition, records) => tasks.get(partition)?.task.receive(topic, records),
    onFailure: ended.reject,
  });
  joined.resolve(membership);

  async function stop(): Promise<void> {
    const running = [...tasks.values()];
    for (const { task } of running) task.stop();
    await Promise.allSettled(running.map((one) => one.ended));
    await membership.leave();
    ended.resolve();
  }

  return {
    ended: ended.promise,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
    ready() {
      const phases = Object.fromEntries([...tasks].map(([partition, { task }]) => [partition, task.phase]));
      const live = [...tasks.values()].filter(({ task }) => task.phase.name === 'live').length;
      return { ready: generation >= 0 && live === tasks.size, detail: { generation, partitions: phases } };
    },
  };
}
