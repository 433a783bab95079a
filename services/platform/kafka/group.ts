import { setTimeout as sleep } from 'node:timers/promises';
import type { GroupHandlers, Membership, Position } from '../log.ts';
import {
  explained,
  forgetConnection,
  isStaleCoordinator,
  isStaleLeader,
  isUnreachable,
  KafkaLogError,
  rootOf,
} from './errors.ts';
import { Fetcher, type FetchSettings } from './fetch.ts';
import {
  type Broker,
  type Cluster,
  coordinatorTypes,
  createCluster,
  type GroupMember,
  type KafkaAddress,
  MemberAssignment,
  MemberMetadata,
} from './internals.ts';
import { knowTopics, settled } from './topics.ts';
import { offsetsByTopic } from './transactions.ts';

export interface GroupSettings {
  /** A member unheard of for so long is taken to be dead, and its partitions go to the others. */
  readonly sessionTimeoutMs: number;
  /** So soon a member learns that the group has a new generation. */
  readonly heartbeatMs: number;
}

/** How long the members that are alive may take to join a new generation. */
const rebalanceTimeoutMs = 30_000;
const protocolName = 'wattness-copartitioned';

interface Generation {
  readonly id: number;
  readonly memberId: string;
  readonly coordinator: Broker;
}

/**
 * Partition p of every topic goes to the same member: to `members[p % n]`, in the order of their ids.
 * Exported for its test.
 */
export const assignAlike = (memberIds: readonly string[], partitions: number): Map<string, number[]> => {
  const sorted = [...memberIds].sort();
  const assigned = new Map<string, number[]>(sorted.map((id) => [id, []]));
  for (let p = 0; p < partitions; p++) assigned.get(sorted[p % sorted.length]!)!.push(p);
  return assigned;
};

/**
 * A membership by Kafka's classic group protocol, with heartbeats on a timer of their own: they go on while records
 * are decoded and handled, as long as the event loop turns.
 */
export class KafkaMembership implements Membership {
  readonly #cluster: Cluster;
  readonly #group: string;
  readonly #topics: readonly string[];
  readonly #handlers: GroupHandlers;
  readonly #settings: GroupSettings;
  readonly #fetcher: Fetcher;
  readonly #leaving = new AbortController();
  readonly #onLeft: () => void;
  #memberId = '';
  #generation: Generation | undefined;
  #running: Promise<void> = Promise.resolve();

  private constructor(
    cluster: Cluster,
    group: string,
    topics: readonly string[],
    handlers: GroupHandlers,
    settings: GroupSettings & FetchSettings,
    onLeft: () => void,
  ) {
    this.#cluster = cluster;
    this.#group = group;
    this.#topics = topics;
    this.#handlers = handlers;
    this.#settings = settings;
    this.#onLeft = onLeft;
    this.#fetcher = new Fetcher(cluster, settings, true, {
      onRecords(topic, partition, records) {
        if (records.length > 0) handlers.onRecords(topic, partition, records);
      },
      onFailure: (error) => this.#fail(error),
    });
  }

  /** @throws KafkaLogError `NOT_CO_PARTITIONED`, `UNKNOWN_TOPIC`, `KAFKA_UNREACHABLE` */
  static async join(
    address: KafkaAddress,
    group: string,
    topics: readonly string[],
    handlers: GroupHandlers,
    settings: GroupSettings & FetchSettings,
    onLeft: () => void,
  ): Promise<KafkaMembership> {
    const cluster = createCluster(address);
    try {
      await settled(cluster, `group ${group}`, () => cluster.connect());
      await knowTopics(cluster, topics);
      const member = new KafkaMembership(cluster, group, topics, handlers, settings, onLeft);
      member.#partitionCount();
      // Later, so that the caller holds the membership before the first assignment comes.
      member.#running = new Promise<void>((resolve) => setImmediate(resolve)).then(() => member.#run());
      return member;
    } catch (error) {
      await cluster.disconnect();
      throw error;
    }
  }

  seek(topic: string, partition: number, offset: number): void {
    this.#fetcher.seek(topic, partition, offset);
  }

  pause(topic: string, partition: number): void {
    this.#fetcher.pause(topic, partition);
  }

  resume(topic: string, partition: number): void {
    this.#fetcher.resume(topic, partition);
  }

  caughtUpAtMs(topic: string, partition: number): number | undefined {
    return this.#fetcher.caughtUpAtMs(topic, partition);
  }

  async commit(positions: readonly Position[]): Promise<void> {
    const generation = this.#generation;
    const stale = 'the group has a newer generation: wait for onAssigned';
    if (generation === undefined) throw new KafkaLogError('STALE_GENERATION', stale);
    try {
      await generation.coordinator.offsetCommit({
        groupId: this.#group,
        groupGenerationId: generation.id,
        memberId: generation.memberId,
        topics: offsetsByTopic(positions),
      });
    } catch (error) {
      if (isOver(error)) throw new KafkaLogError('STALE_GENERATION', stale, error);
      throw explained(`positions of ${this.#group}`, error);
    }
  }

  async leave(): Promise<void> {
    if (this.#leaving.signal.aborted) return this.#running;
    this.#leaving.abort();
    this.#fetcher.halt();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#leaving;
    try {
      while (!signal.aborted) {
        try {
          const partitions = await this.#joinGeneration();
          if (signal.aborted) break;
          const assigned = this.#topics.flatMap((topic) => partitions.map((partition) => ({ topic, partition })));
          this.#fetcher.assign(assigned);
          this.#handlers.onAssigned(partitions, this.#generation!.id);
          await this.#keepAlive();
        } catch (error) {
          this.#endGeneration();
          if (isTypeOf(error, 'UNKNOWN_MEMBER_ID')) this.#memberId = '';
          else if (isOver(error)) continue;
          else if (isPassing(error)) await this.#waitABit(error);
          else throw error;
        }
      }
    } catch (error) {
      this.#fail(explained(`group ${this.#group}`, error));
    }
    this.#endGeneration();
    await this.#sayGoodbye();
    this.#onLeft();
  }

  #endGeneration(): void {
    this.#generation = undefined;
    this.#fetcher.halt();
  }

  async #waitABit(error: unknown): Promise<void> {
    forgetConnection(this.#cluster, error);
    await sleep(100, undefined, { signal: this.#leaving.signal }).catch(() => {});
  }

  #fail(error: Error): void {
    if (this.#leaving.signal.aborted) return;
    this.#leaving.abort();
    this.#fetcher.halt();
    this.#handlers.onFailure(error);
  }

  async #joinGeneration(): Promise<readonly number[]> {
    const groupId = this.#group;
    const coordinator = await this.#cluster.findGroupCoordinator({ groupId, coordinatorType: coordinatorTypes.group });
    const joined = await coordinator.joinGroup({
      groupId,
      sessionTimeout: this.#settings.sessionTimeoutMs,
      rebalanceTimeout: rebalanceTimeoutMs,
      memberId: this.#memberId,
      groupProtocols: [{ name: protocolName, metadata: MemberMetadata.encode({ version: 0, topics: this.#topics }) }],
    });
    const { memberId, generationId } = joined;
    this.#memberId = memberId;
    const isLeader = joined.leaderId === memberId;
    const groupAssignment = isLeader ? await this.#assign(joined.members) : [];
    const { memberAssignment } = await coordinator.syncGroup({ groupId, generationId, memberId, groupAssignment });
    const assignment = MemberAssignment.decode(memberAssignment)?.assignment ?? {};
    this.#generation = { id: generationId, memberId, coordinator };
    return assignment[this.#topics[0]!] ?? [];
  }

  async #assign(members: readonly GroupMember[]) {
    await this.#cluster.refreshMetadata();
    const memberIds = members.map((member) => member.memberId);
    const assigned = assignAlike(memberIds, this.#partitionCount());
    return [...assigned].map(([memberId, partitions]) => {
      const assignment = Object.fromEntries(this.#topics.map((topic) => [topic, partitions]));
      return { memberId, memberAssignment: MemberAssignment.encode({ version: 0, assignment }) };
    });
  }

  #partitionCount(): number {
    const counts = this.#topics.map((topic) => this.#cluster.findTopicPartitionMetadata(topic).length);
    if (new Set(counts).size !== 1) {
      const found = this.#topics.map((topic, i) => `${topic} has ${counts[i]}`).join(', ');
      throw new KafkaLogError('NOT_CO_PARTITIONED', `a group needs topics with equal partition counts: ${found}`);
    }
    return counts[0]!;
  }

  /** Resolves when leaving; throws when the generation is over. */
  async #keepAlive(): Promise<void> {
    const { signal } = this.#leaving;
    let { coordinator } = this.#generation!;
    let heardAtMs = performance.now();
    for (;;) {
      await sleep(this.#settings.heartbeatMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      const { id, memberId } = this.#generation!;
      try {
        await coordinator.heartbeat({ groupId: this.#group, groupGenerationId: id, memberId });
        heardAtMs = performance.now();
      } catch (error) {
        // A coordinator that is away for a moment keeps the generation; after a session it has given us up.
        if (!isPassing(error) || performance.now() - heardAtMs > this.#settings.sessionTimeoutMs) throw error;
        forgetConnection(this.#cluster, error);
        const group = { groupId: this.#group, coordinatorType: coordinatorTypes.group };
        coordinator = await this.#cluster.findGroupCoordinator(group).catch(() => coordinator);
        this.#generation = { id, memberId, coordinator };
      }
    }
  }

  async #sayGoodbye(): Promise<void> {
    try {
      if (this.#memberId !== '') {
        const group = { groupId: this.#group, coordinatorType: coordinatorTypes.group };
        const coordinator = await this.#cluster.findGroupCoordinator(group);
        await coordinator.leaveGroup({ groupId: this.#group, memberId: this.#memberId });
      }
    } catch {
      // The session runs out by itself.
    }
    await this.#cluster.disconnect();
  }
}

const isTypeOf = (error: unknown, ...types: string[]): boolean => types.includes(rootOf(error).type ?? '');

/** The generation has ended for us: join the next one. */
const isOver = (error: unknown): boolean =>
  isTypeOf(error, 'REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID');

const isPassing = (error: unknown): boolean =>
  isUnreachable(error) || isStaleCoordinator(error) || isStaleLeader(error);
