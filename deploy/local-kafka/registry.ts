import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchRegistry } from './fetch.ts';
import { findJava } from './java.ts';
import { freePort, startServer } from './server-process.ts';

export interface LocalRegistry {
  /** Base of the Confluent-compatible API. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Starts Apicurio Registry on the loopback interface, its schemas in memory.
 *
 * @throws LocalServerError `JAVA_MISSING`, `MAVEN_MISSING`, `FETCH_FAILED`, `START_FAILED`
 */
export const startRegistry = async (options: { readonly port?: number } = {}): Promise<LocalRegistry> => {
  const java = findJava(21);
  const folder = await fetchRegistry();
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`;
  const scratch = mkdtempSync(join(tmpdir(), 'registry-'));
  const server = await startServer({
    command: [
      java,
      '-Xmx384m',
      '-XX:+UseSerialGC',
      `-Dquarkus.http.port=${port}`,
      '-Dquarkus.http.host=127.0.0.1',
      // Its own health port is fixed, so a second registry on the machine would not start.
      '-Dquarkus.management.port=0',
      '-jar',
      join(folder, 'quarkus-run.jar'),
    ],
    cwd: scratch,
    logFile: join(scratch, 'registry.log'),
    signal: '-KILL',
    readyWithinMs: 90_000,
    isReady: () =>
      fetch(`${url}/subjects`).then(
        (response) => response.ok,
        () => false,
      ),
  });
  return {
    url,
    stop: async () => {
      await server.stop();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
};
