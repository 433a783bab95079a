import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type InputTopic, inputTopics, type OutputTopic, outputTopics } from '../core/records.ts';

export type Topic = InputTopic | OutputTopic;
export const topics: readonly Topic[] = [...inputTopics, ...outputTopics];

/** One released schema of a topic; `release` is the folder's name, such as `v1`. */
export interface ReleasedSchema {
  readonly release: string;
  readonly topic: Topic;
  readonly text: string;
}

const folder = fileURLToPath(new URL('../../schemas/', import.meta.url));

/** Subject under which a topic's value schema is registered (the TOPIC naming strategy). */
export function subjectOf(topic: Topic): string {
  return `${topic}-value`;
}

/** The current schema of a topic as JSON text without insignificant space, so that equal schemas are equal texts. */
export function schemaText(topic: Topic): string {
  return compact(`${folder}${topic}.avsc`);
}

/** Every schema that has been released, oldest release first: records written with them are still in the log. */
export function releasedSchemas(): ReleasedSchema[] {
  const releases = readdirSync(`${folder}released`).sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
  return releases.flatMap((release) =>
    topics
      .map((topic) => ({ release, topic, path: `${folder}released/${release}/${topic}.avsc` }))
      .filter(({ path }) => existsSync(path))
      .map(({ path, topic }) => ({ release, topic, text: compact(path) })),
  );
}

function compact(path: string): string {
  return JSON.stringify(JSON.parse(readFileSync(path, 'utf8')));
}
