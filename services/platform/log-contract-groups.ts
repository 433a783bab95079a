import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import type { NewRecord } from './log.ts';
import { at, type ContractFixture, type Member, numbered, testTimeoutMs, until } from './log-contract-fixture.ts';

/** Groups: assignment, flow control, positions, and the "caught up" signal. */
export function groupContract(fixture: () => ContractFixture): void {
  const offsetsOf = (member: Member, topic: string, partition: number) =>
    member.received(topic, partition).map((r) => r.offset);
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

  test(
    'a lone member gets all partitions and, of each, all records in order',
    async () => {
      const log = await fixture().openLog();
      const [a, b] = [await fixture().newTopic(log, 3), await fixture().newTopic(log, 3)];
      for (const partition of [0, 1, 2]) await fixture().send(log, numbered(a, 0, 20, partition));
      const member = await fixture().join(log, fixture().newId(), [a, b]);
      await until('an assignment', () => member.assignments.length > 0);
      expect(member.partitions()).toEqual([0, 1, 2]);
      await fixture().send(log, numbered(b, 0, 20, 1));
      await until(
        'all records are delivered',
        () => member.received(a).length === 60 && member.received(b).length === 20,
      );
      for (const partition of [0, 1, 2]) expect(offsetsOf(member, a, partition)).toEqual(range(0, 20));
      expect(offsetsOf(member, b, 1)).toEqual(range(0, 20));
    },
    testTimeoutMs,
  );

  test(
    'streams start paused: nothing comes before seek and resume',
    async () => {
      const log = await fixture().openLog();
      const [held, running] = [await fixture().newTopic(log), await fixture().newTopic(log)];
      await fixture().send(log, [...numbered(held, 0, 10, 0), ...numbered(running, 0, 10, 0)]);
      const member = await fixture().join(log, fixture().newId(), [held, running], {
        startAt: (topic) => (topic === held ? null : 0),
      });
      await until('the running stream is read', () => member.received(running).length === 10);
      expect(member.received(held)).toEqual([]);
      expect(member.membership.caughtUpAtMs(held, 0)).toBeUndefined();
      member.membership.seek(held, 0, 4);
      member.membership.resume(held, 0);
      await until('the held stream is read', () => member.received(held).length === 6);
      expect(offsetsOf(member, held, 0)).toEqual(range(4, 10));
    },
    testTimeoutMs,
  );

  test(
    'a member can seek to older positions and to newer ones, again and again',
    async () => {
      const log = await fixture().openLog();
      const topic = await fixture().newTopic(log);
      await fixture().send(log, numbered(topic, 0, 100, 0));
      const member = await fixture().join(log, fixture().newId(), [topic], { startAt: () => 40 });
      await until('the end is reached', () => member.received(topic).at(-1)?.offset === 99);
      expect(offsetsOf(member, topic, 0)).toEqual(range(40, 100));
      for (const offset of [10, 99, 0, 70]) {
        const before = member.received(topic).length;
        member.membership.seek(topic, 0, offset);
        await until(`records from ${offset}`, () => member.received(topic).length >= before + 100 - offset);
        expect(offsetsOf(member, topic, 0).slice(before)).toEqual(range(offset, 100));
      }
    },
    testTimeoutMs,
  );

  test(
    'a position past the end is a failure, never a silent reset',
    async () => {
      const log = await fixture().openLog();
      const topic = await fixture().newTopic(log);
      await fixture().send(log, numbered(topic, 0, 5, 0));
      const member = await fixture().join(log, fixture().newId(), [topic], { startAt: () => 5_000 });
      await until('the failure is told', () => member.failures.length > 0);
      expect(member.failures[0]).toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
      expect(member.received(topic)).toEqual([]);
    },
    testTimeoutMs,
  );

  test(
    'pause holds the stream back with at most one delivery under way, and resume loses nothing',
    async () => {
      const log = await fixture().openLog();
      const [bulk, marker] = [await fixture().newTopic(log), await fixture().newTopic(log)];
      const total = 12_000;
      const producer = await log.openProducer();
      // Random bytes, so that no compression makes the whole fit into one fetch.
      const value = randomBytes(2_048);
      for (let i = 0; i < total; i += 300) {
        const records: NewRecord[] = range(i, i + 300).map((n) => ({ topic: bulk, partition: 0, key: `k${n}`, value }));
        await producer.send(records);
      }
      let deliveriesOfBulk = 0;
      const caughtUpWhileBehind: (number | undefined)[] = [];
      const member = await fixture().join(log, fixture().newId(), [bulk, marker], {
        onDelivery: (self, topic, records) => {
          if (topic !== bulk || ++deliveriesOfBulk > 1) return;
          self.membership.pause(bulk, 0);
          if (records.at(-1)!.offset < total - 1) caughtUpWhileBehind.push(self.membership.caughtUpAtMs(bulk, 0));
        },
        startAt: (topic) => (topic === bulk ? null : 0),
      });
      await until('an assignment', () => member.assignments.length > 0);
      member.membership.seek(bulk, 0, 0);
      member.membership.resume(bulk, 0);
      await until('a first delivery', () => deliveriesOfBulk > 0);
      // The other stream goes on meanwhile, and shows that the loop turned several times while the bulk was held.
      for (let i = 0; i < 5; i++) {
        await producer.send(numbered(marker, i, i + 1, 0));
        await until('the marker is delivered', () => member.received(marker).length === i + 1);
      }
      expect(deliveriesOfBulk).toBeLessThanOrEqual(2);
      expect(member.received(bulk).length).toBeLessThan(total);
      expect(caughtUpWhileBehind).toEqual([undefined]);
      expect(member.membership.caughtUpAtMs(bulk, 0)).toBeUndefined();
      member.membership.resume(bulk, 0);
      await until('the rest is delivered', () => member.received(bulk).length >= total);
      expect(offsetsOf(member, bulk, 0)).toEqual(range(0, total));
      await producer.close();
    },
    testTimeoutMs,
  );

  test(
    'while records of a stream are outstanding it has no caught-up time, between deliveries and during them',
    async () => {
      const log = await fixture().openLog();
      const topic = await fixture().newTopic(log);
      const value = randomBytes(2_048);
      const total = 9_000;
      const producer = await log.openProducer();
      for (let i = 0; i < total; i += 300) {
        await producer.send(range(i, i + 300).map((n) => ({ topic, partition: 0, key: `k${n}`, value })));
      }
      await producer.close();
      let delivered = 0;
      let early = 0;
      const member = await fixture().join(log, fixture().newId(), [topic], {
        startAt: () => null,
        onDelivery: (self, _topic, records) => {
          if (self.membership.caughtUpAtMs(topic, 0) !== undefined) early++;
          delivered += records.length;
          // A consumer with work to do, so that the log is looked at while much of it is still to come.
          for (const record of records) createHash('sha512').update(record.value!).digest();
        },
      });
      await until('an assignment', () => member.assignments.length > 0);
      let sampler = setImmediate(function sample() {
        if (delivered < total && member.membership.caughtUpAtMs(topic, 0) !== undefined) early++;
        sampler = setImmediate(sample);
      });
      try {
        member.membership.seek(topic, 0, 0);
        member.membership.resume(topic, 0);
        await until('all is delivered', () => delivered === total);
        await until('caught up', () => member.membership.caughtUpAtMs(topic, 0) !== undefined);
      } finally {
        clearImmediate(sampler);
      }
      expect(early).toBe(0);
    },
    testTimeoutMs,
  );

  test(
    'the caught-up time comes, also on a stream that never had a record, and grows',
    async () => {
      const log = await fixture().openLog();
      const [full, empty] = [await fixture().newTopic(log), await fixture().newTopic(log)];
      await fixture().send(log, numbered(full, 0, 10, 0));
      const member = await fixture().join(log, fixture().newId(), [full, empty]);
      for (const topic of [full, empty]) {
        const caughtUp = () => member.membership.caughtUpAtMs(topic, 0);
        await until('the stream is caught up', () => caughtUp() !== undefined);
        const first = caughtUp()!;
        await until('the caught-up time grows', () => (caughtUp() ?? 0) > first);
      }
      expect(member.received(full).length).toBe(10);
      member.membership.pause(full, 0);
      expect(member.membership.caughtUpAtMs(full, 0)).toBeUndefined();
      member.membership.resume(full, 0);
      await until('a resumed stream is caught up again', () => member.membership.caughtUpAtMs(full, 0) !== undefined);
      member.membership.seek(full, 0, 0);
      expect(member.membership.caughtUpAtMs(full, 0)).toBeUndefined();
      await until('it is caught up after the seek too', () => member.membership.caughtUpAtMs(full, 0) !== undefined);
      expect(member.received(full).length).toBe(20);
    },
    testTimeoutMs,
  );

  test(
    'the caught-up time passes the tail of a transaction',
    async () => {
      const log = await fixture().openLog();
      const topic = await fixture().newTopic(log);
      const member = await fixture().join(log, fixture().newId(), [topic]);
      const owner = await log.openTransactions(fixture().newId());
      for (let i = 0; i < 3; i++) {
        await owner.commit({ records: numbered(topic, i * 5, i * 5 + 5, 0) });
        const committedMs = Date.now();
        await until('caught up after the commit', () => (member.membership.caughtUpAtMs(topic, 0) ?? 0) > committedMs);
        expect(member.received(topic).length).toBe(i * 5 + 5);
      }
      await owner.close();
    },
    testTimeoutMs,
  );

  test(
    'whatever was appended before the caught-up time has been delivered',
    async () => {
      const log = await fixture().openLog();
      const topic = await fixture().newTopic(log);
      const member = await fixture().join(await fixture().openLog(), fixture().newId(), [topic]);
      const producer = await log.openProducer();
      for (let i = 0; i < 30; i++) {
        await producer.send(numbered(topic, i, i + 1, 0));
        const sentMs = Date.now();
        let deliveredWhenCaughtUp = -1;
        await until('caught up after the send', () => {
          if ((member.membership.caughtUpAtMs(topic, 0) ?? 0) <= sentMs) return false;
          deliveredWhenCaughtUp = member.received(topic).length;
          return true;
        });
        expect(deliveredWhenCaughtUp).toBe(i + 1);
      }
      await producer.close();
    },
    testTimeoutMs,
  );

  test(
    'positions that a member commits are kept for the group',
    async () => {
      const log = await fixture().openLog();
      const [topic, group] = [await fixture().newTopic(log, 2), fixture().newId()];
      const member = await fixture().join(log, group, [topic]);
      await until('an assignment', () => member.assignments.length > 0);
      await member.membership.commit([at(topic, 0, 12), at(topic, 1, 3)]);
      await member.membership.commit([at(topic, 1, 5)]);
      const other = await fixture().openLog();
      expect(await other.topics.committed(group, topic)).toEqual([12, 5]);
      expect(await other.topics.committed(fixture().newId(), topic)).toEqual([undefined, undefined]);
    },
    testTimeoutMs,
  );

  test(
    'two members share partitions alike on every topic, and one takes over when the other leaves',
    async () => {
      const log = await fixture().openLog();
      const topics = [await fixture().newTopic(log, 4), await fixture().newTopic(log, 4)];
      const group = fixture().newId();
      const send = async (from: number, to: number) => {
        for (const topic of topics)
          for (const p of range(0, 4)) await fixture().send(log, numbered(topic, from, to, p));
      };
      const first = await fixture().join(log, group, topics);
      await until('the first has everything', () => first.partitions().length === 4);
      const second = await fixture().join(await fixture().openLog(), group, topics);
      await until('both have their half', () => first.partitions().length === 2 && second.partitions().length === 2);
      expect([...first.partitions(), ...second.partitions()].sort()).toEqual([0, 1, 2, 3]);
      // p -> sortedMembers[p % n]: with two members, one has the even partitions and the other the odd ones.
      for (const member of [first, second]) expect(new Set(member.partitions().map((p) => p % 2)).size).toBe(1);
      await send(0, 10);
      for (const member of [first, second]) {
        for (const topic of topics) {
          for (const p of member.partitions()) {
            await until('the owner has all', () => new Set(offsetsOf(member, topic, p)).size === 10);
          }
        }
      }
      for (const topic of topics) {
        for (const p of range(0, 4)) {
          const other = first.partitions().includes(p) ? second : first;
          expect(offsetsOf(other, topic, p)).toEqual([]);
        }
      }
      await second.leave();
      await until('the first has everything again', () => first.partitions().length === 4);
      await send(10, 20);
      for (const topic of topics) {
        for (const p of range(0, 4)) {
          await until('the survivor has all', () => new Set(offsetsOf(first, topic, p)).size === 20);
        }
      }
    },
    testTimeoutMs,
  );

  test(
    'groups do not disturb each other',
    async () => {
      const log = await fixture().openLog();
      const topic = await fixture().newTopic(log, 2);
      const members = [
        await fixture().join(log, fixture().newId(), [topic]),
        await fixture().join(log, fixture().newId(), [topic]),
      ];
      await fixture().send(log, [...numbered(topic, 0, 8, 0), ...numbered(topic, 0, 8, 1)]);
      for (const member of members) {
        await until('each group has all', () => member.received(topic).length === 16);
        expect(member.partitions()).toEqual([0, 1]);
      }
    },
    testTimeoutMs,
  );

  test(
    'topics with different partition counts cannot be joined together',
    async () => {
      const log = await fixture().openLog();
      const topics = [await fixture().newTopic(log, 2), await fixture().newTopic(log, 3)];
      await expect(fixture().join(log, fixture().newId(), topics)).rejects.toMatchObject({
        code: 'NOT_CO_PARTITIONED',
      });
    },
    testTimeoutMs,
  );
}
