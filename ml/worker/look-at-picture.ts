import { PictureError } from '../picture/picture-error.ts';
import { pictureOfFile } from '../picture/picture-of-file.ts';
import type { RgbPicture } from '../picture/rgb-picture.ts';
import { type PictureAnswer, type PictureQuestion, WatchError } from '../supervisor/supervisor.ts';
import type { ObservedFace } from '../watch/observed.ts';
import { asWatchError } from './loaded-models.ts';
import type { PipelineParts } from './watch-pipeline.ts';

/** Answers a question about one picture. Throws WatchError `bad-media`, `too-large`, `no-model`, `unavailable`. */
export async function lookAtPicture(
  question: PictureQuestion,
  parts: Pick<PipelineParts, 'models' | 'faces'>,
): Promise<PictureAnswer> {
  const picture = await open(question.file);
  const { width, height } = picture;
  const found =
    question.model === undefined ? undefined : await objects(question.model, question, picture, parts);
  const faces = await lookForFaces(question, picture, parts);
  return { width, height, model: found?.model, objects: found?.objects ?? [], faces };
}

async function open(file: Uint8Array): Promise<RgbPicture> {
  try {
    return await pictureOfFile(file);
  } catch (error) {
    if (!(error instanceof PictureError)) throw error;
    throw new WatchError(error.code, error.message, { cause: error });
  }
}

async function objects(
  name: string,
  { minScore }: PictureQuestion,
  picture: RgbPicture,
  { models }: Pick<PipelineParts, 'models'>,
) {
  const model = await models.open(name, { profile: 'balanced', labels: null });
  const detector = await model.detector(picture.width / picture.height);
  const wanted = { minScore: minScore ?? model.minScore };
  return { model: model.identity, objects: await asWatchError(() => detector.detect(picture, wanted)) };
}

async function lookForFaces(
  { faces }: PictureQuestion,
  picture: RgbPicture,
  { faces: finder }: Pick<PipelineParts, 'faces'>,
): Promise<readonly ObservedFace[]> {
  if (faces === undefined) return [];
  const { minPixels, maxEmbeddings = Number.POSITIVE_INFINITY } = faces;
  return asWatchError(() =>
    finder.find(picture, {
      minPixels,
      judge: (found) => found.map((_, i) => ({ trackId: undefined, isWanted: i < maxEmbeddings })),
    }),
  );
}
