import { detectors } from '../core/detectors/index.ts';
import { loadParametersSchema } from '../core/load-parameters.ts';
import { ruleTestSchema } from './rule-tests/shape.ts';
import { ruleDocumentSchema } from './rules-document.ts';

const draft = 'http://json-schema.org/draft-07/schema#';

/**
 * JSON Schemas by file name, for editors: made of what rules are checked against, so that both say the same. A rule's
 * parameters depend on its detector.
 */
export function editorSchemas(): ReadonlyMap<string, string> {
  const { parameters, detector, ...properties } = ruleDocumentSchema.properties;
  const rule = {
    $schema: draft,
    title: 'A rule of Wattness',
    ...ruleDocumentSchema,
    properties: { ...properties, detector: { ...detector, enum: [...detectors.keys()] }, parameters },
    allOf: [...detectors.values()].map(({ name, parameters: own }) => ({
      if: { properties: { detector: { const: name } }, required: ['detector'] },
      // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema.
      then: { properties: { parameters: own } },
    })),
  };
  const load = { $schema: draft, title: 'How reports and loads are read', ...loadParametersSchema };
  const test = { $schema: draft, title: 'Cases of a rule of Wattness', ...ruleTestSchema };
  return new Map(
    Object.entries({ 'rule.schema.json': rule, 'load.schema.json': load, 'rule-test.schema.json': test }).map(
      ([name, schema]) => [name, `${JSON.stringify(schema, null, 2)}\n`],
    ),
  );
}
