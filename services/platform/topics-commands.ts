import type { TopicSpec } from './log.ts';

/** Where the topics live, for the command lines that mend them. */
export type TopicHome = { readonly brokers: readonly string[] } | { readonly path: string };

/** Single quotes, for a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const kafka = (tool: string, brokers: readonly string[]) =>
  `${tool}.sh --bootstrap-server ${quoted(brokers.join(','))}`;

/** The embedded log is one SQLite database; its schema is in `sqlite-log-schema.ts`. */
const sqlite = (path: string, sql: string) => `sqlite3 ${quoted(path)} ${quoted(sql)}`;

export function settingCommand(home: TopicHome, topic: string, setting: string, value: string): string {
  if ('brokers' in home) {
    const entity = `--alter --entity-type topics --entity-name ${quoted(topic)}`;
    return `${kafka('kafka-configs', home.brokers)} ${entity} --add-config ${quoted(`${setting}=${value}`)}`;
  }
  const patch = JSON.stringify({ [setting]: value });
  return sqlite(home.path, `UPDATE topic SET config = json_patch(config, '${patch}') WHERE name = '${topic}'`);
}

export function missingTopicCommand(home: TopicHome, spec: TopicSpec): string {
  if (!('brokers' in home)) return 'wattness migrate';
  const settings = Object.entries(spec.config).map(([name, value]) => `--config ${quoted(`${name}=${value}`)}`);
  const create = `--create --topic ${quoted(spec.name)} --partitions ${spec.partitions}`;
  return `${kafka('kafka-topics', home.brokers)} ${create} ${settings.join(' ')}`;
}

/** An empty topic can grow where it stands; any other has to be made anew. */
export function partitionsCommand(home: TopicHome, spec: TopicSpec, canGrow: boolean): string {
  const topic = quoted(spec.name);
  if ('brokers' in home) {
    const tool = kafka('kafka-topics', home.brokers);
    if (canGrow) return `${tool} --alter --topic ${topic} --partitions ${spec.partitions}`;
    return `${tool} --delete --topic ${topic} && ${missingTopicCommand(home, spec)}`;
  }
  const own = `(SELECT id FROM topic WHERE name = '${spec.name}')`;
  const drop = [
    `DELETE FROM chunk WHERE stream IN (SELECT id FROM stream WHERE topic = ${own})`,
    `DELETE FROM stream WHERE topic = ${own}`,
    `DELETE FROM position WHERE topic = ${own}`,
    `DELETE FROM topic WHERE name = '${spec.name}'`,
  ];
  return `${sqlite(home.path, drop.join('; '))} && ${missingTopicCommand(home, spec)}`;
}
