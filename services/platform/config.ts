import { inspect } from 'node:util';
import Type, { type Static, type TObject, type TSchema } from 'typebox';
import Value from 'typebox/value';

/**
 * Configuration is one typebox object a service. Each property is a setting and carries, beside its constraints:
 * `env` (the variable it is read from), `description` (one sentence, with the unit), `default` where it has one, and
 * `secret: true` where its value must never be shown.
 */
export type Settings = TObject;

export interface ConfigProblem {
  readonly variable: string;
  /** As it was found; `null` when it was not set, `***` when it is a secret. */
  readonly value: string | null;
  readonly hint: string;
}

export class ConfigError extends Error {
  readonly code = 'CONFIG';
  readonly problems: readonly ConfigProblem[];
  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map(
      ({ variable, value, hint }) => `  ${variable}${value === null ? ' is not set' : `=${value}`}: ${hint}`,
    );
    super(`The configuration has ${problems.length} problem(s):\n${lines.join('\n')}`);
    this.problems = problems;
  }
}

/** One row of the documented list of settings. */
export interface SettingRow {
  readonly variable: string;
  readonly type: string;
  /** Empty where there is none. */
  readonly default: string;
  readonly required: boolean;
  readonly description: string;
}

interface Annotated {
  readonly env: string;
  readonly description: string;
  readonly secret?: boolean;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: { readonly description?: string };
  readonly default?: unknown;
}

const hidden = '***';

/**
 * Reads a service's settings from environment variables. An empty variable counts as not set. Throws `ConfigError`
 * with every problem at once, those that `rules` finds across settings included. The result is frozen, and shows its
 * secrets to nobody who prints or logs it whole.
 */
export function loadConfig<S extends Settings>(
  schema: S,
  env: Readonly<Record<string, string | undefined>>,
  rules: (config: Static<S>) => readonly ConfigProblem[] = () => [],
): Static<S> {
  const problems: ConfigProblem[] = [];
  const config: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(schema.properties)) {
    const annotated = setting as unknown as Annotated;
    const text = env[annotated.env]?.trim();
    if (text === undefined || text === '') {
      if (annotated.default !== undefined) config[name] = structuredClone(annotated.default);
      else if (!Type.IsOptional(setting)) {
        problems.push({ variable: annotated.env, value: null, hint: hintFor(annotated) });
      }
      continue;
    }
    const value = convert(annotated, text);
    if (Value.Check(setting as TSchema, value)) config[name] = value;
    else problems.push({ variable: annotated.env, value: shown(annotated, text), hint: hintFor(annotated) });
  }
  // Rules see the settings that are right, so that one wrong variable does not hide what the others miss.
  problems.push(...rules(config as Static<S>));
  if (problems.length > 0) throw new ConfigError(problems);
  const print = () => redacted(schema, config);
  Object.defineProperty(config, 'toJSON', { value: print });
  Object.defineProperty(config, inspect.custom, { value: print });
  for (const value of Object.values(config)) Object.freeze(value);
  return Object.freeze(config) as Static<S>;
}

/** The list of settings for the documentation and for `--help`, in the schema's order. */
export function describeConfig(schema: Settings): SettingRow[] {
  return Object.values(schema.properties).map((setting) => {
    const annotated = setting as unknown as Annotated;
    return {
      variable: annotated.env,
      type: typeName(annotated),
      default: annotated.default === undefined ? '' : String(annotated.default),
      required: annotated.default === undefined && !Type.IsOptional(setting),
      description: annotated.description,
    };
  });
}

function convert(setting: Annotated, text: string): unknown {
  switch (setting.type) {
    case 'integer':
    case 'number':
      return Number(text);
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'array':
      return text.split(',').map((item) => item.trim());
    default:
      return text;
  }
}

function hintFor(setting: Annotated): string {
  const fallback = setting.default === undefined || setting.secret ? '' : ` (default: ${setting.default})`;
  return `${setting.description} Expected: ${typeName(setting)}${fallback}.`;
}

function typeName(setting: Annotated): string {
  if (setting.enum !== undefined) return `one of ${setting.enum.join(', ')}`;
  if (setting.type === 'array') return `comma-separated list of ${setting.items?.description ?? 'text'}`;
  if (setting.type === 'boolean') return 'true or false';
  if (setting.format === 'uri') return 'URL';
  if (setting.type === 'string') return 'text';
  const { minimum, maximum } = setting;
  const range = [minimum === undefined ? '' : `at least ${minimum}`, maximum === undefined ? '' : `at most ${maximum}`];
  return [setting.type === 'integer' ? 'whole number' : 'number', range.filter(Boolean).join(', ')].join(' ').trim();
}

function redacted(schema: Settings, config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      name,
      shown(schema.properties[name] as unknown as Annotated, value),
    ]),
  );
}

/** A value as it may be shown: secrets hidden, and passwords within URLs too. */
function shown<T>(setting: Annotated, value: T): T | string {
  if (setting.secret) return hidden;
  return typeof value === 'string' ? value.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, `$1${hidden}@`) : value;
}
