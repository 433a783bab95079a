import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from '@jest/globals';
import { ContractFixture, type LogUnderTest, testTimeoutMs } from './log-contract-fixture.ts';
import { groupContract } from './log-contract-groups.ts';
import { recordContract } from './log-contract-records.ts';
import { transactionContract } from './log-contract-transactions.ts';

/**
 * What `log.ts` promises, as tests. Every implementation runs them; `open` is called once and may start a server.
 * Topics, groups and transactional ids are new in each test, so that a shared, long-lived log can be used.
 */
export function describeLogContract(name: string, open: () => Promise<LogUnderTest>): void {
  describe(`${name} keeps the log contract`, () => {
    let underTest: LogUnderTest;
    let fixture: ContractFixture;

    beforeAll(async () => {
      underTest = await open();
    }, testTimeoutMs * 2);
    afterAll(async () => {
      await underTest?.close();
    }, testTimeoutMs);
    beforeEach(() => {
      fixture = new ContractFixture(underTest);
    });
    afterEach(async () => {
      const breaches = fixture.breaches();
      await fixture.tearDown();
      expect(breaches.concat(fixture.breaches())).toEqual([]);
    }, testTimeoutMs);

    describe('records', () => recordContract(() => fixture));
    describe('transactions', () => transactionContract(() => fixture));
    describe('groups', () => groupContract(() => fixture));
  });
}
