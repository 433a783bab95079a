import type { GroupHandlers, Log, LogRecord, Membership, NewRecord, Position, TopicSpec } from './log.ts';

/**
 * The log seen through a prefix on every topic, group and transactional id, so that several installations, or several
 * tests, share one cluster without seeing each other.
 */
export function prefixedLog(log: Log, prefix: string): Log {
  if (prefix === '') return log;
  const full = (name: string): string => prefix + name;
  const own = (name: string): string => name.slice(prefix.length);
  const outgoing = <T extends { readonly topic: string }>(items: readonly T[]): T[] =>
    items.map((item) => ({ ...item, topic: full(item.topic) }));
  const incoming = (records: readonly LogRecord[]): LogRecord[] =>
    records.map((record) => ({ ...record, topic: own(record.topic) }));

  return {
    topics: {
      async describe(names) {
        const specs = await log.topics.describe(names.map(full));
        return specs.map((spec): TopicSpec => ({ ...spec, name: own(spec.name) }));
      },
      create: (specs) => log.topics.create(specs.map((spec) => ({ ...spec, name: full(spec.name) }))),
      startOffsets: (topic) => log.topics.startOffsets(full(topic)),
      endOffsets: (topic) => log.topics.endOffsets(full(topic)),
      committed: (group, topic) => log.topics.committed(full(group), full(topic)),
    },
    async openProducer() {
      const producer = await log.openProducer();
      return { ...producer, send: (records: readonly NewRecord[]) => producer.send(outgoing(records)) };
    },
    async openTransactions(id) {
      const owner = await log.openTransactions(full(id));
      return {
        commit: ({ records, group }) =>
          owner.commit({
            records: outgoing(records),
            ...(group ? { group: { id: full(group.id), positions: outgoing(group.positions) } } : {}),
          }),
        close: () => owner.close(),
      };
    },
    async joinGroup(group, topics, handlers) {
      const told: GroupHandlers = {
        onAssigned: (partitions, generation) => handlers.onAssigned(partitions, generation),
        onRecords: (topic, partition, records) => handlers.onRecords(own(topic), partition, incoming(records)),
        onFailure: (error) => handlers.onFailure(error),
      };
      return prefixedMembership(await log.joinGroup(full(group), topics.map(full), told), full, outgoing);
    },
    async *read(options) {
      const { topics, from } = options;
      const where = typeof from === 'object' ? { from: outgoing(from) } : {};
      for await (const records of log.read({ ...options, ...where, topics: topics.map(full) })) yield incoming(records);
    },
    close: () => log.close(),
  };
}

function prefixedMembership(
  member: Membership,
  full: (name: string) => string,
  outgoing: (positions: readonly Position[]) => Position[],
): Membership {
  return {
    seek: (topic, partition, offset) => member.seek(full(topic), partition, offset),
    pause: (topic, partition) => member.pause(full(topic), partition),
    resume: (topic, partition) => member.resume(full(topic), partition),
    caughtUpAtMs: (topic, partition) => member.caughtUpAtMs(full(topic), partition),
    commit: (positions) => member.commit(outgoing(positions)),
    leave: () => member.leave(),
  };
}
