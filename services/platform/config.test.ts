import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import Type from 'typebox';
import { ConfigError, describeConfig, loadConfig } from './config.ts';
import { connectionRules, connectionSettings } from './config-connections.ts';

const schema = Type.Object({
  ...connectionSettings,
  commitMs: Type.Integer({
    env: 'COMMIT_MS',
    minimum: 10,
    maximum: 5_000,
    default: 250,
    description: 'Between commits, ms.',
  }),
  share: Type.Number({ env: 'SHARE', minimum: 0, maximum: 1, default: 0.5, description: 'Share of something.' }),
  verbose: Type.Boolean({ env: 'VERBOSE', default: false, description: 'Says more.' }),
  token: Type.String({ env: 'TOKEN', minLength: 8, secret: true, description: 'Token of the service.' }),
});
const required = { TOKEN: 'a-long-secret' };

function problemsOf(env: Record<string, string>): { variable: string; value: string | null; hint: string }[] {
  try {
    loadConfig(schema, env, connectionRules);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ code: 'CONFIG' });
    return [...(error as ConfigError).problems];
  }
  return [];
}

describe('loadConfig', () => {
  test('defaults run: with nothing but what is required, everything is embedded', () => {
    const config = loadConfig(schema, required, connectionRules);
    expect(config).toMatchObject({ partitions: 4, httpPort: 8080, logLevel: 'info', commitMs: 250, verbose: false });
    expect(config.kafkaBrokers).toBeUndefined();
  });

  test('variables are read as the type of their setting, without surrounding space', () => {
    const config = loadConfig(schema, {
      ...required,
      KAFKA_BROKERS: 'a:9092, [::1]:9093',
      PARTITIONS: ' 12 ',
      SHARE: '0.25',
      VERBOSE: 'true',
      LOG_LEVEL: 'debug',
    });
    expect(config).toMatchObject({ partitions: 12, share: 0.25, verbose: true, logLevel: 'debug' });
    expect(config.kafkaBrokers).toEqual(['a:9092', '[::1]:9093']);
  });

  test('an empty variable counts as not set', () => {
    expect(loadConfig(schema, { ...required, PARTITIONS: '', KAFKA_BROKERS: ' ' })).toMatchObject({ partitions: 4 });
  });

  test('all problems are told at once, each with variable, value and hint', () => {
    const problems = problemsOf({
      KAFKA_BROKERS: 'localhost',
      CLICKHOUSE_URL: 'not a url',
      PARTITIONS: '0',
      HTTP_PORT: '80.5',
      COMMIT_MS: 'soon',
      SHARE: '2',
      VERBOSE: 'yes',
      LOG_LEVEL: 'loud',
      TOKEN: 'short',
    });
    expect(problems.map(({ variable, value }) => [variable, value])).toEqual([
      ['KAFKA_BROKERS', 'localhost'],
      ['CLICKHOUSE_URL', 'not a url'],
      ['PARTITIONS', '0'],
      ['HTTP_PORT', '80.5'],
      ['LOG_LEVEL', 'loud'],
      ['COMMIT_MS', 'soon'],
      ['SHARE', '2'],
      ['VERBOSE', 'yes'],
      ['TOKEN', '***'],
    ]);
    const hints = Object.fromEntries(problems.map(({ variable, hint }) => [variable, hint]));
    expect(hints.KAFKA_BROKERS).toContain('comma-separated list of host:port');
    expect(hints.PARTITIONS).toContain('whole number at least 1, at most 1024 (default: 4)');
    expect(hints.LOG_LEVEL).toContain('one of fatal, error, warn, info, debug, trace');
    expect(new ConfigError(problems).message).toContain('PARTITIONS=0: Partitions of every topic');
  });

  test.each(['', '1e3x', 'NaN', 'Infinity', '-1', '70000'])('a port of %j is no port', (port) => {
    expect(problemsOf({ ...required, HTTP_PORT: port }).length).toBe(port === '' ? 0 : 1);
  });

  test('Kafka without a shared registry is refused, together with what else is wrong', () => {
    const problems = problemsOf({ KAFKA_BROKERS: 'a:9092' });
    expect(problems.map(({ variable, value }) => [variable, value])).toEqual([
      ['TOKEN', null],
      ['SCHEMA_REGISTRY_URL', null],
    ]);
    expect(problemsOf({ ...required, KAFKA_BROKERS: 'a:9092', SCHEMA_REGISTRY_URL: 'http://r:8081' })).toEqual([]);
  });

  test('the configuration is frozen, lists included, and its defaults are not shared between loads', () => {
    const config = loadConfig(schema, { ...required, KAFKA_BROKERS: 'a:9092' });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.kafkaBrokers)).toBe(true);
  });

  test('secrets are there to be used and never to be seen, nor are passwords within URLs', () => {
    const config = loadConfig(schema, {
      ...required,
      CLICKHOUSE_PASSWORD: 'hunter2',
      SCHEMA_REGISTRY_URL: 'https://user:hunter2@registry.example/apis',
    });
    expect(config.clickhousePassword).toBe('hunter2');
    expect(config.schemaRegistryUrl).toContain('hunter2');
    for (const text of [
      JSON.stringify(config),
      JSON.stringify({ config }),
      inspect(config),
      `${inspect({ config })}`,
    ]) {
      expect(text).not.toMatch(/hunter2|a-long-secret/);
      expect(text).toContain('https://***@registry.example/apis');
    }
  });
});

test('describeConfig lists every setting with variable, type, default and description', () => {
  const rows = describeConfig(schema);
  expect(rows).toHaveLength(Object.keys(schema.properties).length);
  expect(rows).toContainEqual({
    variable: 'COMMIT_MS',
    type: 'whole number at least 10, at most 5000',
    default: '250',
    required: false,
    description: 'Between commits, ms.',
  });
  expect(rows.filter((row) => row.required).map((row) => row.variable)).toEqual(['TOKEN']);
  for (const row of rows) expect(row.variable).toMatch(/^[A-Z][A-Z0-9_]*$/);
});
