import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { assetFile, readAssetFiles, versionOf } from '../../../../server/web/asset-files.ts';

test('the page and hls.js are there, and nothing that is no part of the page', () => {
  const files = readAssetFiles();
  assert.equal(files.get('index.html')?.contentType, 'text/html; charset=utf-8');
  assert.equal(files.get('hls.mjs')?.contentType, 'text/javascript; charset=utf-8');
  assert.ok((files.get('hls.mjs')?.bytes.length ?? 0) > 100_000);
  for (const name of files.keys()) assert.match(name, /^[\w-]+\.(html|css|js|mjs|svg)$/);
});

test('compressed bytes are the same bytes, made once', async () => {
  const file = assetFile(Buffer.from('x'.repeat(10_000)), 'text/plain');
  assert.deepEqual(brotliDecompressSync(await file.encoded('br')), file.bytes);
  assert.deepEqual(gunzipSync(await file.encoded('gzip')), file.bytes);
  assert.equal(file.encoded('br'), file.encoded('br'));
});

test('the version changes when a file changes, and only then', () => {
  const files = (text: string) => new Map([['a.js', assetFile(Buffer.from(text), 'text/javascript')]]);
  assert.equal(versionOf(files('one')), versionOf(files('one')));
  assert.notEqual(versionOf(files('one')), versionOf(files('two')));
});
