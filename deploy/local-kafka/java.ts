import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A local server cannot be had on this machine: `message` says what is missing and what would mend it. */
export class LocalServerError extends Error {
  readonly code: string;
  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

const candidates = function* (): Generator<string> {
  const { JAVA_HOME } = process.env;
  if (JAVA_HOME) yield join(JAVA_HOME, 'bin', 'java');
  // Build images name their JDKs JAVA_HOME_<major>_<architecture>.
  for (const [name, home] of Object.entries(process.env)) {
    if (/^JAVA_HOME_\d+/.test(name) && home) yield join(home, 'bin', 'java');
  }
  yield 'java';
  for (const root of ['/usr/lib/jvm', '/Library/Java/JavaVirtualMachines']) {
    if (!existsSync(root)) continue;
    for (const name of readdirSync(root)) {
      for (const home of [join(root, name), join(root, name, 'Contents', 'Home')]) yield join(home, 'bin', 'java');
    }
  }
};

/** Major version of a Java binary, or `undefined` where it cannot be run (or is older than 9, without `--version`). */
const majorVersion = (java: string): number | undefined => {
  if (java.includes('/') && !existsSync(java)) return undefined;
  try {
    const text = execFileSync(java, ['--version'], { stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' });
    const major = /^\S+ (\d+)/.exec(text)?.[1];
    return major === undefined ? undefined : Number(major);
  } catch {
    return undefined;
  }
};

/** Path of a Java of at least this major version. @throws LocalServerError `JAVA_MISSING` */
export const findJava = (atLeast: number): string => {
  const seen: string[] = [];
  for (const java of candidates()) {
    const major = majorVersion(java);
    if (major !== undefined && major >= atLeast) return java;
    if (major !== undefined) seen.push(`${java} is ${major}`);
  }
  throw new LocalServerError(
    'JAVA_MISSING',
    `Java ${atLeast} or later was not found (${seen.join(', ') || 'no Java at all'}): install a JDK or set JAVA_HOME.`,
  );
};
