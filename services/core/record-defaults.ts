import type { Equipment, Meter, Shift, SiteEvent, SiteRegistration } from './records.ts';

// What a record says where nobody filled a field in: the defaults of schemas/*.avsc, for those who build records in
// code. A test of the schemas holds the two together.

export const siteDefaults: Omit<SiteRegistration, 'enterpriseId' | 'effectiveFromMs' | 'name'> = {
  revision: 0,
  nameEn: '',
  regionCode: '',
  sector: 'OTHER',
  timeZone: 'Asia/Shanghai',
  equipment: [],
  meters: [],
  shifts: [],
  retired: false,
  sections: [],
  cameras: [],
  latitude: null,
  longitude: null,
  carrier: '',
};

export const equipmentDefaults: Omit<Equipment, 'equipmentId'> = {
  name: '',
  kind: 'PROCESS',
  sectionId: '',
  ratedPowerKw: null,
  reportIntervalMs: 60_000,
  limits: [],
  serves: [],
  collector: null,
};

export const meterDefaults: Omit<Meter, 'meterId'> = {
  role: 'MIXED',
  intervalMs: 900_000,
  installationId: '',
  feeds: [],
  parentMeterId: null,
  deliveryDelayMs: 0,
  exports: false,
};

export const shiftDefaults: Omit<Shift, 'name' | 'startMinute' | 'endMinute'> = {
  daysOfWeek: 0b1111111,
  onHolidays: false,
};

export const siteEventDefaults: Omit<SiteEvent, 'enterpriseId' | 'eventId' | 'kind' | 'startMs'> = {
  revision: 0,
  endMs: null,
  sectionId: null,
  equipmentId: null,
  sourceId: null,
  confidence: null,
  count: null,
  reference: null,
  value: null,
};
