import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { type LogRecord, OffsetOutOfRangeError } from '../log.ts';
import { explained, forgetConnection, isStaleLeader, isUnreachable, KafkaLogError } from './errors.ts';
import { type Cluster, createErrorFromCode } from './internals.ts';
import { decodeRecords, positionAfter } from './records.ts';
import { type FetchedPartition, fetchRecords } from './wire.ts';

export interface FetchSettings {
  /** How long the broker holds back an answer without records; so often an idle stream is confirmed as caught up. */
  readonly maxWaitMs: number;
  /** Of one answer, over all partitions. */
  readonly maxBytes: number;
  /** Of one partition in an answer, and so of one delivery. A larger single batch is still fetched. */
  readonly maxPartitionBytes: number;
}

export interface FetchHandlers {
  /** `records` may be empty: control records were passed. `position` is that after the records. */
  onRecords(topic: string, partition: number, records: LogRecord[], position: number): void;
  /** Fetching has ended for good. */
  onFailure(error: Error): void;
}

interface Chunk {
  readonly fetched: FetchedPartition;
  readonly from: number;
  readonly next: number;
  readonly sentAtMs: number;
}

interface Stream {
  readonly topic: string;
  readonly partition: number;
  leader: number | undefined;
  paused: boolean;
  /** Offset to ask for next; what was fetched and not delivered yet lies before it. */
  fetchFrom: number | undefined;
  /** Grows with each seek, so that answers to earlier questions are known. */
  version: number;
  asked: boolean;
  backlog: Chunk[];
  caughtUpAtMs: number | undefined;
}

interface Answer {
  readonly asked: readonly { readonly stream: Stream; readonly version: number; readonly position: number }[];
  readonly sentAtMs: number;
  readonly partitions?: readonly FetchedPartition[];
  readonly error?: unknown;
}

const offsetOutOfRange = 1;
const mostStaleRounds = 60;
/** While a stream is held back, so that it need not wait for idle ones when it goes on. */
const shortWaitMs = 10;
const keyOf = (topic: string, partition: number): string => `${topic} ${partition}`;

/**
 * Reads partitions from their leaders, each leader in a loop of its own: the next request is under way while the
 * answer to the last one is decoded and delivered. Nothing is delivered to a paused stream; what was fetched for it
 * stays, at most one answer, until it is resumed or moved.
 */
export class Fetcher {
  readonly #cluster: Cluster;
  readonly #settings: FetchSettings;
  readonly #committedOnly: boolean;
  readonly #handlers: FetchHandlers;
  readonly #loops = new Set<string>();
  #streams = new Map<string, Stream>();
  /** Grows with each assignment and each halt; loops of an older one end. */
  #epoch = 0;
  #halted = false;
  #failed = false;
  #turn = 0;
  #refreshing = false;

  constructor(cluster: Cluster, settings: FetchSettings, committedOnly: boolean, handlers: FetchHandlers) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#committedOnly = committedOnly;
    this.#handlers = handlers;
  }

  /** Replaces all streams; the new ones are paused and without a position. The topics' metadata must be known. */
  assign(partitions: readonly { readonly topic: string; readonly partition: number }[]): void {
    this.#epoch++;
    this.#halted = false;
    this.#streams = new Map(
      partitions.map(({ topic, partition }) => [
        keyOf(topic, partition),
        {
          topic,
          partition,
          leader: undefined,
          paused: true,
          fetchFrom: undefined,
          version: 0,
          asked: false,
          backlog: [],
          caughtUpAtMs: undefined,
        },
      ]),
    );
    this.#findLeaders();
  }

  /** Ends all deliveries until the next `assign`; streams can still be moved, to no effect. */
  halt(): void {
    this.#epoch++;
    this.#halted = true;
    for (const stream of this.#streams.values()) {
      stream.backlog = [];
      stream.fetchFrom = undefined;
      stream.caughtUpAtMs = undefined;
    }
  }

  seek(topic: string, partition: number, offset: number): void {
    const stream = this.#stream(topic, partition);
    stream.version++;
    stream.fetchFrom = offset;
    stream.backlog = [];
    stream.caughtUpAtMs = undefined;
    this.#wake();
  }

  pause(topic: string, partition: number): void {
    const stream = this.#stream(topic, partition);
    stream.paused = true;
    stream.caughtUpAtMs = undefined;
  }

  resume(topic: string, partition: number): void {
    const stream = this.#stream(topic, partition);
    if (!stream.paused) return;
    stream.paused = false;
    const epoch = this.#epoch;
    // Not at once: the caller may be in the middle of a delivery.
    setImmediate(() => {
      if (epoch !== this.#epoch) return;
      this.#guard(() => this.#drain(stream));
      this.#wake();
    });
  }

  caughtUpAtMs(topic: string, partition: number): number | undefined {
    return this.#streams.get(keyOf(topic, partition))?.caughtUpAtMs;
  }

  #stream(topic: string, partition: number): Stream {
    const stream = this.#streams.get(keyOf(topic, partition));
    if (!stream) throw new KafkaLogError('NOT_ASSIGNED', `${topic}-${partition} is not assigned to this member`);
    return stream;
  }

  /** Sees to it that each leader of a stream that can be read has its loop. */
  #wake(): void {
    if (this.#halted || this.#failed) return;
    for (const stream of this.#streams.values()) {
      if (stream.leader === undefined || !isReadable(stream)) continue;
      const loop = `${this.#epoch} ${stream.leader}`;
      if (this.#loops.has(loop)) continue;
      this.#loops.add(loop);
      const epoch = this.#epoch;
      this.#run(stream.leader, epoch)
        .catch((error: unknown) => this.#fail(error, epoch))
        .finally(() => {
          this.#loops.delete(loop);
          if (epoch === this.#epoch) this.#wake();
        });
    }
  }

  async #run(leader: number, epoch: number): Promise<void> {
    let arrived: Stream[] = [];
    let staleRounds = 0;
    for (let backoffMs = 50; epoch === this.#epoch; ) {
      const question = this.#ask(leader);
      await this.#deliver(arrived, epoch);
      if (!question) {
        // Streams may have been resumed meanwhile; `#wake` starts the loop again otherwise.
        if (arrived.length === 0) return;
        arrived = [];
        continue;
      }
      const answer = await question;
      for (const { stream } of answer.asked) stream.asked = false;
      if (epoch !== this.#epoch) return;
      if (answer.error === undefined) {
        const staleLeader = this.#accept(answer);
        arrived = answer.asked.map(({ stream }) => stream);
        if (staleLeader === undefined) {
          backoffMs = 50;
          staleRounds = 0;
          continue;
        }
        // A leader moves within seconds; a topic that has been deleted stays away.
        if (++staleRounds > mostStaleRounds) throw explained('fetch', staleLeader);
      } else if (isUnreachable(answer.error) || isStaleLeader(answer.error)) {
        arrived = [];
        forgetConnection(this.#cluster, answer.error);
      } else {
        throw answer.error;
      }
      // The cluster is not well: look again, less and less often, for as long as it takes.
      await sleep(backoffMs);
      backoffMs = Math.min(backoffMs * 2, 1_000);
      await this.#refreshLeaders();
    }
  }

  /** Sends one request for all streams of this leader that can be read; never rejects. */
  #ask(leader: number): Promise<Answer> | undefined {
    const asked: { stream: Stream; version: number; position: number }[] = [];
    for (const stream of this.#streams.values()) {
      if (stream.leader !== leader || !isReadable(stream)) continue;
      stream.asked = true;
      asked.push({ stream, version: stream.version, position: stream.fetchFrom! });
    }
    if (asked.length === 0) return undefined;
    // The broker fills its answer in this order: each stream has its turn to be the first.
    const first = this.#turn++ % asked.length;
    const inTurn = [...asked.slice(first), ...asked.slice(0, first)];
    const partitions = inTurn.map(({ stream: { topic, partition }, position }) => ({ topic, partition, position }));
    let { maxWaitMs } = this.#settings;
    for (const { leader: its, paused, fetchFrom } of this.#streams.values()) {
      if (its === leader && paused && fetchFrom !== undefined) maxWaitMs = Math.min(maxWaitMs, shortWaitMs);
    }
    const request = { ...this.#settings, maxWaitMs, committedOnly: this.#committedOnly, partitions };
    const sentAtMs = Date.now();
    return this.#cluster
      .findBroker({ nodeId: leader })
      .then((broker) => fetchRecords(broker, request))
      .then(
        (fetched): Answer => ({ asked, sentAtMs, partitions: fetched }),
        (error: unknown): Answer => ({ asked, sentAtMs, error }),
      );
  }

  /** Puts what came into the streams' backlogs. Returns an error that says that a leader has moved. */
  #accept({ asked, sentAtMs, partitions = [] }: Answer): Error | undefined {
    const questions = new Map(asked.map((one) => [keyOf(one.stream.topic, one.stream.partition), one]));
    let stale: Error | undefined;
    for (const fetched of partitions) {
      const question = questions.get(keyOf(fetched.topic, fetched.partition));
      if (!question || question.version !== question.stream.version) continue;
      const { stream, position } = question;
      if (fetched.errorCode !== 0) {
        const error = createErrorFromCode(fetched.errorCode);
        if (fetched.errorCode === offsetOutOfRange) {
          const what = `${stream.topic}-${stream.partition} does not hold offset ${position} (any more)`;
          const hint = 'its retention has passed it, or this is another log than the position was taken from';
          throw new OffsetOutOfRangeError(`${what}: ${hint}`);
        }
        if (!isStaleLeader(error)) throw error;
        stale = error;
        continue;
      }
      const next = positionAfter(fetched.bytes, position);
      stream.fetchFrom = next;
      if (next > position) {
        stream.caughtUpAtMs = undefined;
        stream.backlog.push({ fetched, from: position, next, sentAtMs });
      } else if (stream.backlog.length === 0 && !stream.paused) {
        stream.caughtUpAtMs = caughtUp(position, fetched, sentAtMs);
      }
    }
    return stale;
  }

  async #deliver(streams: readonly Stream[], epoch: number): Promise<void> {
    let sinceMs = performance.now();
    for (const stream of streams) {
      if (epoch !== this.#epoch) return;
      this.#drain(stream);
      // Heartbeats and other work have their turn between two streams.
      if (performance.now() - sinceMs > 5) {
        await nextTurn();
        sinceMs = performance.now();
      }
    }
  }

  #drain(stream: Stream): void {
    while (!stream.paused && stream.backlog.length > 0) {
      const { fetched, from, next, sentAtMs } = stream.backlog.shift()!;
      const { topic, partition, version } = stream;
      this.#handlers.onRecords(topic, partition, decodeRecords(fetched, topic, partition, from), next);
      // The handler may have paused or moved it.
      if (stream.paused || stream.version !== version || stream.backlog.length > 0) continue;
      stream.caughtUpAtMs = caughtUp(next, fetched, sentAtMs);
    }
  }

  #findLeaders(): void {
    const leaders = new Map<string, number>();
    for (const topic of new Set([...this.#streams.values()].map((stream) => stream.topic))) {
      for (const { partitionId, leader } of this.#cluster.findTopicPartitionMetadata(topic)) {
        if (leader >= 0) leaders.set(keyOf(topic, partitionId), leader);
      }
    }
    let missing = false;
    for (const [key, stream] of this.#streams) {
      stream.leader = leaders.get(key);
      missing ||= stream.leader === undefined;
    }
    this.#wake();
    if (missing && !this.#refreshing) void this.#retryLeaders(this.#epoch);
  }

  async #retryLeaders(epoch: number): Promise<void> {
    this.#refreshing = true;
    await sleep(200);
    this.#refreshing = false;
    if (epoch === this.#epoch) await this.#refreshLeaders();
  }

  async #refreshLeaders(): Promise<void> {
    try {
      await this.#cluster.refreshMetadata();
    } catch {
      // As unreachable as before: the loop comes back to it.
      return;
    }
    this.#findLeaders();
  }

  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#fail(error, this.#epoch);
    }
  }

  #fail(error: unknown, epoch: number): void {
    if (epoch !== this.#epoch) return;
    this.halt();
    this.#failed = true;
    this.#handlers.onFailure(error as Error);
  }
}

/** Its next records can be asked for: at most what has just arrived is still to be delivered. */
const isReadable = (stream: Stream): boolean =>
  !stream.paused && !stream.asked && stream.fetchFrom !== undefined && stream.backlog.length <= 1;

/**
 * Also in a committed read it is the high watermark that must be reached: records of a transaction that is still open
 * were appended already, and will come with append times that lie before now.
 */
const caughtUp = (position: number, fetched: FetchedPartition, sentAtMs: number): number | undefined =>
  position >= fetched.highWatermark ? sentAtMs : undefined;
