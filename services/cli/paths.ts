import { fileURLToPath } from 'node:url';

/** Folders that come with the program. */
export const rulesDir = fileURLToPath(new URL('../../rules', import.meta.url));
export const clickhouseDir = fileURLToPath(new URL('../../deploy/clickhouse', import.meta.url));
export const docsDir = fileURLToPath(new URL('../../docs', import.meta.url));
export const casesDir = fileURLToPath(new URL('../../testdata/cases', import.meta.url));
export const scenariosDir = fileURLToPath(new URL('../../testdata/scenarios', import.meta.url));
