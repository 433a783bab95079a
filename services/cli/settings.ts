import { Type } from 'typebox';
import { createEngine, engineDefaults } from '../core/engine.ts';
import { type RegionOptions, regionDefaults } from '../core/region/stage.ts';
import { detectorSettings } from '../detector/config.ts';
import type { DetectorParts } from '../detector/main.ts';
import { loadConfig } from '../platform/config.ts';
import { connectionRules, connectionSettings } from '../platform/config-connections.ts';
import { watchRules } from '../platform/rules-watch.ts';
import { regionSettings } from '../regions/config.ts';
import { rulesDir } from './paths.ts';

/** All settings of a process; every service reads the part that is its own. */
export const settings = Type.Object({
  ...connectionSettings,
  ...detectorSettings,
  ...regionSettings,
  rulesDir: Type.String({ env: 'RULES_DIR', default: rulesDir, description: 'Directory of the rules.' }),
  clickhousePort: Type.Integer({
    env: 'CLICKHOUSE_PORT',
    default: 8123,
    minimum: 0,
    maximum: 65_535,
    description: 'Port of the embedded ClickHouse; 0 takes a free one.',
  }),
  drainMs: Type.Integer({
    env: 'DRAIN_MS',
    default: 20_000,
    minimum: 0,
    maximum: 600_000,
    description: 'How long a stop may take before the rest is abandoned, ms.',
  }),
});

export type Config = Type.Static<typeof settings>;

export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  return loadConfig(settings, env, connectionRules);
}

/** How regional outages are judged. */
export function regionOptions(config: Config): RegionOptions {
  return {
    ...regionDefaults,
    windowMs: config.outageWindowMinutes * 60_000,
    falseConclusionBound: config.outageFalseBound,
    leastEnterprises: config.outageLeastEnterprises,
    leastShare: config.outageLeastShare,
  };
}

/** The engine as configured, with whatever rules are handed to it, and the detector around it. */
export function detectorParts(config: Config): Pick<DetectorParts, 'createEngine' | 'watchRules' | 'settings'> {
  const latenessHorizonMs = config.latenessHorizonHours * 3_600_000;
  const lateReviewMs = config.lateReviewMinutes * 60_000;
  const { rulesDir: dir, timeSource, batchRecords, batchMs, snapshotMs } = config;
  const { engineVersion } = engineDefaults;
  return {
    createEngine: (rules) => createEngine({ ...engineDefaults, latenessHorizonMs, lateReviewMs, ...rules }),
    watchRules: (listener) => watchRules({ dir, pollMs: config.rulesPollSeconds * 1000 }, listener),
    settings: { timeSource, batchRecords, batchMs, snapshotMs, engineVersion },
  };
}
