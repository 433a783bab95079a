import type { FindingFacts } from '../detectors/detector.ts';
import type { BothLanguages } from '../rule.ts';
import { clock, durationEn, durationZh } from './figures.ts';

export function cameraWatchSentence(facts: FindingFacts): BothLanguages {
  return facts.reason === 'camera-missing' ? missing(facts) : out(facts);
}

function missing({ subjectName, firstMs, timeZone, detail }: FindingFacts): BothLanguages {
  const { workers, workersAbove } = detail;
  const day = new Intl.DateTimeFormat('en-CA', { timeZone }).format(firstMs);
  return {
    en: `Dust section ${subjectName} has ${workers} workers on a shift and no camera since ${day}; with more than ${workersAbove} one is needed.`,
    zh: `涉尘区域“${subjectName}”单班作业 ${workers} 人，自 ${day} 起未登记视频监控；超过 ${workersAbove} 人应当安装。`,
  };
}

function out({ subjectName, reason, firstMs, lastEndMs, timeZone, detail }: FindingFacts): BothLanguages {
  const minutes = (lastEndMs - firstMs) / 60_000;
  const blind = reason.startsWith('camera-blind');
  const producing = reason.endsWith('while-producing');
  const from = clock(timeZone, firstMs);
  return {
    en:
      `Camera ${subjectName} of section ${detail.section} ${blind ? 'was covered, turned away or frozen' : 'gave no picture'} ` +
      `for ${durationEn(minutes)} from ${from} on${producing ? ', while the section produced' : ''}.`,
    zh:
      `区域“${detail.section}”的摄像机 ${subjectName} 自 ${from} 起${blind ? '被遮挡、偏转或画面冻结' : '无图像'}，` +
      `持续 ${durationZh(minutes)}${producing ? '，期间该区域仍在生产' : ''}。`,
  };
}
