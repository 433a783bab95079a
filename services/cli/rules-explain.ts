import { detectorWords } from '../core/catalogue/detectors.ts';
import { parameterWords } from '../core/catalogue/parameters.ts';
import { detectors } from '../core/detectors/index.ts';
import type { LoadParameters } from '../core/load-parameters.ts';
import type { RuleCase } from '../platform/rule-tests/file.ts';
import { outcomeOf } from '../platform/rule-tests/run.ts';
import type { LoadedRule } from '../platform/rules-document.ts';

/** A rule in words, in both languages: what it looks for, with which figures, what it says, on what ground. */
export function explainRule(rule: LoadedRule, load: LoadParameters, cases: readonly RuleCase[]): string {
  const detector = detectors.get(rule.detector)!;
  const words = detectorWords[rule.detector]!;
  const lines = [
    `${rule.id}: version ${rule.version}, level ${rule.level.toLowerCase()}, pack ${rule.pack}, detector ${rule.detector}`,
  ];
  const part = (heading: string, ...texts: readonly string[]) => lines.push('', heading, ...texts.map((t) => `  ${t}`));
  part('Title 名称', rule.title.en, rule.title.zh);
  part('Looks for 查找', words.en, words.zh);
  const { sectors, equipmentKinds } = rule;
  part(
    'Applies to 适用范围',
    `sectors: ${sectors.join(', ') || 'all'}`,
    `equipment: ${equipmentKinds.join(', ') || 'as the detector has it'}`,
  );
  part('Parameters 参数', ...parameterLines(rule, detector.parameters.properties as Described));
  for (const [verdict, heading] of [
    ['CONTRADICTORY', 'Speaks because of 报警原因'],
    ['UNKNOWN', 'Cannot tell because of 无法判断原因'],
  ] as const) {
    const reasons = Object.entries(detector.reasons).flatMap(([reason, means]) => (means === verdict ? [reason] : []));
    if (reasons.length > 0) part(heading, reasons.join(', '));
  }
  const example = exampleOf(rule, load, cases);
  if (example) part(`Says, for example 报警语句示例 (${example.name})`, example.en, example.zh);
  part('What to do 处置建议', rule.advice.en, rule.advice.zh);
  if (rule.escalation !== null) part('Escalation policy 升级策略', rule.escalation);
  part('Legal basis 法律依据', rule.legalBasis.en, rule.legalBasis.zh);
  part('Cases that fire 报警用例', ...cases.filter((one) => one.expect.length > 0).map(({ name }) => name));
  part('Cases that stay quiet 不报警用例', ...cases.filter((one) => one.expect.length === 0).map(({ name }) => name));
  part('Hash 散列值 (SHA-256)', rule.hash);
  return lines.join('\n');
}

type Described = Readonly<Record<string, { readonly description?: string }>>;

function parameterLines(rule: LoadedRule, described: Described): string[] {
  return Object.entries(rule.parameters as Record<string, unknown>).flatMap(([name, value]) => {
    const told = typeof value === 'object' ? JSON.stringify(value) : String(value);
    const meant = [described[name]?.description, parameterWords[name]].filter((text) => text !== undefined);
    return [`${name} = ${told}${unitOf(name)}`, ...meant.map((text) => `  ${text}`)];
  });
}

/** Units in the last words of a name. */
const units: readonly (readonly [string, string])[] = [
  ['PerMonth', 'a month 每月'],
  ['PerMinute', 'a minute 每分钟'],
  ['Minutes', 'min 分钟'],
  ['Seconds', 's 秒'],
  ['Hours', 'h 小时'],
  ['Days', 'd 天'],
  ['Kwh', 'kWh'],
  ['Kw', 'kW'],
  ['Percent', '%'],
];

function unitOf(name: string): string {
  const unit = units.find(([ending]) => name.endsWith(ending));
  return unit ? ` ${unit[1]}` : '';
}

/** What the first of its cases that fires makes it say: a real sentence, not a template with holes. */
function exampleOf(rule: LoadedRule, load: LoadParameters, cases: readonly RuleCase[]) {
  for (const one of cases) {
    if (one.expect.length === 0) continue;
    const found = outcomeOf(rule, load, one).findings[0];
    if (found) return { name: one.name, en: found.finding.summaryEn, zh: found.finding.summaryZh };
  }
  return undefined;
}
