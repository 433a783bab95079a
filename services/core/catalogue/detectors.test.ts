import { describe, expect, test } from '@jest/globals';
import { detectors } from '../detectors/index.ts';
import { detectorWords } from './detectors.ts';
import { parameterWords } from './parameters.ts';

const han = /\p{Script=Han}/u;

describe('what a supervisor can read of a detector', () => {
  test('is what it looks for, in both languages', () => {
    for (const name of detectors.keys()) {
      expect([name, detectorWords[name]?.en]).toEqual([name, expect.not.stringMatching(han)]);
      expect([name, detectorWords[name]?.zh]).toEqual([name, expect.stringMatching(han)]);
    }
  });

  test('is what each of its parameters means, in both languages', () => {
    const missing = [...detectors.values()].flatMap(({ name, parameters }) =>
      Object.entries(parameters.properties as Record<string, { description?: string }>).flatMap(
        ([parameter, schema]) => [
          ...(schema.description ? [] : [`${name}.${parameter} has no description`]),
          ...(han.test(parameterWords[parameter] ?? '') ? [] : [`${name}.${parameter} has no Chinese words`]),
        ],
      ),
    );
    expect(missing).toEqual([]);
  });
});
