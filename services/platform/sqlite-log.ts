import {
  FencedError,
  type Log,
  type LogRecord,
  type Membership,
  type Producer,
  type ReadOptions,
  type TopicAdmin,
  type TransactionalProducer,
} from './log.ts';
import { GroupTable, SqliteMembership } from './sqlite-log-group.ts';
import { followLog, readLog } from './sqlite-log-read.ts';
import { SqliteLogError, SqliteStore } from './sqlite-log-store.ts';

export interface SqliteLogOptions {
  /**
   * File of the log, created with its folder where missing; any number of processes may have it open. A path that begins
   * with `:memory:` names a log in memory, shared by all handles of this process and gone with the last of them.
   */
  readonly path: string;
}

/**
 * The embedded log: one SQLite database. A commit is one SQLite transaction, on disk when it returns; the file is
 * written by one transaction at a time, so there is nothing uncommitted to be read and no tail to be passed over.
 * Offsets have no gaps but those of compaction. Throws `SqliteLogError` `LOG_UNAVAILABLE`.
 */
export function createSqliteLog(options: SqliteLogOptions): Log {
  const store = SqliteStore.open(options.path);
  const closing = new AbortController();
  const memberships = new Set<Membership>();

  return {
    topics: createAdmin(store),
    openProducer: async () => createProducer(store),
    openTransactions: async (transactionalId) => createTransactions(store, transactionalId),
    async joinGroup(group, topics, handlers) {
      const stored = topics.map((topic) => store.topic(topic));
      const membership: SqliteMembership = new SqliteMembership(store, group, stored, handlers, () =>
        memberships.delete(membership),
      );
      memberships.add(membership);
      return membership;
    },
    read(options: ReadOptions): AsyncIterable<readonly LogRecord[]> {
      const signal = options.signal ? AbortSignal.any([options.signal, closing.signal]) : closing.signal;
      return options.follow ? followLog(store, options, signal) : readLog(store, options, signal);
    },
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      for (const membership of memberships) await membership.leave();
      store.release();
    },
  };
}

function createAdmin(store: SqliteStore): TopicAdmin {
  return {
    async describe(names) {
      return names.flatMap((name) => {
        const topic = store.findTopic(name);
        return topic ? [{ name, partitions: topic.partitions, config: topic.config }] : [];
      });
    },
    async create(specs) {
      store.transact(() => {
        const addTopic = store.db.prepare(
          'INSERT INTO topic (name, partitions, config) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING id',
        );
        const addStream = store.db.prepare('INSERT INTO stream (topic, partition) VALUES (?, ?)');
        for (const { name, partitions, config } of specs) {
          const added = addTopic.get(name, partitions, JSON.stringify(config));
          for (let partition = 0; added && partition < partitions; partition++) {
            addStream.run(added.id as number, partition);
          }
        }
      });
    },
    async startOffsets(topic) {
      return store.bounds(store.topic(topic)).map((bounds) => bounds.start);
    },
    async endOffsets(topic) {
      return store.bounds(store.topic(topic)).map((bounds) => bounds.end);
    },
    async committed(group, topic) {
      return new GroupTable(store, group).positions(store.topic(topic));
    },
  };
}

function createProducer(store: SqliteStore): Producer {
  return {
    async send(records) {
      store.transact(() => store.append(records));
    },
    async close() {},
  };
}

function createTransactions(store: SqliteStore, id: string): TransactionalProducer {
  const { epoch } = store.transact(() =>
    store.db
      .prepare('INSERT INTO owner VALUES (?, 1) ON CONFLICT DO UPDATE SET epoch = epoch + 1 RETURNING epoch')
      .get(id),
  ) as { epoch: number };
  const currentEpoch = store.db.prepare('SELECT epoch FROM owner WHERE transactional_id = ?');
  let spent: unknown;

  return {
    async commit({ records, group }) {
      if (spent instanceof FencedError) throw spent;
      if (spent) throw new SqliteLogError('PRODUCER_SPENT', `${id} failed before: open it again`, spent);
      try {
        store.transact(() => {
          if (currentEpoch.get(id)?.epoch !== epoch) throw new FencedError(`a newer owner holds ${id}`);
          store.append(records);
          if (group) new GroupTable(store, group.id).savePositions(group.positions);
        });
      } catch (error) {
        spent = error;
        throw error;
      }
    },
    async close() {
      spent ??= new SqliteLogError('PRODUCER_CLOSED', `${id} was closed`);
    },
  };
}
