import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { Stated } from '../core/recording.ts';
import type { EnterpriseSilence, SiteEvent } from '../core/records.ts';
import type { LoadedRules } from '../platform/rules.ts';
import type { Scenario } from '../simulator/world/scenario.ts';
import { type WorldSize, worldFirm } from '../simulator/world/world.ts';
import { groundOf, runRules, type Scored, scoreRecording } from './backtest-run.ts';

/** One firm of a simulated world after another, judged in a thread of its own: no firm knows of another. */

export interface SimulatedWorld {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly size: WorldSize;
}

export interface FirmWork {
  readonly name: string;
  readonly world: SimulatedWorld;
  readonly rules: LoadedRules;
}

/** The firm at a place of the world, with what was told to it of its region. */
export interface FirmJob {
  readonly at: number;
  readonly outages: readonly Stated<SiteEvent>[];
}

export interface JudgedFirm {
  readonly enterpriseIds: readonly string[];
  readonly scored: Scored;
  /** What it said of its silence, for the stage that judges regions. */
  readonly silences: readonly EnterpriseSilence[];
  /** Input records that were refused. */
  readonly refused: number;
}

export function judgeFirm({ name, world, rules }: FirmWork, { at, outages }: FirmJob): JudgedFirm {
  const recording = worldFirm(world.scenario, world.seed, world.size, at);
  const told = { ...recording, siteEvents: [...recording.siteEvents, ...outages] };
  const said = runRules(`${name} ${at + 1}`, told, rules);
  const enterpriseIds = [...new Set(recording.sites.map(({ value }) => value.enterpriseId))];
  const scored = scoreRecording(groundOf(name, recording), said, rules);
  return { enterpriseIds, scored, silences: said.silences, refused: said.refused };
}

if (!isMainThread && parentPort !== null && workerData?.judgesFirms === true) {
  const port = parentPort;
  port.on('message', (job: FirmJob) => port.postMessage(judgeFirm(workerData as FirmWork, job)));
}
