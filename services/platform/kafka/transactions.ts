import { setTimeout as sleep } from 'node:timers/promises';
import { FencedError, type NewRecord, type Position, type Producer, type TransactionalProducer } from '../log.ts';
import {
  explained,
  forgetConnection,
  isStaleCoordinator,
  isUnreachable,
  KafkaLogError,
  retrying,
  rootOf,
} from './errors.ts';
import { type Broker, type Cluster, coordinatorTypes, createCluster, type KafkaAddress } from './internals.ts';
import type { Compression } from './records.ts';
import { BatchSender } from './sender.ts';
import { transactionState } from './wire.ts';

/** A transaction that its owner left open is aborted by the broker after so long; until then readers wait at it. */
const transactionTimeoutMs = 15_000;
const requestTimeoutMs = 30_000;

/** Coordinators move, and are looked up once; a request that is told so looks again. */
const createCoordinator = (cluster: Cluster, id: string, coordinatorType: number) => {
  let known: Promise<Broker> | undefined;
  return <T>(request: (broker: Broker) => Promise<T>): Promise<T> =>
    retrying(
      async () => {
        known ??= cluster.findGroupCoordinator({ groupId: id, coordinatorType });
        return request(await known);
      },
      (error) => {
        // The last transaction's markers are still being written: it is over in milliseconds.
        if (rootOf(error).type === 'CONCURRENT_TRANSACTIONS') return true;
        known = undefined;
        forgetConnection(cluster, error);
        return isStaleCoordinator(error) || isUnreachable(error) || rootOf(error).type === 'UNKNOWN_TOPIC_OR_PARTITION';
      },
      requestTimeoutMs,
    );
};

/** See `Log.openTransactions`: the older owners are fenced, and what they had open is aborted, when this resolves. */
export const openTransactions = async (
  address: KafkaAddress,
  transactionalId: string,
  compression: Compression,
): Promise<TransactionalProducer> => {
  const cluster = createCluster(address);
  const coordinator = createCoordinator(cluster, transactionalId, coordinatorTypes.transaction);
  const identity = await connected(cluster, transactionalId, async () => ({
    transactionalId,
    ...(await coordinator((broker) =>
      broker.initProducerId({ transactionalId, transactionTimeout: transactionTimeoutMs }),
    )),
  }));
  const sender = new BatchSender(cluster, identity, compression);
  let spent: unknown;

  const write = async (records: readonly NewRecord[]): Promise<void> => {
    const routed = await sender.route(records);
    const topics = [...routed].map(([topic, partitions]) => ({ topic, partitions: [...partitions.keys()] }));
    await coordinator((broker) => broker.addPartitionsToTxn({ ...identity, topics }));
    await sender.send(routed);
  };

  const movePositions = async (groupId: string, positions: readonly Position[]): Promise<void> => {
    await coordinator((broker) => broker.addOffsetsToTxn({ ...identity, groupId }));
    const groupCoordinator = createCoordinator(cluster, groupId, coordinatorTypes.group);
    const topics = offsetsByTopic(positions);
    await groupCoordinator((broker) => broker.txnOffsetCommit({ ...identity, groupId, topics }));
  };

  const end = (transactionResult: boolean): Promise<unknown> =>
    coordinator((broker) => broker.endTxn({ ...identity, transactionResult }));

  /**
   * The broker answers when the outcome is decided, and shows it to readers some milliseconds later. Waiting for that
   * here lets the caller read what it wrote; the next transaction could not begin before it either.
   */
  const shown = async (): Promise<void> => {
    for (let delayMs = 1; ; delayMs = Math.min(delayMs * 2, 50)) {
      // The commit stands already: where the question is not allowed or not answered, it is as it is.
      const state = await coordinator((broker) => transactionState(broker, transactionalId)).catch(() => undefined);
      if (state !== 'PrepareCommit') return;
      await sleep(delayMs);
    }
  };

  return {
    async commit({ records, group }) {
      if (spent instanceof FencedError) throw spent;
      if (spent) throw new KafkaLogError('PRODUCER_SPENT', `${transactionalId} failed before: open it again`, spent);
      const positions = group?.positions ?? [];
      if (records.length === 0 && positions.length === 0) return;
      try {
        if (records.length > 0) await write(records);
        if (positions.length > 0) await movePositions(group!.id, positions);
        await end(true);
        await shown();
      } catch (error) {
        const told = explained(`commit of ${transactionalId}`, error);
        spent = told;
        // Readers wait at an open transaction. The broker refuses this where the commit went through after all.
        const mayEndIt = !(told instanceof FencedError) && !isUnreachable(error);
        if (mayEndIt) await end(false).catch(() => {});
        throw told;
      }
    },
    async close() {
      spent ??= new KafkaLogError('PRODUCER_CLOSED', `${transactionalId} was closed`);
      await cluster.disconnect();
    },
  };
};

/** See `Log.openProducer`. Calls wait for each other; after one that threw, the next begins under a new identity. */
export const openProducer = async (address: KafkaAddress, compression: Compression): Promise<Producer> => {
  const cluster = createCluster(address);
  const openSender = async (): Promise<BatchSender> => {
    const broker = await cluster.findControllerBroker();
    const identity = await broker.initProducerId({ transactionTimeout: transactionTimeoutMs });
    return new BatchSender(cluster, { ...identity, transactionalId: null }, compression);
  };
  const isTransient = (error: unknown) => isStaleCoordinator(error) || isUnreachable(error);
  const open = () => retrying(openSender, isTransient, requestTimeoutMs);
  let sender: BatchSender | undefined = await connected(cluster, 'producer', open);
  let turn: Promise<unknown> = Promise.resolve();

  const send = async (records: readonly NewRecord[]): Promise<void> => {
    try {
      sender ??= await open();
      await sender.send(await sender.route(records));
    } catch (error) {
      sender = undefined;
      throw explained('send', error);
    }
  };
  return {
    async send(records) {
      if (records.length === 0) return;
      const mine = turn.then(() => send(records));
      turn = mine.catch(() => {});
      await mine;
    },
    async close() {
      await turn;
      await cluster.disconnect();
    },
  };
};

const connected = async <T>(cluster: Cluster, what: string, open: () => Promise<T>): Promise<T> => {
  try {
    await cluster.connect();
    await cluster.refreshMetadataIfNecessary();
    return await open();
  } catch (error) {
    await cluster.disconnect();
    throw explained(what, error);
  }
};

/** Positions as the protocol wants them. */
export const offsetsByTopic = (positions: readonly Position[]) =>
  [...Map.groupBy(positions, (position) => position.topic)].map(([topic, theirs]) => ({
    topic,
    partitions: theirs.map(({ partition, offset }) => ({ partition, offset: String(offset) })),
  }));
