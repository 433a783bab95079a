import type { GroupHandlers, Log, Membership, TransactionalProducer } from '../log.ts';

const never = <T>(): Promise<T> => new Promise(() => {});

/**
 * A log whose user can die or fall ill at any of its calls, as a process does: killed, it hears nothing, and nothing
 * that it does reaches the log; a call that was under way was carried out or not, and never answers. Everything else
 * is the real log's.
 */
export class MortalLog implements Log {
  readonly #log: Log;
  readonly #members: Membership[] = [];
  readonly #handlers: GroupHandlers[] = [];
  deliveries = 0;
  /** How often the user asked for committed positions, which a task does only in doubt. */
  askedForPositions = 0;
  #dead = false;
  #deaf = false;
  /** Calls until death. */
  #left: number;
  readonly #onDeath: () => void;

  constructor(log: Log, callsToLive = Number.POSITIVE_INFINITY, onDeath: () => void = () => {}) {
    this.#log = log;
    this.#left = callsToLive;
    this.#onDeath = onDeath;
  }

  /** The group notices at once here; a real one does when the session ends. */
  kill(): void {
    this.#dead = true;
    for (const member of this.#members) void member.leave();
    // Memory cannot be taken from a part of a process: what is left of it is told to stop turning.
    for (const { onAssigned } of this.#handlers) onAssigned([], Number.POSITIVE_INFINITY);
  }

  /** Out of the group without knowing it, as after a long pause: it goes on with what it has. */
  cutOff(): void {
    this.#deaf = true;
    for (const member of this.#members) void member.leave();
  }

  /** One step of life; true when it was the last. */
  #dies(): boolean {
    if (!this.#dead && --this.#left <= 0) {
      this.kill();
      this.#onDeath();
    }
    return this.#dead;
  }

  async #live<T>(call: () => Promise<T>): Promise<T> {
    if (this.#dies()) return never();
    const result = await call();
    return this.#dies() ? never() : result;
  }

  get alive(): boolean {
    return !this.#dead;
  }

  get topics(): Log['topics'] {
    const { topics } = this.#log;
    return {
      describe: (names) => topics.describe(names),
      create: (specs) => topics.create(specs),
      startOffsets: (topic) => this.#live(() => topics.startOffsets(topic)),
      endOffsets: (topic) => topics.endOffsets(topic),
      committed: (group, topic) => {
        this.askedForPositions++;
        return this.#live(() => topics.committed(group, topic));
      },
    };
  }

  openProducer(): ReturnType<Log['openProducer']> {
    return this.#log.openProducer();
  }

  async openTransactions(id: string): Promise<TransactionalProducer> {
    const producer = await this.#live(() => this.#log.openTransactions(id));
    return {
      commit: (transaction) => this.#live(() => producer.commit(transaction)),
      close: () => (this.#dead ? never() : producer.close()),
    };
  }

  async joinGroup(group: string, topics: readonly string[], handlers: GroupHandlers): Promise<Membership> {
    const hears = (): boolean => !this.#dead && !this.#deaf;
    const member = await this.#log.joinGroup(group, topics, {
      onAssigned: (partitions, generation) => hears() && handlers.onAssigned(partitions, generation),
      onRecords: (topic, partition, records) => {
        if (!hears() || this.#dies()) return;
        this.deliveries++;
        handlers.onRecords(topic, partition, records);
      },
      onFailure: (error) => hears() && handlers.onFailure(error),
    });
    this.#members.push(member);
    this.#handlers.push(handlers);
    return {
      seek: (topic, partition, offset) => hears() && member.seek(topic, partition, offset),
      pause: (topic, partition) => hears() && member.pause(topic, partition),
      resume: (topic, partition) => hears() && member.resume(topic, partition),
      caughtUpAtMs: (topic, partition) => (hears() ? member.caughtUpAtMs(topic, partition) : Date.now()),
      commit: (positions) => this.#live(() => member.commit(positions)),
      leave: () => (this.#dead ? never() : member.leave()),
    };
  }

  read(options: Parameters<Log['read']>[0]): ReturnType<Log['read']> {
    return this.#log.read(options);
  }

  async close(): Promise<void> {}
}
