import process from 'node:process';
import { createLogger } from '../observe/logger.ts';
import { listeningLine, listeningText, OPEN_MODE_WARNING } from './announce.ts';
import { defineCommand } from './command.ts';
import { configOfFlags, serverFlags } from './server-flags.ts';
import { aborted, stopSignal } from './stop-signal.ts';

export const serve = defineCommand({
  positionals: [],
  options: {
    ...serverFlags,
    open: { type: 'boolean', help: 'No keys needed. For trials: on loopback only.' },
    json: { type: 'boolean', help: 'Tell ports and pid as one JSON line on stdout.' },
  },
  details:
    'Settings come from flags, FRAMELOG_ environment variables, the file of --config and defaults, in this order:\n' +
    'docs/configuration.md lists them all. SIGTERM or Ctrl-C finishes and syncs the fragments, then exits 0.',
  examples: [
    {
      line: 'framelog serve --data ./data',
      what: 'On this machine only; prints a login link and how to publish.',
    },
    { line: 'framelog serve --open', what: 'A trial without keys.' },
    {
      line: 'framelog serve --http 0.0.0.0:80 --rtmp 0.0.0.0:1935',
      what: 'For the network; keys are needed.',
    },
    {
      line: 'framelog serve --json --http 127.0.0.1:0 --rtmp 127.0.0.1:0',
      what: 'For a program: any free ports.',
    },
  ],
  async run(options, _positionals, terminal) {
    const stop = stopSignal();
    const { config, warnings } = configOfFlags(options, terminal);
    const logger = createLogger({
      level: config.logs.level,
      pretty: config.logs.pretty ?? terminal.errIsTty,
    });
    for (const warning of warnings) logger.warn(warning);
    if (config.access.open) terminal.err(OPEN_MODE_WARNING);
    const { startServer } = await import('../app.ts');
    const server = await startServer(config, { logger, nowMs: Date.now });
    terminal.out(
      options.json === true ? listeningLine(server, config, process.pid) : listeningText(server, config),
    );
    await aborted(stop);
    logger.info({ signal: stop.reason }, 'closing');
    await server.close();
    return 0;
  },
});
