import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import type { NewRecord } from './log.ts';
import { at, type ContractFixture, numbered, readAll, testTimeoutMs, until, valuesOf } from './log-contract-fixture.ts';

/** Transactions: all or nothing, by the newest owner only. */
export function transactionContract(fixture: () => ContractFixture): void {
  test(
    'a commit puts its records on all its topics and moves its group',
    async () => {
      const log = await fixture().openLog();
      const [a, b, input] = [
        await fixture().newTopic(log, 2),
        await fixture().newTopic(log),
        await fixture().newTopic(log, 3),
      ];
      const group = fixture().newId();
      expect(await log.topics.committed(group, input)).toEqual([undefined, undefined, undefined]);
      const owner = await log.openTransactions(fixture().newId());
      const records: NewRecord[] = [...numbered(a, 0, 3, 0), ...numbered(a, 3, 5, 1), ...numbered(b, 0, 4, 0)];
      await owner.commit({ records, group: { id: group, positions: [at(input, 0, 17), at(input, 2, 0)] } });
      await owner.commit({ records: numbered(b, 4, 6, 0), group: { id: group, positions: [at(input, 0, 18)] } });
      await owner.close();

      const other = await fixture().openLog();
      expect(valuesOf(await readAll(other, [a])).sort()).toEqual(['v0', 'v1', 'v2', 'v3', 'v4']);
      expect(valuesOf(await readAll(other, [b]))).toEqual(['v0', 'v1', 'v2', 'v3', 'v4', 'v5']);
      expect(await other.topics.committed(group, input)).toEqual([18, undefined, 0]);
    },
    testTimeoutMs,
  );

  test(
    'records without positions and positions without records can be committed',
    async () => {
      const log = await fixture().openLog();
      const [topic, group] = [await fixture().newTopic(log), fixture().newId()];
      const owner = await log.openTransactions(fixture().newId());
      await owner.commit({ records: [], group: { id: group, positions: [at(topic, 0, 3)] } });
      await owner.commit({ records: numbered(topic, 0, 1, 0) });
      await owner.close();
      expect(await log.topics.committed(group, topic)).toEqual([3]);
      expect(valuesOf(await readAll(log, [topic]))).toEqual(['v0']);
    },
    testTimeoutMs,
  );

  test(
    'a commit that fails leaves nothing on any topic, and what comes after it is read',
    async () => {
      const log = await fixture().openLog();
      const small = { 'max.message.bytes': '2048' };
      const [good, refusing] = [await fixture().newTopic(log, 2), await fixture().newTopic(log, 1, small)];
      const [id, group] = [fixture().newId(), fixture().newId()];
      const owner = await log.openTransactions(id);
      const tooLarge = { topic: refusing, key: 'big', value: randomBytes(65_536) };
      const failing = [...numbered(good, 0, 5, 0), ...numbered(good, 0, 5, 1), tooLarge];
      await expect(
        owner.commit({ records: failing, group: { id: group, positions: [at(good, 0, 5)] } }),
      ).rejects.toThrow();
      await expect(owner.commit({ records: numbered(good, 5, 6, 0) })).rejects.toThrow();
      await owner.close();

      const next = await log.openTransactions(id);
      await next.commit({ records: [...numbered(good, 10, 11, 0), ...numbered(refusing, 10, 11, 0)] });
      await next.close();
      expect(valuesOf(await readAll(log, [good]))).toEqual(['v10']);
      expect(valuesOf(await readAll(log, [refusing]))).toEqual(['v10']);
      expect(await log.topics.committed(group, good)).toEqual([undefined, undefined]);
    },
    testTimeoutMs,
  );

  test(
    'an open transaction is not read: a partition shows all of it or none',
    async () => {
      const log = await fixture().openLog();
      const topic = await fixture().newTopic(log);
      const owner = await log.openTransactions(fixture().newId());
      const reader = await fixture().openLog();
      let committed = false;
      const committing = owner.commit({ records: numbered(topic, 0, 20_000, 0) }).then(() => {
        committed = true;
      });
      const seen = new Set<number>();
      while (!committed) seen.add((await readAll(reader, [topic])).length);
      await committing;
      seen.add((await readAll(reader, [topic])).length);
      expect([...seen].filter((n) => n !== 0)).toEqual([20_000]);
      await owner.close();
    },
    testTimeoutMs,
  );

  test(
    'a reader that asks for uncommitted records still gets the committed ones',
    async () => {
      const log = await fixture().openLog();
      const topic = await fixture().newTopic(log);
      const owner = await log.openTransactions(fixture().newId());
      await owner.commit({ records: numbered(topic, 0, 4, 0) });
      await owner.close();
      expect(valuesOf(await readAll(log, [topic], { committedOnly: false }))).toEqual(['v0', 'v1', 'v2', 'v3']);
    },
    testTimeoutMs,
  );

  test(
    'a newer owner fences the older ones, and nothing of theirs is read',
    async () => {
      const log = await fixture().openLog();
      const [topic, input] = [await fixture().newTopic(log), await fixture().newTopic(log)];
      const [id, group] = [fixture().newId(), fixture().newId()];
      const first = await log.openTransactions(id);
      await first.commit({ records: numbered(topic, 0, 1, 0) });
      const second = await (await fixture().openLog()).openTransactions(id);
      const third = await (await fixture().openLog()).openTransactions(id);
      for (const zombie of [first, second, first]) {
        await expect(
          zombie.commit({ records: numbered(topic, 90, 99, 0), group: { id: group, positions: [at(input, 0, 99)] } }),
        ).rejects.toMatchObject({ code: 'FENCED' });
      }
      await third.commit({ records: numbered(topic, 1, 2, 0) });
      expect(valuesOf(await readAll(log, [topic]))).toEqual(['v0', 'v1']);
      expect(await log.topics.committed(group, input)).toEqual([undefined]);
      for (const owner of [first, second, third]) await owner.close();
      expect(valuesOf(await readAll(log, [topic]))).toEqual(['v0', 'v1']);
    },
    testTimeoutMs,
  );

  test(
    'an owner that is overtaken in mid-commit leaves all of it or none',
    async () => {
      const log = await fixture().openLog();
      const [topic, id] = [await fixture().newTopic(log), fixture().newId()];
      const old = await log.openTransactions(id);
      const committing = old.commit({ records: numbered(topic, 0, 10_000, 0) }).then(
        () => 10_000,
        () => 0,
      );
      const owner = await (await fixture().openLog()).openTransactions(id);
      const expected = await committing;
      await owner.commit({ records: numbered(topic, 10_000, 10_001, 0) });
      const values = valuesOf(await readAll(log, [topic]));
      expect(values.length).toBe(expected + 1);
      expect(values.at(-1)).toBe('v10000');
      await old.close();
      await owner.close();
    },
    testTimeoutMs,
  );

  test(
    'owners of different ids do not fence each other',
    async () => {
      const log = await fixture().openLog();
      const topic = await fixture().newTopic(log);
      const owners = [await log.openTransactions(fixture().newId()), await log.openTransactions(fixture().newId())];
      for (let i = 0; i < 3; i++) {
        await Promise.all(
          owners.map((owner, n) => owner.commit({ records: numbered(topic, i * 2 + n, i * 2 + n + 1, 0) })),
        );
      }
      expect(valuesOf(await readAll(log, [topic])).sort()).toEqual(['v0', 'v1', 'v2', 'v3', 'v4', 'v5']);
      for (const owner of owners) await owner.close();
    },
    testTimeoutMs,
  );

  test(
    'a following reader gets commits of an owner in another handle, in order',
    async () => {
      const log = await fixture().openLog();
      const topic = await fixture().newTopic(log);
      const member = await fixture().join(await fixture().openLog(), fixture().newId(), [topic]);
      const owner = await log.openTransactions(fixture().newId());
      for (let i = 0; i < 10; i++) await owner.commit({ records: numbered(topic, i * 10, i * 10 + 10, 0) });
      await until('all commits are delivered', () => member.received(topic).length === 100);
      expect(valuesOf(member.received(topic))).toEqual(Array.from({ length: 100 }, (_, i) => `v${i}`));
      await owner.close();
    },
    testTimeoutMs,
  );
}
