import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';

export type { Logger } from 'pino';

/**
 * JSON lines on standard output: ISO time, level by name, `service`, `msg`, and `err` with code, cause and stack.
 * Standard error and the words of people belong to the CLI.
 */
export function createLogger(
  options: { readonly service: string; readonly level: string },
  destination?: DestinationStream,
): Logger {
  return pino(
    {
      level: options.level,
      base: { service: options.service },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    // Synchronous, so that the last words before an exit are not lost.
    destination ?? pino.destination({ dest: 1, sync: true }),
  );
}
