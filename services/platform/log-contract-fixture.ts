import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log, LogRecord, Membership, NewRecord, Position, ReadOptions } from './log.ts';

/** One log under test. `openLog` gives another handle on it, as another process would have. */
export interface LogUnderTest {
  openLog(): Promise<Log>;
  close(): Promise<void>;
}

/** Generous: a slow broker must not fail a test, and a right implementation never waits this long. */
export const testTimeoutMs = 120_000;
const conditionTimeoutMs = 60_000;

/** Resolves once `condition` holds. Waits for facts, never for time: a test must not depend on how fast the log is. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + conditionTimeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`never came true: ${what}`);
    await sleep(5);
  }
}

export function numbered(topic: string, from: number, to: number, partition: number): NewRecord[] {
  const records: NewRecord[] = [];
  for (let i = from; i < to; i++) records.push({ topic, partition, key: `k${i}`, value: Buffer.from(`v${i}`) });
  return records;
}

export const valuesOf = (records: readonly LogRecord[]): string[] => records.map((r) => r.value?.toString() ?? 'null');

export async function readAll(log: Log, topics: string[], options: Partial<ReadOptions> = {}): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for await (const chunk of log.read({ topics, follow: false, ...options })) records.push(...chunk);
  return records;
}

/** A member that notes all it is told, and every breach of what `GroupHandlers` promises. */
export interface Member {
  readonly membership: Membership;
  readonly assignments: { readonly partitions: readonly number[]; readonly generation: number }[];
  readonly deliveries: { readonly topic: string; readonly records: readonly LogRecord[] }[];
  readonly failures: Error[];
  readonly breaches: string[];
  partitions(): readonly number[];
  received(topic: string, partition?: number): LogRecord[];
  leave(): Promise<void>;
}

export interface MemberOptions {
  /** Offset to start each assigned stream at; `null` leaves it paused. Default: 0. */
  readonly startAt?: (topic: string, partition: number) => number | null;
  readonly onDelivery?: (member: Member, topic: string, records: readonly LogRecord[]) => void;
}

/** Opens handles, topics and members for one test and takes all of them down after it. */
export class ContractFixture {
  readonly #underTest: LogUnderTest;
  #logs: Log[] = [];
  #members: Member[] = [];

  constructor(underTest: LogUnderTest) {
    this.#underTest = underTest;
  }

  async openLog(): Promise<Log> {
    const log = await this.#underTest.openLog();
    this.#logs.push(log);
    return log;
  }

  /** A topic that no other test knows, stamped by the log. */
  async newTopic(log: Log, partitions = 1, config: Record<string, string> = {}): Promise<string> {
    const name = `contract-${randomUUID()}`;
    await log.topics.create([{ name, partitions, config: { 'message.timestamp.type': 'LogAppendTime', ...config } }]);
    return name;
  }

  newId(): string {
    return `contract-${randomUUID()}`;
  }

  async send(log: Log, records: readonly NewRecord[]): Promise<void> {
    const producer = await log.openProducer();
    await producer.send(records);
    await producer.close();
  }

  async join(log: Log, group: string, topics: string[], options: MemberOptions = {}): Promise<Member> {
    const startAt = options.startAt ?? (() => 0);
    const assignments: { partitions: readonly number[]; generation: number }[] = [];
    const deliveries: { topic: string; records: readonly LogRecord[] }[] = [];
    const failures: Error[] = [];
    const breaches: string[] = [];
    let membership: Membership | undefined;
    let left = false;
    let started = -1;
    // The first assignment may come before `joinGroup` has resolved; it is then taken up right after.
    const startStreams = () => {
      const newest = assignments.at(-1);
      if (!membership || !newest || started === newest.generation) return;
      started = newest.generation;
      for (const topic of topics) {
        for (const partition of newest.partitions) {
          const offset = startAt(topic, partition);
          if (offset === null) continue;
          membership.seek(topic, partition, offset);
          membership.resume(topic, partition);
        }
      }
    };
    const opened = await log.joinGroup(group, topics, {
      onAssigned(partitions, generation) {
        const before = assignments.at(-1)?.generation ?? Number.NEGATIVE_INFINITY;
        if (generation <= before) breaches.push(`generation ${generation} after ${before}`);
        assignments.push({ partitions: [...partitions].sort((a, b) => a - b), generation });
        startStreams();
      },
      onRecords(topic, partition, records) {
        if (left) breaches.push('a delivery after leave');
        if (!assignments.at(-1)?.partitions.includes(partition)) breaches.push(`partition ${partition} is not ours`);
        if (records.length === 0) breaches.push('an empty delivery');
        if (records.some((r) => r.topic !== topic || r.partition !== partition)) breaches.push('a foreign record');
        deliveries.push({ topic, records });
        options.onDelivery?.(member, topic, records);
      },
      onFailure(error) {
        failures.push(error);
      },
    });
    membership = opened;
    const member: Member = {
      membership: opened,
      assignments,
      deliveries,
      failures,
      breaches,
      partitions: () => assignments.at(-1)?.partitions ?? [],
      received: (topic, partition) =>
        deliveries
          .filter((d) => d.topic === topic && (partition === undefined || d.records[0]?.partition === partition))
          .flatMap((d) => d.records),
      async leave() {
        if (left) return;
        await opened.leave();
        left = true;
      },
    };
    startStreams();
    this.#members.push(member);
    return member;
  }

  /** What broke the promises of `GroupHandlers` in this test; must be empty. */
  breaches(): string[] {
    return this.#members.flatMap((m) => m.breaches.splice(0));
  }

  async tearDown(): Promise<void> {
    for (const member of this.#members) await member.leave();
    for (const log of this.#logs) await log.close();
    this.#members = [];
    this.#logs = [];
  }
}

export const at = (topic: string, partition: number, offset: number): Position => ({ topic, partition, offset });
