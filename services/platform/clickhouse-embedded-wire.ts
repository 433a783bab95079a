/** Row formats of which any pieces, one after the other, are the whole: no header, no footer. */
export const streamableFormats: ReadonlySet<string> = new Set([
  'JSONEachRow',
  'JSONCompactEachRow',
  'JSONStringsEachRow',
  'CSV',
  'TSV',
  'TabSeparated',
  'RowBinary',
]);

export const contentTypes: Readonly<Record<string, string>> = {
  JSON: 'application/json; charset=UTF-8',
  JSONCompact: 'application/json; charset=UTF-8',
  JSONEachRow: 'application/x-ndjson; charset=UTF-8',
  JSONCompactEachRow: 'application/x-ndjson; charset=UTF-8',
  CSV: 'text/csv; charset=UTF-8; header=absent',
  CSVWithNames: 'text/csv; charset=UTF-8; header=present',
  TSV: 'text/tab-separated-values; charset=UTF-8',
  TabSeparated: 'text/tab-separated-values; charset=UTF-8',
  Pretty: 'text/plain; charset=UTF-8',
};

/** ClickHouse error codes by the HTTP status that its server answers them with; all others are 500. */
const codesByStatus: Readonly<Record<number, readonly number[]>> = {
  // Arguments, parsing, syntax and types.
  400: [6, 15, 16, 25, 26, 27, 36, 38, 41, 43, 44, 53, 62, 69, 72, 117, 167, 168, 376, 427, 441, 675, 676],
  401: [194],
  403: [192, 193, 497, 516],
  // Tables, functions, identifiers, types, formats, databases, settings that do not exist.
  404: [46, 47, 50, 56, 60, 63, 73, 81, 115, 511],
  408: [159],
  413: [305],
  501: [48],
  503: [76, 202, 439],
};

const statuses = new Map(
  Object.entries(codesByStatus).flatMap(([status, codes]) => codes.map((code) => [code, Number(status)] as const)),
);

export function statusOf(code: number): number {
  return statuses.get(code) ?? 500;
}
