import type { Request } from 'express';
import { z } from 'zod';
import type { Box } from '../../../ml/geometry/box.ts';
import type { FacePicture } from '../../faces/enrollment.ts';
import type { FaceMatch, GalleryFace, GalleryInfo } from '../../faces/gallery.ts';
import { ApiError } from '../api-error.ts';
import type { Call } from '../call.ts';
import { instant } from '../instant.ts';
import { pageLimit } from '../query-values.ts';
import { route } from '../web-route.ts';

const GALLERY = '/api/galleries/:name';
const FACES = `${GALLERY}/faces`;
const MAX_PHOTO_BYTES = 10 * 1024 * 1024;
const MAX_MATCHES = 10;

const retentionDays = z.nullable(z.number().min(0.01).max(36_500));
const tags = z.record(z.string().min(1).max(128), z.string().max(256));
const person = z.string().trim().min(1).max(255);
const fraction = z.number().min(0).max(1);
const box = z.tuple([fraction, fraction, fraction, fraction]);
const boxText = z
  .string()
  .max(100)
  .transform((text) => text.split(',').map(Number))
  .pipe(box);
const similarity = z
  .string()
  .regex(/^(0|1|0?\.\d{1,6}|1\.0+)$/, 'a number from 0 to 1 is needed')
  .transform(Number);

/** Galleries hold biometric data: all of this is for admins only. */
export const galleryRoutes = [
  route({
    method: 'get',
    path: '/api/galleries',
    handle: (call) => {
      call.require({ action: 'admin' });
      return { galleries: call.web.faces.galleries.list().map(galleryJson) };
    },
  }),
  route({
    method: 'post',
    path: '/api/galleries',
    body: z.strictObject({
      // Its letters are checked by the galleries themselves.
      name: z.string().max(255),
      retentionDays: retentionDays.default(null),
      tags: tags.default({}),
    }),
    handle: (call) => {
      const admin = call.require({ action: 'admin' });
      const { name, ...options } = call.body;
      const gallery = call.web.faces.galleries.create(name, { ...options, nowMs: call.nowMs });
      call.web.logger.info({ gallery: name, by: admin.id }, 'gallery created');
      call.response.status(201).location(`/api/galleries/${name}`);
      return galleryJson(gallery);
    },
  }),
  route({
    method: 'get',
    path: GALLERY,
    handle: (call) => {
      call.require({ action: 'admin' });
      return galleryJson(knownGallery(call));
    },
  }),
  route({
    method: 'patch',
    path: GALLERY,
    body: z.strictObject({ retentionDays: retentionDays.exactOptional(), tags: tags.exactOptional() }),
    handle: (call) => {
      const admin = call.require({ action: 'admin' });
      const { galleries } = call.web.faces;
      const { name } = knownGallery(call);
      if (call.body.tags !== undefined) galleries.setTags(name, call.body.tags);
      if (call.body.retentionDays !== undefined) {
        galleries.setRetention(name, call.body.retentionDays);
        galleries.expire(call.nowMs);
      }
      call.web.logger.info({ gallery: name, by: admin.id }, 'gallery changed');
      return galleryJson(knownGallery(call));
    },
  }),
  route({
    method: 'delete',
    path: GALLERY,
    handle: (call) => {
      const admin = call.require({ action: 'admin' });
      const name = call.param('name');
      call.web.faces.galleries.remove(name);
      call.web.logger.info({ gallery: name, by: admin.id }, 'gallery deleted');
      call.response.status(204).end();
      return undefined;
    },
  }),
  route({
    method: 'get',
    path: FACES,
    query: z.object({ after: z.string().max(64).optional(), limit: pageLimit }),
    handle: (call) => {
      call.require({ action: 'admin' });
      const { name } = knownGallery(call);
      const { after, limit } = call.query;
      const page = { limit, ...(after === undefined ? {} : { after }) };
      const faces = call.web.faces.galleries.faces(name, page);
      return {
        faces: faces.map(faceJson),
        next: faces.length < limit ? null : (faces.at(-1)?.faceId ?? null),
      };
    },
  }),
  route({
    method: 'post',
    path: FACES,
    body: z.strictObject({
      person,
      stream: z.string().max(256),
      at: instant.exactOptional(),
      fragmentNumber: z
        .string()
        .regex(/^\d{47}$/)
        .exactOptional(),
      frameOffsetMs: z.number().min(0).max(1e9).exactOptional(),
      box: box.exactOptional(),
    }),
    handle: async (call) => {
      call.require({ action: 'admin' });
      return addFace(call, frameOf(call.body), call.body);
    },
  }),
  route({
    method: 'post',
    path: `${GALLERY}/photos`,
    query: z.object({ person: person.optional(), box: boxText.optional() }),
    handle: async (call) => {
      call.require({ action: 'admin' });
      knownGallery(call);
      const { person: name, box: meant } = call.query;
      if (name === undefined) throw new ApiError(400, 'invalid-request', 'person: say who it is');
      const picture: FacePicture = { kind: 'photo', file: await photoOf(call.request) };
      return addFace(call, picture, { person: name, box: meant });
    },
  }),
  route({
    method: 'post',
    path: `${GALLERY}/search`,
    query: z.object({ minSimilarity: similarity.default(0) }),
    handle: async (call) => {
      call.require({ action: 'admin' });
      const { name } = knownGallery(call);
      const picture: FacePicture = { kind: 'photo', file: await photoOf(call.request) };
      const options = { minSimilarity: call.query.minSimilarity, limit: MAX_MATCHES };
      const faces = await call.web.faces.enrollment.search(name, picture, options);
      return {
        faces: faces.map((face) => ({ ...face, matches: face.matches?.map(matchJson) ?? null })),
      };
    },
  }),
  route({
    method: 'delete',
    path: `${FACES}/:face`,
    handle: (call) => {
      const admin = call.require({ action: 'admin' });
      const { name } = knownGallery(call);
      const face = call.param('face');
      const [removed] = call.web.faces.galleries.removeFaces(name, [face]);
      if (removed === undefined) throw new ApiError(404, 'not-found', `There is no face ${face}.`);
      call.web.logger.info({ gallery: name, face, by: admin.id }, 'face deleted');
      call.response.status(204).end();
      return undefined;
    },
  }),
];

async function addFace(
  call: Call,
  picture: FacePicture,
  who: { readonly person: string; readonly box?: Box | undefined },
) {
  const { name } = knownGallery(call);
  const face = await call.web.faces.enrollment.add(name, picture, { ...who, nowMs: call.nowMs });
  // Who it is stands in the gallery, not in the log.
  call.web.logger.info({ gallery: name, face: face.faceId, by: call.principal.id }, 'face added');
  call.response.status(201).location(`/api/galleries/${name}/faces/${face.faceId}`);
  return faceJson(face);
}

interface FrameQuestion {
  readonly stream: string;
  readonly at?: number;
  readonly fragmentNumber?: string;
  readonly frameOffsetMs?: number;
}

/** `at`, or `fragmentNumber` and `frameOffsetMs` as they stand in events. */
function frameOf({ stream, at, fragmentNumber, frameOffsetMs }: FrameQuestion): FacePicture {
  if ((at === undefined) === (fragmentNumber === undefined)) {
    throw new ApiError(400, 'invalid-request', 'at, fragmentNumber: give one of the two');
  }
  if (fragmentNumber === undefined) return { kind: 'instant', stream, producerMs: at ?? 0 };
  return { kind: 'frame', stream, fragmentNumber, offsetMs: frameOffsetMs ?? 0 };
}

/** Read only when it is known who sends it. */
async function photoOf(request: Request): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_PHOTO_BYTES) {
      throw new ApiError(413, 'body-too-large', `A photo may have ${MAX_PHOTO_BYTES / 1024 / 1024} MB.`, {
        connection: 'close',
      });
    }
    chunks.push(chunk);
  }
  if (sizeBytes === 0)
    throw new ApiError(400, 'invalid-request', 'The body is the photo: JPEG, PNG or WebP.');
  return Buffer.concat(chunks);
}

function knownGallery(call: Call): GalleryInfo {
  const name = call.param('name');
  const gallery = call.web.faces.galleries.gallery(name);
  if (gallery === undefined) throw new ApiError(404, 'not-found', `There is no gallery ${name}.`);
  return gallery;
}

function galleryJson({ name, createdMs, faces, retentionDays, tags }: GalleryInfo) {
  return { name, createdMs, faces, retentionDays, tags };
}

function faceJson({ faceId, person, imageId, createdMs, box, score }: GalleryFace) {
  return { faceId, person: person ?? null, imageId, createdMs, box, score };
}

function matchJson({ face, similarity }: FaceMatch) {
  return { face: faceJson(face), similarity };
}
