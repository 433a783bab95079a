import type { FindingFacts } from '../detectors/detector.ts';
import type { BothLanguages } from '../rule.ts';
import { durationEn, durationZh, figure, names } from './figures.ts';

export function overcrowdingSentence({ subjectName, seen, bound, minutes, cameras }: FindingFacts): BothLanguages {
  const supporting = cameras.filter(({ supports }) => supports).map(({ sourceId }) => sourceId);
  const others = cameras.length - supporting.length;
  const counted = figure(seen);
  const list = names(supporting);
  return {
    en:
      `In section ${subjectName} ${counted} people were counted on average for ${durationEn(minutes)} in all; ` +
      `at most ${bound} may be in it. Counted by ${supporting.length === 1 ? 'camera' : 'cameras'} ${list}` +
      `${others > 0 ? `; ${others} more of its cameras saw no more than allowed` : ''}.`,
    zh:
      `区域“${subjectName}”内平均有 ${counted} 人，累计${durationZh(minutes)}；允许人数最多 ${bound} 人。` +
      `由摄像机 ${list} 统计${others > 0 ? `，另有 ${others} 台摄像机所见未超员` : ''}。`,
  };
}
