import { isMap, isScalar, parseDocument } from 'yaml';
import { detectors } from '../core/detectors/index.ts';
import type { Sector } from '../core/records.ts';
import type { LoadedRule } from './rules-document.ts';
import { nearest } from './rules-hints.ts';
import { citedNumbers, standards } from './rules-standards.ts';
import type { SourceYaml } from './rules-yaml.ts';

/** What a pack of that name is for. */
const sectorOf: Readonly<Record<string, Sector>> = {
  dust: 'DUST_EXPLOSION',
  steel: 'IRON_AND_STEEL',
  aluminium: 'ALUMINIUM_DEEP_WELL_CASTING',
};

const han = /\p{Script=Han}/u;

export interface LintedRule {
  readonly rule: LoadedRule;
  readonly yaml: SourceYaml;
}

/** What loads and runs, and is not yet fit to be read: a text each, with file, line and a hint. */
export function lintRules(linted: readonly LintedRule[]): string[] {
  return [...linted.flatMap(lintRule), ...twins(linted)];
}

function lintRule({ rule, yaml }: LintedRule): string[] {
  const problems: string[] = [];
  const say = (path: readonly string[], text: string) => problems.push(`${yaml.file}:${yaml.lineOf(path)}: ${text}`);
  for (const key of ['title', 'advice', 'legalBasis'] as const) {
    const { en, zh } = rule[key];
    if (!han.test(zh)) say([key, 'zh'], `${key}.zh holds no Chinese; translate it`);
    if (han.test(en)) say([key, 'en'], `${key}.en holds Chinese; translate it`);
  }
  lintLegalBasis(rule, say);
  if (!/^#.*\$schema=/m.test(yaml.text.split('\n')[0]!)) {
    problems.push(
      `${yaml.file}:1: begin with # yaml-language-server: $schema=../rule.schema.json; editors check it then`,
    );
  }
  const sector = sectorOf[rule.pack];
  if (sector && !(rule.sectors.length === 1 && rule.sectors[0] === sector)) {
    say(['sectors'], `rules of the pack ${rule.pack} have sectors: [${rule.pack}]; write that, or move it to common`);
  }
  for (const key of unexplained(rule, yaml)) {
    say(['parameters', key], `nothing says why ${key} has this value; put a comment with its source before it`);
  }
  return problems;
}

function lintLegalBasis(rule: LoadedRule, say: (path: readonly string[], text: string) => void): void {
  const known = standards.map(({ en }) => en);
  for (const language of ['en', 'zh'] as const) {
    const text = rule.legalBasis[language];
    const path = ['legalBasis', language];
    if (!standards.some((standard) => text.includes(standard[language]))) {
      say(path, `names no law or standard that is known; write ${standards[0]![language]} or GB 15577-2018, in full`);
    }
    for (const cited of citedNumbers(text)) {
      if (known.includes(cited)) continue;
      const near = nearest(cited, known);
      const hint = near ? `did you mean ${near}?` : 'look it up and add it to rules-standards.ts';
      say(path, `${cited} is no standard that is known; ${hint}`);
    }
  }
  for (const { en, zh } of standards) {
    const [inEnglish, inChinese] = [rule.legalBasis.en.includes(en), rule.legalBasis.zh.includes(zh)];
    if (inEnglish && !inChinese) say(['legalBasis', 'zh'], `does not name ${zh}, as the English text does; add it`);
    if (inChinese && !inEnglish) say(['legalBasis', 'en'], `does not name ${en}, as the Chinese text does; add it`);
  }
}

/** Parameters that neither the detector's schema nor a comment says anything of. */
function unexplained(rule: LoadedRule, yaml: SourceYaml): string[] {
  const schema = detectors.get(rule.detector)!.parameters.properties as Record<string, { description?: string }>;
  const parameters = parseDocument(yaml.text).getIn(['parameters']);
  if (!isMap(parameters)) return [];
  return parameters.items.flatMap(({ key, value }, i) => {
    if (!isScalar(key)) return [];
    const name = String(key.value);
    // A comment before the first key belongs to the map.
    const comment = key.commentBefore ?? (value as { comment?: string } | null)?.comment;
    const explained = schema[name]?.description ?? comment ?? (i === 0 ? parameters.commentBefore : undefined);
    return explained ? [] : [name];
  });
}

/** Titles are what people tell alarms apart by. */
function twins(linted: readonly LintedRule[]): string[] {
  return linted.flatMap(({ rule, yaml }, i) =>
    (['en', 'zh'] as const).flatMap((language) => {
      const twin = linted.slice(0, i).find((other) => other.rule.title[language] === rule.title[language]);
      if (!twin) return [];
      return [`${yaml.file}:${yaml.lineOf(['title', language])}: the title of ${twin.rule.id} too; give it its own`];
    }),
  );
}
