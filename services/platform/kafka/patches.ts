import { createRequire } from 'node:module';

interface RequestQueue {
  readonly pending: readonly unknown[];
  throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  scheduleCheckPendingRequests(): void;
}

const RequestQueueClass = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as {
  readonly prototype: RequestQueue;
};
const schedule = RequestQueueClass.prototype.scheduleCheckPendingRequests;

/**
 * After each answer kafkajs arms a timer for requests that wait for a throttle to end, though nothing waits and there
 * is no throttle. The delay is then negative, which Node warns of (TimeoutNegativeWarning) and takes for 1 ms; the
 * timer re-arms itself, a thousand times a second and connection, for ever. tulios/kafkajs issues 1751 and 1768.
 */
RequestQueueClass.prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
  if (this.pending.length > 0) schedule.call(this);
};
