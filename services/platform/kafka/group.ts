import { setTimeout as sleep } from 'node:timers/promises';
import type { GroupHandlers, Membership, Position } from '../log.ts';
import { Fetcher } from './fetch.ts';
import {
  type Broker,
  type Cluster,
  createCluster,
  type KafkaAddress,
  type KafkaJsError,
  MemberAssignment,
  MemberMetadata,
} from './internals.ts';

const protocolName = 'wattness-co-partitioned';
const sessionMs = 10_000;
const rebalanceMs = 15_000;
const heartbeatMs = 1_000;
const retryMs = 200;

export class KafkaLogError extends Error {
  readonly code: 'NOT_CO_PARTITIONED' | 'STALE_GENERATION' | 'UNKNOWN_TOPIC' | 'PRODUCER_SPENT';
  constructor(code: KafkaLogError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

interface Generation {
  readonly id: number;
  readonly memberId: string;
  readonly partitions: readonly number[];
}

/**
 * Joins a group in which partition p of every topic goes to member p mod n, members in order of their ids. The library's
 * assigner deals out each topic by itself, so that a task would find its inputs in other processes.
 */
export async function joinKafkaGroup(
  address: KafkaAddress,
  groupId: string,
  topics: readonly string[],
  handlers: GroupHandlers,
): Promise<Membership> {
  const cluster = createCluster(address);
  await cluster.connect();
  try {
    await cluster.addMultipleTargetTopics(topics);
    checkCoPartitioned(cluster, topics);
  } catch (error) {
    await cluster.disconnect();
    throw error;
  }
  return new KafkaMembership(cluster, groupId, topics, handlers);
}

class KafkaMembership implements Membership {
  private readonly cluster: Cluster;
  private readonly groupId: string;
  private readonly topics: readonly string[];
  private readonly handlers: GroupHandlers;
  private readonly fetcher: Fetcher;
  private readonly running: Promise<void>;
  private readonly leaving = new AbortController();
  private generation: Generation | undefined;
  private memberId = '';

  constructor(cluster: Cluster, groupId: string, topics: readonly string[], handlers: GroupHandlers) {
    this.cluster = cluster;
    this.groupId = groupId;
    this.topics = topics;
    this.handlers = handlers;
    this.fetcher = new Fetcher(cluster, true, handlers);
    this.running = this.run();
  }

  seek(topic: string, partition: number, offset: number): void {
    this.fetcher.seek(topic, partition, offset);
  }

  pause(topic: string, partition: number): void {
    this.fetcher.setPaused(topic, partition, true);
  }

  resume(topic: string, partition: number): void {
    this.fetcher.setPaused(topic, partition, false);
  }

  caughtUpAtMs(topic: string, partition: number): number | undefined {
    return this.fetcher.stream(topic, partition)?.caughtUpAtMs;
  }

  async commit(positions: readonly Position[]): Promise<void> {
    const { generation } = this;
    const stale = (cause?: unknown): KafkaLogError =>
      new KafkaLogError('STALE_GENERATION', 'the group has moved on: positions were not committed', { cause });
    if (!generation || positions.some(({ partition }) => !generation.partitions.includes(partition))) throw stale();
    const topics = new Map<string, { partition: number; offset: string }[]>();
    for (const { topic, partition, offset } of positions) {
      topics.set(topic, [...(topics.get(topic) ?? []), { partition, offset: String(offset) }]);
    }
    await this.asked(async (coordinator) => {
      try {
        await coordinator.offsetCommit({
          groupId: this.groupId,
          groupGenerationId: generation.id,
          memberId: generation.memberId,
          topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })),
        });
      } catch (error) {
        const { type } = error as KafkaJsError;
        const moved = ['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'REBALANCE_IN_PROGRESS'].includes(type ?? '');
        throw moved ? stale(error) : error;
      }
    });
  }

  async leave(): Promise<void> {
    if (this.leaving.signal.aborted) return;
    this.leaving.abort();
    await this.running;
    await this.fetcher.close();
    const { memberId, groupId } = this;
    // A member that cannot say good-bye is missed after its session.
    if (memberId) await this.asked((coordinator) => coordinator.leaveGroup({ groupId, memberId })).catch(() => {});
    await this.cluster.disconnect();
  }

  private async run(): Promise<void> {
    const { signal } = this.leaving;
    let joinNow = true;
    while (!signal.aborted) {
      try {
        if (joinNow) await this.join();
        joinNow = false;
        await sleep(heartbeatMs, undefined, { signal }).catch(() => {});
        if (signal.aborted) return;
        const { id: groupGenerationId, memberId } = this.generation!;
        await this.asked((broker) => broker.heartbeat({ groupId: this.groupId, groupGenerationId, memberId }));
      } catch (error) {
        const { type } = error as KafkaJsError;
        if (type === 'UNKNOWN_MEMBER_ID') this.memberId = '';
        if (type !== 'REBALANCE_IN_PROGRESS') await sleep(retryMs);
        if (type && fatal.has(type)) {
          this.handlers.onFailure(error as Error);
          return;
        }
        joinNow = type !== undefined;
      }
    }
  }

  private async join(): Promise<void> {
    const { groupId } = this;
    const request = {
      groupId,
      sessionTimeout: sessionMs,
      rebalanceTimeout: rebalanceMs,
      groupProtocols: [{ name: protocolName, metadata: MemberMetadata.encode({ version: 1, topics: this.topics }) }],
    };
    const joined = await this.asked(async (coordinator) => {
      try {
        return await coordinator.joinGroup({ ...request, memberId: this.memberId });
      } catch (error) {
        // The coordinator names a new member first and lets it in when it asks by that name (KIP-394).
        const { memberId } = error as KafkaJsError;
        if (!memberId) throw error;
        this.memberId = memberId;
        return coordinator.joinGroup({ ...request, memberId });
      }
    });
    this.memberId = joined.memberId;
    const isLeader = joined.memberId === joined.leaderId;
    const members = joined.members.map(({ memberId }) => memberId).sort();
    const { memberAssignment } = await this.asked((coordinator) =>
      coordinator.syncGroup({
        groupId,
        generationId: joined.generationId,
        memberId: joined.memberId,
        groupAssignment: isLeader ? members.map((memberId, i) => this.share(memberId, i, members.length)) : [],
      }),
    );
    const assignment = memberAssignment.length > 0 ? MemberAssignment.decode(memberAssignment)?.assignment : undefined;
    const partitions = [...(assignment?.[this.topics[0]!] ?? [])].sort((a, b) => a - b);
    if (this.leaving.signal.aborted) return;
    this.generation = { id: joined.generationId, memberId: joined.memberId, partitions };
    this.fetcher.assign(this.topics, partitions);
    this.handlers.onAssigned(partitions, joined.generationId);
  }

  private share(memberId: string, index: number, members: number): { memberId: string; memberAssignment: Buffer } {
    const count = this.cluster.findTopicPartitionMetadata(this.topics[0]!).length;
    const own = Array.from({ length: count }, (_, p) => p).filter((p) => p % members === index);
    const assignment = Object.fromEntries(this.topics.map((topic) => [topic, own]));
    return { memberId, memberAssignment: MemberAssignment.encode({ version: 0, assignment }) };
  }

  /** Asks the coordinator, wherever it has moved to. */
  private async asked<T>(ask: (coordinator: Broker) => Promise<T>): Promise<T> {
    const deadlineMs = Date.now() + sessionMs;
    for (;;) {
      try {
        return await ask(await this.cluster.findGroupCoordinator({ groupId: this.groupId }));
      } catch (error) {
        const { type } = error as KafkaJsError;
        const passing = type === undefined ? !(error instanceof KafkaLogError) : coordinatorAway.has(type);
        if (!passing || Date.now() > deadlineMs) throw error;
        await sleep(retryMs);
      }
    }
  }
}

/** Answers of a coordinator that is not there yet, or no longer. */
export const coordinatorAway: ReadonlySet<string> = new Set([
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
]);
const fatal = new Set(['GROUP_AUTHORIZATION_FAILED', 'TOPIC_AUTHORIZATION_FAILED', 'INCONSISTENT_GROUP_PROTOCOL']);

function checkCoPartitioned(cluster: Cluster, topics: readonly string[]): void {
  const counts = topics.map((topic) => `${topic}: ${cluster.findTopicPartitionMetadata(topic).length}`);
  if (new Set(counts.map((count) => count.split(': ')[1])).size === 1) return;
  throw new KafkaLogError(
    'NOT_CO_PARTITIONED',
    `topics of one group need equal partition counts: ${counts.join(', ')}`,
  );
}
