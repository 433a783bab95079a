import type { RegionOptions } from '../core/region/stage.ts';
import type { TimeSource } from '../platform/arrival.ts';
import type { Codec } from '../platform/avro.ts';
import type { Readiness } from '../platform/http.ts';
import type { Running } from '../platform/lifecycle.ts';
import type { Log, Membership } from '../platform/log.ts';
import type { Logger } from '../platform/logger.ts';
import type { Metrics } from '../platform/metrics.ts';
import { regionMetrics } from './metrics.ts';
import { RegionTask, silenceTopic } from './task.ts';

export interface RegionsParts {
  readonly log: Log;
  readonly codec: Codec;
  readonly options: RegionOptions;
  readonly timeSource: TimeSource;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export interface Regions extends Running {
  ready(): Readiness;
}

export const regionsGroup = 'wattness-regions';

/**
 * The second stage: reads which enterprises are heard, keyed by city, and says regional outages as site events of the
 * enterprises concerned. One task a partition, exactly once. `stop` commits what is under way and leaves.
 */
export async function startRegions(parts: RegionsParts): Promise<Regions> {
  const { log, logger } = parts;
  const metrics = regionMetrics(parts.metrics);
  const tasks = new Map<number, RegionTask>();
  /** When the last task of a partition will have let go of it: the next one begins after that. */
  const endings = new Map<number, Promise<void>>();
  const ended = Promise.withResolvers<void>();
  ended.promise.catch(() => {});
  let membership: Membership | undefined;
  let assignment: { readonly partitions: readonly number[]; readonly generation: number } | undefined;
  let stopped: Promise<void> | undefined;

  function start(partition: number, member: Membership): void {
    const task = new RegionTask(partition, { ...parts, membership: member, group: regionsGroup, metrics });
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
    }
    for (const partition of partitions) {
      const kept = tasks.get(partition);
      if (kept) kept.rejoin();
      else if (!stopped) start(partition, membership);
    }
    observe();
    logger.info({ generation, partitions }, 'assigned');
  }

  const countLive = (): number => [...tasks.values()].filter((task) => task.isLive).length;

  function observe(): void {
    metrics.assignedPartitions.set(tasks.size);
    metrics.livePartitions.set(countLive());
  }

  membership = await log.joinGroup(regionsGroup, [silenceTopic], {
    onAssigned(partitions, generation) {
      assignment = { partitions, generation };
      try {
        assign();
      } catch (error) {
        ended.reject(error);
      }
    },
    onRecords: (_topic, partition, records) => tasks.get(partition)?.receive(records),
    onFailure: ended.reject,
  });
  // The first assignment may have come before the membership.
  assign();
  const observing = setInterval(observe, 1_000).unref();

  async function stop(member: Membership): Promise<void> {
    for (const task of tasks.values()) task.stop();
    await Promise.all(endings.values());
    clearInterval(observing);
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
      const partitions = Object.fromEntries([...tasks].map(([partition, { isLive }]) => [partition, isLive]));
      const detail = { generation: assignment?.generation ?? null, partitions };
      return { ready: assignment !== undefined && countLive() === tasks.size, detail };
    },
  };
}
