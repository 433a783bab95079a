/** Short names that a supervisor reads, Chinese, in the order in which detectors are told of. */
export const detectorNames: Readonly<Record<string, string>> = {
  'stopped-but-running': '明停暗开',
  'fake-offline': '虚假离线',
  'hot-work': '违规动火',
  'dust-cleaning': '清扫清灰',
  'dust-collector': '除尘未开',
  'meter-tampering': '电表作弊',
  limit: '指标超限',
  overcrowding: '超员',
  'camera-watch': '视频失效',
};

/** For sorting names of detectors; those without a place come last. */
export function byPlace(a: string, b: string): number {
  const places = Object.keys(detectorNames);
  const placeOf = (name: string) => places.indexOf(name) + 1 || places.length + 1;
  return placeOf(a) - placeOf(b) || a.localeCompare(b);
}
