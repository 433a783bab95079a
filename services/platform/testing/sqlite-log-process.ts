/**
 * Another process on an embedded log, for tests: `node sqlite-log-process.ts PATH`, one command a line on standard input,
 * what happened a line on standard output.
 */
import { createInterface } from 'node:readline';
import { createSqliteLog } from '../sqlite-log.ts';

const log = createSqliteLog({ path: process.argv[2]! });
const say = (line: string) => process.stdout.write(`${line}\n`);

/** Commits n to both topics and as the group's position, again and again, and says n once it is committed. */
async function commitForever(id: string, a: string, b: string, from: number): Promise<never> {
  const owner = await log.openTransactions(id);
  for (let n = from; ; n++) {
    const records = [a, b].flatMap((topic) =>
      Array.from({ length: 500 }, (_, i) => ({ topic, partition: 0, key: `k${i}`, value: Buffer.from(String(n)) })),
    );
    const positions = [{ topic: a, partition: 0, offset: n }];
    await owner.commit({ records, group: { id, positions } });
    say(`committed ${n}`);
  }
}

async function joinAndOwn(id: string, topic: string): Promise<void> {
  const owner = await log.openTransactions(id);
  say('owner');
  await log.joinGroup(id, [topic], {
    onAssigned: (partitions) => {
      say(`assigned ${partitions.join(',')}`);
      const commit = owner.commit({ records: [{ topic, partition: 0, key: 'other', value: null }] });
      commit.then(
        () => say('commit ok'),
        (error: { code?: string }) => say(`commit ${error.code}`),
      );
    },
    onRecords: () => say('delivered'),
    onFailure: (error) => say(`failed ${error.message}`),
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...args] = line.split(' ');
  if (command === 'commit-forever') void commitForever(args[0]!, args[1]!, args[2]!, Number(args[3]));
  if (command === 'join') await joinAndOwn(args[0]!, args[1]!);
}
