import Type, { type Static } from 'typebox';
import { detectors } from '../core/detectors/index.ts';
import type { EquipmentKind, Level, Sector } from '../core/records.ts';
import type { BothLanguages, Rule } from '../core/rule.ts';
import { nearest } from './rules-hints.ts';
import { checkShape } from './rules-shape.ts';
import type { SourceYaml } from './rules-yaml.ts';

const both = (description: string) =>
  Type.Object(
    { en: Type.String({ minLength: 1 }), zh: Type.String({ minLength: 1 }) },
    { additionalProperties: false, description },
  );

const equipmentKinds = [
  'OTHER',
  'PROCESS',
  'DUST_COLLECTOR',
  'FAN',
  'WELDER',
  'HOLDING_FURNACE',
  'FURNACE',
  'DORMITORY',
  'HVAC',
  'PHOTOVOLTAIC',
] as const satisfies readonly EquipmentKind[];

const sectorOf = {
  dust: 'DUST_EXPLOSION',
  steel: 'IRON_AND_STEEL',
  aluminium: 'ALUMINIUM_DEEP_WELL_CASTING',
} as const satisfies Record<string, Sector>;

const sectors = Object.keys(sectorOf) as (keyof typeof sectorOf)[];

/** A rule as people write it; its parameters are checked against the schema of its detector. */
export const ruleDocumentSchema = Type.Object(
  {
    id: Type.String({ pattern: '^[a-z0-9-]+$', description: 'Name of the rule; its file is <id>.yaml.' }),
    version: Type.Integer({ minimum: 1, description: 'Rises with every change; findings name it.' }),
    title: both('What a supervisor reads first.'),
    advice: both('What to do about it.'),
    legalBasis: both('Standard or law, with its number and clause.'),
    sectors: Type.Array(Type.Enum(sectors), { description: 'Sectors that it applies to; none: all.' }),
    equipmentKinds: Type.Optional(
      Type.Array(Type.Enum([...equipmentKinds]), {
        description: 'Kinds of equipment that it looks at; none: those that the detector looks at.',
      }),
    ),
    detector: Type.String({ description: 'Kind of contradiction that it looks for.' }),
    level: Type.Enum(['red', 'orange', 'yellow', 'blue'], { description: 'Level of its findings, from worst.' }),
    escalation: Type.Optional(
      Type.String({ pattern: '^[a-z0-9-]+$', description: 'Id of the escalation policy of its alarms.' }),
    ),
    parameters: Type.Unknown({ description: 'What the detector asks for, with units in the names.' }),
  },
  { additionalProperties: false },
);

/** A rule with what people want to know of it beside what the engine does. */
export interface LoadedRule extends Rule {
  readonly legalBasis: BothLanguages;
  /** Id of an escalation policy; `null` where the rule names none. */
  readonly escalation: string | null;
  /** Folder that it lies in. */
  readonly pack: string;
  /** Its file within the folder of rules. */
  readonly file: string;
}

/**
 * Makes a rule of the text of `<pack>/<id>.yaml`; problems are added to the list, and then there is no rule. Its hash is
 * left to the caller.
 */
export function ruleOf(yaml: SourceYaml, file: string, problems: string[]): Omit<LoadedRule, 'hash'> | undefined {
  const { value } = yaml;
  const sound = checkShape(ruleDocumentSchema, yaml, [], value, problems);
  // Its parameters are told in the same go, whatever else is wrong.
  if (!checkParameters(yaml, problems) || !sound) return undefined;
  const document: Static<typeof ruleDocumentSchema> = value;
  const [pack, name] = file.split('/') as [string, string];
  if (`${document.id}.yaml` !== name) {
    const line = yaml.lineOf(['id']);
    problems.push(`${yaml.file}:${line}: id is '${document.id}'; name the file ${document.id}.yaml, or change the id`);
    return undefined;
  }
  return {
    id: document.id,
    version: document.version,
    detector: document.detector,
    level: document.level.toUpperCase() as Level,
    title: document.title,
    advice: document.advice,
    legalBasis: document.legalBasis,
    escalation: document.escalation ?? null,
    sectors: document.sectors.map((sector) => sectorOf[sector]),
    equipmentKinds: document.equipmentKinds ?? [],
    parameters: document.parameters,
    pack,
    file,
  };
}

function checkParameters(yaml: SourceYaml, problems: string[]): boolean {
  const { detector: name, parameters } = (yaml.value ?? {}) as { detector?: unknown; parameters?: unknown };
  if (typeof name !== 'string') return false;
  const detector = detectors.get(name);
  if (detector) return checkShape(detector.parameters, yaml, ['parameters'], parameters ?? {}, problems);
  const known = [...detectors.keys()];
  const near = nearest(name, known);
  const hint = near ? `did you mean '${near}'?` : `there are ${known.join(', ')}`;
  problems.push(`${yaml.file}:${yaml.lineOf(['detector'])}: no detector '${name}'; ${hint}`);
  return false;
}
