#!/usr/bin/env node
import { Command } from 'commander';
import { backtestCommand } from './backtest.ts';
import { importCommand } from './import-command.ts';
import { replayCommand } from './replay.ts';
import { rulesCommand } from './rules.ts';
import { simulateCommand } from './simulate.ts';

const program = new Command('wattness')
  .description(
    'The watt is the witness: finds contradictions between what factories report and what their meters show.',
  )
  .showHelpAfterError()
  .addCommand(simulateCommand())
  .addCommand(importCommand())
  .addCommand(replayCommand())
  .addCommand(backtestCommand())
  .addCommand(rulesCommand());

try {
  await program.parseAsync();
} catch (error) {
  // A fault of the input is told in its own words; anything else with its stack.
  const known = error instanceof Error && 'code' in error;
  process.stderr.write(`${known ? `error: ${error.message}` : (error as Error).stack}\n`);
  process.exitCode = 1;
}
