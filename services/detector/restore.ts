import { randomUUID } from 'node:crypto';
import { inputTopics } from '../core/records.ts';
import type { Log, LogRecord, TransactionalProducer } from '../platform/log.ts';
import type { Logger } from '../platform/logger.ts';
import { changelogTopic } from '../platform/topics.ts';
import { type BatchRecord, barrierEntry, ChangelogError } from './changelog.ts';
import type { Intake } from './intake.ts';
import { Ledger, type LedgerParts } from './ledger.ts';
import { canonical } from './merge.ts';

export interface RestoreParts extends LedgerParts {
  readonly log: Log;
  readonly logger: Logger;
}

/**
 * The ledger as the last owner left it: states of the last snapshot, and the batches since then executed again with
 * nothing said. `producer` must have been opened before: what an older owner commits is in front of the barrier that is
 * written here, or it is nowhere. The input streams then stand behind the last batch. Nothing when it was halted on the
 * way. Throws `ChangelogError` where log and changelog contradict each other.
 */
export async function restoreLedger(
  partition: number,
  parts: RestoreParts,
  producer: TransactionalProducer,
  intake: Intake,
  halted: () => boolean,
  onProgress: (done: number, total: number) => void,
): Promise<Ledger | undefined> {
  const { log, logger, settings } = parts;
  const barrier = randomUUID();
  await producer.commit({ records: [barrierEntry(partition, barrier)] });
  const startOffset = (await log.topics.startOffsets(changelogTopic))[partition]!;
  const starts = await Promise.all(inputTopics.map((topic) => log.topics.startOffsets(topic)));
  if (halted()) return undefined;
  const restored = await intake.readChangelog(barrier, startOffset, halted);
  if (!restored) return undefined;

  const { snapshot, batches, states } = restored;
  const ledger = new Ledger(partition, parts, producer, restored);
  intake.openStreams(inputTopics.map((topic, rank) => snapshot?.positions[topic] ?? starts[rank]![partition]!));
  const others = batches.filter(
    (batch) => batch.engineVersion !== settings.engineVersion || !ledger.knows(batch.rulesHash),
  ).length;
  if (others > 0) logger.warn({ partition, batches: others }, 'executing batches of another version or unknown rules');
  const total = batches.reduce((sum, batch) => sum + batch.ranges.reduce((all, range) => all + range.records, 0), 0);
  let done = 0;
  for (const batch of batches) {
    onProgress(done, total);
    const records = await recordsOf(batch, intake, halted);
    if (!records) return undefined;
    ledger.executeAgain(batch, records);
    done += records.length;
    parts.metrics.restoredRecords.inc(records.length);
  }
  logger.info({ partition, enterprises: states.size, records: total, n: ledger.n }, 'restored');
  return ledger;
}

/** How often an empty stream is looked at, ms: that it is at its end rings no bell. */
const lookMs = 100;

/** The records of a logged batch, in the order in which they were judged. */
async function recordsOf(batch: BatchRecord, intake: Intake, halted: () => boolean): Promise<LogRecord[] | undefined> {
  const records: LogRecord[] = [];
  for (const { topic, from, to, records: count } of batch.ranges) {
    const stream = intake.streams[inputTopics.indexOf(topic)]!;
    const first = records.length;
    while (records.length < first + count) {
      if (halted()) return undefined;
      if (stream.head === undefined) {
        if (stream.drained && intake.seenEmptyAtMs(stream) !== undefined) {
          throw new ChangelogError(
            `batch ${batch.n} judged ${count} records of ${topic} up to offset ${to}, but the log ends before: it has lost records that findings rest on`,
          );
        }
        await intake.bell.wait(lookMs);
        continue;
      }
      records.push(stream.head);
      stream.shift();
      intake.letFlow(stream);
    }
    const found = [records[first]!.offset, records.at(-1)!.offset + 1];
    if (found[0] !== from || found[1] !== to) {
      throw new ChangelogError(
        `batch ${batch.n} read ${count} records of ${topic} at offsets ${from} to ${to}: they are now at ${found[0]} to ${found[1]}`,
      );
    }
  }
  return canonical(records, batch.timeSource);
}
