import { parseFragmentNumber } from '../../../fragments/stream/fragment-number.ts';
import {
  type LabelWork,
  OBJECT_CLASSES,
  type ProcessorRecord,
  type ProcessorRegion,
  type ProcessorSession,
} from '../../catalog/processor-catalog.ts';
import { invalidParameter } from './rekognition-error.ts';
import type { Tags } from './rekognition-tags.ts';

/** Requests for stream processors, and what they mean. All throw AwsError `InvalidParameterException`. */

export interface BoxInput {
  readonly Width?: number;
  readonly Height?: number;
  readonly Left?: number;
  readonly Top?: number;
}

export interface RegionInput {
  readonly BoundingBox?: BoxInput;
  readonly Polygon?: readonly { readonly X?: number; readonly Y?: number }[];
}

export interface CreateProcessorInput {
  readonly Name: string;
  readonly Input: { readonly KinesisVideoStream?: { readonly Arn?: string } };
  readonly Output: {
    readonly KinesisDataStream?: { readonly Arn?: string };
    readonly S3Destination?: { readonly Bucket?: string; readonly KeyPrefix?: string };
  };
  readonly Settings: {
    readonly FaceSearch?: { readonly CollectionId?: string; readonly FaceMatchThreshold?: number };
    readonly ConnectedHome?: { readonly Labels: readonly string[]; readonly MinConfidence?: number };
  };
  readonly RoleArn: string;
  readonly Tags?: Tags;
  readonly NotificationChannel?: { readonly SNSTopicArn: string };
  readonly KmsKeyId?: string;
  readonly RegionsOfInterest?: readonly RegionInput[];
  readonly DataSharingPreference?: { readonly OptIn: boolean };
}

export interface UpdateProcessorInput {
  readonly Name: string;
  readonly SettingsForUpdate?: {
    readonly ConnectedHomeForUpdate?: {
      readonly Labels?: readonly string[];
      readonly MinConfidence?: number;
    };
  };
  readonly RegionsOfInterestForUpdate?: readonly RegionInput[];
  readonly DataSharingPreferenceForUpdate?: { readonly OptIn: boolean };
  readonly ParametersToDelete?: readonly ('ConnectedHomeMinConfidence' | 'RegionsOfInterest')[];
}

export interface StartProcessorInput {
  readonly Name: string;
  readonly StartSelector?: {
    readonly KVSStreamStartSelector?: {
      readonly ProducerTimestamp?: number;
      readonly FragmentNumber?: string;
    };
  };
  readonly StopSelector?: { readonly MaxDurationInSeconds?: number };
}

/** Corners of a region: "up to 10". */
const MAX_CORNERS = 10;
/** The last instant that a Date can hold, epoch ms. */
const MAX_TIME_MS = 8.64e15;

/** What is looked for. */
export function workOf({
  FaceSearch: faces,
  ConnectedHome: home,
}: CreateProcessorInput['Settings']): ProcessorRecord['work'] {
  if ((faces === undefined) === (home === undefined)) {
    throw invalidParameter('Settings have either FaceSearch or ConnectedHome.');
  }
  if (faces !== undefined) {
    const { CollectionId: collection, FaceMatchThreshold: matchThreshold } = faces;
    if (collection === undefined) throw invalidParameter('FaceSearch needs a CollectionId.');
    return {
      type: 'face-search',
      collection,
      ...(matchThreshold === undefined ? {} : { matchThreshold }),
    };
  }
  const { Labels: labels = [], MinConfidence: minConfidence } = home ?? {};
  return {
    type: 'labels',
    labels: labelsOf(labels),
    ...(minConfidence === undefined ? {} : { minConfidence }),
  };
}

/** "The current valid labels you can include in this list are: PERSON, PET, PACKAGE, and ALL." */
export function labelsOf(labels: readonly string[]): LabelWork['labels'] {
  const known = ['ALL' as const, ...OBJECT_CLASSES];
  return labels.map((label) => {
    const found = known.find((each) => each === label);
    if (found === undefined) throw invalidParameter(`${label} is none of ${known.join(', ')}.`);
    return found;
  });
}

export function regionsOf(regions: readonly RegionInput[]): ProcessorRegion[] {
  return regions.map(({ BoundingBox: box, Polygon: polygon }) => {
    if ((box === undefined) === (polygon === undefined)) {
      throw invalidParameter('A region of interest has either a BoundingBox or a Polygon.');
    }
    if (box !== undefined) return { box: boxOf(box) };
    const corners = (polygon ?? []).map(({ X, Y }) => [fractionOf('X', X), fractionOf('Y', Y)] as const);
    if (corners.length < 3 || corners.length > MAX_CORNERS) {
      throw invalidParameter(`A Polygon has 3 to ${MAX_CORNERS} points.`);
    }
    return { polygon: corners };
  });
}

function boxOf({ Left, Top, Width, Height }: BoxInput): readonly [number, number, number, number] {
  const width = fractionOf('Width', Width);
  const height = fractionOf('Height', Height);
  if (width === 0 || height === 0) throw invalidParameter('A BoundingBox without an area is no region.');
  return [fractionOf('Left', Left), fractionOf('Top', Top), width, height];
}

function fractionOf(member: string, value: number | undefined): number {
  if (value !== undefined && value >= 0 && value <= 1) return value;
  throw invalidParameter(`${member} of a region of interest is a share of the picture, from 0 to 1.`);
}

/** Where a session begins and how long it is. */
export function sessionOf({
  StartSelector,
  StopSelector,
}: StartProcessorInput): Pick<ProcessorSession, 'from' | 'maxDurationSeconds'> {
  const maxDurationSeconds = StopSelector?.MaxDurationInSeconds;
  return {
    ...(StartSelector === undefined ? {} : { from: startOf(StartSelector.KVSStreamStartSelector) }),
    ...(maxDurationSeconds === undefined ? {} : { maxDurationSeconds }),
  };
}

type StartSelector = NonNullable<StartProcessorInput['StartSelector']>['KVSStreamStartSelector'];

function startOf({
  ProducerTimestamp: producerMs,
  FragmentNumber: number,
}: StartSelector = {}): NonNullable<ProcessorSession['from']> {
  if ((producerMs === undefined) === (number === undefined)) {
    throw invalidParameter('A KVSStreamStartSelector has either a ProducerTimestamp or a FragmentNumber.');
  }
  if (producerMs !== undefined) {
    if (producerMs > MAX_TIME_MS) throw invalidParameter('The ProducerTimestamp is no time in milliseconds.');
    return { producerMs };
  }
  if (number === undefined || parseFragmentNumber(number) === undefined) {
    throw invalidParameter(`${number} is not the number of a fragment.`);
  }
  return { fragmentNumber: number };
}
