import type { GroupHandlers, Membership, Position } from './log.ts';
import { SqliteLogError, type SqliteStore, type StoredTopic } from './sqlite-log-store.ts';

const heartbeatMs = 1_000;
/** A member unheard of for so long is taken to be dead, and its partitions go to the others. */
const sessionMs = 10_000;

/** Rows of groups: who is a member, in which generation, and the positions committed. */
export class GroupTable {
  readonly #store: SqliteStore;
  readonly #group: string;

  constructor(store: SqliteStore, group: string) {
    this.#store = store;
    this.#group = group;
  }

  /** Member ids rise, so that an assignment by sorted ids moves as little as it can when a member joins. */
  join(nowMs: number): number {
    return this.#store.transact(() => {
      const { db } = this.#store;
      const { id } = db
        .prepare('INSERT INTO member (group_id, seen_ms) VALUES (?, ?) RETURNING id')
        .get(this.#group, nowMs) as { id: number };
      this.#nextGeneration();
      return id;
    });
  }

  leave(member: number): void {
    this.#store.transact(() => {
      if (this.#store.db.prepare('DELETE FROM member WHERE id = ?').run(member).changes > 0) this.#nextGeneration();
    });
  }

  /** Returns false when the others took this member for dead. Removes those that are. */
  beat(member: number, nowMs: number): boolean {
    return this.#store.transact(() => {
      const { db } = this.#store;
      const alive = db.prepare('UPDATE member SET seen_ms = ? WHERE id = ?').run(nowMs, member).changes > 0;
      const expire = db.prepare('DELETE FROM member WHERE group_id = ? AND seen_ms < ?');
      if (expire.run(this.#group, nowMs - sessionMs).changes > 0) this.#nextGeneration();
      return alive;
    });
  }

  generation(): number {
    const row = this.#store.db.prepare('SELECT generation FROM generation WHERE group_id = ?').get(this.#group);
    return (row?.generation as number | undefined) ?? 0;
  }

  members(): number[] {
    const rows = this.#store.db.prepare('SELECT id FROM member WHERE group_id = ? ORDER BY id').all(this.#group);
    return rows.map((row) => row.id as number);
  }

  /** Inside a transaction of the caller. */
  savePositions(positions: readonly Position[]): void {
    const save = this.#store.db.prepare(
      'INSERT INTO position VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET offset = excluded.offset',
    );
    for (const { topic, partition, offset } of positions) {
      save.run(this.#group, this.#store.topic(topic).id, partition, offset);
    }
  }

  positions(topic: StoredTopic): (number | undefined)[] {
    const committed = new Array<number | undefined>(topic.partitions).fill(undefined);
    const rows = this.#store.db
      .prepare('SELECT partition, offset FROM position WHERE group_id = ? AND topic = ?')
      .all(this.#group, topic.id);
    for (const row of rows) committed[row.partition as number] = row.offset as number;
    return committed;
  }

  #nextGeneration(): void {
    this.#store.db
      .prepare('INSERT INTO generation VALUES (?, 1) ON CONFLICT DO UPDATE SET generation = generation + 1')
      .run(this.#group);
  }
}

/** One partition of one topic as this member reads it. */
interface Stream {
  readonly topic: StoredTopic;
  readonly partition: number;
  position: number | undefined;
  running: boolean;
  /** There may be records beyond the position. */
  stale: boolean;
  caughtUpAtMs: number | undefined;
}

/** A live membership. Looks at the log when told of changes, delivers one stream's records a turn of the event loop. */
export class SqliteMembership implements Membership {
  readonly #store: SqliteStore;
  readonly #table: GroupTable;
  readonly #topics: readonly StoredTopic[];
  readonly #handlers: GroupHandlers;
  readonly #onLeft: () => void;
  readonly #unwatch: () => void;
  readonly #heartbeat: NodeJS.Timeout;
  #streams: Stream[] = [];
  #turnOf = 0;
  #turnScheduled = false;
  #member: number;
  #generation = -1;
  #ended = false;

  constructor(
    store: SqliteStore,
    group: string,
    topics: readonly StoredTopic[],
    handlers: GroupHandlers,
    onLeft: () => void,
  ) {
    const counts = topics.map((topic) => `${topic.name} has ${topic.partitions}`);
    if (new Set(topics.map((topic) => topic.partitions)).size !== 1) {
      const hint = `a group needs topics with equal partition counts: ${counts.join(', ')}`;
      throw new SqliteLogError('NOT_CO_PARTITIONED', hint);
    }
    this.#store = store;
    this.#table = new GroupTable(store, group);
    this.#topics = topics;
    this.#handlers = handlers;
    this.#onLeft = onLeft;
    this.#member = this.#table.join(Date.now());
    this.#unwatch = store.watch((lookedAtMs, changed) => this.#guard(() => this.#look(lookedAtMs, changed)));
    this.#heartbeat = setInterval(() => this.#guard(() => this.#beat()), heartbeatMs);
  }

  seek(topic: string, partition: number, offset: number): void {
    const stream = this.#stream(topic, partition);
    stream.position = offset;
    this.#restart(stream);
  }

  pause(topic: string, partition: number): void {
    const stream = this.#stream(topic, partition);
    stream.running = false;
    stream.caughtUpAtMs = undefined;
  }

  resume(topic: string, partition: number): void {
    const stream = this.#stream(topic, partition);
    if (stream.position === undefined) {
      throw new SqliteLogError('NO_POSITION', `seek ${topic}-${partition} before resuming it`);
    }
    stream.running = true;
    this.#restart(stream);
  }

  caughtUpAtMs(topic: string, partition: number): number | undefined {
    return this.#find(topic, partition)?.caughtUpAtMs;
  }

  async commit(positions: readonly Position[]): Promise<void> {
    this.#store.transact(() => {
      // A member that was replaced must not move positions back under its successor.
      if (this.#ended || this.#table.generation() !== this.#generation) {
        throw new SqliteLogError('STALE_GENERATION', 'the group has a newer generation: wait for onAssigned');
      }
      this.#table.savePositions(positions);
    });
  }

  async leave(): Promise<void> {
    if (this.#ended) return;
    this.#end();
    this.#table.leave(this.#member);
  }

  #end(): void {
    this.#ended = true;
    this.#streams = [];
    this.#unwatch();
    clearInterval(this.#heartbeat);
    this.#onLeft();
  }

  #find(topic: string, partition: number): Stream | undefined {
    return this.#streams.find((s) => s.partition === partition && s.topic.name === topic);
  }

  #stream(topic: string, partition: number): Stream {
    const stream = this.#find(topic, partition);
    if (!stream) throw new SqliteLogError('NOT_ASSIGNED', `${topic}-${partition} is not assigned to this member`);
    return stream;
  }

  #restart(stream: Stream): void {
    stream.stale = true;
    stream.caughtUpAtMs = undefined;
    this.#scheduleTurn();
  }

  #beat(): void {
    const nowMs = Date.now();
    if (!this.#table.beat(this.#member, nowMs)) this.#member = this.#table.join(nowMs);
  }

  #look(lookedAtMs: number, changed: boolean): void {
    if (!changed) {
      for (const stream of this.#streams) {
        if (!stream.stale && stream.running) stream.caughtUpAtMs = lookedAtMs;
      }
      return;
    }
    const generation = this.#table.generation();
    if (generation !== this.#generation) this.#assign();
    for (const stream of this.#streams) stream.stale = true;
    this.#scheduleTurn();
  }

  #assign(): void {
    const { generation, members } = this.#store.snapshot(() => ({
      generation: this.#table.generation(),
      members: this.#table.members(),
    }));
    // Taken for dead: the next heartbeat joins again, and that is a generation of its own.
    const place = members.indexOf(this.#member);
    const partitions: number[] = [];
    for (let p = 0; p < this.#topics[0]!.partitions; p++) if (p % members.length === place) partitions.push(p);
    this.#generation = generation;
    this.#streams = this.#topics.flatMap((topic) =>
      partitions.map((partition) => ({
        topic,
        partition,
        position: undefined,
        running: false,
        stale: true,
        caughtUpAtMs: undefined,
      })),
    );
    this.#handlers.onAssigned(partitions, generation);
  }

  #scheduleTurn(): void {
    if (this.#turnScheduled || this.#ended) return;
    this.#turnScheduled = true;
    setImmediate(() => {
      this.#turnScheduled = false;
      this.#guard(() => this.#turn());
    });
  }

  /** Fetches for the next stream that may have more; then gives way to other work. */
  #turn(): void {
    const streams = this.#streams;
    for (let i = 0; i < streams.length; i++) {
      const stream = streams[(this.#turnOf + i) % streams.length]!;
      if (!stream.running || !stream.stale) continue;
      this.#turnOf = (this.#turnOf + i + 1) % streams.length;
      this.#deliver(stream);
      this.#scheduleTurn();
      return;
    }
  }

  #deliver(stream: Stream): void {
    const askedAtMs = Date.now();
    const { records, position, atEnd } = this.#store.fetch(stream.topic, stream.partition, stream.position!);
    stream.position = position;
    stream.stale = !atEnd;
    stream.caughtUpAtMs = undefined;
    if (records.length > 0) this.#handlers.onRecords(stream.topic.name, stream.partition, records);
    // The handler may have paused the stream, sought elsewhere or appended to it.
    if (stream.running && !stream.stale) stream.caughtUpAtMs = askedAtMs;
  }

  /** What throws, here or in a handler, ends the membership: going on could skip records. */
  #guard(work: () => void): void {
    if (this.#ended) return;
    try {
      work();
    } catch (error) {
      const member = this.#member;
      this.#end();
      try {
        this.#table.leave(member);
      } catch {
        // The log itself may be what failed; the session then runs out.
      }
      this.#handlers.onFailure(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
