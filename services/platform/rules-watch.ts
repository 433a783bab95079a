import { createHash } from 'node:crypto';
import { type FSWatcher, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { type LoadedRules, loadRules, RuleError, yamlFiles } from './rules.ts';

/** Who wants to know what became of a change. */
export interface RulesListener {
  changed(rules: LoadedRules, before: LoadedRules): void;
  /** The changed rules cannot be used; each problem has its file, line and a hint. */
  refused(problems: readonly string[]): void;
}

export interface RulesWatch {
  /** The newest rules that could be used. */
  readonly current: LoadedRules;
  stop(): void;
}

/** How long a folder must lie still before it is read, ms: half a checkout is a set of rules, and the wrong one. */
const settleMs = 1_000;
/** One save is several events of the file system. */
const gatherMs = 50;

/**
 * Loads the rules of a folder and follows its changes: each is taken whole or, where anything in it is wrong, not at all.
 * The folder is looked at every `pollMs`, for not every file system tells of changes. Throws `RuleError` when the rules
 * cannot be used to begin with.
 */
export function watchRules(
  { dir, pollMs }: { readonly dir: string; readonly pollMs: number },
  listener: RulesListener,
): RulesWatch {
  let judged = printOf(dir);
  let current = loadRules(dir);
  /** What lies there and is not judged yet, and since when it has lain still. */
  let waiting: { readonly print: string; readonly sinceMs: number } | undefined;
  let timer: NodeJS.Timeout | undefined;

  function lookIn(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(look, ms).unref();
  }

  function look(): void {
    const print = printOf(dir);
    if (print === judged) waiting = undefined;
    else if (print !== waiting?.print) waiting = { print, sinceMs: performance.now() };
    else if (performance.now() - waiting.sinceMs >= settleMs && judge(print)) waiting = undefined;
    lookIn(waiting ? settleMs : pollMs);
  }

  /** False where the folder changed under the reading. */
  function judge(print: string): boolean {
    const read = readWhole(dir);
    if (printOf(dir) !== print) return false;
    judged = print;
    if ('problems' in read) listener.refused(read.problems);
    else if (read.hash !== current.hash) {
      const before = current;
      current = read;
      listener.changed(read, before);
    }
    return true;
  }

  const watcher = openWatcher(dir, () => {
    // What lies still already is looked at again in any case.
    if (!waiting) lookIn(gatherMs);
  });
  lookIn(pollMs);
  return {
    get current() {
      return current;
    },
    stop() {
      watcher?.close();
      clearTimeout(timer);
    },
  };
}

function readWhole(dir: string): LoadedRules | { readonly problems: readonly string[] } {
  try {
    return loadRules(dir);
  } catch (error) {
    return { problems: error instanceof RuleError ? error.problems : [String(error)] };
  }
}

/** Stands for all that judges, as it lies there; what cannot be read is a state of its own. */
function printOf(dir: string): string {
  const hash = createHash('sha256');
  try {
    for (const file of yamlFiles(dir)) {
      if (file.endsWith('.test.yaml')) continue;
      const text = readFileSync(join(dir, file));
      hash.update(`${file}\n${text.length}\n`).update(text);
    }
  } catch (error) {
    return `unreadable: ${(error as NodeJS.ErrnoException).code}`;
  }
  return hash.digest('hex');
}

/** Nothing where the system has no more watches to give, or none of this folder. */
function openWatcher(dir: string, onEvent: () => void): FSWatcher | undefined {
  try {
    return watch(dir, { recursive: true, persistent: false }, onEvent).on('error', () => {});
  } catch {
    return undefined;
  }
}
