import CliTable from 'cli-table3';
import { Command } from 'commander';
import { Refusal } from '../core/batch.ts';
import type { DeadLetter } from '../core/records.ts';
import type { Codec } from '../platform/avro.ts';
import type { Log } from '../platform/log.ts';
import { readConfig } from './settings.ts';
import { openCodec, openLog } from './stack.ts';

interface Filter {
  readonly reason?: string;
  readonly topic?: string;
}

const sendRecords = 1000;

export function deadLettersCommand(): Command {
  const filters = (command: Command): Command =>
    command
      .option('--reason <code>', 'only those with this reason')
      .option('--topic <name>', 'only those that came from this topic');
  return new Command('dead-letters')
    .description('look at the records that could not be used, and send them again')
    .addCommand(
      filters(new Command('list').description('count them by reason and topic, with an example of each')).action(
        (filter: Filter) => withLog((log, codec) => list(log, codec, filter)),
      ),
    )
    .addCommand(
      filters(
        new Command('replay').description(
          'send the original records to their topics again, once their cause is mended',
        ),
      ).action((filter: Filter) => withLog((log, codec) => replayAll(log, codec, filter))),
    );
}

async function withLog(act: (log: Log, codec: Codec) => Promise<void>): Promise<void> {
  const config = readConfig(process.env);
  const log = await openLog(config);
  try {
    await act(log, await openCodec(config));
  } finally {
    await log.close();
  }
}

async function list(log: Log, codec: Codec, filter: Filter): Promise<void> {
  const groups = new Map<string, { count: number; last: DeadLetter }>();
  for await (const letter of deadLetters(log, codec, filter)) {
    const key = `${letter.topic} ${letter.reason}`;
    groups.set(key, { count: (groups.get(key)?.count ?? 0) + 1, last: letter });
  }
  const table = new CliTable({
    head: ['topic', 'reason', 'records', 'newest', 'detail of the newest'],
    style: { head: [], border: [] },
  });
  for (const { count, last } of groups.values()) {
    table.push([last.topic, last.reason, count, new Date(last.refusedMs).toISOString(), last.detail]);
  }
  process.stdout.write(groups.size === 0 ? 'no dead letters\n' : `${table.toString()}\n`);
}

async function replayAll(log: Log, codec: Codec, filter: Filter): Promise<void> {
  const producer = await log.openProducer();
  let sent = 0;
  try {
    let batch: DeadLetter[] = [];
    const send = async (): Promise<void> => {
      await producer.send(
        batch.map(({ topic, key, value, headers }) => ({
          topic,
          key,
          value: value === null ? null : Buffer.from(value),
          headers,
        })),
      );
      sent += batch.length;
      batch = [];
    };
    for await (const letter of deadLetters(log, codec, filter)) {
      batch.push(letter);
      if (batch.length >= sendRecords) await send();
    }
    if (batch.length > 0) await send();
  } finally {
    await producer.close();
  }
  process.stdout.write(`${sent} records sent again\n`);
}

/** Each dead letter once, however often its record was refused. */
async function* deadLetters(log: Log, codec: Codec, filter: Filter): AsyncGenerator<DeadLetter> {
  const seen = new Set<string>();
  for await (const records of log.read({ topics: ['dead-letters'], follow: false })) {
    const learning = codec.prepare(records);
    if (learning) await learning;
    for (const record of records) {
      const letter = record.value && codec.decode('dead-letters', record.value);
      if (!letter || letter instanceof Refusal || seen.has(letter.deadLetterId)) continue;
      if (filter.reason !== undefined && letter.reason !== filter.reason) continue;
      if (filter.topic !== undefined && letter.topic !== filter.topic) continue;
      seen.add(letter.deadLetterId);
      yield letter;
    }
  }
}
