import { setTimeout as sleep } from 'node:timers/promises';
import { FencedError } from '../log.ts';
import type { Cluster, KafkaJsError } from './internals.ts';

/** Kafka refused, or cannot be reached. `code` is stable; the message says what to look at. */
export class KafkaLogError extends Error {
  readonly code: string;
  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

const staleLeader = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'REPLICA_NOT_AVAILABLE',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
  'KAFKA_STORAGE_ERROR',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'REQUEST_TIMED_OUT',
  'NETWORK_EXCEPTION',
]);

const staleCoordinator = new Set([
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
]);

/** The protocol or connection error inside what kafkajs wraps around it when it gives up. */
export const rootOf = (error: unknown): KafkaJsError => {
  let root = error as KafkaJsError;
  while (root.type === undefined && root.cause instanceof Error) root = root.cause as KafkaJsError;
  return root;
};

/** The partition's leader has moved, or is not ready: look it up again. */
export const isStaleLeader = (error: unknown): boolean => staleLeader.has(rootOf(error).type ?? '');

/** The group's or transaction's coordinator has moved, or is loading: look it up again. */
export const isStaleCoordinator = (error: unknown): boolean => staleCoordinator.has(rootOf(error).type ?? '');

/** No answer: the connection failed or was closed, or the answer did not come in time. */
export const isUnreachable = (error: unknown): boolean => {
  const root = rootOf(error);
  if (root.type !== undefined) return false;
  return root.name.startsWith('KafkaJS') || 'syscall' in root;
};

/** Forgets a closed connection, so that the next look-up makes another. */
export const forgetConnection = (cluster: Cluster, error: unknown): void => {
  const { host, port } = rootOf(error);
  if (host !== undefined && port !== undefined) cluster.removeBroker({ host, port });
};

/** What a caller of the port is told. */
export const explained = (what: string, error: unknown): Error => {
  if (error instanceof KafkaLogError || error instanceof FencedError) return error;
  const root = rootOf(error);
  // 90 is PRODUCER_FENCED, which kafkajs does not know by name.
  if (root.type === 'INVALID_PRODUCER_EPOCH' || root.message === 'Unknown error code 90') {
    return new FencedError(`${what}: a newer owner holds this transactional id`, { cause: error });
  }
  if (root.type === 'UNKNOWN_TOPIC_OR_PARTITION') {
    return new KafkaLogError(
      'UNKNOWN_TOPIC',
      `${what}: a topic does not exist; \`wattness migrate\` creates it`,
      error,
    );
  }
  // Neither the protocol nor a connection: a fault of this program, to be seen as it is.
  if (!isUnreachable(error) && root.type === undefined) return root;
  if (root.type !== undefined) return new KafkaLogError(root.type, `${what}: ${root.message}`, error);
  const hint = 'check KAFKA_BROKERS, and that the address which the broker advertises can be reached from here';
  return new KafkaLogError('KAFKA_UNREACHABLE', `${what}: ${root.message}; ${hint}`, error);
};

/**
 * Calls `act` until it succeeds or fails for good. Delays start at 10 ms: most of what is retried (a coordinator that
 * is still being created, the last transaction not quite over) is settled by then.
 *
 * @param isTransient decides on, and may mend the cause of, an error
 */
export const retrying = async <T>(
  act: () => Promise<T>,
  isTransient: (error: unknown) => boolean | Promise<boolean>,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<T> => {
  const deadlineMs = performance.now() + timeoutMs;
  for (let delayMs = 10; ; delayMs = Math.min(delayMs * 1.5, 500)) {
    try {
      return await act();
    } catch (error) {
      if (signal?.aborted || performance.now() > deadlineMs || !(await isTransient(error))) throw error;
    }
    await sleep(delayMs);
  }
};
