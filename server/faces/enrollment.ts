import { randomUUID } from 'node:crypto';
import { type Box, overlapArea } from '../../ml/geometry/box.ts';
import type { DetectionSupervisor } from '../../ml/supervisor/supervisor.ts';
import type { ObservedFace } from '../../ml/watch/observed.ts';
import type { ImageAt, ImageService } from '../playback/images/image-service.ts';
import type { StreamService } from '../streams/stream-service.ts';
import type { FaceMatch, Galleries, GalleryFace } from './gallery.ts';

/**
 * `no-face`: none is in the picture; `several-faces`: it is not clear which one is meant; `too-small`: its face tells nobody apart;
 * `no-media`, `media-error`: there is no picture of this instant, or it cannot be decoded.
 */
export type EnrollErrorCode = 'no-face' | 'several-faces' | 'too-small' | 'no-media' | 'media-error';

/** Why a picture does not show who somebody is. */
export class EnrollError extends Error {
  readonly code: EnrollErrorCode;

  constructor(code: EnrollErrorCode, message: string) {
    super(message);
    this.name = 'EnrollError';
    this.code = code;
  }
}

/** A picture that shows somebody: a file (JPEG, PNG, WebP), or a frame of a stream, by its time or as events name it. */
export type FacePicture =
  | { readonly kind: 'photo'; readonly file: Uint8Array }
  | { readonly kind: 'instant'; readonly stream: string; readonly producerMs: number }
  | {
      readonly kind: 'frame';
      readonly stream: string;
      readonly fragmentNumber: string;
      readonly offsetMs: number;
    };

export interface FaceEnrollmentParts {
  readonly galleries: Pick<Galleries, 'addFaces' | 'match' | 'gallery'>;
  readonly supervisor: Pick<DetectionSupervisor, 'look'>;
  readonly streams: Pick<StreamService, 'open'>;
  readonly images: Pick<ImageService, 'images' | 'ofFragment' | 'fragmentNamed'>;
}

export interface SearchedFace {
  readonly box: Box;
  readonly score: number;
  /** `undefined` where the face is too small to be compared. */
  readonly matches: readonly FaceMatch[] | undefined;
}

/** Smaller faces are no likeness to compare with; for those of cameras see FaceSettings.minPixels. */
export const MIN_ENROLL_PIXELS = 50;
/** Below, it is too often something else. */
const MIN_SCORE = 0.6;
/** Who stands this much further back than the largest face is not meant. */
const SAME_RANK = 0.5;
const MAX_MEDIA_BYTES = 100_000_000;
/** Lossless: a face has few enough pixels as it is. */
const FORMAT = { type: 'png' } as const;

/** Adds people to galleries from photos and from past frames, and tells who is in a picture. */
export class FaceEnrollment {
  readonly #parts: FaceEnrollmentParts;

  constructor(parts: FaceEnrollmentParts) {
    this.#parts = parts;
  }

  /**
   * Adds the one face of a picture; of several, the one that `box` is around. Throws EnrollError, GalleryError, WatchError, and for
   * frames StreamError, LogReadError and DecodeError.
   */
  async add(
    gallery: string,
    picture: FacePicture,
    who: { readonly person: string; readonly box?: Box | undefined; readonly nowMs: number },
  ): Promise<GalleryFace> {
    const { width, faces } = await this.#look(picture);
    const { box, score, embedding } = chooseFace(faces, width, who.box);
    const face = { person: who.person, imageId: randomUUID(), box, score, embedding };
    const [added] = this.#parts.galleries.addFaces(gallery, [face], who.nowMs);
    if (added === undefined) throw new TypeError('a gallery that takes a face answers it');
    return added;
  }

  /** The faces of a picture, with those of the gallery that each is like. Throws as `add` does; an unknown gallery is like nobody. */
  async search(
    gallery: string,
    picture: FacePicture,
    options: { readonly minSimilarity: number; readonly limit: number },
  ): Promise<SearchedFace[]> {
    const { faces } = await this.#look(picture);
    return faces.map(({ box, score, embedding }) => ({
      box,
      score,
      matches: embedding && this.#parts.galleries.match(gallery, embedding, options),
    }));
  }

  async #look(
    picture: FacePicture,
  ): Promise<{ readonly width: number; readonly faces: readonly ObservedFace[] }> {
    const file = picture.kind === 'photo' ? picture.file : await this.#frame(picture);
    return this.#parts.supervisor.look({ file, faces: { minPixels: MIN_ENROLL_PIXELS } });
  }

  async #frame(picture: Exclude<FacePicture, { kind: 'photo' }>): Promise<Uint8Array> {
    const found = await this.#imageOf(picture);
    if (found === undefined || ('error' in found && found.error === 'no-media')) {
      throw new EnrollError('no-media', 'nothing is recorded there');
    }
    if ('error' in found) throw new EnrollError('media-error', 'the media of this instant cannot be decoded');
    return found.image.bytes;
  }

  async #imageOf(picture: Exclude<FacePicture, { kind: 'photo' }>): Promise<ImageAt | undefined> {
    const { images, streams } = this.#parts;
    const stream = await streams.open(picture.stream);
    const clock = 'producer' as const;
    if (picture.kind === 'instant') {
      const instants = [picture.producerMs];
      return (
        await images.images(stream, { clock, instants, format: FORMAT, maxMediaBytes: MAX_MEDIA_BYTES })
      )[0];
    }
    const found = await images.fragmentNamed(stream, picture.fragmentNumber);
    if (found === undefined) return undefined;
    const instants = [found.info.producerMs + picture.offsetMs];
    return (await images.ofFragment(stream, found.info.ordinal, { clock, instants, format: FORMAT }))[0];
  }
}

/** The face that is meant, with its embedding. Throws EnrollError. */
export function chooseFace(
  faces: readonly ObservedFace[],
  pictureWidth: number,
  meant: Box | undefined,
): ObservedFace & { readonly embedding: Float32Array } {
  const sure = faces.filter(({ score }) => score >= MIN_SCORE).sort((a, b) => b.box[2] - a.box[2]);
  const [largest, second] = sure;
  if (largest === undefined) throw new EnrollError('no-face', 'there is no face in the picture');
  let face = largest;
  if (meant !== undefined) {
    const within = sure.filter(({ box }) => overlapArea(box, meant) > 0);
    const best = within.sort((a, b) => overlapArea(b.box, meant) - overlapArea(a.box, meant))[0];
    if (best === undefined) throw new EnrollError('no-face', 'there is no face in this part of the picture');
    face = best;
  } else if (second !== undefined && second.box[2] >= SAME_RANK * largest.box[2]) {
    const count = sure.filter(({ box }) => box[2] >= SAME_RANK * largest.box[2]).length;
    throw new EnrollError(
      'several-faces',
      `there are ${count} faces in the picture: say with a box which one is meant`,
    );
  }
  const { embedding } = face;
  if (embedding !== undefined) return { ...face, embedding };
  const pixels = Math.round(face.box[2] * pictureWidth);
  throw new EnrollError('too-small', `the face is ${pixels} pixels wide, and must be ${MIN_ENROLL_PIXELS}`);
}
