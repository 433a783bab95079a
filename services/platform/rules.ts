import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Type from 'typebox';
import Value from 'typebox/value';
import { isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { StoppedButRunning } from '../core/detectors/stopped-but-running.ts';
import type { Level, Sector } from '../core/records.ts';
import type { Rule } from '../core/rule.ts';

const both = Type.Object({ en: Type.String({ minLength: 1 }), zh: Type.String({ minLength: 1 }) });
const share = Type.Number({ exclusiveMinimum: 0, maximum: 1 });
const positive = Type.Number({ exclusiveMinimum: 0 });

const stoppedButRunning = Type.Object(
  {
    runDownMinutes: Type.Integer({ minimum: 0, maximum: 240 }),
    holdReports: Type.Integer({ minimum: 0, maximum: 60 }),
    confirmAfterMinutes: Type.Integer({ minimum: 0, maximum: 1440 }),
    clearAfterMinutes: Type.Integer({ minimum: 0, maximum: 1440 }),
    slotLikelihoodRatio: Type.Number({ exclusiveMinimum: 1 }),
    falseAlarmsPerMonth: positive,
    unexplainedSlotShare: share,
    leastModeHours: positive,
    memoryDays: Type.Number({ minimum: 1 }),
    highestStoppedRatio: share,
    nameplateLow: share,
    nameplateHigh: Type.Number({ minimum: 1 }),
    highestIdleShare: share,
    lowestWorkingShare: share,
  },
  { additionalProperties: false },
);

const ruleSchema = Type.Object(
  {
    id: Type.String({ pattern: '^[a-z0-9-]+$' }),
    version: Type.Integer({ minimum: 1 }),
    title: both,
    advice: both,
    legalBasis: both,
    sectors: Type.Array(Type.Union([Type.Literal('dust'), Type.Literal('steel'), Type.Literal('aluminium')])),
    detector: Type.Literal('stopped-but-running'),
    level: Type.Union([Type.Literal('red'), Type.Literal('orange'), Type.Literal('yellow'), Type.Literal('blue')]),
    parameters: stoppedButRunning,
  },
  { additionalProperties: false },
);

const sectorOf: Readonly<Record<string, Sector>> = {
  dust: 'DUST_EXPLOSION',
  steel: 'IRON_AND_STEEL',
  aluminium: 'ALUMINIUM_DEEP_WELL_CASTING',
};

/** Rules that cannot be used: every problem with its file and line. */
export class RuleError extends Error {
  readonly code = 'BAD_RULE';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`rules cannot be used:\n  ${problems.join('\n  ')}`);
    this.problems = problems;
  }
}

/** Loads `<dir>/<pack>/<id>.yaml`; throws RuleError with all problems of all files. */
export function loadRules(dir: string): Rule<StoppedButRunning>[] {
  const problems: string[] = [];
  const rules: Rule<StoppedButRunning>[] = [];
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.yaml') && !file.endsWith('.test.yaml'))
    .sort();
  for (const file of files) {
    const rule = parseRule(readFileSync(join(dir, file), 'utf8'), file, problems);
    if (!rule) continue;
    if (rules.some((other) => other.id === rule.id)) problems.push(`${file}: rule '${rule.id}' exists already`);
    rules.push(rule);
  }
  if (files.length === 0) problems.push(`${dir}: no rules there`);
  if (problems.length > 0) throw new RuleError(problems);
  return rules;
}

/** Parses one rule; problems are added to the list, and then there is no rule. */
export function parseRule(text: string, file: string, problems: string[]): Rule<StoppedButRunning> | undefined {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  for (const error of document.errors) problems.push(`${file}:${lines.linePos(error.pos[0]).line}: ${error.message}`);
  if (document.errors.length > 0) return undefined;
  const value: unknown = document.toJS();
  const errors = [...Value.Errors(ruleSchema, value)];
  if (errors.length > 0) {
    for (const error of errors) {
      const path = error.instancePath.split('/').slice(1);
      const node = document.getIn(path, true) as Node | undefined;
      const offset = isScalar(node) || node ? (node?.range?.[0] ?? 0) : 0;
      problems.push(`${file}:${lines.linePos(offset).line}: ${path.join('.') || 'rule'} ${error.message}`);
    }
    return undefined;
  }
  const rule = value as Type.Static<typeof ruleSchema>;
  return {
    id: rule.id,
    version: rule.version,
    hash: createHash('sha256').update(text).digest('hex'),
    detector: rule.detector,
    level: rule.level.toUpperCase() as Level,
    title: rule.title,
    advice: rule.advice,
    sectors: rule.sectors.map((sector) => sectorOf[sector]!),
    parameters: rule.parameters,
  };
}
