import { describe, expect, test } from '@jest/globals';
import type { SubjectKind } from './records.ts';
import { indexRecording } from './scoring-index.ts';
import { isAbout, placesOf } from './scoring-subjects.ts';
import { aFirm, aLie, aMachine, aMeter, aRecording, aReport, aScoredFinding, hour } from './testing/scoring.ts';

const camera = '33010600001310000001';
const firm = aFirm({
  equipment: [
    aMachine('saw', { sectionId: 'cutting' }),
    aMachine('sander', { sectionId: 'grinding' }),
    aMachine('welder', { sectionId: 'grinding', kind: 'WELDER' }),
  ],
  meters: [aMeter('total', []), aMeter('part', ['saw'], { parentMeterId: 'total' })],
  cameras: [{ cameraId: camera, sectionId: 'grinding' }],
});
const places = placesOf(
  indexRecording(
    aRecording([firm], {
      telemetry: [
        aReport('saw', 0, hour, { gatewayId: 'g1' }),
        aReport('sander', 0, hour, { gatewayId: 'g2' }),
        aReport('sander', hour, 2 * hour, { gatewayId: 'g1' }),
      ],
    }),
  ).get('e'),
);

type Thing = [SubjectKind, string];
const about = (finding: Thing, label: Thing, equipmentIds: string[] = [], meterId = '') =>
  isAbout(
    aScoredFinding(0, hour, { subjectKind: finding[0], subjectId: finding[1], equipmentIds, meterId }),
    aLie(0, hour, { subjectKind: label[0], subjectId: label[1] }),
    places,
  );

describe('what a finding is about', () => {
  test('the balance of a meter is about each of its parts, and not the other way round', () => {
    expect(about(['METER', 'total'], ['METER', 'part'], [], 'total')).toBe(true);
    expect(about(['METER', 'part'], ['METER', 'total'], [], 'part')).toBe(false);
  });

  test('the same thing is the same thing, of whatever kind; of another firm it never is', () => {
    for (const kind of ['ENTERPRISE', 'METER', 'EQUIPMENT', 'SECTION', 'CAMERA', 'GATEWAY'] as const) {
      expect(about([kind, 'x'], [kind, 'x'])).toBe(true);
    }
    const elsewhere = aScoredFinding(0, hour, { enterpriseId: 'other' });
    expect(isAbout(elsewhere, aLie(0, hour), places)).toBe(false);
  });

  test('something wider is about a machine only if it names the machine', () => {
    for (const kind of ['ENTERPRISE', 'METER', 'SECTION', 'GATEWAY'] as const) {
      expect(about([kind, 'x'], ['EQUIPMENT', 'saw'], ['saw', 'sander'])).toBe(true);
      expect(about([kind, 'x'], ['EQUIPMENT', 'saw'], ['sander'])).toBe(false);
    }
    expect(about(['EQUIPMENT', 'sander'], ['EQUIPMENT', 'saw'], ['saw', 'sander'])).toBe(false);
  });

  test('a machine or camera within a section leads to the section; one of another section does not', () => {
    expect(about(['EQUIPMENT', 'welder'], ['SECTION', 'grinding'])).toBe(true);
    expect(about(['CAMERA', camera], ['SECTION', 'grinding'])).toBe(true);
    expect(about(['EQUIPMENT', 'saw'], ['SECTION', 'grinding'])).toBe(false);
    expect(about(['SECTION', 'cutting'], ['SECTION', 'grinding'])).toBe(false);
    expect(about(['ENTERPRISE', 'e'], ['SECTION', 'grinding'])).toBe(false);
  });

  test('a camera is meant by a finding on the section that it watches', () => {
    expect(about(['SECTION', 'grinding'], ['CAMERA', camera])).toBe(true);
    expect(about(['SECTION', 'cutting'], ['CAMERA', camera])).toBe(false);
  });

  test('a gateway is meant by the silence of the firm, or of a machine that reports through it', () => {
    expect(about(['ENTERPRISE', 'e'], ['GATEWAY', 'g1'])).toBe(true);
    expect(about(['EQUIPMENT', 'sander'], ['GATEWAY', 'g1'])).toBe(true);
    expect(about(['EQUIPMENT', 'saw'], ['GATEWAY', 'g2'])).toBe(false);
    expect(about(['GATEWAY', 'g2'], ['GATEWAY', 'g1'])).toBe(false);
  });

  test('a meter is meant by whatever that meter bears witness of, and a firm by all that is in it', () => {
    expect(about(['EQUIPMENT', 'saw'], ['METER', 'p'], [], 'p')).toBe(true);
    expect(about(['METER', 'q'], ['METER', 'p'], [], 'q')).toBe(false);
    expect(about(['GATEWAY', 'g1'], ['ENTERPRISE', 'e'])).toBe(true);
  });
});
