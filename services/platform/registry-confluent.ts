// Deep imports: the package's root pulls in 195 modules of key management, a second of start and 80 MB.
import { RestError } from '@confluentinc/schemaregistry/dist/rest-error.js';
import {
  type Client,
  Compatibility,
  SchemaRegistryClient,
} from '@confluentinc/schemaregistry/dist/schemaregistry-client.js';
import { type SchemaDifference, schemaDifferences } from './avro-compatibility.ts';
import {
  type CompatibilityLevel,
  IncompatibleSchemaError,
  RegistryUnavailableError,
  type SchemaRegistry,
} from './registry.ts';

const schemaNotFound = 40403;

/** Without insignificant space: servers differ in whether they see through it. */
const avroSchema = (schema: string) => ({ schema: JSON.stringify(JSON.parse(schema)), schemaType: 'AVRO' });

/**
 * A schema registry that speaks Confluent's REST interface. `url` is its base, with the path where there is one
 * (Apicurio: `http://host:port/apis/ccompat/v7`); credentials in it (`http://user:password@host`) are used.
 */
export function createConfluentRegistry(options: { readonly url: string }): SchemaRegistry {
  const { url, userInfo } = splitCredentials(options.url);
  const client: Client = new SchemaRegistryClient({
    baseURLs: [url],
    // Answers in 5 s or is retried, three times within seconds: a service must not hang at start without a word.
    createAxiosDefaults: { timeout: 5_000 },
    maxRetries: 3,
    retriesWaitMs: 200,
    retriesMaxWaitMs: 2_000,
    ...(userInfo === undefined ? {} : { basicAuthCredentials: { credentialsSource: 'USER_INFO', userInfo } }),
  });

  /** Runs a request; what `onStatus` does not answer for is an outage. */
  async function ask<T>(request: () => Promise<T>, onStatus: (error: RestError) => T | Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      if (error instanceof RestError && error.status >= 400 && error.status < 500) return await onStatus(error);
      throw new RegistryUnavailableError(url, error);
    }
  }

  function unexpected(error: RestError): never {
    throw new RegistryUnavailableError(url, error);
  }

  async function versions(subject: string): Promise<string[]> {
    const numbers = await ask(
      () => client.getAllVersions(subject),
      (error) => (error.status === 404 ? [] : unexpected(error)),
    );
    const texts: string[] = [];
    for (const version of numbers.sort((a, b) => b - a)) {
      const metadata = await ask(() => client.getSchemaMetadata(subject, version, false), unexpected);
      texts.push(metadata.schema);
    }
    return texts;
  }

  /** The server says no without naming a field, or in a wording of its own: look for it in its versions. */
  async function explain(subject: string, schema: string, refusal: string): Promise<SchemaDifference[]> {
    for (const older of await versions(subject)) {
      const found = schemaDifferences(schema, older);
      if (found.length > 0) return found;
    }
    return [{ path: '(the whole record)', problem: refusal }];
  }

  return {
    register(subject, schema) {
      return ask(
        () => client.register(subject, avroSchema(schema), false),
        async (error) => {
          if (error.status === 422)
            throw new Error(`${subject}: no valid Avro schema: ${error.message}`, { cause: error });
          if (error.status !== 409) return unexpected(error);
          throw new IncompatibleSchemaError(subject, await explain(subject, schema, error.message), error);
        },
      );
    },
    byId(id) {
      return ask<string | undefined>(
        async () => (await client.getBySubjectAndId('', id)).schema,
        // By the registry's own code: a bare 404 comes from an address where there is no registry at all.
        (error) => (error.errorCode === schemaNotFound ? undefined : unexpected(error)),
      );
    },
    async checkCompatible(subject, schema) {
      // The client can only ask about one version; the transitive level is about all of them.
      const latest = await ask(
        () => client.testSubjectCompatibility(subject, avroSchema(schema)),
        (error) => (error.status === 404 ? true : unexpected(error)),
      );
      if (!latest) return explain(subject, schema, 'refused by the registry');
      const level = await ask<Compatibility | undefined>(
        () => client.getCompatibility(subject),
        (error) => (error.status === 404 ? undefined : unexpected(error)),
      );
      if (level !== Compatibility.BACKWARD_TRANSITIVE) return [];
      for (const older of await versions(subject)) {
        const found = schemaDifferences(schema, older);
        if (found.length > 0) return found;
      }
      return [];
    },
    async setCompatibility(subject: string, level: CompatibilityLevel) {
      await ask(() => client.updateCompatibility(subject, Compatibility[level]), unexpected);
    },
    async close() {
      await client.close();
    },
  };
}

function splitCredentials(text: string): { url: string; userInfo: string | undefined } {
  const url = new URL(text);
  const userInfo =
    url.username === '' ? undefined : `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = '';
  url.password = '';
  return { url: url.href.replace(/\/$/, ''), userInfo };
}
