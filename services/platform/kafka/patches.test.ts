import { createRequire } from 'node:module';
import { expect, test } from '@jest/globals';
import './patches.ts';

interface Queue {
  pending: unknown[];
  throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
  destroy(): void;
}
const RequestQueue: new (options: object) => Queue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue');

test('a connection on which nothing waits arms no timer', () => {
  const queue = new RequestQueue({ maxInFlightRequests: null });
  queue.checkPendingRequests();
  expect(queue.throttleCheckTimeoutId).toBeNull();
});

test('a request that waits for a throttle to end is looked after', () => {
  const queue = new RequestQueue({ maxInFlightRequests: null });
  queue.throttledUntil = Date.now() + 60_000;
  queue.pending.push({});
  queue.checkPendingRequests();
  expect(queue.throttleCheckTimeoutId).not.toBeNull();
  queue.destroy();
});
