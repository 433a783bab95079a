import type { Random } from '../random.ts';

/** Counties with many firms of the three kinds, and about where they lie (GB/T 2260 codes). */
const places = [
  { code: '331024', latitude: 28.85, longitude: 120.73 },
  { code: '330782', latitude: 29.31, longitude: 120.08 },
  { code: '440606', latitude: 22.84, longitude: 113.29 },
  { code: '440607', latitude: 23.16, longitude: 112.9 },
  { code: '441900', latitude: 23.02, longitude: 113.75 },
  { code: '320583', latitude: 31.39, longitude: 120.98 },
  { code: '320582', latitude: 31.87, longitude: 120.55 },
  { code: '371302', latitude: 35.06, longitude: 118.36 },
  { code: '371626', latitude: 36.88, longitude: 117.74 },
  { code: '130283', latitude: 40.0, longitude: 118.7 },
  { code: '210124', latitude: 42.5, longitude: 123.35 },
  { code: '510703', latitude: 31.43, longitude: 104.66 },
] as const;

export interface FirmPlace {
  readonly code: string;
  readonly latitude: number;
  readonly longitude: number;
}

/** A place of the list, or the named county; each firm lies somewhere within some kilometres. */
export function placeOf(code: string | undefined, random: Random): FirmPlace {
  const known = places.find((place) => place.code === code);
  const { latitude, longitude, code: picked } = known ?? random.pick(places);
  const round = (degrees: number) => Math.round(degrees * 10_000) / 10_000;
  return {
    code: code ?? picked,
    latitude: round(latitude + random.between(-0.08, 0.08)),
    longitude: round(longitude + random.between(-0.08, 0.08)),
  };
}

/**
 * A camera's code after GB/T 28181 annex D: eight digits of the centre, two of the trade (42 is manufacturing, 43
 * metallurgy), 132 for a network camera, one of the network, six of a serial number.
 */
export function cameraCode(regionCode: string, metallurgy: boolean, serial: number): string {
  return `${regionCode}00${metallurgy ? '43' : '42'}1320${String(serial % 1_000_000).padStart(6, '0')}`;
}

const starts = ['华', '兴', '永', '金', '宏', '鑫', '东', '顺', '泰', '瑞'] as const;
const ends = ['盛', '达', '隆', '源', '丰', '和', '泰', '利', '茂', '成'] as const;
const trades = {
  wood: ['木业家具厂', 'woodworks'],
  metal: ['金属抛光制品厂', 'metal polishing'],
  steel: ['钢铁有限公司', 'iron and steel'],
  aluminium: ['铝业有限公司', 'aluminium'],
} as const;

export function firmName(sector: keyof typeof trades, id: string, random: Random): { name: string; nameEn: string } {
  const [zh, en] = trades[sector];
  return { name: `${random.pick(starts)}${random.pick(ends)}${zh}`, nameEn: `Simulated ${en} ${id}` };
}
