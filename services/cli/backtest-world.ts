import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Stated } from '../core/recording.ts';
import type { EnterpriseSilence, SiteEvent } from '../core/records.ts';
import { createRegionStage, regionDefaults } from '../core/region/stage.ts';
import type { LoadedRules } from '../platform/rules.ts';
import { firmCount } from '../simulator/world/firm-plan.ts';
import type { Scoreboard } from './backtest-run.ts';
import { progressBar } from './progress.ts';
import type { FirmJob, FirmWork, JudgedFirm, SimulatedWorld } from './world-firm.ts';

/**
 * Scores the rules on a simulated world, its firms side by side on all cores: no firm knows of another, but for the second
 * stage, which tells the silence of a region from that of a firm. What it says rests on the silences alone, so all firms
 * are judged once, then the stage, then once more those of which it speaks. The order of work changes nothing.
 */
export async function backtestWorld(
  name: string,
  world: SimulatedWorld,
  rules: LoadedRules,
  board: Scoreboard,
): Promise<{ readonly refused: number }> {
  const all = Array.from({ length: firmCount(world.scenario, world.size.firms) }, (_, at) => ({ at, outages: [] }));
  const firms = await judgeFirms({ name, world, rules }, all);
  const heard = Map.groupBy(
    regionalOutages(firms.flatMap(({ silences }) => silences)),
    ({ value }) => value.enterpriseId,
  );
  const again = firms.flatMap(({ enterpriseIds }, at): FirmJob[] => {
    const outages = [...new Set(enterpriseIds.flatMap((id) => heard.get(id) ?? []))];
    return outages.length > 0 ? [{ at, outages }] : [];
  });
  for (const [i, firm] of (await judgeFirms({ name, world, rules }, again)).entries()) firms[again[i]!.at] = firm;
  for (const { scored } of firms) board.addScored(scored);
  return { refused: firms.reduce((sum, { refused }) => sum + refused, 0) };
}

/** Judges firms on as many threads as there are cores; what is judged stands in the order of the jobs. */
async function judgeFirms(work: FirmWork, jobs: readonly FirmJob[]): Promise<JudgedFirm[]> {
  const judged: JudgedFirm[] = [];
  const bar = progressBar(work.name, jobs.length);
  let next = 0;
  let done = 0;
  const thread = async (): Promise<void> => {
    const worker = new Worker(new URL('./world-firm.ts', import.meta.url), {
      workerData: { ...work, judgesFirms: true },
    });
    try {
      while (next < jobs.length) {
        const at = next++;
        judged[at] = await answerOf(worker, jobs[at]!);
        bar.update(++done);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), jobs.length) }, thread));
  bar.stop();
  return judged;
}

function answerOf(worker: Worker, job: FirmJob): Promise<JudgedFirm> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (firm: JudgedFirm) => {
      worker.off('error', reject);
      resolve(firm);
    });
    worker.postMessage(job);
  });
}

/** What the second stage concludes from what all firms said of their silence, each at the moment at which it says so. */
export function regionalOutages(silences: readonly EnterpriseSilence[]): Stated<SiteEvent>[] {
  const stage = createRegionStage(regionDefaults);
  const events: Stated<SiteEvent>[] = [];
  const moveTo = (ms: number) => {
    for (let dueMs = stage.nextDueMs(); dueMs <= ms; dueMs = stage.nextDueMs()) {
      for (const value of stage.apply([], dueMs)) events.push({ arrivalMs: dueMs, value });
    }
  };
  for (const silence of silences.toSorted((a, b) => a.asOfMs - b.asOfMs)) {
    moveTo(silence.asOfMs);
    for (const value of stage.apply([silence], silence.asOfMs)) events.push({ arrivalMs: silence.asOfMs, value });
  }
  moveTo(Number.MAX_SAFE_INTEGER);
  return events;
}
