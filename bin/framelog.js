#!/usr/bin/env node
/**
 * Starts the command line on Node 24 or newer, which runs the TypeScript sources as they are. An older Node starts the one
 * that the npm package `node` has brought along. This file is plain JavaScript for any Node since 14.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

const NEEDED_MAJOR = 24;

// libuv reads this when its first worker thread is started. The log bounds its own share of them; file reads, DNS and hashing need
// the rest.
process.env.UV_THREADPOOL_SIZE ??= '16';

if (Number(process.versions.node.split('.')[0]) >= NEEDED_MAJOR) {
  // Media lives outside the JavaScript heap. By default V8 collects whenever 64 MB of that came in, which with many cameras is
  // all the time: this makes it one sum with the heap. Halves the CPU of 40 cameras (docs/decisions/2026-11-21-garbage-collection.md).
  setFlagsFromString('--external-memory-accounted-in-global-limit');
  await import('../server/main.ts');
} else {
  runOnBundledNode();
}

function runOnBundledNode() {
  const node = findBundledNode();
  if (node === undefined) {
    console.error(
      `framelog needs Node ${NEEDED_MAJOR} or newer, this is ${process.version}. \`npm install\` in the folder of framelog brings one.`,
    );
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`framelog cannot start ${node}: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    // End as the child did, so that shells and supervisors see the same.
    for (const one of signals) process.removeAllListeners(one);
    process.kill(process.pid, signal);
  });
}

/** The binary of the npm package `node`, wherever npm has put it. */
function findBundledNode() {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('node/package.json'));
    const binary = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(binary) ? binary : undefined;
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
