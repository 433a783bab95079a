#!/usr/bin/env node
import { Command } from 'commander';
import { backtestCommand } from './backtest.ts';
import { deadLettersCommand } from './dead-letters.ts';
import { demoCommand } from './demo.ts';
import { importCommand } from './import-command.ts';
import { publishCommand } from './publish-command.ts';
import { replayCommand } from './replay.ts';
import { qualityCommand } from './report.ts';
import { rulesCommand } from './rules.ts';
import { migrateCommand, serveCommand } from './serve.ts';
import { simulateCommand } from './simulate.ts';

const program = new Command('wattness')
  .description(
    'The watt is the witness: finds contradictions between what factories report and what their meters show.',
  )
  .showHelpAfterError()
  .addCommand(demoCommand())
  .addCommand(serveCommand('up', 'run everything in one process; what has no address is embedded'))
  .addCommand(serveCommand('detector', 'judge telemetry and power, and say findings and alarms'))
  .addCommand(serveCommand('regions', 'judge from the silences of enterprises what a regional outage explains'))
  .addCommand(serveCommand('sink', 'store readings, findings and alarms in ClickHouse'))
  .addCommand(migrateCommand())
  .addCommand(deadLettersCommand())
  .addCommand(publishCommand())
  .addCommand(simulateCommand())
  .addCommand(importCommand())
  .addCommand(replayCommand())
  .addCommand(backtestCommand())
  .addCommand(qualityCommand())
  .addCommand(rulesCommand());

try {
  await program.parseAsync();
} catch (error) {
  // A fault of the input is told in its own words; anything else with its stack.
  const known = error instanceof Error && 'code' in error;
  process.stderr.write(`${known ? `error: ${error.message}` : (error as Error).stack}\n`);
  process.exitCode = 1;
}
