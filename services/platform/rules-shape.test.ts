import { describe, expect, test } from '@jest/globals';
import Type, { type TSchema } from 'typebox';
import { checkShape } from './rules-shape.ts';
import { parseYaml } from './rules-yaml.ts';

function problemsOf(schema: TSchema, text: string): string[] {
  const problems: string[] = [];
  const yaml = parseYaml(text, 'f.yaml', problems)!;
  checkShape(schema, yaml, [], yaml.value, problems);
  return problems;
}

describe('a value that has not the shape', () => {
  const either = Type.Object({ a: Type.Union([Type.Number(), Type.Null()]), b: Type.Array(Type.Number()) });

  test('is told once, whatever the branches of a union complain of', () => {
    expect(problemsOf(either, 'a: true\nb: [1]')).toEqual(['f.yaml:1: a is true; it must be number or must be null']);
  });

  test('is told at its own line, in lists too', () => {
    expect(problemsOf(either, 'a: 1\nb:\n  - 1\n  - x')).toEqual(['f.yaml:4: b.1 is "x", a text; write a number']);
    expect(problemsOf(either, '[]')[0]).toContain('f.yaml:1: the file is []');
  });

  const conditional = Type.Object(
    {
      sign: Type.Enum(['a', 'b']),
      x: Type.Optional(Type.Number({ description: 'The x.' })),
      y: Type.Optional(Type.Number()),
    },
    {
      additionalProperties: false,
      allOf: [
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
        { if: { properties: { sign: { const: 'a' } } }, then: { required: ['x'], properties: { y: false } } },
      ],
    },
  );

  test('may lack what another value asks for, or have what goes with another', () => {
    expect(problemsOf(conditional, 'sign: a\ny: 1')).toEqual([
      "f.yaml:1: the file lacks 'x', which sign a asks for; add it: The x.",
      "f.yaml:1: the file has 'y', which sign a knows nothing of; take it out",
    ]);
    expect(problemsOf(conditional, 'sign: b\ny: 1')).toEqual([]);
  });
});
