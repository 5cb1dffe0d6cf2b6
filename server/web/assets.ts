import type { Express, Request, Response } from 'express';
import { ApiError, refusal } from './api-error.ts';
import { type AssetFile, assetFile, readAssetFiles, versionOf } from './asset-files.ts';
import type { WebContext } from './call.ts';

const FOREVER = 'public, max-age=31536000, immutable';
/** May be kept, but is asked for again each time; the answer is mostly 304. */
const REVALIDATE = 'no-cache';

/**
 * The page and its files. index.html names the others under `/assets/<version>/`, so they are cached for ever and a new version
 * of the server is loaded whole; only index.html itself is asked for each time.
 */
export function mountPage(app: Express, web: WebContext): void {
  const files = readAssetFiles();
  const version = versionOf(files);
  const page = indexPage(files, version);

  app.get('/', (request, response) => sendAsset(request, response, page, REVALIDATE));

  app.get('/login', async (request, response) => {
    const { token } = request.query;
    response.setHeader('cache-control', 'no-store');
    const login = web.access.loginWithToken(
      typeof token === 'string' ? token : '',
      request.secure,
      web.now(),
    );
    if (login.ok) {
      response.setHeader('set-cookie', login.setCookie);
      response.redirect(303, '/');
      return;
    }
    web.logger.info(
      { reason: login.reason, remoteAddress: request.socket.remoteAddress },
      'login link refused',
    );
    // The page itself says what is wrong: it knows from its address that a login was tried.
    response.status(refusal(login).status);
    await sendAsset(request, response, page, 'no-store');
  });

  app.get(['/assets/:file', '/assets/:version/:file'], async (request, response) => {
    const params = request.params as { file: string; version?: string };
    const file = files.get(params.file);
    if (file === undefined || (params.version ?? version) !== version) {
      throw new ApiError(404, 'not-found', 'There is no such file.');
    }
    await sendAsset(request, response, file, params.version === undefined ? REVALIDATE : FOREVER);
  });
}

function indexPage(files: ReadonlyMap<string, AssetFile>, version: string): AssetFile {
  const index = files.get('index.html');
  if (index === undefined) throw new Error('index.html is missing from the page folder');
  const html = index.bytes.toString().replaceAll('/assets/', `/assets/${version}/`);
  return assetFile(Buffer.from(html), index.contentType);
}

async function sendAsset(
  request: Request,
  response: Response,
  file: AssetFile,
  cacheControl: string,
): Promise<void> {
  response.set({
    'content-type': file.contentType,
    'cache-control': cacheControl,
    etag: file.etag,
    vary: 'accept-encoding',
  });
  if (response.statusCode === 200 && request.fresh) {
    response.status(304).end();
    return;
  }
  const accepted = request.acceptsEncodings(['br', 'gzip', 'identity']);
  if (accepted === 'br' || accepted === 'gzip') {
    response.setHeader('content-encoding', accepted);
    response.end(await file.encoded(accepted));
    return;
  }
  response.end(file.bytes);
}
