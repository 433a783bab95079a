import type { Recording } from '../../core/recording.ts';
import { deviceCases } from './devices.ts';
import { dutyCases } from './duties.ts';
import { meterCases } from './meters.ts';
import { silenceCases } from './silences.ts';
import { stopCases } from './stops.ts';

/** The case library: small labelled recordings by name, the same byte for byte whenever they are made. */
export function caseLibrary(): ReadonlyMap<string, Recording> {
  return new Map([...stopCases(), ...silenceCases(), ...dutyCases(), ...deviceCases(), ...meterCases()]);
}
