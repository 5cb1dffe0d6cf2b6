import process from 'node:process';
import { runProgram } from './cli/program.ts';
import { processTerminal } from './cli/terminal.ts';

/** The command line, started by bin/framelog.js. */
process.exit(await runProgram(process.argv.slice(2), processTerminal()));
