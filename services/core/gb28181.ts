/**
 * Camera codes of GB/T 28181, coding rule A (2016: annex D; 2022: annex E): 20 digits that hold eight of the surveillance
 * centre (GB/T 2260, then two of the station or zeros), two of the trade, three of the type, one of the network and six
 * of the serial number.
 */

/** Types of camera: 131 camera, 132 network camera. Recorders, servers and alarm contacts bear other types. */
export type CameraType = '131' | '132';

export type CameraCodeProblem = 'not-20-digits' | 'unknown-province' | 'not-a-camera';

export type CameraCode =
  | {
      readonly ok: true;
      /** The surveillance centre, eight digits. */
      readonly centre: string;
      /** The first six of them, a GB/T 2260 code: of a province `pp0000`, of a city `ppcc00`. */
      readonly regionCode: string;
      /** The trade that the camera serves, two digits. */
      readonly industry: string;
      readonly type: CameraType;
      /** The network that it is connected to, one digit. */
      readonly network: string;
      /** Six digits. */
      readonly serial: string;
    }
  | { readonly ok: false; readonly problem: CameraCodeProblem };

/**
 * GB/T 2260 provinces. 66 is no code of that standard, but in use for the Xinjiang Production and Construction Corps.
 */
const provinces: ReadonlySet<string> = new Set(
  '11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 66 71 81 82'.split(' '),
);

/** The parts of a camera's code, or the first thing that is wrong with it. */
export function parseCameraCode(code: string): CameraCode {
  if (code.length !== 20 || !isDigits(code)) return { ok: false, problem: 'not-20-digits' };
  if (!provinces.has(code.slice(0, 2))) return { ok: false, problem: 'unknown-province' };
  const type = code.slice(10, 13);
  if (type !== '131' && type !== '132') return { ok: false, problem: 'not-a-camera' };
  return {
    ok: true,
    centre: code.slice(0, 8),
    regionCode: code.slice(0, 6),
    industry: code.slice(8, 10),
    type,
    network: code.slice(13, 14),
    serial: code.slice(14),
  };
}

function isDigits(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return false;
  }
  return true;
}
