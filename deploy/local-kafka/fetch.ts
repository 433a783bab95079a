import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LocalServerError } from './java.ts';

const run = promisify(execFile);
const here = fileURLToPath(new URL('.', import.meta.url));
const cache = fileURLToPath(new URL('../../.cache/', import.meta.url));

const registryArtifact = 'io.apicurio:apicurio-registry-app:3.3.3:tar.gz:all';

/** Folder with the broker's jars: fetched once for each content of `pom.xml`. */
export const fetchKafka = (): Promise<string> => {
  const pom = join(here, 'pom.xml');
  const digest = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 8);
  return fetchOnce(join(cache, 'kafka', `libs-${digest}`), (target) =>
    maven('-f', pom, 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${target}`),
  );
};

/** Folder with `quarkus-run.jar` of Apicurio Registry. */
export const fetchRegistry = (): Promise<string> => {
  const [, , version] = registryArtifact.split(':');
  return fetchOnce(join(cache, 'registry', `apicurio-${version}`), async (target) => {
    await maven('dependency:copy', `-Dartifact=${registryArtifact}`, `-DoutputDirectory=${target}`);
    const [archive] = readdirSync(target);
    await run('tar', ['xzf', join(target, archive!), '-C', target]);
    rmSync(join(target, archive!));
  });
};

const maven = async (...args: string[]): Promise<void> => {
  try {
    await run('mvn', ['-q', '-B', ...args], { maxBuffer: 1 << 26 });
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const output = String((cause as { stdout?: string }).stdout ?? '').slice(0, 500);
    throw missing
      ? new LocalServerError('MAVEN_MISSING', 'Maven (mvn) was not found: install it to fetch the local servers.', cause)
      : new LocalServerError('FETCH_FAILED', `Maven could not fetch what the local server needs: ${output}`, cause);
  }
};

/**
 * Fills `target` once, whichever process comes first; others wait. It is filled aside and renamed, so that a folder
 * under its final name is always whole.
 */
const fetchOnce = async (target: string, fill: (aside: string) => Promise<void>): Promise<string> => {
  mkdirSync(join(target, '..'), { recursive: true });
  const lock = `${target}.lock`;
  while (!existsSync(target)) {
    if (!takeLock(lock)) {
      await sleep(200);
      continue;
    }
    const aside = `${target}.part-${process.pid}`;
    try {
      if (!existsSync(target)) {
        mkdirSync(aside);
        await fill(aside);
        renameSync(aside, target);
      }
    } finally {
      rmSync(aside, { recursive: true, force: true });
      rmSync(lock, { force: true });
    }
  }
  return target;
};

/** Only the holder's process id is in the lock, so that one left by a killed process can be taken over. */
const takeLock = (lock: string): boolean => {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  let holder = 0;
  try {
    holder = Number(readFileSync(lock, 'utf8'));
    if (holder > 0) process.kill(holder, 0);
  } catch {
    if (holder > 0) rmSync(lock, { force: true });
  }
  return false;
};
